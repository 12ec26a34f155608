"""The writer pool: group commit, bounds, and what happens after an error (DESIGN §5).

States of an account here: *idle* (no entry in `_queues`), *busy* (it waits for its turn, or a pool thread commits a
batch; what has gathered meanwhile waits for another turn, behind the other accounts). The mutex is never held while an
account's file lock is taken; the file lock covers one batch. Promised commands wait for their batch's COMMIT; advisory
ones are put before the next promised one, or committed alone after a delay. Whatever else needs the writer's connection
(truncating the log) is done in the account's turn, since the file lock keeps processes apart, not threads.
"""

import asyncio
import logging
import threading
from collections import deque
from collections.abc import Callable, Coroutine, Sequence
from concurrent.futures import Executor
from contextlib import nullcontext
from dataclasses import dataclass, field
from functools import partial

import apsw

from angarium.engine.commands import AddMessages, Deliver, NewMessage, PutScript, RemoveDispatch, ReplaceMessage, Result
from angarium.engine.delivery import Dispatch
from angarium.engine.interface import OUTGOING
from angarium.engine.rows import AccountId
from angarium.engine.sqlite.accounts import OpenAccount, OpenAccounts
from angarium.engine.sqlite.crew import Crew
from angarium.engine.sqlite.dispatches import Noted
from angarium.engine.sqlite.executor import Executable, execute
from angarium.engine.sqlite.options import SqliteOptions
from angarium.engine.sqlite.refusals import as_known
from angarium.engine.sqlite.remembered import Freshness, Stamp, StampOf
from angarium.engine.sqlite.transaction import Storage, Transaction
from angarium.engine.sqlite.vacuum import give_back_pages
from angarium.errors import DiskFull, StoreBusy

log = logging.getLogger(__name__)

_COMMAND_OCTETS = 1_000
"""What a waiting command without message data is counted as."""


@dataclass(slots=True)
class _Request:
    """Commands that one caller waits for; answered in their order, and told when all are."""

    size: int
    future: asyncio.Future[list[Result | Exception]]
    answers: list[Result | Exception] = field(default_factory=list)

    def answer(self, answer: Result | Exception) -> None:
        """On the loop."""
        self.answers.append(answer)
        if len(self.answers) == self.size and not self.future.done():
            self.future.set_result(self.answers)


@dataclass(slots=True)
class _Pending:
    """A command that waits for its commit; `request` is None for an advisory one."""

    command: Executable
    octets: int
    request: _Request | None


@dataclass(slots=True)
class _Queue:
    """What waits for one account."""

    waiting: deque[_Pending] = field(default_factory=deque)
    advisory: deque[_Pending] = field(default_factory=deque)
    truncations: list[asyncio.Future[None]] = field(default_factory=list)
    """Those who wait for the write-ahead log to be truncated."""
    octets: int = 0
    busy: bool = False
    has_begun: bool = False
    """Whether there was a batch since it became busy."""
    timer: asyncio.TimerHandle | None = None


@dataclass(frozen=True, slots=True)
class _Committed:
    """How the account stands behind a batch; `stamp` is from before the batch, under the account's lock."""

    freshness: Freshness
    stamp: Stamp | None
    has_queued: bool


@dataclass(frozen=True, slots=True)
class _Turn:
    """An account whose queue a pool thread is to take."""

    account: OpenAccount
    queue: _Queue


