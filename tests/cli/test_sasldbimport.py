import os
from pathlib import Path

import pytest
from tests.auth.sasldbfile import SASLDB
from tests.cli.stores import CommandLine
from tests.cli.test_user import has_password


def test_users_of_a_sasldb_come_with_their_passwords(angarium: CommandLine, store: Path, tmp_path: Path) -> None:
    (tmp_path / "sasldb2").write_bytes(SASLDB)
    with (store / "imapd.conf").open("a") as conf:
        conf.write("virtdomains: userid\nservername: mail.example.org\n")
    words = ("user", "import", "--sasldb", tmp_path / "sasldb2", "--dir", store)
    assert angarium(*words).out == "4 added, 0 there already, 0 left out\n"
    assert angarium("user", "list", "--dir", store).out.split() == ["alice", "bob@example.net", "carol", "dörte"]
    assert has_password(store, "alice", "secret")
    assert has_password(store, "bob@example.net", "bob's")
    assert has_password(store, "dörte", "größe")
    assert angarium(*words).out == "0 added, 4 there already, 0 left out\n"
    assert angarium("sasldblistusers2", "--dir", store).out == ""


@pytest.mark.parametrize("is_sasldb", [True, False])
def test_without_virtdomains_nobody_of_another_domain_becomes_one_of_us(
    angarium: CommandLine, store: Path, tmp_path: Path, is_sasldb: bool
) -> None:
    with (store / "imapd.conf").open("a") as conf:
        conf.write("servername: mail.example.org\n")
    words: tuple[str | Path, ...] = (tmp_path / "users",)
    if is_sasldb:
        (tmp_path / "users").write_bytes(SASLDB)
        words = ("--sasldb", *words)
    else:
        (tmp_path / "users").write_text("alice@example.org:{PLAIN}1\nbob@example.net:{PLAIN}2\nbob:{PLAIN}3\n")
    answer = angarium("user", "import", *words, "--dir", store)
    assert answer.status == os.EX_DATAERR
    assert "'bob@example.net': example.net is no domain of this server" in answer.err
    assert "alice" in angarium("user", "list", "--dir", store).out.split()
    if not is_sasldb:
        assert has_password(store, "bob", "3")


def test_a_file_that_is_no_sasldb_adds_nobody(angarium: CommandLine, store: Path, tmp_path: Path) -> None:
    (tmp_path / "sasldb2").write_text("alice:secret\n")
    answer = angarium("user", "import", "--sasldb", tmp_path / "sasldb2", "--dir", store)
    assert (answer.status, answer.out) == (os.EX_TEMPFAIL, "")
    assert "Berkeley DB" in answer.err
