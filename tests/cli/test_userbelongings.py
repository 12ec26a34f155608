"""What `angarium user` gives a user beside her password."""

import asyncio
import os
import re
import time
from base64 import b32decode
from pathlib import Path

import pytest
from tests.cli.stores import CommandLine

from angarium.auth.totp import STEP_S, code_of
from angarium.cli.openstore import open_store
from angarium.config import load_settings
from angarium.engine.users import LoginRow

SSHA = "{SSHA}IV+Npq5YlxBDBufIDyqJNnqFG2V3HILK"


@pytest.fixture
def alices(angarium: CommandLine, store: Path) -> Path:
    """A store with a user."""
    angarium("user", "add", "alice", "--password-stdin", "--dir", store, stdin="secret")
    return store


def belongings(angarium: CommandLine, store: Path) -> list[tuple[str, str, str]]:
    lines = [line.split("\t") for line in angarium("user", "list", "-l", "--dir", store).out.splitlines()]
    return [(fields[0], fields[3], fields[4]) for fields in lines]


def test_app_passwords_are_shown_once_and_listed_without(angarium: CommandLine, alices: Path) -> None:
    def app(action: str, *words: str) -> tuple[int, str, str]:
        answer = angarium("user", "app-password", action, "alice", *words, "--dir", alices)
        return answer.status, answer.out, answer.err

    status, password, errors = app("add", "phone", "--services", "pop3,imap", "--expires", "2999-01-31")
    assert (status, errors) == (os.EX_OK, "")
    assert re.fullmatch(r"(?:[a-z2-9]{4}-){5}[a-z2-9]{4}\n", password)
    assert app("add", "Laptop")[0] == os.EX_OK
    listed = app("list")[1]
    assert password.strip() not in listed
    fields = [line.split("\t") for line in listed.splitlines()]
    assert [(each[0], each[1], each[3][:10], each[4:]) for each in fields] == [
        ("Laptop", "*", "-", ["-", "-"]),
        ("phone", "imap,pop", "2999-01-31", ["-", "-"]),
    ]
    assert belongings(angarium, alices) == [("alice", "ok", "app-passwords=2")]
    assert app("add", "phone") == (os.EX_CANTCREAT, "", "angarium: alice has an app password 'phone' already\n")
    assert app("revoke", "phone") == (os.EX_OK, "revoked the app password phone of alice\n", "")
    assert app("revoke", "phone") == (os.EX_NOUSER, "", "angarium: alice has no app password 'phone'\n")
    for wrong in (["--services", "imaps"], ["--expires", "soon"], ["--expires", "2001-01-01"]):
        assert app("add", "x", *wrong)[0] == os.EX_USAGE


