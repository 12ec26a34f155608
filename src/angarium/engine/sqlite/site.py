"""The site's own databases: the catalogue (`mailboxes.db`), `users.db`, `work.db`.

Each is one small file that every process writes under its lock file, in a thread; reads are made where they are asked.
What is written is durable on return, but for what is advisory.
"""

from collections.abc import Callable
from typing import TypeVar

import apsw

from angarium.engine.disk import Disk, FileLock, create_private
from angarium.engine.sqlite.schema import Schema, open_for_reading, open_for_writing
from angarium.errors import StoreBusy

Answer = TypeVar("Answer")


class SiteDatabase:
    """One file with a reader's and a writer's connection. `write` blocks; one thread at a time may be in it."""

    def __init__(
        self,
        path: str,
        schema: Schema,
        disk: Disk,
        *,
        vfs: str | None,
        checkpoint_pages: int,
        is_advisory: bool = False,
    ) -> None:
        """What is advisory is not synced at each commit: a power cut may take back the last ones."""
        self._path = path
        self._is_advisory = is_advisory
        self._schema = schema
        self._vfs = vfs
        self._checkpoint_pages = checkpoint_pages
        self._log_pages = 0
        self._is_closed = False
        self._writer: apsw.Connection | None = None
        create_private(disk, path)
        self._lock = FileLock(f"{path}.lock")
        try:
            with self._lock:
                self._open_writer()
            self._reader = open_for_reading(path, schema, vfs=vfs)
        except BaseException:
            self._drop_writer()
            self._lock.close()
            raise

    @property
    def open_reader(self) -> apsw.Connection:
        """The reader's connection; StoreBusy once the database is closed."""
        if self._is_closed:
            raise StoreBusy("the engine is closed")
        return self._reader

    def read_apart(self, read: Callable[[apsw.Connection], Answer]) -> Answer:
        """A large read, in a thread, on a connection of its own."""
        reader = open_for_reading(self._path, self._schema, vfs=self._vfs)
        try:
            return read(reader)
        finally:
            reader.close(True)

    def write(self, change: Callable[[apsw.Connection], Answer]) -> Answer:
        """Run `change` in a transaction of its own under the file's lock; its exceptions undo it."""
        if self._is_closed:
            raise StoreBusy("the engine is closed")
        with self._lock:
            writer = self._open_writer()
            try:
                writer.execute("BEGIN IMMEDIATE")
                answer = change(writer)
                writer.execute("COMMIT")
            except apsw.IOError:
                self._drop_writer()  # a failed fsync is never tried again on the same descriptor
                raise
            except BaseException:
                if writer.in_transaction:
                    writer.execute("ROLLBACK")
                raise
            if self._log_pages >= self._checkpoint_pages:
                self._fold_log(writer)
        return answer

    def peek(self, read: Callable[[apsw.Connection], Answer]) -> Answer:
        """Read on the writer's connection, from the thread that writes."""
        return read(self._open_writer())

    def checkpoint(self) -> None:
        """Fold the write-ahead log in and truncate it."""
        with self._lock:
            self._open_writer().wal_checkpoint(mode=apsw.SQLITE_CHECKPOINT_TRUNCATE)

    def snapshot(self, path: str) -> None:
        """Write a compact copy to an empty file, by SQLite's own means."""
        self._open_writer().execute("VACUUM INTO ?", (path,))

    def close(self) -> None:
        """Close both connections and the lock."""
        self._is_closed = True
        self._drop_writer()
        self._reader.close(True)
        self._lock.close()

    def _open_writer(self) -> apsw.Connection:
        if self._writer is None:
            self._writer = open_for_writing(self._path, self._schema, vfs=self._vfs)
            self._writer.set_wal_hook(self._note_log)
            if self._is_advisory:
                self._writer.pragma("synchronous", 1)
        return self._writer

    def _drop_writer(self) -> None:
        if self._writer is not None:
            self._writer.close(True)
            self._writer = None

    def _note_log(self, _connection: apsw.Connection, _name: str, pages: int) -> int:
        self._log_pages = pages
        return apsw.SQLITE_OK

    def _fold_log(self, writer: apsw.Connection) -> None:
        self._log_pages = 0
        try:
            writer.wal_checkpoint(mode=apsw.SQLITE_CHECKPOINT_PASSIVE)
        except apsw.Error:
            self._drop_writer()  # what was written stays in the log, and is folded in later
