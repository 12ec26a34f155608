"""A file that has become too large for what it holds shrinks with a checkpoint; any other is left alone."""

import asyncio
import threading
from collections.abc import Awaitable, Callable
from itertools import pairwise
from pathlib import Path

import apsw
import pytest

from angarium.engine.commands import (
    AddMessages,
    Author,
    Command,
    CreateMailboxes,
    Expunge,
    NewMailbox,
    NewMessage,
    PurgeMessages,
    Result,
    Subscribe,
)
from angarium.engine.disk import SystemDisk, create_private
from angarium.engine.rows import AccountId, Content, InternalDate, MailboxId, SearchFields
from angarium.engine.sources import SystemSources
from angarium.engine.sqlite import SqliteEngine, SqliteOptions, vacuum, writer
from angarium.engine.sqlite.accounts import account_path
from angarium.engine.sqlite.executor import execute
from angarium.engine.sqlite.schema import ACCOUNT, open_for_reading, open_for_writing
from angarium.engine.sqlite.transaction import Transaction
from angarium.engine.sqlite.vacuum import give_back_pages
from angarium.flags import NO_FLAGS
from angarium.sequenceset import UidSet

AUTHOR = Author("alice")
MESSAGES = 60
PAGE = 4096


@pytest.fixture(autouse=True)
def small_slices(monkeypatch: pytest.MonkeyPatch) -> None:
    """So that files of kilobytes do."""
    monkeypatch.setattr(vacuum, "_LEAST_PAGES", 20)
    monkeypatch.setattr(vacuum, "_SLICE_PAGES", 16)


def filled(tmp_path: Path, pages: int) -> apsw.Connection:
    """A file of at least so many pages, each with a row of its own."""
    path = str(tmp_path / "a.db")
    create_private(SystemDisk(), path)
    connection = open_for_writing(path, ACCOUNT)
    row = "INSERT INTO content (id, hash, scanner_version, envelope, body, bodystructure, parts)"
    connection.executemany(f"{row} VALUES (?, x'', 1, zeroblob(3000), x'', x'', x'')", [(n,) for n in range(pages)])
    return connection


def free_pages(connection: apsw.Connection) -> int:
    free = connection.pragma("freelist_count")
    assert isinstance(free, int)
    return free


def test_pages_are_given_back_in_slices_while_they_are_a_good_part_of_the_file(tmp_path: Path) -> None:
    connection = filled(tmp_path, 100)
    connection.execute("DELETE FROM content WHERE id % 2 = 0")
    left = [free_pages(connection)]
    while give_back_pages(connection):
        left.append(free_pages(connection))
    assert [before - after for before, after in pairwise(left)] == [16] * (len(left) - 1)
    assert 0 < left[-1] < 20
    assert connection.execute("SELECT count(*) FROM content").get == 50
    assert connection.execute("PRAGMA integrity_check").get == "ok"
    connection.close()


@pytest.mark.parametrize(
    "condition",
    ["id < 10", pytest.param("id < 21", id="many, but a small part of the file")],
)
def test_nothing_is_done_where_little_is_free(tmp_path: Path, condition: str) -> None:
    connection = filled(tmp_path, 120)
    connection.execute(f"DELETE FROM content WHERE {condition}")
    before = connection.total_changes(), free_pages(connection), connection.pragma("page_count")
    assert not give_back_pages(connection)
    assert (connection.total_changes(), free_pages(connection), connection.pragma("page_count")) == before
    connection.close()


class Site:
    """An engine, and a mailbox of messages that fill a page each."""

    def __init__(self, engine: SqliteEngine, account: AccountId, inbox: MailboxId, path: Path) -> None:
        self.engine = engine
        self.account = account
        self.inbox = inbox
        self.path = path

    def pages(self) -> int:
        return self.path.stat().st_size // PAGE

    def free_pages(self) -> int:
        connection = open_for_reading(str(self.path), ACCOUNT)
        try:
            return free_pages(connection)
        finally:
            connection.close()

    async def expunge(self, first: int, last: int) -> None:
        uids = UidSet(((first, last),))
        await self.engine.write(self.account, Expunge(self.inbox, AUTHOR, uids, only_deleted=False))
        await self.engine.write(self.account, PurgeMessages(self.inbox, 1 << 40))


