"""Moves between accounts: the steps in their order, and what becomes of those that were stopped (DESIGN §8).

Theory of operation. There is no transaction over two account files, so one file at a time says where a mailbox is:

1. `work.db` notes the move.
2. The source marks the mailboxes: they can be read, and writes to them are refused for the time being.
3. The target takes over the rows in slices. Nobody sees them there.
4. The target has the mailboxes, all with one COMMIT, and their headers name it. This decides: before it, a move that is
   stopped may be undone, and from it on it can only go on.
5. The catalogue shows them there; the source gives them up; the catalogue shows that; the note goes.

Message files stay where they are, and no step removes one. While there is a note, its steps can be taken again, and
each does nothing where it was taken before. They are taken under a lock that all processes share and that a crash gives
back; so whoever has it finds the notes of moves that were stopped, and nobody undoes what somebody else goes on with.
The notes are looked through when an engine is opened, before each move, at checkpoints, and some seconds after the disk
has failed a move.

A move that was stopped goes on if its mailboxes are still marked, and is undone where it cannot. Where the source has
them unmarked (it was built anew from its directories), it keeps them.
"""

import asyncio
import logging
import os
from collections.abc import AsyncIterator, Callable, Coroutine
from concurrent.futures import Executor
from contextlib import asynccontextmanager, suppress
from typing import Final, Protocol, TypeVar

import apsw

from angarium.engine.commands import Done, Erased, ForgetErased, Purged, Result
from angarium.engine.disk import FileLock
from angarium.engine.moves import MailboxMove, MoveMailboxes, parse_move
from angarium.engine.rows import AccountId, MailboxId, MailboxState, WorkRow
from angarium.engine.sources import Sources
from angarium.engine.sqlite import reads
from angarium.engine.sqlite.accounts import OpenAccounts, account_path
from angarium.engine.sqlite.departing import read_seen_states
from angarium.engine.sqlite.executor import Executable
from angarium.engine.sqlite.movesteps import (
    Arrive,
    BeginArrival,
    CopyRows,
    Depart,
    DropArrivals,
    MarkMoving,
    OtherAccount,
    ReleaseMoving,
    SeenStates,
)
from angarium.engine.sqlite.options import SqliteOptions
from angarium.engine.sqlite.refusals import as_known
from angarium.engine.sqlite.schema import ACCOUNT, open_for_reading
from angarium.engine.sqlite.writer import Writer
from angarium.errors import AccountNotFound, AclChanged, AngariumError, MailboxMoving, PermanentError, StoreBusy

log = logging.getLogger(__name__)

_KIND: Final = "move"
_SLICE_ROWS: Final = 500
"""Some 15 ms of the target's writer."""
_RETRY_S: Final = 10.0
"""After a full or failing disk has left a move halfway; each time twice as long, up to ..."""
_LONGEST_RETRY_S: Final = 600.0
_LOCK_WAIT_S: Final = 10.0
_LOCK_INTERVAL_S: Final = 0.05

Answer = TypeVar("Answer")


class Desk(Protocol):
    """What the mover needs of its engine beside the accounts' files."""

    async def note_work(self, work_row: WorkRow) -> int: ...

    async def work(self) -> list[tuple[int, WorkRow]]: ...

    async def work_done(self, number: int) -> None: ...

    async def refresh_catalogue(self, account: AccountId) -> None: ...


class _Stopped(StoreBusy):
    """The engine closes: the note stays, and the next one to open the store goes on."""


