"""Moves between accounts that are stopped at any step, meet a failing disk, or one another."""

import asyncio
import errno
import itertools
import os
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import TypeVar

import pytest
from tests.engine.rows import message_rows
from tests.faults.disk import FaultyDisk, FaultyVFS

from angarium.engine.commands import (
    Added,
    AddMessages,
    Author,
    ClaimRecent,
    Command,
    CreateMailboxes,
    EraseMailboxes,
    Expunge,
    FlagOperation,
    FlagsStored,
    ForgetErased,
    NewMailbox,
    NewMessage,
    Purged,
    PurgeMessages,
    Result,
    SetAccountName,
    StoreFlags,
    Subscribe,
)
from angarium.engine.disk import FileLock
from angarium.engine.moves import MailboxMove, MoveMailboxes
from angarium.engine.rows import (
    AccountId,
    Content,
    FoundMailbox,
    InternalDate,
    MailboxId,
    MailboxState,
    SearchFields,
    Uid,
    WorkRow,
)
from angarium.engine.sources import SystemSources
from angarium.engine.sqlite import SqliteEngine, SqliteOptions, mailboxes, moving, transaction
from angarium.engine.sqlite.executor import Executable
from angarium.engine.sqlite.movesteps import Arrive, ReleaseMoving
from angarium.errors import (
    AngariumError,
    DiskFailed,
    DiskFull,
    MailboxExists,
    MailboxMoving,
    MailboxNotFound,
    StoreBusy,
)
from angarium.flags import NO_FLAGS, Flags, SystemFlags
from angarium.sequenceset import UidSet

AUTHOR = Author("alice")
CONTENT = Content(b"hash", 1, b"(e)", b"(b)", b"(bs)", b"p")
SEARCH = SearchFields("", "", "", "", "", "", None, "")
FLAGGED = Flags.of(["\\Flagged"])
Answer = TypeVar("Answer")
_NUMBERS = itertools.count()


class Killed(BaseException):
    """The process is no more."""


class Place:
    """A store with two accounts, which may be opened again and again."""

    def __init__(self, path: Path, vfs: str | None = None) -> None:
        self.options = SqliteOptions(str(path / "state"), {"default": str(path / "spool")}, vfs=vfs)
        self.disk = FaultyDisk()
        self.alice = self.bob = AccountId("")
        self.work = self.sub = MailboxId("")

    async def fill(self, engine: SqliteEngine) -> None:
        self.alice, self.bob = await engine.create_account("user.alice"), await engine.create_account("user.bob")
        await self.create(engine, self.alice, "")
        await self.create(engine, self.bob, "")
        self.work = await self.create(engine, self.alice, "work")
        self.sub = await self.create(engine, self.alice, "work.sub")
        for number in range(3):
            await self.add(engine, self.alice, self.work, b"%d" % number)
        await self.add(engine, self.alice, self.sub, b"3")

    async def create(self, engine: SqliteEngine, account: AccountId, name: str) -> MailboxId:
        mailbox = MailboxId(SystemSources().random_id())
        await engine.write(account, CreateMailboxes((NewMailbox(mailbox, name, "default", ""),), AUTHOR))
        await engine.refresh_catalogue(account)
        return mailbox

    async def add(self, engine: SqliteEngine, account: AccountId, mailbox: MailboxId, text: bytes) -> Uid:
        async with engine.stage("default") as staged:
            staged.write(text)
            message = NewMessage(await staged.finish(), NO_FLAGS, InternalDate(1), CONTENT, SEARCH)
            added = await engine.write(account, AddMessages(mailbox, (message,), AUTHOR))
        assert isinstance(added, Added)
        return added.uids[0]

    def command(self) -> MoveMailboxes:
        moves = (MailboxMove(self.work, "projects"), MailboxMove(self.sub, "projects.sub"))
        return MoveMailboxes(self.alice, self.bob, moves, AUTHOR)

    async def home(self, engine: SqliteEngine) -> AccountId:
        """Where the tree is, which is one account, with all that it had."""
        homes = [
            {row.id for row in await engine.mailboxes(account)} & {self.work, self.sub}
            for account in (self.alice, self.bob)
        ]
        assert homes in ([{self.work, self.sub}, set()], [set(), {self.work, self.sub}])
        home = self.alice if homes[0] else self.bob
        texts = {self.work: [b"0", b"1", b"2"], self.sub: [b"3"]}
        for mailbox, wanted in texts.items():
            rows = await message_rows(engine, home, mailbox)
            assert [await self.read(engine, home, mailbox, row.uid) for row in rows] == wanted
            row = await engine.mailbox(home, mailbox)
            assert row is not None
            assert (row.state, row.messages) == (MailboxState.LIVE, len(wanted))
        shown = {each.mailbox: each.account for each in await engine.catalogue()}
        assert (shown[self.work], shown[self.sub]) == (home, home)
        headers = [found for found in await engine.found_mailboxes() if isinstance(found, FoundMailbox)]
        assert {found.account for found in headers if found.mailbox in (self.work, self.sub)} == {home}
        return home

    async def read(self, engine: SqliteEngine, account: AccountId, mailbox: MailboxId, uid: Uid) -> bytes:
        with await engine.open_message(account, mailbox, uid) as file:
            return await file.read(0, 100)

    async def check_usable(self, engine: SqliteEngine, home: AccountId) -> None:
        """What is left of a move that was stopped hurts nobody."""
        for account in (self.alice, self.bob):
            await engine.write(account, ForgetErased())
            await engine.write(account, ForgetErased())
            await self.add(engine, account, await self.create(engine, account, "new"), b"new")
        assert await self.add(engine, home, self.work, b"more") == 4


