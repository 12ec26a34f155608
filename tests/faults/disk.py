"""A disk, and a VFS for SQLite, that fail when they are told to."""

import errno
import os
from collections.abc import Callable

import apsw

from angarium.engine.disk import SystemDisk


class FaultyDisk(SystemDisk):
    """Fails the calls that `fails` names: method and path (empty where the call has none)."""

    def __init__(self) -> None:
        self.fails: Callable[[str, str], int] = lambda _method, _path: 0

    def _check(self, method: str, path: str = "") -> None:
        number = self.fails(method, path)
        if number:
            raise OSError(number, os.strerror(number), path)

    def create(self, path: str) -> int:
        self._check("create", path)
        return super().create(path)

    def write(self, descriptor: int, data: bytes | memoryview) -> None:
        self._check("write")
        super().write(descriptor, data)

    def fsync(self, descriptor: int) -> None:
        self._check("fsync")
        super().fsync(descriptor)

    def link(self, source: str, target: str) -> None:
        self._check("link", target)
        super().link(source, target)

    def copy(self, source: str, target: str) -> None:
        self._check("copy", target)
        super().copy(source, target)

    def rename(self, source: str, target: str) -> None:
        self._check("rename", target)
        super().rename(source, target)

    def mkdir(self, path: str) -> None:
        self._check("mkdir", path)
        super().mkdir(path)

    def fsync_directory(self, path: str) -> None:
        self._check("fsync_directory", path)
        super().fsync_directory(path)


class FaultyVFS(apsw.VFS):
    """SQLite's calls; `fails` is asked with the method (`write`, `sync`) and the path."""

    def __init__(self, name: str) -> None:
        self.vfs_name = name
        self.fails: Callable[[str, str], int] = lambda _method, _path: 0
        super().__init__(name, base="unix")

    def xOpen(self, name: str | apsw.URIFilename | None, flags: list[int]) -> "FaultyFile":  # noqa: N802
        path = name.filename() if isinstance(name, apsw.URIFilename) else name or ""
        return FaultyFile(self, path, name, flags)


class FaultyFile(apsw.VFSFile):
    """One file that SQLite has open."""

    def __init__(self, vfs: FaultyVFS, path: str, name: str | apsw.URIFilename | None, flags: list[int]) -> None:
        self._vfs = vfs
        self._path = path
        super().__init__("unix", name, flags)

    def _check(self, method: str) -> None:
        match self._vfs.fails(method, self._path):
            case 0:
                pass
            case errno.ENOSPC:
                raise apsw.FullError("disk full")
            case _:
                raise apsw.IOError("I/O error")

    def xWrite(self, data: bytes, offset: int) -> None:  # noqa: N802
        self._check("write")
        super().xWrite(data, offset)

    def xSync(self, flags: int) -> None:  # noqa: N802
        self._check("sync")
        super().xSync(flags)
