"""Mail to send on the disk: its files, its notes, and what crashes and restored copies leave of them."""

import asyncio
import os
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, replace
from pathlib import Path

import apsw
import pytest
from tests.engine.announcements import Announcements

from angarium.engine.commands import (
    Author,
    CreateMailboxes,
    Deliver,
    Delivered,
    EraseMailboxes,
    NewMailbox,
    NewMessage,
    PostponeDispatch,
    PutScript,
    RemoveDispatch,
    StagedFile,
)
from angarium.engine.delivery import MAIL_TO_SEND, Deposit, Dispatch, DispatchRow, Mark, MarkKind
from angarium.engine.interface import OUTGOING
from angarium.engine.rows import AccountId, Content, InternalDate, MailboxId, SearchFields, WorkRow
from angarium.engine.sources import SystemSources
from angarium.engine.sqlite import SqliteEngine, SqliteOptions, scripts
from angarium.engine.sqlite.accounts import account_path
from angarium.engine.sqlite.dispatches import LONGEST_WAIT_S
from angarium.engine.sqlite.notes import Change, Notes
from angarium.errors import AngariumError, PartitionNotFound, StoreBusy
from angarium.flags import NO_FLAGS

AUTHOR = Author("alice")
BOX = MailboxId("box")
MAIL = Dispatch("", ("bob@example.org",), b"Subject: x\r\n\r\n", "notify", "1@x", 1 << 40)


class Clock(SystemSources):
    """The machine's clock, put forward."""

    ahead_s = 0

    def now_s(self) -> int:
        return super().now_s() + self.ahead_s


@dataclass
class Place:
    engine: SqliteEngine
    options: SqliteOptions
    sources: Clock
    account: AccountId
    announcements: Announcements

    async def another_engine(self, **changes: object) -> SqliteEngine:
        engine = await SqliteEngine.open(replace(self.options, **changes), self.sources)  # type: ignore[arg-type]
        self.announcements.join(engine)
        return engine

    async def queue(self, text: bytes | None = b"text", partition: str = "default") -> DispatchRow:
        """Mail with a file, or without one."""
        async with self.engine.stage(partition) as staged:
            staged.write(text or b"")
            file = None if text is None else await staged.finish()
            delivered = await self.engine.write(self.account, Deliver(AUTHOR, dispatches=(replace(MAIL, file=file),)))
        assert isinstance(delivered, Delivered)
        return (await self.engine.dispatches(self.account))[-1]

    def files(self) -> list[str]:
        """Names of all files in queues."""
        found: list[Path] = []
        for partition in self.options.partitions.values():
            found += [path for path in Path(partition).glob("queue/?/?/*") if path.is_file()]
        return sorted(path.name.removeprefix(f"{self.account}-") for path in found)

    def leave(self, number: int, text: bytes = b"from a crash") -> Path:
        """A file that no line names."""
        directory = Path(self.options.partitions["default"], "queue", self.account[0], self.account[1])
        directory.mkdir(parents=True, exist_ok=True)
        path = directory / f"{self.account}-{number}."
        path.write_bytes(text)
        return path

    def execute(self, statement: str) -> object:
        """By a connection of its own, as nobody does."""
        path = account_path(self.options.directory, self.account)
        connection = apsw.Connection(path, flags=apsw.SQLITE_OPEN_READWRITE)
        try:
            return connection.execute(statement).get
        finally:
            connection.close()


@asynccontextmanager
async def place(tmp_path: Path) -> AsyncIterator[Place]:
    options = SqliteOptions(
        str(tmp_path / "state"), {"default": str(tmp_path / "spool"), "fast": str(tmp_path / "fast")}
    )
    sources = Clock()
    engine = await SqliteEngine.open(options, sources)
    announcements = Announcements()
    announcements.join(engine)
    account = await engine.create_account("user.alice")
    await engine.write(account, CreateMailboxes((NewMailbox(BOX, "", "default", ""),), AUTHOR))
    try:
        yield Place(engine, options, sources, account, announcements)
    finally:
        await engine.close()


def run(tmp_path: Path, test: Callable[[Place], Awaitable[None]]) -> None:
    async def main() -> None:
        async with place(tmp_path) as made:
            await asyncio.wait_for(test(made), 20)

    asyncio.run(main())


# Files


