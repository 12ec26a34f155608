"""One ordered record of what an engine did to the disk: its own calls, and those of SQLite through a VFS.

Files are known by an inode number given at creation, so that renames and links keep them apart from their names.
"""

import itertools
import os
import threading
from dataclasses import dataclass

import apsw

from angarium.engine.disk import SystemDisk


@dataclass(frozen=True, slots=True)
class Create:
    path: str
    inode: int


@dataclass(frozen=True, slots=True)
class Write:
    inode: int
    offset: int
    data: bytes


@dataclass(frozen=True, slots=True)
class Truncate:
    inode: int
    size: int


@dataclass(frozen=True, slots=True)
class Sync:
    inode: int


@dataclass(frozen=True, slots=True)
class Link:
    source: str
    target: str


@dataclass(frozen=True, slots=True)
class Rename:
    source: str
    target: str


@dataclass(frozen=True, slots=True)
class Unlink:
    path: str


@dataclass(frozen=True, slots=True)
class Mkdir:
    path: str


@dataclass(frozen=True, slots=True)
class Rmdir:
    path: str


@dataclass(frozen=True, slots=True)
class SyncDirectory:
    path: str


@dataclass(frozen=True, slots=True)
class Mark:
    """Something was acknowledged to a client."""

    what: object


Operation = Create | Write | Truncate | Sync | Link | Rename | Unlink | Mkdir | Rmdir | SyncDirectory | Mark


class Record:
    """The operations in order, and which inode each path names at the moment."""

    def __init__(self) -> None:
        self.operations: list[Operation] = []
        self.inodes: dict[str, int] = {}
        self.lock = threading.RLock()
        self._numbers = itertools.count(1)

    def create(self, path: str) -> int:
        with self.lock:
            inode = next(self._numbers)
            self.inodes[path] = inode
            self.operations.append(Create(path, inode))
            return inode

    def add(self, operation: Operation) -> None:
        with self.lock:
            self.operations.append(operation)
            match operation:
                case Link(source, target):
                    self.inodes[target] = self.inodes[source]
                case Rename(source, target):
                    self.inodes[target] = self.inodes.pop(source)
                case Unlink(path):
                    self.inodes.pop(path, None)
                case _:
                    pass

    def mark(self, what: object) -> None:
        self.add(Mark(what))


class RecordingDisk(SystemDisk):
    """The machine's file system, with every change written to the record after it was made."""

    def __init__(self, record: Record) -> None:
        self._record = record
        self._open: dict[int, tuple[int, int]] = {}

    def create(self, path: str) -> int:
        with self._record.lock:
            descriptor = super().create(path)
            self._open[descriptor] = (self._record.create(path), 0)
            return descriptor

    def write(self, descriptor: int, data: bytes | memoryview) -> None:
        with self._record.lock:
            super().write(descriptor, data)
            inode, offset = self._open[descriptor]
            self._record.add(Write(inode, offset, bytes(data)))
            self._open[descriptor] = (inode, offset + len(data))

    def fsync(self, descriptor: int) -> None:
        with self._record.lock:
            super().fsync(descriptor)
            self._record.add(Sync(self._open[descriptor][0]))

    def link(self, source: str, target: str) -> None:
        with self._record.lock:
            super().link(source, target)
            self._record.add(Link(source, target))

    def copy(self, source: str, target: str) -> None:
        with self._record.lock:
            super().copy(source, target)
            inode = self._record.create(target)
            self._record.add(Write(inode, 0, self.read_file(target)))
            self._record.add(Sync(inode))

    def rename(self, source: str, target: str) -> None:
        with self._record.lock:
            super().rename(source, target)
            self._record.add(Rename(source, target))

    def unlink(self, path: str) -> None:
        with self._record.lock:
            super().unlink(path)
            self._record.add(Unlink(path))

    def mkdir(self, path: str) -> None:
        with self._record.lock:
            super().mkdir(path)
            self._record.add(Mkdir(path))

    def rmdir(self, path: str) -> None:
        with self._record.lock:
            super().rmdir(path)
            self._record.add(Rmdir(path))

    def fsync_directory(self, path: str) -> None:
        with self._record.lock:
            super().fsync_directory(path)
            self._record.add(SyncDirectory(path))


class RecordingVFS(apsw.VFS):
    """SQLite's own calls; the WAL index (`-shm`) is no part of what survives, and is not recorded."""

    def __init__(self, name: str, record: Record) -> None:
        self.record = record
        super().__init__(name, base="unix")

    def xOpen(self, name: str | apsw.URIFilename | None, flags: list[int]) -> "RecordingFile":  # noqa: N802
        path = name.filename() if isinstance(name, apsw.URIFilename) else name
        with self.record.lock:
            is_new = path is not None and not os.path.exists(path)
            file = RecordingFile(self.record, path, name, flags)
            if is_new and path is not None and os.path.exists(path):
                self.record.create(path)
            return file

    def xDelete(self, filename: str, syncdir: bool) -> None:  # noqa: N802
        with self.record.lock:
            super().xDelete(filename, syncdir)
            self.record.add(Unlink(filename))
            if syncdir:
                self.record.add(SyncDirectory(os.path.dirname(filename)))


class RecordingFile(apsw.VFSFile):
    """One file that SQLite has open."""

    def __init__(self, record: Record, path: str | None, name: str | apsw.URIFilename | None, flags: list[int]) -> None:
        self._record = record
        self._path = path
        super().__init__("unix", name, flags)

    def xWrite(self, data: bytes, offset: int) -> None:  # noqa: N802
        with self._record.lock:
            super().xWrite(data, offset)
            if self._path is not None:
                self._record.add(Write(self._record.inodes[self._path], offset, bytes(data)))

    def xTruncate(self, newsize: int) -> None:  # noqa: N802
        with self._record.lock:
            super().xTruncate(newsize)
            if self._path is not None:
                self._record.add(Truncate(self._record.inodes[self._path], newsize))

    def xSync(self, flags: int) -> None:  # noqa: N802
        with self._record.lock:
            super().xSync(flags)
            if self._path is not None:
                self._record.add(Sync(self._record.inodes[self._path]))
                if self._path.endswith(("-wal", "-journal")):
                    # SQLite's unix VFS syncs the directory with the first sync of a new log.
                    self._record.add(SyncDirectory(os.path.dirname(self._path)))
