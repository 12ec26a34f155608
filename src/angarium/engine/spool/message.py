"""Message files: staging new ones and reading stored ones, without holding a message in memory."""

import asyncio
import mmap
import os
import threading
from concurrent.futures import Executor
from typing import Self

from angarium.engine.commands import StagedFile
from angarium.engine.disk import Disk, as_refusal

_SCRATCH_OCTETS = 1 << 18


class _Scratch(threading.local):
    """Memory that is read into at first, since making new memory for it takes longer than the reading."""

    def __init__(self) -> None:
        self.memory = memoryview(bytearray(_SCRATCH_OCTETS))


_scratch = _Scratch()


class SpoolStagedMessage:
    """A message being written below a partition's `stage` directory; see `interface.StagedMessage`.

    The name's own directory is not synced: a staged name that a power cut takes away has been promised to nobody, and
    what was linked from it lives on under the link's name.
    """

    def __init__(self, disk: Disk, executor: Executor, partition: str, path: str) -> None:
        self._disk = disk
        self._executor = executor
        self._partition = partition
        self._path = path
        self._size_octets = 0
        try:
            self._descriptor = disk.create(path)
        except OSError as error:
            raise as_refusal(error) from error

    @property
    def size_octets(self) -> int:
        return self._size_octets

    def write(self, data: bytes | memoryview) -> None:
        try:
            self._disk.write(self._descriptor, data)
        except OSError as error:
            raise as_refusal(error) from error
        self._size_octets += len(data)

    async def finish(self) -> StagedFile:
        try:
            await asyncio.get_running_loop().run_in_executor(self._executor, self._disk.fsync, self._descriptor)
        except OSError as error:
            raise as_refusal(error) from error
        self._close_descriptor()
        return StagedFile(self._partition, self._path, self._size_octets)

    def view(self) -> memoryview:
        return _map(self._descriptor, self._size_octets)

    def close(self) -> None:
        """Close and remove the staged name."""
        self._close_descriptor()
        try:
            self._disk.unlink(self._path)
        except FileNotFoundError:
            pass

    def _close_descriptor(self) -> None:
        """Early, since many messages of one command wait for the last of them."""
        if self._descriptor >= 0:
            self._disk.close(self._descriptor)
            self._descriptor = -1


class SpoolMessageFile:
    """An open message file; see `interface.MessageFile`."""

    __slots__ = ("_descriptor", "_executor", "_size_octets", "_written_at_s")

    def __init__(self, executor: Executor, descriptor: int) -> None:
        self._executor = executor
        self._descriptor = descriptor
        status = os.fstat(descriptor)
        self._size_octets = status.st_size
        self._written_at_s = int(status.st_mtime)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    @property
    def size_octets(self) -> int:
        return self._size_octets

    @property
    def written_at_s(self) -> int:
        return self._written_at_s

    async def read(self, offset: int, size_octets: int) -> bytes:
        wanted = min(size_octets, self._size_octets - offset)
        if wanted <= 0:
            return b""
        buffer = _scratch.memory[:wanted] if wanted <= _SCRATCH_OCTETS else memoryview(bytearray(wanted))
        try:
            got = os.preadv(self._descriptor, [buffer], offset, os.RWF_NOWAIT)
        except OSError:  # EAGAIN: not in the page cache; EOPNOTSUPP: this file system cannot tell
            got = 0
        if got == wanted:
            return bytes(buffer)
        try:
            return await asyncio.get_running_loop().run_in_executor(
                self._executor, os.pread, self._descriptor, wanted, offset
            )
        except OSError as error:
            raise as_refusal(error) from error

    def view(self) -> memoryview:
        return _map(self._descriptor, self._size_octets)

    def close(self) -> None:
        if self._descriptor >= 0:
            os.close(self._descriptor)
            self._descriptor = -1


def _map(descriptor: int, size_octets: int) -> memoryview:
    """A read-only mapping; the map goes when the last view of it does."""
    if size_octets == 0:
        return memoryview(b"")
    return memoryview(mmap.mmap(descriptor, size_octets, prot=mmap.PROT_READ))
