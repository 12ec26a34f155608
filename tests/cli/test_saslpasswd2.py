import os
from pathlib import Path

from tests.cli.stores import CommandLine
from tests.cli.test_user import credential, has_password

from angarium.config import load_settings


def listed(angarium: CommandLine, store: Path) -> str:
    return angarium("sasldblistusers2", "--dir", store).out.replace(f"@{servername(store)}", "@HERE")


def servername(store: Path) -> str:
    return load_settings(store / "imapd.conf").settings.server.servername


def test_a_user_is_added_changed_and_removed(angarium: CommandLine, store: Path) -> None:
    answer = angarium("saslpasswd2", "-p", "-c", "Cyrus", "--dir", store, stdin="secret\n")
    assert (answer.status, answer.out, answer.err) == (os.EX_OK, "added cyrus\n", "")
    assert has_password(store, "cyrus", "secret")
    assert listed(angarium, store) == "cyrus@HERE: userPassword\n"

    answer = angarium("saslpasswd2", "-p", "-c", "cyrus", "--dir", store, stdin="better\n")
    assert (answer.status, answer.out, answer.err) == (os.EX_OK, "changed the password of cyrus\n", "")
    assert has_password(store, "cyrus", "better")

    answer = angarium("saslpasswd2", "-p", "-n", "cyrus", "--dir", store, stdin="best\n")
    assert (answer.status, answer.out) == (os.EX_OK, "changed the password of cyrus\n")
    assert answer.err == "cyrus still has 1 of `angarium user shared-secret list cyrus`\n"

    answer = angarium("saslpasswd2", "-d", "cyrus", "--dir", store)
    assert (answer.status, answer.out) == (os.EX_OK, "deleted cyrus\n")
    assert credential(store, "cyrus") is None
    assert listed(angarium, store) == ""


def test_without_a_plain_password_there_is_no_shared_secret(angarium: CommandLine, store: Path) -> None:
    assert angarium("saslpasswd2", "-p", "-c", "-n", "alice", "--dir", store, stdin="secret\n").status == os.EX_OK
    assert has_password(store, "alice", "secret")
    assert listed(angarium, store) == ""


def test_who_is_not_there_is_not_changed(angarium: CommandLine, store: Path) -> None:
    answer = angarium("saslpasswd2", "-p", "alice", "--dir", store, stdin="secret\n")
    assert (answer.status, answer.err) == (os.EX_NOUSER, "angarium: there is no user 'alice'\n")
    assert angarium("saslpasswd2", "-d", "alice", "--dir", store).status == os.EX_NOUSER


def test_a_realm_is_the_domain(angarium: CommandLine, store: Path) -> None:
    with (store / "imapd.conf").open("a") as conf:
        conf.write("virtdomains: userid\n")
    answer = angarium("saslpasswd2", "-p", "-c", "-u", "example.net", "alice", "--dir", store, stdin="secret\n")
    assert answer.out == "added alice@example.net\n"
    assert listed(angarium, store) == "alice@example.net: userPassword\n"


def test_no_sasldb_is_written(angarium: CommandLine, store: Path, tmp_path: Path) -> None:
    answer = angarium("saslpasswd2", "-p", "-c", "-f", tmp_path / "db", "alice", "--dir", store, stdin="secret\n")
    assert answer.status == os.EX_USAGE
    assert "only read" in answer.err
    assert not (tmp_path / "db").exists()


def test_a_password_must_come_from_somewhere(angarium: CommandLine, store: Path) -> None:
    answer = angarium("saslpasswd2", "-c", "alice", "--dir", store, stdin="secret\n")
    assert (answer.status, answer.err) == (
        os.EX_USAGE,
        "angarium: there is no terminal to ask for the password; use -p\n",
    )
