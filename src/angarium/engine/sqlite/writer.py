"""The writer pool: group commit, bounds, and what happens after an error (DESIGN §5).

States of an account here: *idle* (no entry in `_queues`), *busy* (one pool thread commits its batches, one after
another, and takes whatever has gathered meanwhile). The queue's mutex is never held while the account's file lock is
taken; the file lock covers one batch. Promised commands wait for their batch's COMMIT; advisory ones are put before the
next promised one, or committed alone after a delay.
"""

import asyncio
import logging
import threading
from collections import deque
from collections.abc import Callable, Sequence
from concurrent.futures import Executor
from dataclasses import dataclass, field

import apsw

from angarium.engine.commands import AddMessages, Command, Result
from angarium.engine.disk import as_refusal
from angarium.engine.rows import AccountId
from angarium.engine.sqlite.accounts import OpenAccount, OpenAccounts
from angarium.engine.sqlite.executor import execute
from angarium.engine.sqlite.options import SqliteOptions
from angarium.engine.sqlite.transaction import Storage, Transaction
from angarium.errors import AngariumError, DiskFailed, DiskFull, StoreBusy, StoreDamaged, StoreReadOnly

log = logging.getLogger(__name__)

_COMMAND_OCTETS = 1_000
"""What a waiting command without message data is counted as."""


@dataclass(slots=True)
class _Pending:
    """A command that waits for its commit; `future` is None for an advisory one."""

    command: Command
    octets: int
    future: asyncio.Future[Result] | None


@dataclass(slots=True)
class _Queue:
    """What waits for one account."""

    waiting: deque[_Pending] = field(default_factory=deque)
    advisory: deque[_Pending] = field(default_factory=deque)
    octets: int = 0
    busy: bool = False
    timer: asyncio.TimerHandle | None = None


