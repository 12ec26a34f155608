"""`angarium duplicates`."""

import asyncio
import os
from pathlib import Path

import pytest
from tests.cli.stores import CommandLine

from angarium.cli.openstore import open_store
from angarium.config import load_settings
from angarium.engine.commands import Author
from angarium.engine.delivery import Deliver, Mark, MarkKind


async def remember(store: Path, user: str, key: str, *, mailbox: str = "") -> None:
    """Set a mark, as a delivery does."""
    settings = load_settings(store / "imapd.conf").settings
    async with open_store(settings) as opened:
        account = await opened.engine.account_id(f"user.{user}")
        assert account is not None
        (inbox,) = await opened.engine.mailboxes(account)
        now_s = opened.sources.now_s()
        mark = Mark(MarkKind.DELIVERED, key.format(mailbox=mailbox or inbox.id), now_s + 1000)
        await opened.engine.write(account, Deliver(Author("test"), marks=(mark,)))


@pytest.fixture
def filled(angarium: CommandLine, store: Path) -> Path:
    for user in ("alice", "bob"):
        angarium("user", "add", user, "--password-stdin", "--dir", store, stdin="secret")
        asyncio.run(remember(store, user, f"one@{user} {{mailbox}} {user}"))
    asyncio.run(remember(store, "alice", "two@alice {mailbox} alice", mailbox="gone-gone-gone-gone-gone"))
    return store


def columns(out: str) -> list[list[str]]:
    return [line.split("\t")[:3] for line in out.splitlines()]


def test_what_came_is_printed(angarium: CommandLine, filled: Path) -> None:
    assert columns(angarium("duplicates", "-d", "--dir", filled).out) == [
        ["<one@alice>", "user.alice", "alice"],
        ["<two@alice>", "gone-gone-gone-gone-gone", "alice"],
        ["<one@bob>", "user.bob", "bob"],
    ]


def test_of_one_user_alone(angarium: CommandLine, filled: Path) -> None:
    assert columns(angarium("duplicates", "-d", "-u", "bob", "--dir", filled).out) == [["<one@bob>", "user.bob", "bob"]]
    answer = angarium("duplicates", "-d", "-u", "nobody", "--dir", filled)
    assert (answer.status, answer.err) == (os.EX_NOUSER, "angarium: there is no user 'nobody'\n")


def test_what_is_old_is_forgotten(angarium: CommandLine, filled: Path) -> None:
    assert angarium("duplicates", "-E", "3", "--dir", filled).status == os.EX_OK
    assert len(columns(angarium("duplicates", "-d", "--dir", filled).out)) == 3


def test_one_of_the_two_is_asked_for(angarium: CommandLine, store: Path) -> None:
    assert angarium("duplicates", "--dir", store).status == os.EX_USAGE
    assert angarium("duplicates", "-d", "-E", "x", "--dir", store).status == os.EX_USAGE
