"""Open accounts: connections, lock files, and the LRU that bounds them (DESIGN §6).

An account's reader connection belongs to the loop's thread, the writer's to whichever pool thread commits at the
moment; opening and closing happen in the pool. An account that is being written, opened or read off the loop is pinned.
"""

import asyncio
import logging
import os
from collections import OrderedDict
from collections.abc import Callable, Sequence
from concurrent.futures import Executor
from contextlib import suppress
from dataclasses import dataclass, field
from typing import TypeVar

import apsw

from angarium.engine.disk import FileLock
from angarium.engine.rows import AccountId, AnnotationRow, MailboxId, MailboxRow
from angarium.engine.scripts import ScriptRow
from angarium.engine.sqlite.refusals import as_known
from angarium.engine.sqlite.remembered import Freshness, Remembered, Settled
from angarium.engine.sqlite.schema import ACCOUNT, is_older, open_for_reading, open_for_writing
from angarium.errors import AccountNotFound, StoreBusy

log = logging.getLogger(__name__)

Answer = TypeVar("Answer")

_MAILBOXES_REMEMBERED = 5_000
"""Of one account; a few hundred octets each."""
_ANNOTATED_REMEMBERED = 100
_SMALL_ANNOTATIONS_OCTETS = 2_000


@dataclass(slots=True)
class OpenAccount:
    """One account's descriptors."""

    id: AccountId
    path: str
    vfs: str | None
    lock: FileLock
    reader: apsw.Connection
    inode: int
    writer: apsw.Connection | None = None
    pins: int = 0
    log_pages: int = 0
    """Length of the write-ahead log after the last commit."""
    directories: dict[MailboxId, str] = field(default_factory=dict)
    """Where mailboxes whose messages were read keep their files, or kept them when it was looked up."""
    freshness: Remembered[None, Freshness] = field(init=False)
    mailboxes: Remembered[MailboxId, MailboxRow | None] = field(init=False)
    active_scripts: Settled[None, ScriptRow | None] = field(init=False)
    annotations: Settled[MailboxId | None, list[AnnotationRow]] = field(init=False)
    """Of mailboxes, not of messages; of the account under None."""
    last_active_script: ScriptRow | None = None
    """As it was read last; its name and modseq tell whether it is what it was."""
    is_stale: bool = False
    """The file was put aside or removed by another process."""
    idle: asyncio.Event = field(default_factory=asyncio.Event)
    """Set whenever the last pin goes; whoever waits for it looks at `pins` again."""

    def __post_init__(self) -> None:
        self.freshness = Remembered(self.reader, 1)
        self.mailboxes = Remembered(self.reader, _MAILBOXES_REMEMBERED)
        self.active_scripts = Settled(1)
        self.annotations = Settled(_ANNOTATED_REMEMBERED, fits=_is_small)

    def is_current(self) -> bool:
        """Whether the file is still the account's: another process may have put it aside, or removed it.

        Asked under the account's lock before each batch: what is written to a file put aside is lost.
        """
        try:
            return os.stat(self.path).st_ino == self.inode
        except FileNotFoundError:
            return False

    def forget(self) -> None:
        """Read anew how it stands; on the loop."""
        self.freshness.forget()
        self.mailboxes.forget()

    def pin(self) -> None:
        """Keep it open until `unpin`; on the loop."""
        self.pins += 1

    def unpin(self) -> None:
        """On the loop."""
        self.pins -= 1
        if self.pins == 0:
            self.idle.set()

    def writing_connection(self) -> apsw.Connection:
        """The writer's connection, opened on demand; only under the account's lock, and in the pool."""
        if self.writer is None:
            self.writer = open_for_writing(self.path, ACCOUNT, vfs=self.vfs)
            self.writer.set_wal_hook(self._note_log)
        return self.writer

    def read_apart(self, read: Callable[[apsw.Connection], Answer]) -> Answer:
        """A large read, in a thread, on a connection of its own, so that the loop's stays free."""
        connection = open_for_reading(self.path, ACCOUNT, vfs=self.vfs)
        try:
            return read(connection)
        finally:
            connection.close(True)

    def drop_writer(self) -> None:
        """Close a connection whose file system failed it; the next write opens anew (a failed fsync is not retried)."""
        if self.writer is not None:
            self.writer.close(True)
            self.writer = None

    def _note_log(self, _connection: apsw.Connection, _name: str, pages: int) -> int:
        self.log_pages = pages
        return apsw.SQLITE_OK

    def close(self) -> None:
        """Close everything."""
        self.drop_writer()
        self.reader.close(True)
        self.lock.close()


def account_path(directory: str, account: AccountId) -> str:
    """Where an account's file is."""
    return os.path.join(directory, "account", account[0], account[1], f"{account}.db")