class Writer:
    """Commits commands for all accounts of an engine; belongs to the engine's loop."""

    def __init__(
        self,
        options: SqliteOptions,
        storage: Storage,
        accounts: OpenAccounts,
        executor: Executor,
        announce: Callable[[AccountId], None],
    ) -> None:
        self._options = options
        self._storage = storage
        self._accounts = accounts
        self._executor = executor
        self._announce = announce
        self._mutex = threading.Lock()
        self._queues: dict[AccountId, _Queue] = {}
        self._commands = 0
        self._octets = 0
        self._closing = False
        self._drained = asyncio.Event()
        self._drained.set()

    def submit(self, account: AccountId, commands: Sequence[Command]) -> list[asyncio.Future[Result]]:
        """Queue commands in order; StoreBusy where they do not fit, and then none is queued."""
        loop = asyncio.get_running_loop()
        pending = [_Pending(command, _octets_of(command), loop.create_future()) for command in commands]
        octets = sum(item.octets for item in pending)
        with self._mutex:
            queue = self._queue(account)
            options = self._options
            if (
                self._closing
                or len(queue.waiting) + len(pending) > options.account_queue_commands
                or queue.octets + octets > options.account_queue_octets
                or self._commands + len(pending) > options.queue_commands
                or self._octets + octets > options.queue_octets
            ):
                raise StoreBusy(f"the write queue of account {account} is full")
            queue.waiting.extend(pending)
            queue.octets += octets
            self._commands += len(pending)
            self._octets += octets
            self._start(account, queue)
        return [item.future for item in pending if item.future is not None]

    def advise(self, account: AccountId, command: Command) -> None:
        """Queue an advisory command; it is dropped where queues are full."""
        loop = asyncio.get_running_loop()
        with self._mutex:
            queue = self._queue(account)
            if self._closing or len(queue.advisory) >= self._options.account_queue_commands:
                return
            queue.advisory.append(_Pending(command, 0, None))
            if queue.timer is None and not queue.busy:
                queue.timer = loop.call_later(self._options.advisory_delay_s, self._advisory_due, account)

    async def drain(self) -> None:
        """Refuse new commands, and wait until all that were taken are committed, advisory ones too."""
        with self._mutex:
            self._closing = True
            for account, queue in self._queues.items():
                if queue.advisory or queue.waiting:
                    self._start(account, queue)
            if self._queues:
                self._drained.clear()
        await self._drained.wait()

    def _queue(self, account: AccountId) -> _Queue:
        queue = self._queues.get(account)
        if queue is None:
            queue = self._queues[account] = _Queue()
        return queue

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
            if queue.timer is not None:
                queue.timer.cancel()
                queue.timer = None
            found = self._accounts.get(account)
            if found is not None:
                found.pins += 1
                self._executor.submit(self._commit_all, asyncio.get_running_loop(), found, queue)
            else:
                task = asyncio.ensure_future(self._open_and_commit(account, queue))
                task.add_done_callback(_report)

    async def _open_and_commit(self, account: AccountId, queue: _Queue) -> None:
        try:
            opened = await self._accounts.open(account)
        except Exception as error:  # noqa: BLE001  every waiter is told
            with self._mutex:
                failed = self._take(queue, len(queue.waiting))
                queue.advisory.clear()
                del self._queues[account]
            _answer([(item, error) for item in failed])
            self._check_drained()
            return
        opened.pins += 1
        self._executor.submit(self._commit_all, asyncio.get_running_loop(), opened, queue)

    def _take(self, queue: _Queue, count: int) -> list[_Pending]:
        """With the mutex held: take the next commands out of the queue."""
        batch = [queue.waiting.popleft() for _ in range(min(count, len(queue.waiting)))]
        octets = sum(item.octets for item in batch)
        queue.octets -= octets
        self._octets -= octets
        self._commands -= len(batch)
        return batch

    # In a pool thread

    def _commit_all(self, loop: asyncio.AbstractEventLoop, account: OpenAccount, queue: _Queue) -> None:
        """Commit batches until nothing waits."""
        while True:
            with self._mutex:
                batch = [*queue.advisory]
                queue.advisory.clear()
                batch += self._take(queue, self._options.batch_size)
                if not batch:
                    del self._queues[account.id]
                    loop.call_soon_threadsafe(self._unpin, account)
                    return
            answers, changed = self._commit(account, batch)
            loop.call_soon_threadsafe(self._finish, account.id, answers, changed)
            self._checkpoint(account)

    def _commit(
        self, account: OpenAccount, batch: list[_Pending]
    ) -> tuple[list[tuple[_Pending, Result | Exception]], bool]:
        """Commit a batch; where that fails as a whole, each member alone, once."""
        try:
            with account.lock:
                answers = self._commit_together(account, batch)
            return answers, any(not isinstance(answer, Exception) for _, answer in answers)
        except Exception as error:  # noqa: BLE001  told to every waiter, in the tree's words
            refusal = _refusal(error)
            log.error("write_failed", extra={"account": account.id, "error": repr(error)})
            if not isinstance(refusal, DiskFull):
                account.drop_writer()  # a failed fsync is never tried again on the same descriptor
            if len(batch) == 1 or not isinstance(refusal, DiskFull):
                return [(item, refusal) for item in batch], False
        answers = []
        changed = False
        for item in batch:
            alone, one_changed = self._commit(account, [item])
            answers += alone
            changed |= one_changed
        return answers, changed

    def _commit_together(
        self, account: OpenAccount, batch: list[_Pending]
    ) -> list[tuple[_Pending, Result | Exception]]:
        connection = account.writing_connection()
        transaction = Transaction(connection, self._storage, account.id, self._storage.sources.now_s())
        answers: list[tuple[_Pending, Result | Exception]] = []
        try:
            transaction.begin()
            for item in batch:
                try:
                    with transaction.savepoint():
                        answers.append((item, execute(transaction, item.command)))
                except Exception as error:
                    if not connection.in_transaction:
                        raise
                    answers.append((item, _refusal(error)))
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
            except OSError as error:
                log.warning("unlink_failed", extra={"account": account.id, "error": str(error)})
        return answers

    def _checkpoint(self, account: OpenAccount) -> None:
        """Fold the write-ahead log in once it is long; other processes' readers do not wait for it."""
        if account.writer is None or account.log_pages < self._options.checkpoint_pages:
            return
        try:
            account.writer.wal_checkpoint(mode=apsw.SQLITE_CHECKPOINT_PASSIVE)
            account.log_pages = 0
        except apsw.Error as error:
            log.warning("checkpoint_failed", extra={"account": account.id, "error": str(error)})

    # On the loop again

    def _finish(self, account: AccountId, answers: list[tuple[_Pending, Result | Exception]], changed: bool) -> None:
        """Durable first, then announced, then answered."""
        if changed:
            self._announce(account)
        _answer(answers)

    def _unpin(self, account: OpenAccount) -> None:
        account.pins -= 1
        self._check_drained()

    def _check_drained(self) -> None:
        if self._closing and not self._queues:
            self._drained.set()


def _answer(answers: Sequence[tuple[_Pending, Result | Exception]]) -> None:
    for item, answer in answers:
        if item.future is None:
            if isinstance(answer, Exception):
                log.info("advisory_write_refused", extra={"error": str(answer)})
        elif not item.future.done():
            if isinstance(answer, Exception):
                item.future.set_exception(answer)
            else:
                item.future.set_result(answer)


def _octets_of(command: Command) -> int:
    if isinstance(command, AddMessages):
        return _COMMAND_OCTETS + sum(
            len(message.content.envelope)
            + len(message.content.body)
            + len(message.content.bodystructure)
            + len(message.content.parts)
            + 2 * len(message.search.subject)
            for message in command.messages
        )
    return _COMMAND_OCTETS


def _refusal(error: Exception) -> Exception:
    match error:
        case AngariumError():
            return error
        case apsw.FullError():
            return DiskFull(str(error))
        case apsw.CorruptError() | apsw.NotADBError():
            return StoreDamaged(str(error))
        case apsw.ReadOnlyError() | apsw.CantOpenError() | apsw.PermissionsError():
            return StoreReadOnly(str(error))
        case apsw.BusyError() | apsw.LockedError():
            return StoreBusy(str(error))
        case apsw.Error():
            return DiskFailed(str(error))
        case OSError():
            return as_refusal(error)
        case _:
            return error


def _report(task: asyncio.Task[None]) -> None:
    if not task.cancelled() and task.exception() is not None:
        log.error("writer_failed", exc_info=task.exception())
