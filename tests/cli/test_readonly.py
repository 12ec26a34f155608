"""`readonly`: nothing that a store says is changed."""

import asyncio
import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from tests.cli.stores import CommandLine

from angarium.cli.openengine import open_engine
from angarium.cli.readonly import ReadOnlyEngine
from angarium.config import load_settings
from angarium.engine.commands import ClaimRecent, Deliver, Subscribe
from angarium.engine.delivery import MAIL_TO_SEND, Dispatch
from angarium.engine.interface import Engine
from angarium.engine.moves import MoveMailboxes
from angarium.engine.rows import AccountId, Uid, WorkRow
from angarium.engine.sources import SystemSources
from angarium.engine.sqlite import SqliteEngine
from angarium.errors import StoreReadOnly
from angarium.store import Actor

AUTHOR = Actor.program("test").author()

CHANGES = {"advise", "write", "write_batch", "stage", "create_account", "rename_account", "forget_account"}
CHANGES |= {"recreate_account", "remove_credential", "note_work", "work_done"}
CHANGES |= {"change_user", "note_login"}
CHANGES |= {"set_server_annotations", "move_mailboxes", "put_site_script", "remove_site_script"}


@asynccontextmanager
async def opened(store: Path) -> AsyncIterator[SqliteEngine]:
    engine = await open_engine(load_settings(store / "imapd.conf").settings, SystemSources())
    try:
        yield engine
    finally:
        await engine.close()


@pytest.fixture
def read_only(angarium: CommandLine, store: Path) -> Path:
    """A store with a user, which takes no writes any more."""
    angarium("user", "add", "alice", "--password-stdin", "--dir", store, stdin="secret")
    with (store / "imapd.conf").open("a") as conf:
        conf.write("readonly: yes\n")
    return store


def test_it_is_read_and_not_written(read_only: Path) -> None:
    async def run() -> None:
        async with opened(read_only) as engine:
            account = await engine.account_id("user.alice")
            assert account is not None
            (inbox,) = await engine.mailboxes(account)
            before = await engine.state(account)
            with pytest.raises(StoreReadOnly):
                await engine.write(account, Subscribe("user.alice", AUTHOR))
            (refused,) = await engine.write_batch(account, [Subscribe("user.alice", AUTHOR)])
            assert isinstance(refused, StoreReadOnly)
            engine.advise(account, ClaimRecent(inbox.id, Uid(1), None))
            with pytest.raises(StoreReadOnly):
                async with engine.stage("default"):
                    pytest.fail("it takes a message")
            for change in (
                engine.create_account("user.bob"),
                engine.rename_account(account, "user.bob"),
                engine.forget_account(account),
                engine.recreate_account(account, "user.alice"),
                engine.put_site_script("spam", b"keep;"),
                engine.remove_site_script("spam"),
                engine.remove_credential("alice"),
                engine.note_work(WorkRow(account, "kind", "detail", 0)),
                engine.work_done(1),
                engine.move_mailboxes(MoveMailboxes(account, AccountId("other"), (), AUTHOR)),
            ):
                with pytest.raises(StoreReadOnly):
                    await change
            await engine.checkpoint()
            assert await engine.state(account) == before

    asyncio.run(run())


def test_every_way_to_change_a_store_is_closed() -> None:
    """A method that the engine gets must be looked at here, whether it changes anything."""
    harmless = {"subscribe", "refresh_catalogue", "checkpoint", "close", "open_message", "stored_file"}
    harmless |= {"state", "account_name", "mailboxes", "mailbox", "messages", "contents", "search_fields", "seen"}
    harmless |= {"subscriptions", "quotas", "changes", "uidvalidity_of_tombstone", "mailbox_directory", "account_id"}
    harmless |= {"accounts", "catalogue", "credential", "credentials", "work"}
    harmless |= {"user", "users", "denials", "site_secret", "has_shared_secrets", "logins", "app_password_uses"}
    harmless |= {"annotations", "server_annotations", "previews", "last_change_s", "home_of"}
    harmless |= {"marks", "list_marks", "scripts", "script", "active_script", "site_scripts", "site_script"}
    harmless |= {"dispatches", "dispatch", "open_dispatch", "pruned_changes", "accounts_changed_since"}
    methods = {name for name in vars(Engine) if not name.startswith("_")}
    assert methods - harmless - {"accounts_with_mail"} == CHANGES - {"recreate_account"}
    methods = {name for name in vars(ReadOnlyEngine) if not name.startswith("_")}
    assert methods == CHANGES | {
        "begin_to_resume",
        "resume_moves",
        "accounts_with_mail",
        "sweep_queues",
        "note_mail_again",
    }


@pytest.mark.parametrize(
    ("words", "stdin"),
    [
        (["user", "add", "bob", "--password-stdin"], "secret"),
        (["user", "passwd", "alice", "--password-stdin"], "secret"),
        (["user", "delete", "alice"], ""),
        (["reconstruct", "user/alice"], ""),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else "",
)
def test_tools_refuse_too(angarium: CommandLine, read_only: Path, words: list[str], stdin: str) -> None:
    answer = angarium(*words, "--dir", read_only, stdin=stdin)
    assert (answer.status, answer.out) == (os.EX_TEMPFAIL, "")
    assert answer.err == "angarium: the store takes no writes: readonly is set\n"
    assert angarium("user", "list", "--dir", read_only).out == "alice\n"
    assert angarium("path", "user/alice", "--dir", read_only).status == os.EX_OK


def test_mail_that_waits_to_be_sent_is_shown_and_stays(read_only: Path) -> None:
    async def run() -> None:
        async with opened(read_only) as engine:
            account = await engine.account_id("user.alice")
            assert account is not None
            mail = Dispatch("", ("bob@example.org",), b"", "notify", "1@x", 0)
            await SqliteEngine.write(engine, account, Deliver(AUTHOR, dispatches=(mail,)))
            (row,) = await engine.dispatches(account)
            await SqliteEngine.work_done(engine, row.work)
            stale = await SqliteEngine.note_work(engine, WorkRow(account, MAIL_TO_SEND, "", 0))
        async with opened(read_only) as engine:
            assert await engine.accounts_with_mail() == [account]
            await engine.checkpoint()
            assert await engine.dispatches(account) == [row]
            assert [number for number, _ in await engine.work()] == [stale]

    asyncio.run(run())


def test_a_move_that_was_stopped_waits_for_a_server_that_writes(read_only: Path) -> None:
    async def run() -> None:
        async with opened(read_only) as engine:
            account = await engine.account_id("user.alice")
            assert account is not None
            move = MoveMailboxes(account, AccountId("other"), (), AUTHOR)
            await SqliteEngine.note_work(engine, WorkRow(account, "move", move.serialize(), 0))
        async with opened(read_only) as engine:
            await engine.resume_moves()
            await engine.checkpoint()
            assert [work.kind for _, work in await engine.work()] == ["move"]

    asyncio.run(run())
