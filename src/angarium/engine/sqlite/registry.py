"""Which accounts there are, and what the catalogue shows of them.

Their files are made, forgotten and put aside together with their names in the catalogue, under the account's lock. All
of it blocks, and is called in the thread that writes site databases.
"""

import os
from collections.abc import Iterator
from contextlib import contextmanager

import apsw

from angarium.engine.disk import Directories, Disk, FileLock, create_private
from angarium.engine.rows import AccountId
from angarium.engine.sources import Sources
from angarium.engine.spool import Layout
from angarium.engine.sqlite import catalogue, dispatches, reads
from angarium.engine.sqlite.accounts import OpenAccount, account_path
from angarium.engine.sqlite.options import SqliteOptions
from angarium.engine.sqlite.queuefiles import QueueFiles
from angarium.engine.sqlite.schema import ACCOUNT, open_for_writing
from angarium.engine.sqlite.site import SiteDatabase
from angarium.errors import AccountExists, AccountNotFound, DiskFailed, StoreBusy


class Registry:
    """Makes, forgets and shows accounts."""

    def __init__(
        self, options: SqliteOptions, *, names: SiteDatabase, disk: Disk, directories: Directories, sources: Sources
    ) -> None:
        self._options = options
        self._names = names
        self._disk = disk
        self._directories = directories
        self._sources = sources
        self._queue_files = QueueFiles(disk, Layout(dict(options.partitions)))

    def create(self, name: str) -> AccountId:
        """The file first, the name last: a crash between leaves a file that nothing names. AccountExists."""
        account = AccountId(self._sources.random_id())
        path = account_path(self._options.directory, account)
        self._directories.make(os.path.dirname(path))
        with self._lock(path):
            self._fill(path, account, name)
        try:
            self._names.write(lambda connection: catalogue.add_account(connection, account, name))
        except AccountExists:
            self._remove_files(path)
            raise
        return account

    def forget(self, account: AccountId) -> None:
        """All under the account's lock, so that no other process makes a mailbox in between, or queues mail; one that
        has the file open finds it gone before it writes."""
        path = account_path(self._options.directory, account)
        if not self._disk.exists(path):
            raise AccountNotFound(f"no account {account}")
        with self._lock(path):
            connection = open_for_writing(path, ACCOUNT, vfs=self._options.vfs)
            try:
                if reads.read_mailboxes(connection) or reads.has_arrivals(connection):
                    raise DiskFailed(f"account {account} still has mailboxes")
                if dispatches.read_works(connection):
                    raise StoreBusy(f"account {account} still has mail to send")
            finally:
                connection.close(True)
            self._names.write(lambda connection: catalogue.remove_account(connection, account))
            self._queue_files.remove(account)
            self._remove_files(path)

    def recreate(self, account: AccountId, name: str) -> str | None:
        """The catalogue first: it knows the name better, and may refuse the one it is given."""
        known = self._names.peek(lambda connection: catalogue.account_name(connection, account))
        if known is None:
            self._names.write(lambda connection: catalogue.add_account(connection, account, name))
        path = account_path(self._options.directory, account)
        self._directories.make(os.path.dirname(path))
        with self._lock(path):
            aside = self._put_aside(path)
            # What waited there is told of by the file that was put aside, if at all: nobody sends it unasked.
            self._queue_files.put_aside(account, self._sources.now_s())
            self._fill(path, account, known or name)
        return aside

    def show(self, account: OpenAccount) -> bool:
        """Have the catalogue show the account as it is; whether there is something new to others than its user.

        Read under the catalogue's lock, so that of two refreshes the later one shows the later state.
        """

        def change(connection: apsw.Connection) -> bool:
            # The state before the rows: a commit between makes a refresh too many, not a miss.
            state, mailboxes = account.read_apart(
                lambda reader: (reads.read_state(reader), reads.read_mailboxes(reader))
            )
            return catalogue.show_account(connection, account.id, mailboxes, state.folder_modseq)

        return self._names.write(change)

    def show_if_stale(self, account: OpenAccount) -> None:
        """A crash between the account's commit and the catalogue's shows in the modseqs."""
        shown = self._names.peek(lambda connection: catalogue.shown_modseq(connection, account.id))
        if shown != reads.read_state(account.reader).folder_modseq:
            self.show(account)

    @contextmanager
    def _lock(self, path: str) -> Iterator[None]:
        lock = FileLock(f"{path[:-3]}.lock")
        try:
            with lock:
                yield
        finally:
            lock.close()

    def _fill(self, path: str, account: AccountId, name: str) -> None:
        create_private(self._disk, path)
        connection = open_for_writing(path, ACCOUNT, vfs=self._options.vfs)
        try:
            connection.execute(
                "INSERT INTO account (id, name, modseq, folder_modseq, last_uidvalidity, modseq_ceiling)"
                " VALUES (?, ?, 1, 1, 0, 1)",
                (account, name),
            )
        finally:
            connection.close(True)
        self._disk.fsync_directory(os.path.dirname(path))

    def _put_aside(self, path: str) -> str | None:
        """The file first, and durably: without its log it would pass for an older state of the account."""
        if not self._disk.exists(path):
            return None
        aside = f"{path}.aside-{self._sources.now_s()}"
        self._disk.rename(path, aside)
        self._disk.fsync_directory(os.path.dirname(path))
        for suffix in ("-wal", "-shm"):
            if self._disk.exists(path + suffix):
                self._disk.rename(path + suffix, aside + suffix)
        return aside

    def _remove_files(self, path: str) -> None:
        for name in (path, f"{path}-wal", f"{path}-shm", f"{path[:-3]}.lock"):
            if self._disk.exists(name):
                self._disk.unlink(name)