class OpenAccounts:
    """The accounts that are open, least recently used first."""

    def __init__(
        self,
        directory: str,
        executor: Executor,
        *,
        limit: int,
        vfs: str | None,
        on_open: Callable[[OpenAccount], None],
        on_opened: Callable[[OpenAccount], None],
    ) -> None:
        """`on_open` is called in the pool before anybody is given the account, `on_opened` on the loop."""
        self._directory = directory
        self._executor = executor
        self._limit = limit
        self._vfs = vfs
        self._on_open = on_open
        self._on_opened = on_opened
        self._closed = False
        self._open: OrderedDict[AccountId, OpenAccount] = OrderedDict()
        self._opening: dict[AccountId, asyncio.Task[OpenAccount]] = {}

    def get(self, account: AccountId) -> OpenAccount | None:
        """The account where it is open already."""
        found = self._open.get(account)
        if found is not None:
            self._open.move_to_end(account)
        return found

    async def open(self, account: AccountId) -> OpenAccount:
        """The account, opened in the pool where it must be; AccountNotFound, StoreDamaged, SchemaTooNew."""
        while True:
            if self._closed:
                raise StoreBusy("the engine is closed")
            found = self.get(account)
            if found is not None:
                return found
            task = self._opening.get(account)
            if task is None:
                task = asyncio.ensure_future(self._open_in_pool(account))
                self._opening[account] = task
                task.add_done_callback(lambda _: self._opening.pop(account, None))
            await asyncio.shield(task)

    def pinned(self, account: OpenAccount) -> "_Pin":
        """A context in which the account stays open."""
        return _Pin(account)

    async def evict(self) -> None:
        """Close what is over the limit and not pinned."""
        excess = len(self._open) - self._limit
        victims = [account for account in self._open.values() if account.pins == 0][: max(0, excess)]
        for victim in victims:
            del self._open[victim.id]
        if victims:
            await asyncio.get_running_loop().run_in_executor(self._executor, _close_all, victims)

    async def discard(self, account: AccountId) -> None:
        """Close an account once nobody uses it here; who asks for it next opens it anew."""
        opening = self._opening.get(account)
        if opening is not None:
            with suppress(Exception):  # told to those who wait for it
                await asyncio.shield(opening)
        found = self._open.pop(account, None)
        if found is None:
            return
        while found.pins:
            found.idle.clear()
            await found.idle.wait()
        await asyncio.get_running_loop().run_in_executor(self._executor, found.close)

    async def close(self) -> None:
        """Close all, for good."""
        self._closed = True
        for task in list(self._opening.values()):
            await asyncio.wait([task])
        accounts = list(self._open.values())
        self._open.clear()
        await asyncio.get_running_loop().run_in_executor(self._executor, _close_all, accounts)

    async def _open_in_pool(self, account: AccountId) -> OpenAccount:
        loop = asyncio.get_running_loop()
        try:
            opened = await loop.run_in_executor(self._executor, self._open_files, account)
        except Exception as error:
            known = as_known(error)
            if known is error:
                raise
            raise known from error
        self._open[account] = opened
        self._on_opened(opened)
        with self.pinned(opened):
            await self.evict()
        return opened

    def _open_files(self, account: AccountId) -> OpenAccount:
        path = account_path(self._directory, account)
        try:
            inode = os.stat(path).st_ino
        except FileNotFoundError as error:
            raise AccountNotFound(f"no account {account}") from error
        lock = FileLock(f"{path[:-3]}.lock")
        try:
            reader = open_for_reading(path, ACCOUNT, vfs=self._vfs)
            if is_older(reader, ACCOUNT):
                with lock:
                    open_for_writing(path, ACCOUNT, vfs=self._vfs).close(True)
        except BaseException:
            lock.close()
            raise
        opened = OpenAccount(account, path, self._vfs, lock, reader, inode)
        try:
            self._on_open(opened)
        except Exception as error:  # noqa: BLE001  the account itself is whole, and the next open tries again
            log.error("catalogue_repair_failed", extra={"account": account, "error": repr(error)})
        return opened


class _Pin:
    """Counts a use of an account."""

    __slots__ = ("_account",)

    def __init__(self, account: OpenAccount) -> None:
        self._account = account

    def __enter__(self) -> OpenAccount:
        self._account.pin()
        return self._account

    def __exit__(self, *_: object) -> None:
        self._account.unpin()


def _close_all(accounts: list[OpenAccount]) -> None:
    for account in accounts:
        account.close()


def _is_small(rows: Sequence[AnnotationRow]) -> bool:
    return sum(len(row.value) for row in rows) <= _SMALL_ANNOTATIONS_OCTETS
