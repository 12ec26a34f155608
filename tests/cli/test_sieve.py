import os
from pathlib import Path

import pytest
from tests.cli.sievemail import no_store
from tests.cli.stores import CommandLine

from angarium.cli.sieve import MANAGING

__all__ = ["no_store"]


@pytest.mark.parametrize(
    "words",
    [
        (),
        ("nonsense",),
        ("list",),
        ("list", "joe", "more"),
        ("get",),
        ("get", "--global"),
        ("get", "joe", "a", "b"),
        ("put", "joe"),
        ("put", "--global"),
        ("put", "--global", "--mailbox", "x", "a"),
        ("activate", "joe"),
        ("activate", "--global", "a"),
        ("deactivate", "joe", "a"),
        ("delete", "joe"),
        ("rename", "joe", "a"),
        ("check",),
        ("test", "script"),
        ("replay", "joe"),
        ("replay", "joe", "script", "--last", "0"),
        ("from-procmail",),
    ],
)
def test_wrong_usage_is_told_in_a_line(angarium: CommandLine, words: tuple[str, ...]) -> None:
    answer = angarium("sieve", *words)
    assert (answer.status, answer.out) == (os.EX_USAGE, "")
    assert answer.err.splitlines()[-1].startswith("angarium: ")


@pytest.mark.parametrize("action", [*MANAGING, "import", "check", "test", "replay", "from-procmail", "from-forward"])
def test_every_action_says_what_it_is_for(angarium: CommandLine, action: str) -> None:
    answer = angarium("sieve", action, "--help")
    assert answer.status == os.EX_OK
    assert f"usage: angarium sieve {action} " in answer.out


@pytest.mark.parametrize(
    "words", [("check", "gone"), ("test", "gone", "gone"), ("from-procmail", "gone"), ("from-forward", "gone")]
)
def test_a_file_that_is_not_there_is_named(angarium: CommandLine, tmp_path: Path, words: tuple[str, ...]) -> None:
    answer = angarium("sieve", *[tmp_path / word if word == "gone" else word for word in words])
    assert (answer.status, answer.out) == (os.EX_IOERR, "")
    assert answer.err == f"angarium: {tmp_path}/gone: No such file or directory\n"
