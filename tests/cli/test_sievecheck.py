import os
from pathlib import Path

import pytest
from tests.cli.sievemail import no_store
from tests.cli.stores import CommandLine

__all__ = ["no_store"]


@pytest.fixture
def script(tmp_path: Path) -> Path:
    return tmp_path / "script"


def test_a_good_script_is_said_to_be_one_with_what_it_uses(angarium: CommandLine, script: Path) -> None:
    script.write_text('require ["fileinto", "body"];\nif body :contains "x" { fileinto "y"; }\n')
    answer = angarium("sieve", "check", script)
    assert (answer.status, answer.out, answer.err) == (0, f"{script}: no mistakes; uses body, fileinto\n", "")
    assert angarium("sieve", "check", "-", stdin="keep;").out == "standard input: no mistakes; uses no extensions\n"


def test_each_mistake_has_its_place_and_its_line(angarium: CommandLine, script: Path) -> None:
    script.write_bytes('# é\r\nif true {\r\n\tfileinto "x";\r\n\tnonsense;\r\n}\r\n'.encode())
    answer = angarium("sieve", "check", script)
    assert (answer.status, answer.out) == (os.EX_DATAERR, "")
    lines = answer.err.splitlines()
    assert lines[0].startswith(f"{script}:3:2: ")
    assert "fileinto" in lines[0]
    assert lines[1:3] == ['    \tfileinto "x";', "    \t^"]
    assert lines[3].startswith(f"{script}:4:2: ")
    assert lines[4:] == ["    \tnonsense;", "    \t^"]


def test_a_good_script_beside_a_bad_one_is_said_to_be_one(angarium: CommandLine, script: Path, tmp_path: Path) -> None:
    script.write_text("keep;")
    (tmp_path / "bad").write_text("keep")
    answer = angarium("sieve", "check", tmp_path / "bad", script)
    assert (answer.status, answer.out) == (os.EX_DATAERR, f"{script}: no mistakes; uses no extensions\n")
    assert answer.err.startswith(f"{tmp_path}/bad:1:5: ")


@pytest.mark.parametrize(
    ("content", "shown"),
    [
        (b'keep; "\x1b[31m', '    keep; "\ufffd[31m'),
        (b"keep; # " + b"x" * 300 + b"\n" + b" " * 300 + b"nonsense;", "nonsense;"),
        (b"\xff", ""),
        (b"keep;\0", ""),
    ],
)
def test_a_line_is_shown_so_that_it_does_no_harm(
    angarium: CommandLine, script: Path, content: bytes, shown: str
) -> None:
    script.write_bytes(content)
    answer = angarium("sieve", "check", script)
    assert answer.status == os.EX_DATAERR
    assert shown in answer.err
    assert "\x1b" not in answer.err
    assert max(map(len, answer.err.splitlines()[1:] or [""])) <= 204


def test_the_options_of_the_store_count(angarium: CommandLine, script: Path, store: Path) -> None:
    with (store / "imapd.conf").open("a") as conf:
        conf.write("sieve_extensions: fileinto\nsieve_maxscriptsize: 1\n")
    script.write_text('require "body";\n')
    answer = angarium("sieve", "check", "--dir", store, script)
    assert answer.status == os.EX_DATAERR
    assert '"body"' in answer.err
    script.write_text("#" * 1025)
    assert "1024 octets" in angarium("sieve", "check", "--dir", store, script).err
    assert angarium("sieve", "check", script).status == os.EX_OK


def test_a_configuration_that_was_named_must_be_there(angarium: CommandLine, script: Path, tmp_path: Path) -> None:
    script.write_text("keep;")
    assert angarium("sieve", "check", "-C", tmp_path / "gone", script).status == os.EX_CONFIG