def test_a_file_is_a_link_to_what_was_staged_on_its_partition(tmp_path: Path) -> None:
    async def test(made: Place) -> None:
        async with made.engine.stage("fast") as staged:
            staged.write(b"text")
            file = await staged.finish()
            mail = replace(MAIL, file=file)
            await made.engine.write(made.account, Deliver(AUTHOR, dispatches=(mail, mail)))
            assert os.stat(file.path).st_nlink == 3
        assert made.files() == ["1.", "2."]
        assert list((tmp_path / "fast" / "queue").glob("?/?/*"))
        with await made.engine.open_dispatch(made.account, 2) as opened:
            assert await opened.read(0, 10) == b"text"
            assert opened.size_octets == 4

    run(tmp_path, test)


def test_a_file_is_a_copy_where_links_are_not_wanted(tmp_path: Path) -> None:
    async def test(made: Place) -> None:
        other = await made.another_engine(single_instance=False)
        async with other.stage("default") as staged:
            staged.write(b"text")
            file = await staged.finish()
            await other.write(made.account, Deliver(AUTHOR, dispatches=(replace(MAIL, file=file),)))
            assert os.stat(file.path).st_nlink == 1
        await other.close()
        with await made.engine.open_dispatch(made.account, 1) as opened:
            assert await opened.read(0, 10) == b"text"

    run(tmp_path, test)


def test_a_file_goes_with_its_line_and_a_refused_one_never_was(tmp_path: Path) -> None:
    async def test(made: Place) -> None:
        row = await made.queue()
        assert made.files() == ["1."]
        async with made.engine.stage("default") as staged:
            mail = replace(MAIL, file=await staged.finish())
            gone = replace(mail, file=await staged_and_gone(made))
            with pytest.raises(AngariumError):
                await made.engine.write(made.account, Deliver(AUTHOR, dispatches=(mail, gone)))
            commands = [Deliver(AUTHOR, dispatches=(mail, gone)), Deliver(AUTHOR, dispatches=(mail,))]
            answers = await made.engine.write_batch(made.account, commands)
        assert [type(answer) is Delivered for answer in answers] == [False, True]
        assert len(made.files()) == 2
        await made.engine.write(made.account, RemoveDispatch(row.number, AUTHOR))
        assert len(made.files()) == 1

    run(tmp_path, test)


async def staged_and_gone(made: Place) -> StagedFile:
    async with made.engine.stage("default") as staged:
        return await staged.finish()


def test_a_number_whose_file_is_there_already_is_burnt(tmp_path: Path) -> None:
    async def test(made: Place) -> None:
        left = [made.leave(1), made.leave(2)]
        assert (await made.queue()).number == 3
        assert [path.read_bytes() for path in left] == [b"from a crash"] * 2
        assert (await made.queue(None)).number == 4

    run(tmp_path, test)


def test_a_checkpoint_removes_what_no_line_names_and_nothing_else(tmp_path: Path) -> None:
    async def test(made: Place) -> None:
        row = await made.queue()
        left = made.leave(7)
        other = [left.with_name(name) for name in ("x.", f"{made.account}-x.", f"{made.account}-8", "zzz-3.")]
        for path in other:
            path.write_bytes(b"somebody else's")
        await made.engine.checkpoint()
        assert not left.exists()
        assert all(path.exists() for path in other)
        with await made.engine.open_dispatch(made.account, row.number) as opened:
            assert await opened.read(0, 10) == b"text"
        assert (await made.queue(None)).number == 8  # never given again
        await made.engine.checkpoint()

    run(tmp_path, test)


def test_numbers_stay_burnt_in_a_queue_that_never_had_a_line(tmp_path: Path) -> None:
    async def test(made: Place) -> None:
        made.leave(7)
        await made.engine.checkpoint()
        assert made.files() == []
        assert (await made.queue()).number == 8

    run(tmp_path, test)


def test_files_of_an_account_whose_file_is_lost_are_left_alone_and_then_put_aside(tmp_path: Path) -> None:
    async def test(made: Place) -> None:
        await made.queue()
        await made.queue()
        path = account_path(made.options.directory, made.account)
        other = await made.another_engine()
        for suffix in ("", "-wal", "-shm"):
            os.rename(path + suffix, f"{path}.lost{suffix}")
        await other.checkpoint()
        assert made.files() == ["1.", "2."]
        await other.recreate_account(made.account, "user.alice")
        assert [name.partition("aside-")[0] for name in made.files()] == ["1.", "2."]
        assert await other.dispatches(made.account) == []
        await other.checkpoint()
        assert len(made.files()) == 2
        await other.close()

    run(tmp_path, test)