@asynccontextmanager
async def opened(place: Place) -> AsyncIterator[SqliteEngine]:
    engine = await SqliteEngine.open(place.options, SystemSources(), place.disk)
    try:
        yield engine
    finally:
        await engine.close()


class Mortal:
    """Counts what a mover does in the world, and ends it before one of them."""

    def __init__(self, engine: SqliteEngine, lives: int) -> None:
        moves = engine._moves
        self._lives = lives
        self._desk = moves._desk
        self._take_step = moves._step
        moves._desk = self
        moves._step = self.step  # type: ignore[method-assign]

    def _live(self) -> None:
        if self._lives == 0:
            raise Killed
        self._lives -= 1

    async def step(self, account: AccountId, step: Executable) -> Result:
        self._live()
        return await self._take_step(account, step)

    async def note_work(self, work_row: WorkRow) -> int:
        self._live()
        return await self._desk.note_work(work_row)

    async def work(self) -> list[tuple[int, WorkRow]]:
        return await self._desk.work()

    async def work_done(self, number: int) -> None:
        self._live()
        await self._desk.work_done(number)

    async def refresh_catalogue(self, account: AccountId) -> None:
        self._live()
        await self._desk.refresh_catalogue(account)


async def is_killed(engine: SqliteEngine, work: Callable[[], Awaitable[object]], *, lives: int) -> bool:
    Mortal(engine, lives)
    try:
        await work()
    except Killed:
        return True
    return False


async def noted(engine: SqliteEngine, *, is_noted: bool = True) -> None:
    """Wait until there is a note of a move, or none any more."""
    async with asyncio.timeout(10):
        while True:
            if bool(await engine.work()) == is_noted:
                return
            await asyncio.sleep(0)


async def marked(engine: SqliteEngine, place: Place) -> None:
    """Wait until a move has begun."""
    async with asyncio.timeout(10):
        while True:
            row = await engine.mailbox(place.alice, place.work)
            if row is None or row.state is MailboxState.MOVING:
                return
            await asyncio.sleep(0)


