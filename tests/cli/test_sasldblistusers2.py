import os
from pathlib import Path

from tests.auth.sasldbfile import SASLDB
from tests.cli.stores import CommandLine


def test_the_users_of_a_sasldb_are_listed(angarium: CommandLine, tmp_path: Path) -> None:
    (tmp_path / "sasldb2").write_bytes(SASLDB)
    answer = angarium("sasldblistusers2", "-f", tmp_path / "sasldb2")
    assert angarium("sasldblistusers2", tmp_path / "sasldb2") == answer
    assert answer.out.splitlines() == [
        "bob@example.net: userPassword",
        "alice@mail.example.org: userPassword",
        "carol@mail.example.org: userPassword",
        "dörte@mail.example.org: userPassword",
    ]
    assert answer.status == os.EX_OK


def test_what_is_no_sasldb_is_told_in_a_line(angarium: CommandLine, tmp_path: Path) -> None:
    (tmp_path / "sasldb2").write_text("alice:secret\n")
    answer = angarium("sasldblistusers2", "-f", tmp_path / "sasldb2")
    assert (answer.status, answer.out) == (os.EX_TEMPFAIL, "")
    assert answer.err.startswith(f"angarium: {tmp_path}/sasldb2: it is ")
    assert answer.err.count("\n") == 1