def test_orphans_go_with_an_account_that_is_forgotten(tmp_path: Path) -> None:
    async def test(made: Place) -> None:
        row = await made.queue()
        made.leave(9)
        await made.engine.write(made.account, EraseMailboxes((BOX,), AUTHOR))
        with pytest.raises(StoreBusy, match="mail to send"):
            await made.engine.forget_account(made.account)
        assert len(await made.engine.dispatches(made.account)) == 1
        await made.engine.write(made.account, RemoveDispatch(row.number, AUTHOR))
        await made.engine.forget_account(made.account)
        assert made.files() == []

    run(tmp_path, test)


def test_mail_on_a_partition_that_is_not_configured_any_more_is_not_lost(tmp_path: Path) -> None:
    async def test(made: Place) -> None:
        row = await made.queue(partition="fast")
        other = await made.another_engine(partitions={"default": made.options.partitions["default"]})
        with pytest.raises(PartitionNotFound):
            await other.open_dispatch(made.account, row.number)
        await other.checkpoint()
        assert made.files() == ["1."]
        await other.write(made.account, RemoveDispatch(row.number, AUTHOR))
        await other.close()
        assert made.files() == ["1."]
        await made.engine.checkpoint()
        assert made.files() == []

    run(tmp_path, test)


# Notes


def test_what_has_waited_longer_than_a_note_is_good_for_is_refused(tmp_path: Path) -> None:
    """Otherwise its note might be thought stale and be removed, and then the line be written."""

    async def test(made: Place) -> None:
        class Slow(Clock):
            """A clock that goes on while a note is written."""

            def now_s(self) -> int:
                self.ahead_s += LONGEST_WAIT_S + 1
                return super().now_s()

        engine = await SqliteEngine.open(made.options, Slow())
        for command in (Deliver(AUTHOR, dispatches=(MAIL,)), Deliver(AUTHOR, dispatches=(MAIL, MAIL))):
            with pytest.raises(StoreBusy):
                await engine.write(made.account, command)
        assert await engine.work() == []
        await engine.write(made.account, Deliver(AUTHOR))
        await engine.close()

    run(tmp_path, test)


def test_lines_whose_notes_are_lost_are_noted_again_when_the_account_is_opened(tmp_path: Path) -> None:
    async def test(made: Place) -> None:
        rows = [await made.queue(None), await made.queue()]
        for row in rows:
            await made.engine.work_done(row.work)
        kept = await made.queue()
        heard: list[AccountId] = []
        other = await made.another_engine()
        other.subscribe(heard.append)
        assert len(await other.dispatches(made.account)) == 3
        await other.close()  # what it has begun comes to its end
        assert heard.count(OUTGOING) == 1
        assert await made.engine.accounts_with_mail() == [made.account]
        works = [number for number, work in await made.engine.work() if work.kind == MAIL_TO_SEND]
        noted = await made.engine.dispatches(made.account)
        assert sorted(row.work for row in noted) == sorted(works)
        assert noted[2] == kept
        assert noted[0].work != rows[0].work
        made.sources.ahead_s = 10_000
        assert await made.engine.accounts_with_mail() == [made.account]
        for row in noted:
            await made.engine.write(made.account, RemoveDispatch(row.number, AUTHOR))
        assert await made.engine.work() == []

    run(tmp_path, test)


def test_the_note_of_another_account_is_never_removed(tmp_path: Path) -> None:
    """As where `work.db` was lost, and its numbers are given anew."""

    async def test(made: Place) -> None:
        row = await made.queue(None)
        await made.engine.work_done(row.work)
        other = WorkRow(AccountId("z" * 24), MAIL_TO_SEND, "", made.sources.now_s())
        assert await made.engine.note_work(other) != row.work
        made.execute(f"UPDATE dispatch SET work = {row.work + 1}")
        await made.engine.write(made.account, RemoveDispatch(row.number, AUTHOR))
        assert [work for _, work in await made.engine.work()] == [other]

    run(tmp_path, test)