@pytest.fixture
def place(runner: asyncio.Runner, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Place:
    """Where rows are taken over one by one, and what was stopped goes on when the test says so."""

    async def later(_: SqliteEngine) -> None:
        """Not now."""

    monkeypatch.setattr(moving, "_SLICE_ROWS", 1)
    monkeypatch.setattr(SqliteEngine, "begin_to_resume", later)
    return Place(tmp_path)


POINTS = 16
"""Before which a move of two mailboxes with four rows, a row a step, can be killed: the last test of it is that there
are no more."""


@pytest.mark.parametrize("lives", range(POINTS))
async def test_a_move_that_is_killed_again_and_again_comes_to_its_end(lives: int, place: Place) -> None:
    async with opened(place) as engine:
        await place.fill(engine)
        assert await is_killed(engine, lambda: engine.move_mailboxes(place.command()), lives=lives)
        where = [await engine.mailbox(account, place.work) for account in (place.alice, place.bob)]
        assert any(where), "it is nowhere"
    for more in itertools.count():
        async with opened(place) as engine:
            if not await is_killed(engine, engine.resume_moves, lives=more):
                break
    async with opened(place) as engine:
        assert not await engine.work()
        home = await place.home(engine)
        assert home == (place.alice if lives < 2 else place.bob)
        await place.check_usable(engine, home)


async def test_there_is_no_other_point(place: Place) -> None:
    async with opened(place) as engine:
        await place.fill(engine)
        assert not await is_killed(engine, lambda: engine.move_mailboxes(place.command()), lives=POINTS)
        assert await place.home(engine) == place.bob


@pytest.mark.usefixtures("runner")
async def test_opening_a_store_goes_on_with_what_was_stopped(tmp_path: Path) -> None:
    place = Place(tmp_path)
    async with opened(place) as engine:
        await place.fill(engine)
        assert await is_killed(engine, lambda: engine.move_mailboxes(place.command()), lives=4)
    async with opened(place) as engine:
        await noted(engine, is_noted=False)
        await engine.resume_moves()
        assert await place.home(engine) == place.bob


async def test_an_engine_that_is_closed_meanwhile_leaves_the_rest_to_the_next(place: Place) -> None:
    async with opened(place) as engine:
        await place.fill(engine)
        task = asyncio.create_task(engine.move_mailboxes(place.command()))
        await marked(engine, place)
    with pytest.raises(StoreBusy):
        await task
    async with opened(place) as engine:
        await engine.checkpoint()
        assert await place.home(engine) == place.bob


async def test_who_does_not_wait_does_not_stop_it(place: Place) -> None:
    async with opened(place) as engine:
        await place.fill(engine)
        task = asyncio.create_task(engine.move_mailboxes(place.command()))
        await noted(engine)
        task.cancel()
        await noted(engine, is_noted=False)
        assert await place.home(engine) == place.bob


async def test_what_moves_is_read_and_not_written(place: Place) -> None:
    async with opened(place) as engine:
        await place.fill(engine)
        await engine.write(place.alice, Expunge(place.sub, AUTHOR, only_deleted=False))
        await engine.write(place.alice, PurgeMessages(place.sub, 1 << 40))
        sub = await place.add(engine, place.alice, place.sub, b"3")
        await engine.write(place.alice, Expunge(place.work, AUTHOR, UidSet(((2, 2),)), only_deleted=False))
        assert await is_killed(engine, lambda: engine.move_mailboxes(place.command()), lives=5)
        assert sub == 2
        row = await engine.mailbox(place.alice, place.work)
        assert row is not None
        assert row.state is MailboxState.MOVING
        assert await place.read(engine, place.alice, place.work, Uid(1)) == b"0"
        refused: list[Command] = [
            StoreFlags(place.work, UidSet(((1, 1),)), FlagOperation.ADD, Flags.of(["\\Seen"]), AUTHOR),
            Expunge(place.work, AUTHOR, only_deleted=False),
            EraseMailboxes((place.work,), AUTHOR),
            CreateMailboxes((NewMailbox(MailboxId("n" * 24), "work.n", "default", ""),), AUTHOR, place.work),
        ]
        answers = await engine.write_batch(place.alice, refused)
        assert [type(answer) for answer in answers] == [MailboxMoving] * len(refused)
        with pytest.raises(MailboxMoving):
            await place.add(engine, place.alice, place.work, b"more")
    async with opened(place) as engine:
        assert await engine.write(place.alice, PurgeMessages(place.work, 1 << 40)) == Purged(0, more=False)
        await engine.resume_moves()
        assert await place.read(engine, place.bob, place.work, Uid(2)) == b"1"
        assert await engine.write(place.bob, PurgeMessages(place.work, 1 << 40)) == Purged(1, more=False)


async def test_headers_of_what_moves_are_nobodys_to_write(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    for module in (transaction, mailboxes):
        monkeypatch.setattr(module, "CEILING_STEP", 3)
    async with opened(place) as engine:
        await place.fill(engine)
        assert await is_killed(engine, lambda: engine.move_mailboxes(place.command()), lives=POINTS - 5)
        both = [{row.id for row in await engine.mailboxes(account)} for account in (place.alice, place.bob)]
        assert both[0] & both[1] == {place.work, place.sub}, "they have arrived, and have not left yet"
        await engine.write(place.alice, SetAccountName("user.alicia", AUTHOR))
        for number in range(8):
            subscribe: list[Command] = [Subscribe(f"user.b{number}", AUTHOR), ClaimRecent(place.work, Uid(1))]
            await engine.write_batch(place.alice, subscribe)
        headers = [found for found in await engine.found_mailboxes() if isinstance(found, FoundMailbox)]
        assert {found.account for found in headers if found.mailbox in (place.work, place.sub)} == {place.bob}
        modseq = (await engine.state(place.alice)).modseq
        assert max(found.modseq_ceiling for found in headers if found.account == place.alice) > modseq
    async with opened(place) as engine:
        await engine.resume_moves()
        assert await place.home(engine) == place.bob


async def test_an_account_that_something_comes_into_is_not_forgotten(place: Place) -> None:
    async with opened(place) as engine:
        await place.fill(engine)
        place.bob = await engine.create_account("user.carol")
        assert await is_killed(engine, lambda: engine.move_mailboxes(place.command()), lives=5)
        with pytest.raises(DiskFailed):
            await engine.forget_account(place.bob)
    async with opened(place) as engine:
        await engine.resume_moves()
        assert await place.home(engine) == place.bob


async def test_a_target_that_is_gone_undoes_a_move(place: Place) -> None:
    async with opened(place) as engine:
        await place.fill(engine)
        place.bob = await engine.create_account("user.carol")
        assert await is_killed(engine, lambda: engine.move_mailboxes(place.command()), lives=2)
        await engine.forget_account(place.bob)
    async with opened(place) as engine:
        await engine.resume_moves()
        assert not await engine.work()
        row = await engine.mailbox(place.alice, place.work)
        assert row is not None
        assert row.state is MailboxState.LIVE
        assert await place.add(engine, place.alice, place.work, b"more") == 4


async def test_a_source_that_was_built_anew_keeps_what_had_not_arrived(place: Place) -> None:
    async with opened(place) as engine:
        await place.fill(engine)
        assert await is_killed(engine, lambda: engine.move_mailboxes(place.command()), lives=5)
        await engine.write(place.alice, ReleaseMoving((place.work, place.sub)))  # type: ignore[arg-type]
    async with opened(place) as engine:
        await engine.resume_moves()
        assert not await engine.work()
        assert await place.home(engine) == place.alice
        await place.check_usable(engine, place.alice)


async def test_what_cannot_go_on_is_undone(place: Place) -> None:
    async with opened(place) as engine:
        await place.fill(engine)
        assert await is_killed(engine, lambda: engine.move_mailboxes(place.command()), lives=5)
        await place.create(engine, place.bob, "projects")
    async with opened(place) as engine:
        await engine.resume_moves()
        assert not await engine.work()
        assert await place.home(engine) == place.alice
        await place.check_usable(engine, place.alice)


async def test_a_name_that_was_taken_meanwhile_undoes_a_move(place: Place) -> None:
    async with opened(place) as engine:
        await place.fill(engine)
        take_step = engine._moves._step

        async def step(account: AccountId, step: Executable) -> Result:
            if isinstance(step, Arrive):
                await place.create(engine, place.bob, "projects")
            return await take_step(account, step)

        engine._moves._step = step  # type: ignore[method-assign]
        with pytest.raises(MailboxExists):
            await engine.move_mailboxes(place.command())
        assert not await engine.work()
        assert await place.home(engine) == place.alice
        await place.check_usable(engine, place.alice)


async def test_two_engines_move_one_after_the_other(place: Place) -> None:
    async with opened(place) as one, opened(place) as other:
        await place.fill(one)
        back = MoveMailboxes(
            place.bob, place.alice, (MailboxMove(place.work, "back"), MailboxMove(place.sub, "back.sub")), AUTHOR
        )
        first = asyncio.create_task(one.move_mailboxes(place.command()))
        await noted(one)
        await other.resume_moves()  # leaves it to who has the lock
        await asyncio.gather(first, other.move_mailboxes(back))
        assert await place.home(one) == place.alice
        assert await place.home(other) == place.alice


async def test_a_mover_that_is_busy_for_long_is_not_waited_for(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(moving, "_LOCK_WAIT_S", 0.1)
    async with opened(place) as engine:
        await place.fill(engine)
        lock = FileLock(f"{place.options.directory}/moves.lock")
        assert lock.take_at_once()
        with pytest.raises(StoreBusy):
            await engine.move_mailboxes(place.command())
        lock.close()
        await engine.move_mailboxes(place.command())


async def test_work_of_another_kind_is_left_alone(place: Place) -> None:
    async with opened(place) as engine:
        await place.fill(engine)
        await engine.note_work(WorkRow(place.alice, "mail", "x", 1))
        await engine.move_mailboxes(place.command())
        assert [row.kind for _, row in await engine.work()] == ["mail"]


async def test_a_note_that_is_damaged_keeps_no_other_from_its_end(place: Place) -> None:
    async with opened(place) as engine:
        await place.fill(engine)
        for detail in ("", "{}", "[1]", '{"source": 1}'):
            await engine.note_work(WorkRow(place.alice, "move", detail, 1))
        assert await is_killed(engine, lambda: engine.move_mailboxes(place.command()), lives=5)
    async with opened(place) as engine:
        await engine.resume_moves()
        assert await place.home(engine) == place.bob
        assert len(await engine.work()) == 4


FAULTS = [("write", errno.ENOSPC), ("write", errno.EIO), ("sync", errno.EIO)]


@pytest.mark.parametrize(("method", "number"), FAULTS)
@pytest.mark.parametrize("account", ["alice", "bob", "work"])
async def test_a_disk_that_fails_leaves_a_tree_in_one_account(
    account: str, method: str, number: int, place: Place
) -> None:
    """At each write in turn: refused or done, and nothing lost; and whole again once the disk is."""
    vfs = FaultyVFS(f"faulty-{os.getpid()}-{next(_NUMBERS)}")
    place.options = replace(place.options, vfs=vfs.vfs_name)
    refused = 0
    async with opened(place) as engine:
        await place.fill(engine)
        part = {"alice": place.alice, "bob": place.bob, "work": "work.db"}[account]
        here, there = place.alice, place.bob
        for good in range(12):
            vfs.fails = failing_after(good, number, method, part)
            moves = (MailboxMove(place.work, "w"), MailboxMove(place.sub, "w.sub"))
            try:
                await engine.move_mailboxes(MoveMailboxes(here, there, moves, AUTHOR))
            except AngariumError:
                refused += 1
            vfs.fails = lambda _method, _path: 0
            await engine.checkpoint()
            assert not await engine.work()
            if await place.home(engine) == there:
                here, there = there, here
    vfs.unregister()
    assert refused


def failing_after(good: int, number: int, method: str, part: str) -> Callable[[str, str], int]:
    """Let so many calls on a log pass, fail three, and be well again."""
    calls = itertools.count()

    def fails(called: str, path: str) -> int:
        if called == method and part in path and path.endswith("-wal") and good <= next(calls) < good + 3:
            return number
        return 0

    return fails


@pytest.mark.parametrize("method", ["create", "rename"])
@pytest.mark.parametrize("failing", [{1}, {1, 2}])
async def test_a_header_that_cannot_be_written_leaves_a_tree_where_it_was_or_will_be(
    method: str, failing: set[int], place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The second of them is that of the arrival; where that of the way back fails too, the move goes on after all."""
    monkeypatch.setattr(moving, "_RETRY_S", 0.01)
    async with opened(place) as engine:
        await place.fill(engine)
        calls = itertools.count()
        place.disk.fails = lambda called, path: (
            errno.ENOSPC if called == method and "mailbox.header" in path and next(calls) in failing else 0
        )
        with pytest.raises(DiskFull):
            await engine.move_mailboxes(place.command())
        await noted(engine, is_noted=False)
        home = place.alice if failing == {1} else place.bob
        assert await place.home(engine) == home
        await place.check_usable(engine, home)


async def test_nothing_is_lost_or_doubled_while_a_mailbox_goes_to_and_fro(place: Place) -> None:
    """One process delivers and flags, another moves, and is killed now and then; the next one goes on."""
    async with opened(place) as one:
        await place.fill(one)
        delivered: dict[int, bytes] = {uid: b"%d" % (uid - 1) for uid in (1, 2, 3)}
        flagged: set[int] = set()
        is_over = asyncio.Event()

        async def add_to(text: bytes, home: AccountId) -> Uid:
            return await place.add(one, home, place.work, text)

        async def write_to(command: Command, home: AccountId) -> Result:
            return await one.write(home, command)

        async def deliver() -> None:
            """Until all is over, and a last one then."""
            for number in itertools.count():
                over = is_over.is_set()
                text = b"new %d" % number
                uid = await again(one, place.work, partial(add_to, text))
                assert delivered.setdefault(uid, text) is text, "a UID was given twice"
                if over:
                    return

        async def flag() -> None:
            while not is_over.is_set():
                uid = max(delivered)
                store = StoreFlags(place.work, UidSet(((uid, uid),)), FlagOperation.ADD, FLAGGED, AUTHOR)
                stored = await again(one, place.work, partial(write_to, store))
                assert isinstance(stored, FlagsStored)
                flagged.update(stored.changed)
                await asyncio.sleep(0)

        async def move_on() -> None:
            for turn in range(12):
                async with opened(place) as other:
                    await other.resume_moves()
                    here = await other.home_of(place.work)
                    assert here is not None
                    there = place.bob if here == place.alice else place.alice
                    moves = (MailboxMove(place.work, "w"), MailboxMove(place.sub, "w.sub"))
                    command = MoveMailboxes(here, there, moves, AUTHOR)
                    await is_killed(other, partial(other.move_mailboxes, command), lives=(turn * 5) % 40)
            async with opened(place) as other:
                await other.resume_moves()
            is_over.set()

        async with asyncio.TaskGroup() as tasks:
            for work in (deliver(), flag(), move_on()):
                tasks.create_task(work)
        home = await one.home_of(place.work)
        assert home is not None
        assert [await one.mailbox(account, place.work) is not None for account in (place.alice, place.bob)] == [
            account == home for account in (place.alice, place.bob)
        ]
        rows = await message_rows(one, home, place.work)
        assert {row.uid: await place.read(one, home, place.work, row.uid) for row in rows} == delivered
        assert {row.uid for row in rows if row.system_flags & SystemFlags.FLAGGED} >= flagged
        assert len(delivered) > 4


async def again(engine: SqliteEngine, mailbox: MailboxId, write: Callable[[AccountId], Awaitable[Answer]]) -> Answer:
    """What a client does that is refused for the time being, or finds the mailbox in another account."""
    async with asyncio.timeout(30):
        while True:
            home = await engine.home_of(mailbox)
            try:
                if home is not None:
                    return await write(home)
            except (MailboxMoving, MailboxNotFound):
                pass
            await asyncio.sleep(0.001)
