"""The octets of a delivery where they are needed: on each mailbox's partition, and as scripts have changed them."""

from collections.abc import Iterator
from contextlib import AsyncExitStack
from dataclasses import dataclass, replace
from hashlib import sha256
from typing import Final, Self

from angarium import mime
from angarium.engine.commands import StagedFile
from angarium.engine.rows import Content, SearchFields
from angarium.operations.messages import MessageLimits, PreparedMessage
from angarium.operations.messages.prepare import content_of, search_fields_of
from angarium.operations.messages.slices import in_turns, let_others_run
from angarium.sieve import Edition
from angarium.store import Store

_CHUNK_OCTETS: Final = 256 * 1024


@dataclass(frozen=True, slots=True)
class Copy:
    """A message on stable storage on one partition."""

    file: StagedFile
    content: Content
    search: SearchFields


class Copies:
    """An asynchronous context manager; what it has staged goes with it."""

    def __init__(self, store: Store, message: PreparedMessage, limits: MessageLimits) -> None:
        self._store = store
        self._message = message
        self._limits = limits
        self._stack = AsyncExitStack()
        self._made: dict[tuple[Edition | None, str], Copy] = {}

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._stack.aclose()

    async def get(self, partition: str, edition: Edition | None = None) -> Copy:
        """The message on a partition. PartitionNotFound, DiskFull, DiskFailed."""
        message = self._message
        file = message.files.get(partition) if edition is None else None
        if file is not None:
            return Copy(file, message.content, message.search)
        key = (edition, partition)
        if key not in self._made:
            self._made[key] = await self._stage(partition, edition)
        return self._made[key]

    async def anywhere(self, edition: Edition | None = None) -> Copy:
        """The message on whatever partition it is."""
        return await self.get(next(iter(self._message.files)), edition)

    async def other(self, partition: str, octets: bytes) -> Copy:
        """Another message, which goes along with this one."""
        return await self._staged(partition, iter((octets,)))

    async def _stage(self, partition: str, edition: Edition | None) -> Copy:
        source = self._message.source
        assert source is not None, "only deliveries are copied"
        copy = await self._staged(partition, _pieces(source.view, edition))
        if edition is None:
            return replace(copy, content=self._message.content, search=self._message.search)
        return copy

    async def _staged(self, partition: str, chunks: Iterator[bytes | memoryview]) -> Copy:
        staged = await self._stack.enter_async_context(self._store.engine.stage(partition))
        digest = sha256()
        for chunk in chunks:
            digest.update(chunk)
            staged.write(chunk)
            await let_others_run()
        view = staged.view()
        try:
            scanned = await in_turns(mime.scan_in_slices(view, self._limits.scan))
        finally:
            view.release()
        return Copy(await staged.finish(), content_of(scanned, digest.digest()), search_fields_of(scanned))


def _pieces(view: memoryview, edition: Edition | None) -> Iterator[bytes | memoryview]:
    if edition is None:
        yield from _chunks(view, 0, len(view))
        return
    for piece in edition.pieces:
        if isinstance(piece, bytes):
            yield piece
        else:
            yield from _chunks(view, piece.start, piece.end)


def _chunks(view: memoryview, start: int, end: int) -> Iterator[memoryview]:
    for offset in range(start, end, _CHUNK_OCTETS):
        yield view[offset : min(offset + _CHUNK_OCTETS, end)]