def test_who_stops_waiting_does_not_stop_a_delivery(tmp_path: Path) -> None:
    async def test(made: Place) -> None:
        task = asyncio.ensure_future(made.engine.write(made.account, Deliver(AUTHOR, dispatches=(MAIL,))))
        await asyncio.sleep(0)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        await made.engine.close()
        other = await made.another_engine()
        rows = await other.dispatches(made.account)
        assert [number for number, _ in await other.work()] == [row.work for row in rows]
        assert len(rows) == 1
        await other.close()

    run(tmp_path, test)


def test_a_refused_delivery_leaves_no_note(tmp_path: Path) -> None:
    async def test(made: Place) -> None:
        gone = await staged_and_gone(made)
        for file in (gone, replace(gone, partition="none")):
            command = Deliver(AUTHOR, dispatches=(MAIL, replace(MAIL, file=file)))
            with pytest.raises(AngariumError):
                await made.engine.write(made.account, command)
            assert await made.engine.work() == []
        assert await made.engine.dispatches(made.account) == []

    run(tmp_path, test)


def test_a_full_queue_of_writes_leaves_no_note(tmp_path: Path) -> None:
    async def test(made: Place) -> None:
        other = await made.another_engine(account_queue_commands=2)
        with pytest.raises(StoreBusy):
            await other.write_batch(made.account, [Deliver(AUTHOR, dispatches=(MAIL,))] * 3)
        assert await other.work() == []
        large = replace(MAIL, head=b"x" * 1000)
        another = await made.another_engine(account_queue_octets=3000)
        with pytest.raises(StoreBusy):
            await another.write_batch(made.account, [Deliver(AUTHOR, dispatches=(large, large))] * 2)
        with pytest.raises(StoreBusy):
            await another.write(made.account, PutScript("a", b"x" * 3000, AUTHOR))
        assert await another.dispatches(made.account) == []
        await another.close()
        await other.close()

    run(tmp_path, test)


def test_all_that_is_queued_by_many_at_one_time_is_noted(tmp_path: Path) -> None:
    async def test(made: Place) -> None:
        engines = [made.engine, await made.another_engine()]
        commands = [Deliver(AUTHOR, dispatches=(MAIL,) * (1 + number % 3)) for number in range(12)]
        answers = await asyncio.gather(
            *[engines[place % 2].write(made.account, each) for place, each in enumerate(commands)]
        )
        assert all(isinstance(answer, Delivered) for answer in answers)
        rows = await made.engine.dispatches(made.account)
        assert len(rows) == 24
        assert len({row.work for row in rows}) == 24
        assert {number for number, _ in await made.engine.work()} == {row.work for row in rows}
        removals = [
            engines[place % 2].write(made.account, RemoveDispatch(row.number, AUTHOR))
            for row in rows
            for place in range(2)
        ]
        await asyncio.gather(*removals)
        assert await made.engine.work() == []
        await engines[1].close()

    run(tmp_path, test)


def test_what_two_processes_deliver_at_one_time_is_there_once(tmp_path: Path) -> None:
    async def test(made: Place) -> None:
        engines = [made.engine, await made.another_engine()]
        async with AsyncExitStack() as exits:
            commands = [await deliver_once(engine, exits) for engine in engines * 5]
            writes = zip(engines * 5, commands, strict=True)
            answers = await asyncio.gather(*[engine.write(made.account, command) for engine, command in writes])
        delivered = [answer for answer in answers if isinstance(answer, Delivered)]
        assert sorted(answer.uids != (None,) for answer in delivered) == [False] * 9 + [True]
        assert sorted(answer.dispatched for answer in delivered) == [(False,)] * 9 + [(True,)]
        row = await made.engine.mailbox(made.account, BOX)
        assert row is not None
        assert row.messages == 1
        assert made.files() == ["1."]
        assert len(await made.engine.work()) == 1
        await engines[1].close()

    run(tmp_path, test)


async def deliver_once(engine: SqliteEngine, exits: AsyncExitStack) -> Deliver:
    """A message with mail to send, both marked, from a staged file of its own."""
    staged = await exits.enter_async_context(engine.stage("default"))
    staged.write(b"text")
    file = await staged.finish()
    content, search = Content(b"h", 1, b"", b"", b"", b""), SearchFields("", "", "", "", "", "", None, "<1@x>")
    message = NewMessage(file, NO_FLAGS, InternalDate(1), content, search)
    marks = [Mark(MarkKind.DELIVERED, key, 1 << 40) for key in ("message", "mail")]
    return Deliver(AUTHOR, (Deposit(BOX, message, mark=marks[0]),), (replace(MAIL, file=file, mark=marks[1]),))


