"""A file that is read again when it has changed, which is seen by its status."""

import os
import stat
import time
from collections.abc import Callable
from pathlib import Path
from typing import Final, Generic, TypeVar

from angarium.errors import AuthenticationUnavailable

FILE_OCTETS_MAX: Final = 64 << 20

_SETTLED_NS: Final = 2_000_000_000
"""A file that was written this lately may have been written again within one tick of the file system's clock."""

Content = TypeVar("Content")

_Version = tuple[int, int, int, int]


class RereadFile(Generic[Content]):
    """What a parser makes of the octets; it may be asked by several threads."""

    def __init__(self, path: Path, parse: Callable[[bytes], Content]) -> None:
        self._path = path
        self._parse = parse
        self._read: tuple[_Version, Content] | None = None

    def content(self) -> Content:
        """Of now; reads the file where it has to, so it is for threads. AuthenticationUnavailable where it cannot be
        read, or the parser raises ValueError."""
        try:
            read = self._read
            if read is not None and read[0] == _version(os.stat(self._path)):
                return read[1]
            return self._read_anew()
        except OSError as error:
            raise AuthenticationUnavailable(f"{self._path}: {error.strerror}") from error
        except ValueError as error:
            raise AuthenticationUnavailable(f"{self._path}: {error}") from error

    def _read_anew(self) -> Content:
        # Else a named pipe would hold the thread until somebody writes into it.
        with open(os.open(self._path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC), "rb") as file:
            status = os.fstat(file.fileno())
            if not stat.S_ISREG(status.st_mode):
                raise ValueError("it is not a file")
            octets = file.read(FILE_OCTETS_MAX + 1)
        if len(octets) > FILE_OCTETS_MAX:
            raise ValueError(f"it has more than {FILE_OCTETS_MAX} octets")
        content = self._parse(octets)
        is_settled = time.time_ns() - status.st_mtime_ns > _SETTLED_NS
        self._read = (_version(status), content) if is_settled else None
        return content


def _version(status: os.stat_result) -> _Version:
    return status.st_ino, status.st_size, status.st_mtime_ns, status.st_ctime_ns
