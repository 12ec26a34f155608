import os
from pathlib import Path

import pytest
from tests.cli.stores import CommandLine, make_store


def test_the_directory_is_on_the_partition(angarium: CommandLine, store: Path) -> None:
    for name in ("alice", "bob"):
        angarium("user", "add", name, "--password-stdin", "--dir", store, stdin="secret")
    answer = angarium("path", "user/alice", "user/bob", "--dir", store)
    directories = [Path(line) for line in answer.out.splitlines()]
    assert len(set(directories)) == 2
    for directory in directories:
        assert directory.is_relative_to(store / "spool")
        assert (directory / "mailbox.header").exists()
    assert angarium("path", "-u", "ALICE", "--dir", store).out == f"{directories[0]}\n"


@pytest.mark.parametrize(
    ("words", "status"),
    [
        (["user/nobody"], os.EX_DATAERR),
        (["nobody"], os.EX_DATAERR),
        (["a//b"], os.EX_DATAERR),
        (["-u", "nobody"], os.EX_DATAERR),
        (["-u", "anyone"], os.EX_DATAERR),
    ],
)
def test_a_name_without_mailbox_is_refused(angarium: CommandLine, store: Path, words: list[str], status: int) -> None:
    answer = angarium("path", *words, "--dir", store)
    assert (answer.status, answer.out) == (status, "")
    assert len(answer.err.splitlines()) == 1
    assert words[-1] in answer.err


def test_names_are_as_the_configuration_has_them(angarium: CommandLine, tmp_path: Path) -> None:
    make_store(tmp_path / "store", "unixhierarchysep: no\n")
    angarium("user", "add", "alice", "--password-stdin", "--dir", tmp_path / "store", stdin="secret")
    assert angarium("path", "user.alice", "--dir", tmp_path / "store").status == os.EX_OK
