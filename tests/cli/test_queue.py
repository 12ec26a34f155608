import asyncio
import os
import time
from pathlib import Path

import pytest
from tests.cli.stores import CommandLine, make_store

from angarium.cli.openstore import OpenedStore, open_store
from angarium.cli.queue import account_label, age
from angarium.config import load_settings
from angarium.engine.commands import Deliver, PostponeDispatch
from angarium.engine.delivery import MAIL_TO_SEND, Dispatch
from angarium.operations.outgoing.runner import AUTHOR, RETRY

DAY_S = 86_400


def queue_mail(store: Path, account_name: str = "user.alice", *, waits_s: int = 0) -> int:
    """Put a mail into the queue; gives its number. It was tried before where it has to wait."""

    async def put(opened: OpenedStore) -> int:
        engine = opened.engine
        account = await engine.account_id(account_name) or await engine.create_account(account_name)
        now_s = opened.sources.now_s()
        dispatch = Dispatch(
            "a@b.c", ("bob@example.com", "eve@example.com"), b"X: y\r\n\r\n", "redirect", "1@x", now_s + DAY_S
        )
        await engine.write(account, Deliver(AUTHOR, dispatches=(dispatch,)))
        row = (await engine.dispatches(account))[-1]
        if waits_s:
            postponed = PostponeDispatch(row.number, row.recipients, now_s + waits_s, "450 busy\ttry again")
            await engine.write(account, postponed)
        return row.number

    return run_on(store, put)


def run_on(store: Path, work: object) -> int:
    async def run() -> int:
        async with open_store(load_settings(store / "imapd.conf").settings) as opened:
            result = await work(opened)  # type: ignore[operator]  # a coroutine function
            return int(result)

    umask = os.umask(0o077)
    try:
        return asyncio.run(run())
    finally:
        os.umask(umask)


def test_an_empty_queue_is_said_beside_the_list(angarium: CommandLine, store: Path) -> None:
    answer = angarium("queue", "list", "--dir", store)
    assert (answer.status, answer.out, answer.err) == (os.EX_OK, "", "angarium: the queue is empty\n")


def test_mail_that_waits_is_listed(angarium: CommandLine, store: Path) -> None:
    queue_mail(store)
    queue_mail(store, waits_s=3600)
    queue_mail(store, "board")
    answer = angarium("queue", "list", "--dir", store)
    lines = [line.split("\t") for line in answer.out.splitlines()]
    assert [line[0] for line in lines] == ["alice:1", "alice:2", "+board:1"]
    assert lines[0][1:5] == ["redirect", "<a@b.c>", "bob@example.com,eve@example.com", "8"]
    assert lines[0][6:] == ["0", "now", "-"]
    assert lines[1][6] == "1"
    assert lines[1][7] > time.strftime("%Y-%m-%dT")
    assert lines[1][8] == "450 busy try again"


def test_one_user_s_mail_is_listed(angarium: CommandLine, store: Path) -> None:
    queue_mail(store)
    queue_mail(store, "user.bob")
    answer = angarium("queue", "list", "--dir", store, "--user", "bob")
    assert [line.split("\t")[0] for line in answer.out.splitlines()] == ["bob:1"]


@pytest.mark.parametrize(
    ("words", "left"),
    [
        (["alice:2"], ["alice:1", "bob:1"]),
        (["alice:2", "bob:1"], ["alice:1"]),
        (["--user", "alice"], ["bob:1"]),
        (["--all"], []),
    ],
)
def test_mail_is_dropped(angarium: CommandLine, store: Path, words: list[str], left: list[str]) -> None:
    for user in ("user.alice", "user.alice", "user.bob"):
        queue_mail(store, user)
    answer = angarium("queue", "drop", "--dir", store, *words)
    count = 3 - len(left)
    assert (answer.status, answer.out) == (os.EX_OK, f"{count} {'mail' if count == 1 else 'mails'} dropped\n")
    listed = angarium("queue", "list", "--dir", store).out
    assert [line.split("\t")[0] for line in listed.splitlines()] == left


def test_mail_is_to_be_tried_now(angarium: CommandLine, store: Path) -> None:
    queue_mail(store, waits_s=3600)
    answer = angarium("queue", "retry", "--dir", store, "alice:1")
    assert (answer.status, answer.out) == (os.EX_OK, "1 mail to be tried now\n")
    fields = angarium("queue", "list", "--dir", store).out.rstrip("\n").split("\t")
    assert fields[6:] == ["1", "now", "450 busy try again"]

    async def notes(opened: OpenedStore) -> int:
        found = [row for _, row in await opened.engine.work() if row.kind == MAIL_TO_SEND]
        assert [row.detail for row in found] == ["1@x", RETRY]
        return len(found)

    run_on(store, notes)


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["alice:9"], "user.alice has no mail 9 in the queue"),
        (["nobody:1"], "there is no account user.nobody"),
        (["alice"], "'alice' does not name a mail"),
        (["alice:x"], "'alice:x' does not name a mail"),
        (["alice:1", "alice:9"], "user.alice has no mail 9 in the queue"),
        (["+:1"], "+"),
    ],
)
def test_what_does_not_name_a_mail_changes_nothing(
    angarium: CommandLine, store: Path, words: list[str], said: str
) -> None:
    queue_mail(store)
    answer = angarium("queue", "drop", "--dir", store, *words)
    assert answer.status not in (os.EX_OK, os.EX_SOFTWARE)
    assert said in answer.err
    assert angarium("queue", "list", "--dir", store).out.startswith("alice:1\t")


@pytest.mark.parametrize("words", [[], ["--all", "alice:1"], ["--all", "--user", "alice"]])
def test_which_mail_must_be_said(angarium: CommandLine, store: Path, words: list[str]) -> None:
    assert angarium("queue", "drop", "--dir", store, *words).status == os.EX_USAGE


@pytest.mark.parametrize(
    ("seconds", "text"),
    [(0, "0s"), (-5, "0s"), (59, "59s"), (60, "1m"), (61, "1m1s"), (3661, "1h1m"), (86_400, "1d"), (90_061, "1d1h")],
)
def test_ages_have_two_units_at_most(seconds: int, text: str) -> None:
    assert age(seconds) == text


@pytest.mark.parametrize(
    ("account_name", "label"),
    [
        ("user.alice", "alice"),
        ("example.com!user.alice", "alice@example.com"),
        ("board", "+board"),
        ("example.com!board", "+board@example.com"),
    ],
)
def test_accounts_are_named_as_administrators_do(account_name: str, label: str) -> None:
    assert account_label(account_name) == label


def test_accounts_of_domains_are_found_by_their_label(angarium: CommandLine, tmp_path: Path) -> None:
    store = tmp_path / "domains"
    make_store(store, "virtdomains: userid\n")
    queue_mail(store, "example.com!user.alice")
    queue_mail(store, "example.com!board")
    assert angarium("queue", "drop", "--dir", store, "alice@example.com:1", "+board@example.com:1").status == os.EX_OK
    assert angarium("queue", "list", "--dir", store).out == ""
