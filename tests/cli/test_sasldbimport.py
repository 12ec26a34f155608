import os
from pathlib import Path

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


def test_a_file_that_is_no_sasldb_adds_nobody(angarium: CommandLine, store: Path, tmp_path: Path) -> None:
    (tmp_path / "sasldb2").write_text("alice:secret\n")
    answer = angarium("user", "import", "--sasldb", tmp_path / "sasldb2", "--dir", store)
    assert (answer.status, answer.out) == (os.EX_TEMPFAIL, "")
    assert "Berkeley DB" in answer.err
