import asyncio
import os
from dataclasses import replace
from pathlib import Path

import pytest
from tests.cli.stores import CommandLine

from angarium.auth import Passwords
from angarium.cli.policy import sqlite_options
from angarium.config import load_settings
from angarium.engine.rows import CredentialRow
from angarium.engine.sources import SystemSources
from angarium.engine.sqlite import SqliteEngine
from angarium.engine.users import AddCredential


async def opened(store: Path) -> SqliteEngine:
    return await SqliteEngine.open(sqlite_options(load_settings(store / "imapd.conf").settings), SystemSources())


def credential(store: Path, name: str) -> CredentialRow | None:
    async def read() -> CredentialRow | None:
        engine = await opened(store)
        try:
            return await engine.credential(name)
        finally:
            await engine.close()

    return asyncio.run(read())


def put(store: Path, row: CredentialRow) -> None:
    async def write() -> None:
        engine = await opened(store)
        try:
            await engine.change_user(AddCredential(row))
        finally:
            await engine.close()

    asyncio.run(write())


def has_password(store: Path, name: str, password: str) -> bool:
    row = credential(store, name)
    assert row is not None
    passwords = Passwords(threads=1)
    try:
        return asyncio.run(passwords.verify(row.password_hash, password))
    finally:
        passwords.close()


def test_a_user_comes_changes_and_goes(angarium: CommandLine, store: Path) -> None:
    assert angarium("user", "list", "--dir", store).out == ""
    answer = angarium("user", "add", "Alice", "--password-stdin", "--dir", store, stdin="secret\n")
    assert (answer.status, answer.out, answer.err) == (os.EX_OK, "added alice\n", "")
    assert angarium("user", "list", "-C", store / "imapd.conf").out == "alice\n"
    inbox = Path(angarium("path", "user/alice", "--dir", store).out.strip())
    assert inbox.is_dir()
    assert has_password(store, "alice", "secret")

    answer = angarium("user", "passwd", "alice", "--password-stdin", "--dir", store, stdin="better\r\n")
    assert (answer.status, answer.out, answer.err) == (os.EX_OK, "changed the password of alice\n", "")
    assert has_password(store, "alice", "better")

    answer = angarium("user", "delete", "ALICE", "--dir", store)
    assert (answer.status, answer.out, answer.err) == (os.EX_OK, "deleted alice\n", "")
    assert angarium("user", "list", "--dir", store).out == ""
    assert angarium("path", "user/alice", "--dir", store).status == os.EX_DATAERR
    assert inbox.is_dir()


def test_mail_can_be_kept_and_taken_again(angarium: CommandLine, store: Path) -> None:
    angarium("user", "add", "alice", "--password-stdin", "--dir", store, stdin="secret")
    inbox = angarium("path", "-u", "alice", "--dir", store).out
    assert angarium("user", "delete", "alice", "--keep-mail", "--dir", store).status == os.EX_OK
    assert angarium("path", "user/alice", "--dir", store).out == inbox
    assert angarium("user", "add", "alice", "--password-stdin", "--dir", store, stdin="secret").status == os.EX_OK
    assert angarium("path", "user/alice", "--dir", store).out == inbox


@pytest.mark.parametrize(
    ("words", "stdin", "status", "line"),
    [
        (["add", "alice", "--password-stdin"], "secret", os.EX_CANTCREAT, "user 'alice' exists already"),
        (["add", "anyone", "--password-stdin"], "secret", os.EX_DATAERR, "'anyone' means something else in an ACL"),
        (["add", "bob", "--password-stdin"], "", os.EX_DATAERR, "the password is empty"),
        (["add", "bob", "--password-stdin"], "\n", os.EX_DATAERR, "the password is empty"),
        (["add", "bob", "--password-stdin"], "\x07", os.EX_DATAERR, "the text holds a prohibited character"),
        (["add", "bob"], "secret", os.EX_USAGE, "there is no terminal to ask for the password; use --password-stdin"),
        (["passwd", "bob", "--password-stdin"], "secret", os.EX_NOUSER, "there is no user 'bob'"),
        (["delete", "bob"], "", os.EX_NOUSER, "there is no user 'bob'"),
    ],
)
def test_what_cannot_be_is_told_in_a_line(
    angarium: CommandLine, store: Path, words: list[str], stdin: str, status: int, line: str
) -> None:
    angarium("user", "add", "alice", "--password-stdin", "--dir", store, stdin="secret")
    answer = angarium("user", *words, "--dir", store, stdin=stdin)
    assert (answer.status, answer.out, answer.err) == (status, "", f"angarium: {line}\n")
    assert angarium("user", "list", "--dir", store).out == "alice\n"


def test_the_long_list_tells_what_is_wrong_with_a_credential(angarium: CommandLine, store: Path) -> None:
    angarium("user", "add", "alice", "--password-stdin", "--dir", store, stdin="secret")
    row = credential(store, "alice")
    assert row is not None
    put(store, replace(row, userid="bob", disabled=True))
    put(store, replace(row, userid="carol", password_hash=""))
    put(store, replace(row, userid="dave", password_hash="$argon2id$v=19$m=8,t=1,p=1$AAAAAAAAAAA$AAAAAAAAAAA"))
    lines = [line.split("\t") for line in angarium("user", "list", "-l", "--dir", store).out.splitlines()]
    assert [(fields[0], fields[3]) for fields in lines] == [
        ("alice", "ok"),
        ("bob", "disabled"),
        ("carol", "no password"),
        ("dave", "old hash"),
    ]
    assert {len(fields) for fields in lines} == {5}


def test_no_store_is_made_by_asking_for_one(angarium: CommandLine, tmp_path: Path) -> None:
    answer = angarium("user", "list", "--dir", tmp_path / "none")
    assert answer.status == os.EX_CONFIG
    assert answer.err.startswith(f"angarium: there is no store in {tmp_path}/none")
    assert not (tmp_path / "none").exists()


def test_a_user_who_is_added_has_what_her_first_login_would_have_given_her(angarium: CommandLine, store: Path) -> None:
    with (store / "imapd.conf").open("a") as file:
        file.write("autocreate_quota: 0\nautocreate_inbox_folders: Sent|Deep/Down\nautocreate_users: carol cyrus\n")
        file.write("admins: cyrus\n" if "admins:" not in (store / "imapd.conf").read_text() else "")
    for name in ("carol", "dave"):
        assert angarium("user", "add", name, "--password-stdin", "--dir", store, stdin="secret\n").status == os.EX_OK
    for mailbox, status in (
        ("user/carol", os.EX_OK),
        ("user/carol/Deep/Down", os.EX_OK),
        ("user/dave", os.EX_OK),
        ("user/dave/Sent", os.EX_DATAERR),
    ):
        assert angarium("path", mailbox, "--dir", store).status == status, mailbox