class Writer:
    """Commits commands for all accounts of an engine; belongs to the engine's loop."""

    def __init__(
        self,
        options: SqliteOptions,
        storage: Storage,
        accounts: OpenAccounts,
        executor: Executor,
        announce: Callable[[AccountId], None],
        stamp: StampOf,
    ) -> None:
        self._options = options
        self._storage = storage
        self._accounts = accounts
        self._crew: Crew[_Turn] = Crew(executor, options.writer_threads, self._take_turn)
        self._announce = announce
        self._stamp = stamp
        self._mutex = threading.Lock()
        self._queues: dict[AccountId, _Queue] = {}
        self._tasks: set[asyncio.Task[None]] = set()
        self._commands = 0
        self._octets = 0
        self._closing = False
        self._drained = asyncio.Event()
        self._drained.set()

    def submit(self, account: AccountId, commands: Sequence[Executable]) -> asyncio.Future[list[Result | Exception]]:
        """Queue one command or several, in order; StoreBusy where they do not fit, and then none is queued.

        Who does not wait for the answers any more may cancel the future: the commands are committed all the same.
        """
        request = _Request(len(commands), asyncio.get_running_loop().create_future())
        pending = [_Pending(command, _octets_of(command), request) for command in commands]
        octets = sum(item.octets for item in pending)
        with self._mutex:
            queue = self._queues.get(account) or _Queue()
            options = self._options
            if (
                self._closing
                or len(queue.waiting) + len(pending) > options.account_queue_commands
                or queue.octets + octets > options.account_queue_octets
                or self._commands + len(pending) > options.queue_commands
                or self._octets + octets > options.queue_octets
            ):
                raise StoreBusy(f"the write queue of account {account} is full")
            self._queues[account] = queue
            queue.waiting.extend(pending)
            queue.octets += octets
            self._commands += len(pending)
            self._octets += octets
            self._start(account, queue)
        return request.future

    def advise(self, account: AccountId, command: Executable) -> None:
        """Queue an advisory command; it is dropped where queues are full."""
        with self._mutex:
            queue = self._queues.get(account) or _Queue()
            if self._closing or len(queue.advisory) >= self._options.account_queue_commands:
                return
            self._queues[account] = queue
            queue.advisory.append(_Pending(command, 0, None))
            self._delay(account, queue)

    async def truncate_log(self, account: AccountId) -> None:
        """Fold the account's write-ahead log in and truncate it, when its writer comes to it."""
        done = asyncio.get_running_loop().create_future()
        with self._mutex:
            if self._closing:
                raise StoreBusy("the engine is closed")
            queue = self._queues.setdefault(account, _Queue())
            queue.truncations.append(done)
            self._start(account, queue)
        await asyncio.shield(done)

    async def drain(self) -> None:
        """Refuse new commands, and wait until all that were taken are committed, advisory ones too."""
        with self._mutex:
            self._closing = True
            for account, queue in self._queues.items():
                self._start(account, queue)
            if self._queues:
                self._drained.clear()
        await self._drained.wait()

    def _delay(self, account: AccountId, queue: _Queue) -> None:
        """With the mutex held, on the loop: have advisory commands wait for a commit to ride with."""
        if queue.timer is None and not queue.busy:
            loop = asyncio.get_running_loop()
            queue.timer = loop.call_later(self._options.advisory_delay_s, self._advisory_due, account)

    def _advisory_due(self, account: AccountId) -> None:
        with self._mutex:
            queue = self._queues.get(account)
            if queue is not None:
                queue.timer = None
                self._start(account, queue)

    def _start(self, account: AccountId, queue: _Queue) -> None:
        """With the mutex held: have a pool thread take the queue, unless one does already."""
        if not queue.busy:
            queue.busy = True
            queue.has_begun = False
            if queue.timer is not None:
                queue.timer.cancel()
                queue.timer = None
            found = self._accounts.get(account)
            if found is not None:
                self._give_turn(found, queue)
            else:
                self._run(self._open_and_commit(account, queue))

    async def _open_and_commit(self, account: AccountId, queue: _Queue) -> None:
        try:
            opened = await self._accounts.open(account)
        except Exception as error:  # noqa: BLE001  every waiter is told
            with self._mutex:
                failed = self._take(queue, len(queue.waiting))
                del self._queues[account]
            _answer([(item, error) for item in failed])
            _answer_all(queue.truncations, error)
            self._check_drained()
            return
        self._give_turn(opened, queue)

    def _give_turn(self, account: OpenAccount, queue: _Queue) -> None:
        account.pin()
        self._crew.put(_Turn(account, queue))

    def _take(self, queue: _Queue, count: int) -> list[_Pending]:
        """With the mutex held: take the next commands out of the queue."""
        batch = [queue.waiting.popleft() for _ in range(min(count, len(queue.waiting)))]
        octets = sum(item.octets for item in batch)
        queue.octets -= octets
        self._octets -= octets
        self._commands -= len(batch)
        return batch

    # In a pool thread

    def _take_turn(self, turn: _Turn) -> bool:
        """Commit one batch of an account; tells whether there is more than advisory commands that came meanwhile."""
        account, queue = turn.account, turn.queue
        with self._mutex:
            batch: list[_Pending] = []
            if queue.waiting or self._closing or not queue.has_begun:
                batch += queue.advisory
                queue.advisory.clear()
            queue.has_begun = True
            batch += self._take(queue, self._options.batch_size)
            truncations, queue.truncations = queue.truncations, []
        if batch:
            answers, committed = self._commit(account, batch)
            self._crew.tell(partial(self._finish, account, answers, committed))
            self._checkpoint(account)
        if truncations and self._gives_back_pages(account):
            with self._mutex:
                queue.truncations += truncations  # the rest in later turns
        elif truncations:
            self._crew.tell(partial(_answer_all, truncations, self._truncate(account)))
        if account.is_stale:
            self._crew.tell(partial(self._reopen, account, queue))
            return False
        with self._mutex:
            if queue.waiting or queue.truncations or (self._closing and queue.advisory):
                return True
            if queue.advisory:
                queue.busy = False
            else:
                del self._queues[account.id]
        self._crew.tell(partial(self._unpin, account))
        return False

    def _commit(
        self, account: OpenAccount, batch: list[_Pending]
    ) -> tuple[list[tuple[_Pending, Result | Exception]], _Committed | None]:
        """Commit a batch; where that fails as a whole, each member alone, once. None where nothing was changed."""
        try:
            with account.lock:
                if not account.is_current():
                    account.is_stale = True
                    raise StoreBusy(f"the file of account {account.id} was put aside")
                return self._commit_together(account, batch)
        except Exception as error:  # noqa: BLE001  told to every waiter, in the tree's words
            refusal = as_known(error)
            log.error("write_failed", extra={"account": account.id, "error": repr(error)})
            if not isinstance(refusal, DiskFull):
                account.drop_writer()  # a failed fsync is never tried again on the same descriptor
            if len(batch) == 1 or not isinstance(refusal, DiskFull):
                return [(item, refusal) for item in batch], None
        answers = []
        committed = None
        for item in batch:
            alone, last = self._commit(account, [item])
            answers += alone
            committed = last or committed
        return answers, committed

    def _commit_together(
        self, account: OpenAccount, batch: list[_Pending]
    ) -> tuple[list[tuple[_Pending, Result | Exception]], _Committed | None]:
        stamp = self._stamp(account.id)
        connection = account.writing_connection()
        transaction = Transaction(connection, self._storage, account.id, self._storage.sources.now_s())
        answers: list[tuple[_Pending, Result | Exception]] = []
        try:
            transaction.begin()
            for item in batch:
                try:
                    # One that is alone is undone with the transaction: a savepoint copies each page it changes.
                    with transaction.savepoint() if len(batch) > 1 else nullcontext():
                        answers.append((item, execute(transaction, item.command)))
                except Exception as error:
                    if not connection.in_transaction:
                        raise
                    answers.append((item, as_known(error)))
                    if len(batch) == 1:
                        connection.execute("ROLLBACK")
                        transaction.remove_links(transaction.links)
                        return answers, None
            if not transaction.has_changes:
                connection.execute("ROLLBACK")
                return answers, None
            transaction.prepare_commit()
        except BaseException:
            if connection.in_transaction:
                connection.execute("ROLLBACK")
            transaction.remove_links(transaction.links)
            raise
        try:
            connection.execute("COMMIT")
        except BaseException as error:
            if connection.in_transaction:
                connection.execute("ROLLBACK")
            # A commit record whose fsync failed may yet be found valid after a crash: its files must stay. A full disk
            # never wrote the record.
            if isinstance(error, apsw.FullError):
                transaction.remove_links(transaction.links)
            raise
        for action in transaction.after_commit:
            try:
                action()
            except Exception as error:  # noqa: BLE001  durable already: nothing may turn it into a refusal
                log.warning("unlink_failed", extra={"account": account.id, "error": repr(error)})
        return answers, _Committed(transaction.freshness, stamp, transaction.has_queued)

    def _checkpoint(self, account: OpenAccount) -> None:
        """Fold the write-ahead log in once it is long; other processes' readers do not wait for it."""
        if account.writer is None or account.log_pages < self._options.checkpoint_pages:
            return
        self._crew.wake_loop()
        try:
            account.writer.wal_checkpoint(mode=apsw.SQLITE_CHECKPOINT_PASSIVE)
            account.log_pages = 0
        except apsw.Error as error:
            log.warning("checkpoint_failed", extra={"account": account.id, "error": str(error)})

    def _gives_back_pages(self, account: OpenAccount) -> bool:
        """Whether there may be more to give back than the slice that was."""
        try:
            with account.lock:
                is_open = account.is_current() and not self._closing
                has_given = is_open and give_back_pages(account.writing_connection())
        except Exception as error:  # noqa: BLE001  the file stays larger than it need be
            log.warning("vacuum_failed", extra={"account": account.id, "error": str(error)})
            account.drop_writer()
            return False
        self._checkpoint(account)
        return has_given

    def _truncate(self, account: OpenAccount) -> Exception | None:
        try:
            with account.lock:
                if account.is_current():
                    account.writing_connection().wal_checkpoint(mode=apsw.SQLITE_CHECKPOINT_TRUNCATE)
                    account.log_pages = 0
        except Exception as error:  # noqa: BLE001  told to whoever asked for it
            return as_known(error)
        return None

    # On the loop again

    def _finish(
        self, account: OpenAccount, answers: list[tuple[_Pending, Result | Exception]], committed: _Committed | None
    ) -> None:
        """Durable first, then announced, then answered."""
        if committed is not None:
            self._announce(account.id)
            if committed.stamp is not None:
                # Good for as long as this announcement is the only one since.
                changes, second = committed.stamp
                account.freshness.put((changes + 1, second), None, committed.freshness)
            if committed.has_queued:
                self._announce(OUTGOING)
        else:
            # What was refused, or found to be done already, may be so by a commit that is not announced yet.
            account.forget()
        _answer(answers)

    def _unpin(self, account: OpenAccount) -> None:
        account.unpin()
        with self._mutex:
            queue = self._queues.get(account.id)
            if queue is not None and queue.advisory:
                self._delay(account.id, queue)
        self._check_drained()

    def _reopen(self, account: OpenAccount, queue: _Queue) -> None:
        """What was queued meanwhile goes to the file that is the account's now."""
        account.unpin()
        self._run(self._discard_and_commit(account.id, queue))

    async def _discard_and_commit(self, account: AccountId, queue: _Queue) -> None:
        await self._accounts.discard(account)
        await self._open_and_commit(account, queue)

    def _run(self, coroutine: Coroutine[None, None, None]) -> None:
        task = asyncio.ensure_future(coroutine)
        self._tasks.add(task)
        task.add_done_callback(self._report)

    def _report(self, task: asyncio.Task[None]) -> None:
        self._tasks.discard(task)
        if not task.cancelled() and task.exception() is not None:
            log.error("writer_failed", exc_info=task.exception())

    def _check_drained(self) -> None:
        if self._closing and not self._queues:
            self._drained.set()


