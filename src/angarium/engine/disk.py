"""The one door to the file system (DESIGN §11).

Every system call on files that the engine makes passes through a `Disk`, so that a test can record them in order,
slow them, or let them fail. SQLite's own calls pass through its VFS. Calls block; whoever may not wait calls from a
thread. OSError is turned into the tree of refusals by `as_refusal` where it leaves the engine, not here, since some
callers act on the number (EEXIST, EMLINK).
"""

import errno
import fcntl
import os
import shutil
from typing import Protocol

from angarium.errors import AngariumError, DiskFailed, DiskFull, StoreReadOnly

FILE_MODE = 0o600
DIRECTORY_MODE = 0o700


class Disk(Protocol):
    """The calls the engine makes. Paths are absolute; descriptors are those of the operating system."""

    def create(self, path: str) -> int:
        """Create a new file for writing (O_EXCL) and open it; FileExistsError."""

    def open_read(self, path: str) -> int: ...

    def write(self, descriptor: int, data: bytes | memoryview) -> None:
        """Write all of `data` at the present end."""

    def fsync(self, descriptor: int) -> None: ...

    def close(self, descriptor: int) -> None: ...

    def link(self, source: str, target: str) -> None: ...

    def copy(self, source: str, target: str) -> None:
        """A real copy, synced, for where no link can be."""

    def rename(self, source: str, target: str) -> None: ...

    def unlink(self, path: str) -> None: ...

    def mkdir(self, path: str) -> None: ...

    def rmdir(self, path: str) -> None: ...

    def fsync_directory(self, path: str) -> None:
        """Make the directory's entries durable."""

    def listdir(self, path: str) -> list[str]: ...

    def read_file(self, path: str) -> bytes: ...

    def exists(self, path: str) -> bool: ...

    def modified_s(self, path: str) -> int:
        """When the file was last written."""


class SystemDisk:
    """The machine's own file system."""

    def create(self, path: str) -> int:
        return os.open(path, os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, FILE_MODE)

    def open_read(self, path: str) -> int:
        return os.open(path, os.O_RDONLY | os.O_CLOEXEC)

    def write(self, descriptor: int, data: bytes | memoryview) -> None:
        rest = memoryview(data)
        while rest:
            rest = rest[os.write(descriptor, rest) :]

    def fsync(self, descriptor: int) -> None:
        os.fsync(descriptor)

    def close(self, descriptor: int) -> None:
        os.close(descriptor)

    def link(self, source: str, target: str) -> None:
        os.link(source, target)

    def copy(self, source: str, target: str) -> None:
        with open(source, "rb") as reader, open(target, "xb", opener=_private) as writer:
            try:
                shutil.copyfileobj(reader, writer, 1 << 20)
                writer.flush()
                os.fsync(writer.fileno())
            except OSError:
                os.unlink(target)  # ours alone: one that was there before is not opened
                raise

    def rename(self, source: str, target: str) -> None:
        os.rename(source, target)

    def unlink(self, path: str) -> None:
        os.unlink(path)

    def mkdir(self, path: str) -> None:
        os.mkdir(path, DIRECTORY_MODE)

    def rmdir(self, path: str) -> None:
        os.rmdir(path)

    def fsync_directory(self, path: str) -> None:
        descriptor = os.open(path, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)

    def listdir(self, path: str) -> list[str]:
        return os.listdir(path)

    def read_file(self, path: str) -> bytes:
        with open(path, "rb") as reader:
            return reader.read()

    def exists(self, path: str) -> bool:
        return os.path.exists(path)

    def modified_s(self, path: str) -> int:
        return int(os.stat(path).st_mtime)


def _private(path: str, flags: int) -> int:
    return os.open(path, flags | os.O_CLOEXEC, FILE_MODE)


class FileLock:
    """A blocking `flock` on a file of its own, which is created where it is missing and never removed while in use.

    It keeps processes apart, not threads: within a process one thread at a time works on what it guards.
    """

    __slots__ = ("_descriptor", "_path")

    def __init__(self, path: str) -> None:
        self._path = path
        self._descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, FILE_MODE)

    def __enter__(self) -> None:
        fcntl.flock(self._descriptor, fcntl.LOCK_EX)

    def __exit__(self, *_: object) -> None:
        fcntl.flock(self._descriptor, fcntl.LOCK_UN)

    def take_at_once(self) -> bool:
        """Take the lock where it is free, until `close`; tells whether it was."""
        try:
            fcntl.flock(self._descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return False
        return True

    def close(self) -> None:
        """Give the descriptor back; a lock that is held goes with it."""
        os.close(self._descriptor)


class Directories:
    """Makes directories so that each entry is durable before anything stands on it.

    What exists is trusted only once this process has synced the directory above it: another thread or process may have
    made it a moment ago, and a power cut would take it away with all that was linked into it since.
    """

    def __init__(self, disk: Disk) -> None:
        self._disk = disk
        self._durable: set[str] = set()

    def make(self, path: str) -> bool:
        """Make `path` and what is missing above it; tells whether `path` itself was missing."""
        if path in self._durable:
            return False
        parent = os.path.dirname(path)
        is_new = False
        if parent != path:
            self.make(parent)
            is_new = self._make_one(path)
            self._disk.fsync_directory(parent)
        self._durable.add(path)
        return is_new

    def make_root(self, path: str) -> None:
        """Make a configured directory; one that exists is trusted with all above it, which need not be readable."""
        path = os.path.normpath(path)
        if not self._disk.exists(path):
            parent = os.path.dirname(path)
            self.make_root(parent)
            self._make_one(path)
            self._disk.fsync_directory(parent)
        self._durable.add(path)

    def removed(self, path: str) -> None:
        """The directory is gone; a new one of this name has to be made durable again."""
        self._durable.discard(path)

    def _make_one(self, path: str) -> bool:
        try:
            self._disk.mkdir(path)
        except FileExistsError:
            return False
        return True


def create_private(disk: Disk, path: str) -> None:
    """Make an empty file that nobody else may read, where there is none: SQLite would go by the umask, and gives its
    log the mode of the database."""
    try:
        disk.close(disk.create(path))
    except FileExistsError:
        pass


def replace_file(disk: Disk, path: str, data: bytes, temporary: str) -> None:
    """Put `data` in place of the file at `path`, whole and durable; `temporary` is a name in the same directory."""
    try:
        descriptor = disk.create(temporary)
    except FileExistsError:  # left by a crash
        disk.unlink(temporary)
        descriptor = disk.create(temporary)
    try:
        disk.write(descriptor, data)
        disk.fsync(descriptor)
    finally:
        disk.close(descriptor)
    disk.rename(temporary, path)
    disk.fsync_directory(os.path.dirname(path))


def as_refusal(error: OSError) -> AngariumError:
    """The refusal that a file system's error means."""
    if error.errno in (errno.ENOSPC, errno.EDQUOT):
        return DiskFull(str(error))
    if error.errno == errno.EROFS:
        return StoreReadOnly(str(error))
    return DiskFailed(str(error))