def test_codes_are_asked_for_once_they_are_confirmed(angarium: CommandLine, alices: Path) -> None:
    def totp(action: str, *words: str, code: str = "") -> tuple[int, str, str]:
        answer = angarium("user", "totp", action, "alice", *words, "--dir", alices, stdin=code)
        return answer.status, answer.out, answer.err

    assert totp("show-uri")[0] == os.EX_NOUSER
    shown = totp("enable")
    uri, secret = shown[1].splitlines()
    assert uri.startswith("otpauth://totp/")
    assert totp("show-uri") == shown
    assert belongings(angarium, alices) == [("alice", "ok", "totp=unconfirmed")]
    wrong = totp("confirm", "--code-stdin", code="12345x\n")
    assert wrong == (os.EX_DATAERR, "", "angarium: the code is wrong; is the clock right?\n")
    assert totp("confirm", code="123456")[0] == os.EX_USAGE
    code = code_of(b32decode(secret), int(time.time()) // STEP_S)
    confirmed = totp("confirm", "--code-stdin", code=f"{code[:3]} {code[3:]}\n")
    assert confirmed == (os.EX_OK, "alice types a code behind the password from now on\n", "")
    assert belongings(angarium, alices) == [("alice", "ok", "totp")]
    assert totp("enable") == (os.EX_CANTCREAT, "", "angarium: alice has TOTP already; disable it first\n")
    assert totp("disable") == (os.EX_OK, "alice types no code any more\n", "")
    assert totp("disable")[0] == os.EX_NOUSER


def test_shared_secrets_are_stored_and_never_shown(angarium: CommandLine, alices: Path) -> None:
    def shared(action: str, *words: str, secret: str = "") -> tuple[int, str, str]:
        answer = angarium("user", "shared-secret", action, "alice", *words, "--dir", alices, stdin=secret)
        return answer.status, answer.out, answer.err

    for realm in ("", "example.org"):
        stored = shared("set", "--realm", realm, "--password-stdin", secret="hidden\n")
        assert stored == (os.EX_OK, "stored a shared secret of alice\n", "")
    assert shared("list") == (os.EX_OK, "-\nexample.org\n", "")
    assert belongings(angarium, alices) == [("alice", "ok", "shared-secrets=2")]
    changed = angarium("user", "passwd", "--password-stdin", "alice", "--dir", alices, stdin="better\n")
    assert changed.out == "changed the password of alice\n"
    assert changed.err == "alice still has 2 of `angarium user shared-secret list alice`\n"
    assert shared("remove") == (os.EX_OK, "removed the shared secret of alice\n", "")
    assert shared("remove") == (os.EX_NOUSER, "", "angarium: alice has no shared secret\n")
    assert shared("list") == (os.EX_OK, "example.org\n", "")


@pytest.mark.parametrize(
    ("words", "stdin"),
    [
        (["app-password", "add", "bob", "phone"], ""),
        (["totp", "enable", "bob"], ""),
        (["shared-secret", "set", "bob", "--password-stdin"], "secret"),
        (["disable", "bob"], ""),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else "",
)
def test_nothing_is_given_to_a_mistyped_name(angarium: CommandLine, alices: Path, words: list[str], stdin: str) -> None:
    answer = angarium("user", *words, "--dir", alices, stdin=stdin)
    assert (answer.status, answer.out, answer.err) == (os.EX_NOUSER, "", "angarium: there is no user 'bob'\n")


def test_who_has_logged_in_is_known_without_mail(angarium: CommandLine, alices: Path) -> None:
    async def log_in() -> None:
        async with open_store(load_settings(alices / "imapd.conf").settings) as opened:
            opened.engine.note_login(
                LoginRow(
                    userid="bob", at_s=1, service="imap", address="", client="", mechanism="PLAIN", session="session-1"
                )
            )

    asyncio.run(log_in())
    assert angarium("user", "totp", "enable", "bob", "--dir", alices).status == os.EX_OK
    assert ("bob", "no password", "totp=unconfirmed") in belongings(angarium, alices)


def test_a_user_of_others_has_what_her_mail_has(angarium: CommandLine, alices: Path) -> None:
    angarium("user", "delete", "alice", "--keep-mail", "--dir", alices)
    assert angarium("user", "app-password", "add", "alice", "phone", "--dir", alices).status == os.EX_OK
    assert belongings(angarium, alices) == [("alice", "no password", "app-passwords=1")]
    # And whoever is removed leaves none of it to a successor.
    assert angarium("user", "delete", "alice", "--keep-mail", "--dir", alices).status == os.EX_OK
    assert belongings(angarium, alices) == []


def test_a_user_is_disabled_and_enabled(angarium: CommandLine, alices: Path) -> None:
    assert angarium("user", "disable", "alice", "--dir", alices).out == "disabled alice\n"
    angarium("cyr_deny", "alice", "--dir", alices)
    assert belongings(angarium, alices) == [("alice", "disabled", "denied")]
    assert angarium("user", "enable", "alice", "--dir", alices).out == "enabled alice\n"
    assert belongings(angarium, alices) == [("alice", "ok", "denied")]
    assert angarium("user", "logins", "alice", "--dir", alices).out == ""


def test_users_of_other_systems_are_added_line_by_line(angarium: CommandLine, alices: Path, tmp_path: Path) -> None:
    file = tmp_path / "users"
    file.write_text(f"bob:{SSHA}:1000:1000::/home/bob:/bin/sh\nalice:{SSHA}\n")
    answer = angarium("user", "import", file, "--dir", alices)
    assert (answer.status, answer.out) == (os.EX_OK, "1 added, 1 there already, 0 left out\n")
    assert answer.err == f"angarium: {file}:2: 'alice': user 'alice' exists already\n"
    assert belongings(angarium, alices) == [("alice", "ok", "-"), ("bob", "old hash", "-")]
    assert angarium("path", "user/bob", "--dir", alices).status == os.EX_OK
    file.write_text("carol:{SSHA}\n")
    answer = angarium("user", "import", file, "--dir", alices)
    assert (answer.status, answer.out) == (os.EX_DATAERR, "0 added, 0 there already, 1 left out\n")
    file.write_bytes(b"carol:\xff\n")
    answer = angarium("user", "import", file, "--dir", alices)
    assert (answer.status, answer.err) == (os.EX_DATAERR, f"angarium: {file} is not UTF-8\n")
    assert angarium("user", "import", tmp_path / "none", "--dir", alices).status == os.EX_IOERR


def test_a_hash_takes_the_place_of_a_password(angarium: CommandLine, store: Path) -> None:
    answer = angarium("user", "add", "bob", "--hash", SSHA, "--dir", store)
    assert (answer.status, answer.out, answer.err) == (os.EX_OK, "added bob\n", "")
    answer = angarium("user", "add", "carol", "--hash", "secret", "--dir", store)
    assert (answer.status, answer.out) == (os.EX_DATAERR, "")
    assert "secret" not in answer.err
    assert belongings(angarium, store) == [("bob", "old hash", "-")]