def run(tmp_path: Path, test: Callable[[Site], Awaitable[None]]) -> None:
    async def main() -> None:
        options = SqliteOptions(str(tmp_path / "state"), {"default": str(tmp_path / "spool")}, checkpoint_pages=30)
        engine = await SqliteEngine.open(options, SystemSources())
        account = await engine.create_account("user.alice")
        inbox = MailboxId(SystemSources().random_id())
        await engine.write(account, CreateMailboxes((NewMailbox(inbox, "", "default", ""),), AUTHOR))
        content = Content(b"hash", 1, b"(e)", b"(b)", b"(bs)", b"p" * 3500)
        search = SearchFields("", "", "", "", "", "", None, "")
        async with engine.stage("default") as staged:
            staged.write(b"hello")
            message = NewMessage(await staged.finish(), NO_FLAGS, InternalDate(1), content, search)
            await engine.write(account, AddMessages(inbox, (message,) * MESSAGES, AUTHOR))
        await engine.checkpoint()
        await test(Site(engine, account, inbox, Path(account_path(options.directory, account))))
        await engine.close()

    asyncio.run(main())


def test_a_checkpoint_shrinks_the_file_after_a_large_expunge(tmp_path: Path) -> None:
    async def test(site: Site) -> None:
        before = site.pages()
        await site.expunge(1, MESSAGES - 5)
        await site.engine.checkpoint()
        assert site.pages() < before - 32
        assert not Path(f"{site.path}-wal").stat().st_size
        assert (await site.engine.state(site.account)).modseq

    run(tmp_path, test)


def test_a_checkpoint_leaves_a_file_alone_that_is_full(tmp_path: Path) -> None:
    async def test(site: Site) -> None:
        before = site.pages()
        await site.expunge(1, 10)
        await site.engine.checkpoint()
        assert site.free_pages() >= 10
        assert site.pages() == before

    run(tmp_path, test)


def test_writes_come_in_between_the_slices(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    async def test(site: Site) -> None:
        loop, begun, submitted = asyncio.get_running_loop(), asyncio.Event(), threading.Event()
        events: list[str] = []

        def note_slice(connection: apsw.Connection) -> bool:
            loop.call_soon_threadsafe(begun.set)
            assert submitted.wait(30)
            has_given = give_back_pages(connection)
            events.append("slice" if has_given else "end")
            return has_given

        def note_write(transaction: Transaction, command: Command) -> Result:
            events.append("write")
            return execute(transaction, command)

        await site.expunge(1, MESSAGES)
        monkeypatch.setattr(writer, "give_back_pages", note_slice)
        monkeypatch.setattr(writer, "execute", note_write)
        checkpoint = asyncio.create_task(site.engine.checkpoint())
        await begun.wait()
        write = asyncio.create_task(site.engine.write(site.account, Subscribe("user.alice", AUTHOR)))
        await asyncio.sleep(0)
        submitted.set()
        await asyncio.gather(checkpoint, write)
        assert events[:3] == ["slice", "write", "slice"]
        assert events[-1] == "end"

    run(tmp_path, test)


def test_a_file_that_cannot_be_vacuumed_is_checkpointed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(_connection: apsw.Connection) -> bool:
        raise apsw.IOError("as asked for")

    monkeypatch.setattr(writer, "give_back_pages", fail)

    async def test(site: Site) -> None:
        await site.expunge(1, MESSAGES)
        await site.engine.checkpoint()
        assert not Path(f"{site.path}-wal").stat().st_size

    run(tmp_path, test)
