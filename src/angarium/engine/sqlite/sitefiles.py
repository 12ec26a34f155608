"""The site's databases of one engine, and the one thread that writes them, so that their locks are never waited for on
the loop."""

import os
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

from angarium.engine.disk import Directories, Disk
from angarium.engine.rows import AccountId
from angarium.engine.sources import Sources
from angarium.engine.sqlite.logins import LoginNotes
from angarium.engine.sqlite.options import SqliteOptions
from angarium.engine.sqlite.refusals import in_executor
from angarium.engine.sqlite.schema import CATALOGUE, LOGINS, USERS, WORK, Schema
from angarium.engine.sqlite.site import SiteDatabase
from angarium.engine.sqlite.snapshots import rotate_snapshot
from angarium.errors import StoreBusy

Answer = TypeVar("Answer")


class SiteFiles:
    """`mailboxes.db`, `users.db`, `work.db` and `logins.db`."""

    def __init__(
        self,
        options: SqliteOptions,
        disk: Disk,
        directories: Directories,
        sources: Sources,
        announce: Callable[[AccountId], None],
    ) -> None:
        self._options = options
        self._disk = disk
        self._directories = directories
        self._sources = sources
        self._announce = announce
        self._thread = ThreadPoolExecutor(1, "angarium-site")
        self._is_stopped = False
        directories.make_root(options.directory)
        self.names = self._open("mailboxes.db", CATALOGUE)
        self.users = self._open("users.db", USERS)
        self.work = self._open("work.db", WORK)
        self.logins = LoginNotes(
            lambda: self._open("logins.db", LOGINS, is_advisory=True),
            self.in_thread,
            delay_s=options.advisory_delay_s,
        )

    async def in_thread(self, call: Callable[[], Answer]) -> Answer:
        """The answer of a call in the thread that writes; refusals of the tree."""
        if self._is_stopped:
            raise StoreBusy("the engine is closed")
        return await in_executor(self._thread, call)

    async def change(self, changed: AccountId, call: Callable[[], Answer]) -> Answer:
        """Announced before it is answered, and where it failed too: it may be durable all the same."""
        try:
            return await self.in_thread(call)
        finally:
            self._announce(changed)

    def call(self, call: Callable[[], Answer]) -> Answer:
        """As `in_thread`, from another thread, which waits; its errors as they are."""
        return self._thread.submit(call).result()

    async def checkpoint(self) -> None:
        """Fold the write-ahead logs in, and write snapshots."""
        await self.in_thread(self._checkpoint)

    async def stop(self) -> None:
        """Refuse what comes from the loop, once what was noted is written."""
        await self.logins.stop()
        self._is_stopped = True

    async def close(self) -> None:
        """Close all, for good."""
        await in_executor(self._thread, self._close)
        self._thread.shutdown()

    def _open(self, name: str, schema: Schema, *, is_advisory: bool = False) -> SiteDatabase:
        return SiteDatabase(
            os.path.join(self._options.directory, name),
            schema,
            self._disk,
            vfs=self._options.vfs,
            checkpoint_pages=self._options.checkpoint_pages,
            is_advisory=is_advisory,
        )

    def _checkpoint(self) -> None:
        for database in (self.names, self.users, self.work):
            database.checkpoint()
        directory = os.path.join(self._options.directory, "snapshot")
        self._directories.make(directory)
        now_s, kept = self._sources.now_s(), self._options.snapshots
        for database, kind in ((self.names, "mailboxes"), (self.users, "users")):
            rotate_snapshot(self._disk, database, directory, kind, now_s=now_s, kept=kept)
        self.logins.checkpoint()  # last: it is advisory, and may fail

    def _close(self) -> None:
        for database in (self.names, self.users, self.work):
            database.close()
        self.logins.close()