class Moves:
    """Moves mailboxes between the accounts of an engine; belongs to the engine's loop."""

    def __init__(
        self,
        options: SqliteOptions,
        *,
        desk: Desk,
        writer: Writer,
        accounts: OpenAccounts,
        readers: Executor,
        sources: Sources,
    ) -> None:
        self._options = options
        self._desk = desk
        self._writer = writer
        self._accounts = accounts
        self._readers = readers
        self._sources = sources
        self._turn = asyncio.Lock()
        self._tasks: set[asyncio.Task[object]] = set()
        self._is_stopping = False
        self._timer: asyncio.TimerHandle | None = None
        self._tries = 0

    async def move(self, command: MoveMailboxes) -> Done:
        """See `Engine.move_mailboxes`. Who does not wait for it any more does not stop it."""
        return await asyncio.shield(self._start(self._move_or_try_later(command)))

    async def resume_if_any(self) -> None:
        """Begin to go on with moves that were stopped, where there is a note of one; does not wait for their end."""
        if await self._has_notes():
            self._start(self._resume_quietly())

    async def resume(self) -> None:
        """Go on with moves that were stopped, unless another process is moving something; it looks for them itself."""
        if await self._has_notes():
            with suppress(StoreBusy):
                async with self._alone(wait_s=0):
                    await self._resume_all()

    async def stop(self) -> None:
        """Let what is under way come to the end of its step."""
        self._is_stopping = True
        if self._timer is not None:
            self._timer.cancel()
        while self._tasks:
            await asyncio.wait(self._tasks)

    def _start(self, work: Coroutine[None, None, Answer]) -> "asyncio.Task[Answer]":
        task = asyncio.get_running_loop().create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._ended)
        return task

    def _ended(self, task: "asyncio.Task[object]") -> None:
        self._tasks.discard(task)
        if not task.cancelled():
            task.exception()  # told to who waits, where somebody still does

    async def _move_or_try_later(self, command: MoveMailboxes) -> Done:
        try:
            return await self._move(command)
        except AngariumError:
            self._try_later()  # where it could be neither finished nor undone
            raise

    async def _resume_quietly(self) -> None:
        try:
            await self.resume()
            if await self._has_notes():
                self._try_later()
            else:
                self._tries = 0
        except AngariumError as refusal:
            log.warning("moves_not_resumed", extra={"error": str(refusal)})

    async def _has_notes(self) -> bool:
        return any(work.kind == _KIND for _, work in await self._desk.work())

    def _try_later(self) -> None:
        if not self._is_stopping and self._timer is None:
            wait_s = min(_RETRY_S * 2**self._tries, _LONGEST_RETRY_S)
            self._tries += 1
            self._timer = asyncio.get_running_loop().call_later(wait_s, self._try_now)

    def _try_now(self) -> None:
        self._timer = None
        self._start(self._resume_quietly())

    @asynccontextmanager
    async def _alone(self, *, wait_s: float) -> AsyncIterator[None]:
        """Nobody else moves anything meanwhile, in this process or another; StoreBusy after `wait_s`."""
        async with self._turn:
            lock = FileLock(os.path.join(self._options.directory, "moves.lock"))
            try:
                while not lock.take_at_once():
                    if wait_s <= 0 or self._is_stopping:
                        raise StoreBusy("another process moves mailboxes")
                    await asyncio.sleep(_LOCK_INTERVAL_S)
                    wait_s -= _LOCK_INTERVAL_S
                yield
            finally:
                lock.close()

    # A move

    async def _move(self, command: MoveMailboxes) -> Done:
        async with self._alone(wait_s=_LOCK_WAIT_S):
            await self._resume_all()
            if MailboxState.MOVING in await self._states(command.source, command.mailboxes):
                raise MailboxMoving(f"a mailbox of account {command.source} is being moved")
            note = WorkRow(command.source, _KIND, command.serialize(), self._sources.now_s())
            number = await self._desk.note_work(note)
            try:
                await self._step(command.source, MarkMoving(command.mailboxes, command.source_acl_versions))
            except (PermanentError, AclChanged):
                await self._desk.work_done(number)  # it is refused before anything is written
                raise
            except AngariumError as refusal:
                return await self._undo_for(refusal, number, command)
            return await self._carry(number, command)

    async def _carry(self, number: int, command: MoveMailboxes) -> Done:
        """From marked mailboxes to the end, or back."""
        try:
            done = await self._take_over(command)
        except _Stopped:
            raise
        except AngariumError as refusal:
            return await self._undo_for(refusal, number, command)
        await self._finish(number, command)
        return done

    async def _take_over(self, command: MoveMailboxes) -> Done:
        source = self._other(command.source)
        opened = await self._accounts.open(command.source)
        begin = BeginArrival(source, reads.read_state(opened.reader).modseq, command.moves, command.target_acl_versions)
        await self._step(command.target, begin)
        seen = [await self._copy(command, move) for move in command.moves]
        arrive = Arrive(source, command.moves, tuple(seen), command.target_acl_versions, command.author)
        done = await self._step(command.target, arrive)
        assert isinstance(done, Done)
        return done

    async def _copy(self, command: MoveMailboxes, move: MailboxMove) -> SeenStates:
        """The rows of one mailbox, a slice a write, so that others of the target come in between."""

        def read(connection: apsw.Connection) -> SeenStates:
            return read_seen_states(
                connection,
                move.mailbox,
                source_owner=command.source if command.source_has_owner else None,
                target_owner=command.target if command.target_has_owner else None,
            )

        seen = await self._read_apart(command.source, read)
        step = CopyRows(self._other(command.source), move.mailbox, seen.owner_seen, _SLICE_ROWS)
        while True:
            copied = await self._step(command.target, step)
            assert isinstance(copied, Purged)
            if not copied.more:
                return seen

    async def _finish(self, number: int, command: MoveMailboxes) -> None:
        """The target has them: nothing is undone from here on, and what fails is done again later."""
        await self._desk.refresh_catalogue(command.target)
        with suppress(AccountNotFound):  # its last mailbox went, and it was forgotten
            await self._step(command.source, Depart(self._other(command.target), command.mailboxes, command.author))
            await self._desk.refresh_catalogue(command.source)
        # Again: a catalogue that showed the source late, when it still had them, may have shown them there.
        await self._desk.refresh_catalogue(command.target)
        await self._desk.work_done(number)
        await self._forget_rows(command.source)

    async def _undo_for(self, refusal: AngariumError, number: int, command: MoveMailboxes) -> Done:
        """Undo, and raise the refusal; but where all has arrived, as a COMMIT of which nobody knew, go on."""
        try:
            has_arrived = await self._undo(number, command)
        except AngariumError as another:
            log.warning("move_not_undone", extra={"account": command.source, "error": str(another)})
            raise refusal from another
        if not has_arrived:
            raise refusal
        await self._finish(number, command)
        opened = await self._accounts.open(command.target)
        return Done(reads.read_state(opened.reader).modseq)

    async def _undo(self, number: int, command: MoveMailboxes) -> bool:
        """The target first: once the source has them back, they must not arrive any more. Whether they have arrived,
        and nothing was undone."""
        with suppress(AccountNotFound):
            dropped = await self._step(command.target, DropArrivals(command.mailboxes))
            assert isinstance(dropped, Erased)
            if dropped.mailboxes:
                return True
        with suppress(AccountNotFound):
            await self._step(command.source, ReleaseMoving(command.mailboxes))
            await self._desk.refresh_catalogue(command.source)
        await self._desk.work_done(number)
        await self._forget_rows(command.target)
        return False

    async def _forget_rows(self, account: AccountId) -> None:
        """What is left of them is seen by nobody; expiry goes on with it where this stops."""
        with suppress(AngariumError):
            while True:
                forgotten = await self._step(account, ForgetErased())
                assert isinstance(forgotten, Purged)
                if not forgotten.more:
                    return

    # Moves that were stopped

    async def _resume_all(self) -> None:
        """One that cannot go on now keeps no other from it."""
        for number, work in await self._desk.work():
            if work.kind == _KIND:
                try:
                    await self._resume_one(number, parse_move(work.detail))
                except _Stopped:
                    raise
                except (AngariumError, ValueError, KeyError, TypeError) as refusal:  # a note may be damaged
                    log.warning("move_not_resumed", extra={"account": work.account, "error": str(refusal)})

    async def _resume_one(self, number: int, command: MoveMailboxes) -> None:
        log.info("move_resumed", extra={"account": command.source, "target": command.target})
        arrived = await self._states(command.target, command.mailboxes)
        states = await self._states(command.source, command.mailboxes)
        if len(arrived) == len(command.moves):
            await self._finish(number, command)
        elif len(states) == len(command.moves) and set(states) == {MailboxState.MOVING}:
            await self._carry_on(number, command)
        else:
            await self._undo(number, command)

    async def _carry_on(self, number: int, command: MoveMailboxes) -> None:
        """What the machine refuses is tried again later; for all else the move is undone."""
        try:
            await self._take_over(command)
        except PermanentError as refusal:
            log.warning("move_undone", extra={"account": command.source, "error": str(refusal)})
            if not await self._undo(number, command):
                return
        await self._finish(number, command)

    async def _states(self, account: AccountId, mailboxes: tuple[MailboxId, ...]) -> list[MailboxState]:
        """Those of the mailboxes that the account has."""
        try:
            opened = await self._accounts.open(account)
        except AccountNotFound:
            return []
        rows = [reads.read_mailbox(opened.reader, mailbox) for mailbox in mailboxes]
        return [row.state for row in rows if row is not None]

    # Parts of the above

    async def _step(self, account: AccountId, step: Executable) -> Result:
        if self._is_stopping:
            raise _Stopped("the engine is closed")
        (answer,) = await self._writer.submit(account, (step,))
        if isinstance(answer, Exception):
            raise answer
        return answer

    async def _read_apart(self, account: AccountId, read: Callable[[apsw.Connection], Answer]) -> Answer:
        opened = await self._accounts.open(account)

        def run() -> Answer:
            connection = open_for_reading(opened.path, ACCOUNT, vfs=self._options.vfs)
            try:
                return read(connection)
            finally:
                connection.close(True)

        with self._accounts.pinned(opened):
            try:
                return await asyncio.get_running_loop().run_in_executor(self._readers, run)
            except (OSError, apsw.Error) as error:
                raise as_known(error) from error

    def _other(self, account: AccountId) -> OtherAccount:
        return OtherAccount(account, account_path(self._options.directory, account), self._options.vfs)