def test_notes_that_are_wanted_at_one_time_are_synced_together(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    changes: list[object] = []
    write = Notes.__init__

    def counting(notes: Notes, change: Callable[[Change], Awaitable[list[list[int]]]]) -> None:
        def count(each: Change) -> Awaitable[list[list[int]]]:
            changes.append(each)
            return change(each)

        write(notes, count)

    monkeypatch.setattr(Notes, "__init__", counting)

    async def test(made: Place) -> None:
        deliver = Deliver(AUTHOR, dispatches=(MAIL,))
        await asyncio.gather(*[made.engine.write(made.account, deliver) for _ in range(30)])
        assert len(changes) <= 3
        assert len(await made.engine.work()) == 30
        await asyncio.gather(*[made.engine.write(made.account, RemoveDispatch(n, AUTHOR)) for n in range(1, 31)])
        assert len(changes) <= 6
        assert await made.engine.work() == []

    run(tmp_path, test)


def test_a_long_queue_is_read_whole(tmp_path: Path) -> None:
    async def test(made: Place) -> None:
        count = 1100
        await made.engine.write(made.account, Deliver(AUTHOR, dispatches=(MAIL,) * count))
        rows = await made.engine.dispatches(made.account)
        assert [row.number for row in rows] == list(range(1, count + 1))
        assert [number for number, _ in await made.engine.work()] == [row.work for row in rows]
        made.sources.ahead_s = 10_000
        for _ in range(2):
            assert await made.engine.accounts_with_mail() == [made.account]
        await made.engine.write_batch(made.account, [RemoveDispatch(row.number, AUTHOR) for row in rows[200:]])
        assert [number for number, _ in await made.engine.work()] == [row.work for row in rows[:200]]

    run(tmp_path, test)


def test_another_process_hears_of_mail_to_send(tmp_path: Path) -> None:
    async def test(made: Place) -> None:
        row = await made.queue(None)
        other = await made.another_engine()
        assert await other.accounts_with_mail() == [made.account]
        await other.write(made.account, PostponeDispatch(row.number, ("x",), 5, "later"))
        (postponed,) = await made.engine.dispatches(made.account)
        assert (postponed.recipients, postponed.next_attempt_s) == (("x",), 5)
        await other.close()

    run(tmp_path, test)


# Scripts that are remembered


def test_the_active_script_is_read_once_until_it_changes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    read: list[str] = []
    for name in ("read_active_script", "read_script", "site_script"):

        def counting(*arguments: object, function: object = getattr(scripts, name), name: str = name) -> object:
            read.append(name)
            return function(*arguments)  # type: ignore[operator]

        monkeypatch.setattr(scripts, name, counting)

    async def test(made: Place) -> None:
        other = await made.another_engine()
        assert await other.active_script(made.account) is None
        await made.engine.write(made.account, PutScript("a", b"keep;", AUTHOR, activate=True))
        first = await other.active_script(made.account)
        assert first is not None
        read.clear()
        for _ in range(3):
            assert await other.active_script(made.account) is first
        assert read == []
        await made.engine.write(made.account, PutScript("b", b"stop;", AUTHOR))
        read.clear()
        assert await other.active_script(made.account) is first  # another change: looked at, and not read again
        assert read == ["read_active_script"]
        await made.engine.write(made.account, PutScript("a", b"discard;", AUTHOR))
        second = await other.active_script(made.account)
        assert second is not None
        assert second.content == b"discard;"
        await other.close()

    run(tmp_path, test)


def test_scripts_of_the_site_are_those_of_this_moment_everywhere(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def test(made: Place) -> None:
        other = await made.another_engine()
        assert await other.site_script("spam") is None
        for text in (b"keep;", b"stop;"):
            await made.engine.put_site_script("spam", text)
            script = await other.site_script("spam")
            assert script is not None
            assert script.content == text
        with monkeypatch.context() as patched:
            patched.setattr(scripts, "site_script", None)  # nobody reads it
            assert await other.site_script("spam") is script
        await made.engine.remove_site_script("spam")
        assert await other.site_script("spam") is None
        await other.close()

    run(tmp_path, test)
