"""Message files that are bytes."""

from typing import Self

from angarium.engine.commands import StagedFile


class MemoryStagedMessage:
    """A message on its way in; `staged` takes it when it is finished."""

    def __init__(self, partition: str, path: str, staged: dict[str, bytes]) -> None:
        self._partition = partition
        self._path = path
        self._staged = staged
        self._octets = bytearray()

    @property
    def size_octets(self) -> int:
        return len(self._octets)

    def write(self, data: bytes | memoryview) -> None:
        self._octets += data

    async def finish(self) -> StagedFile:
        self._staged[self._path] = bytes(self._octets)
        return StagedFile(self._partition, self._path, len(self._octets))

    def view(self) -> memoryview:
        return memoryview(bytes(self._octets))


class MemoryMessageFile:
    """An open message."""

    def __init__(self, octets: bytes) -> None:
        self._octets = octets

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    @property
    def size_octets(self) -> int:
        return len(self._octets)

    @property
    def written_at_s(self) -> int:
        return 0

    async def read(self, offset: int, size_octets: int) -> bytes:
        return self._octets[offset : offset + size_octets]

    def view(self) -> memoryview:
        return memoryview(self._octets)

    def close(self) -> None:
        """Nothing is held open."""