def _answer(answers: Sequence[tuple[_Pending, Result | Exception]]) -> None:
    for item, answer in answers:
        if item.request is not None:
            item.request.answer(answer)
        elif isinstance(answer, Exception):
            log.info("advisory_write_refused", extra={"error": str(answer)})


def _answer_all(waiting: Sequence[asyncio.Future[None]], error: Exception | None) -> None:
    for future in waiting:
        if future.done():
            continue
        if error is None:
            future.set_result(None)
        else:
            future.set_exception(error)


def _octets_of(command: Executable) -> int:
    match command:
        case AddMessages(messages=messages) | ReplaceMessage(add=AddMessages(messages=messages)):
            return _COMMAND_OCTETS + sum(map(_octets_of_message, messages))
        case Deliver(deposits=deposits, dispatches=dispatches):
            octets = sum(_octets_of_message(deposit.message) for deposit in deposits)
            return _COMMAND_OCTETS + octets + sum(len(dispatch.head) for dispatch in dispatches)
        case Noted(command=noted):
            return _octets_of(noted)
        case RemoveDispatch(replacement=Dispatch(head=head)):
            return _COMMAND_OCTETS + len(head)
        case PutScript(content=content):
            return _COMMAND_OCTETS + len(content)
        case _:
            return _COMMAND_OCTETS


def _octets_of_message(message: NewMessage) -> int:
    content = message.content
    parsed = len(content.envelope) + len(content.body) + len(content.bodystructure) + len(content.parts)
    return parsed + 2 * len(message.search.subject)
