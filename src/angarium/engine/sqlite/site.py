"""The site's own databases: the catalogue (`mailboxes.db`), `users.db`, `work.db`.

Each is one small file that every process writes under its lock file, in a thread; reads are made where they are asked.
What is written is durable on return.
"""

import os
from collections.abc import Callable
from typing import TypeVar

import apsw

from angarium.engine.disk import FileLock
from angarium.engine.sqlite.schema import Schema, open_for_reading, open_for_writing
from angarium.errors import StoreBusy

Answer = TypeVar("Answer")


class SiteDatabase:
    """One file with a reader's and a writer's connection. `write` blocks; one thread at a time may be in it."""

    def __init__(self, path: str, schema: Schema, *, vfs: str | None) -> None:
        self._lock = FileLock(f"{path}.lock")
        with self._lock:
            self._writer = open_for_writing(path, schema, vfs=vfs)
        os.chmod(path, 0o600)
        self._reader = open_for_reading(path, schema, vfs=vfs)
        self._is_closed = False

    @property
    def open_reader(self) -> apsw.Connection:
        """The reader's connection; StoreBusy once the database is closed."""
        if self._is_closed:
            raise StoreBusy("the engine is closed")
        return self._reader

    def write(self, change: Callable[[apsw.Connection], Answer]) -> Answer:
        """Run `change` in a transaction of its own under the file's lock; its exceptions undo it."""
        with self._lock:
            self._writer.execute("BEGIN IMMEDIATE")
            try:
                answer = change(self._writer)
                self._writer.execute("COMMIT")
            except BaseException:
                if self._writer.in_transaction:
                    self._writer.execute("ROLLBACK")
                raise
        return answer

    def peek(self, read: Callable[[apsw.Connection], Answer]) -> Answer:
        """Read on the writer's connection, from the thread that writes."""
        return read(self._writer)

    def checkpoint(self) -> None:
        """Fold the write-ahead log in and truncate it."""
        with self._lock:
            self._writer.wal_checkpoint(mode=apsw.SQLITE_CHECKPOINT_TRUNCATE)

    def snapshot(self, path: str) -> None:
        """Write a compact copy to a new file, by SQLite's own means."""
        self._writer.execute("VACUUM INTO ?", (path,))

    def close(self) -> None:
        """Close both connections and the lock."""
        self._is_closed = True
        self._writer.close(True)
        self._reader.close(True)
        self._lock.close()
