"""A message on its way in: from the chunks of DATA or of a literal into staged files, and parsed.

Nothing of the message is held but the chunk at hand. What is changed on the way is the same for all who bring mail:

- NUL is refused, since much that reads mail takes it for the end.
- A bare LF becomes CRLF in a delivery, so that no later reader can see the end of a message where the sender put none.
  APPEND refuses it as Cyrus does: its client counted the octets, and expects to find those again.
- A bare CR stays as it is: changing it would break signatures, and no line ends at it here.
- What stands before the first empty line must be header fields (RFC 5322 §2.2), or nothing at all.
- A delivery gets its trace fields in front, and Message-ID and Date at the end of the header where they are missing.
"""

import asyncio
import hashlib
import re
from collections.abc import Iterable, Mapping
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from typing import Self

import numpy as np

from angarium import mime
from angarium.config.options import LimitSettings
from angarium.engine.commands import StagedFile
from angarium.engine.interface import StagedMessage
from angarium.engine.rows import Content, SearchFields
from angarium.errors import AngariumError, MessageDefect, MessageInvalid, MessageTooLarge
from angarium.operations.messages.headerblock import HeaderWatcher
from angarium.operations.messages.prepare import parse_message
from angarium.operations.messages.trace import Trace, missing_fields, trace_header
from angarium.store import Store

_CR, _LF = 13, 10
_BARE_NEWLINE = re.compile(rb"(?<!\r)\n")


@dataclass(frozen=True, slots=True)
class MessageLimits:
    """What a message may be, and how much of it is taken apart."""

    size_octets: int = 0
    """As the client sends it; 0: no limit."""
    scan: mime.Limits = field(default_factory=mime.Limits)

    @classmethod
    def from_settings(cls, settings: LimitSettings) -> "MessageLimits":
        """The limits that the options set."""
        return cls(
            settings.maxmessagesize,
            mime.Limits(
                parts=settings.max_mime_parts, depth=settings.boundary_limit, header_octets=settings.max_header_size
            ),
        )


@dataclass(frozen=True, slots=True)
class PreparedMessage:
    """A message on stable storage, parsed, not yet in any mailbox."""

    files: Mapping[str, StagedFile]
    """By partition; they go when the context of their IncomingMessage ends."""
    content: Content
    search: SearchFields
    size_octets: int

    @property
    def parsed_octets(self) -> int:
        """How much is held in memory of it, next to small change."""
        content, search = self.content, self.search
        parsed = len(content.envelope) + len(content.body) + len(content.bodystructure) + len(content.parts)
        text = len(search.from_) + len(search.to) + len(search.cc) + len(search.bcc) + 2 * len(search.subject)
        return parsed + text + sum(map(len, search.references))


class IncomingMessage:
    """An asynchronous context manager that takes one message in and removes its staged files at the end."""

    def __init__(
        self,
        store: Store,
        partitions: Iterable[str],
        trace: Trace | None,
        limits: MessageLimits,
        *,
        ascii_header: bool = False,
    ) -> None:
        """Use `delivered` or `appended`."""
        self._store = store
        self._ascii_header = ascii_header
        self._partitions = sorted(partitions)
        self._trace = trace
        self._limits = limits
        self._stack = AsyncExitStack()
        self._staged: list[StagedMessage] = []
        self._header = HeaderWatcher(envelope_line=trace is None)
        self._digest = hashlib.sha256()
        self._received_octets = 0
        self._held = b""
        """A CR at the end of a chunk, until it is known what follows."""
        self._refusal: AngariumError | None = None

    @classmethod
    def delivered(
        cls, store: Store, partitions: Iterable[str], trace: Trace, *, limits: MessageLimits
    ) -> "IncomingMessage":
        """A delivery, one staged file for each partition."""
        return cls(store, partitions, trace, limits)

    @classmethod
    def appended(
        cls, store: Store, partition: str, *, limits: MessageLimits, ascii_header: bool = False
    ) -> "IncomingMessage":
        """A message that a client puts into a mailbox as it is; with `ascii_header` not if that has other octets."""
        return cls(store, (partition,), None, limits, ascii_header=ascii_header)

    async def __aenter__(self) -> Self:
        """PartitionNotFound, DiskFull, DiskFailed: nothing is staged."""
        async with AsyncExitStack() as stack:
            for partition in self._partitions:
                self._staged.append(await stack.enter_async_context(self._store.engine.stage(partition)))
            self._stack = stack.pop_all()
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._stack.aclose()

    @property
    def received_octets(self) -> int:
        """What has been written; trace fields do not count."""
        return self._received_octets

    @property
    def refusal(self) -> AngariumError | None:
        """Why the message will not be taken, once that is known."""
        return self._refusal

    def write(self, chunk: bytes | bytearray | memoryview) -> None:
        """Take the next octets, of any number. A refusal is kept, what follows it is dropped, and `finish` raises it: a
        front end has to read to the end anyway."""
        if self._refusal is not None:
            return
        try:
            self._take(bytes(chunk))
        except AngariumError as refusal:
            self._refusal = refusal

    async def finish(self) -> PreparedMessage:
        """Make the message durable and parse it. MessageTooLarge, MessageInvalid, DiskFull, DiskFailed."""
        if self._refusal is not None:
            raise self._refusal
        self._end()
        files, (content, search) = await self._sync_and_parse()
        return PreparedMessage(files, content, search, self._staged[0].size_octets)

    def _take(self, chunk: bytes) -> None:
        if not self._received_octets and self._trace is not None:
            self._store_octets(trace_header(self._trace))
        self._received_octets += len(chunk)
        if self._limits.size_octets and self._received_octets > self._limits.size_octets:
            raise MessageTooLarge(f"more than {self._limits.size_octets} octets")
        if b"\0" in chunk:
            raise MessageInvalid(MessageDefect.NUL)
        data = self._held + chunk
        self._held = b"\r" if data.endswith(b"\r") else b""
        if self._held:
            data = data[:-1]
        if _has_bare_newline(data):
            if self._trace is None:
                raise MessageInvalid(MessageDefect.BARE_NEWLINE)
            data = _BARE_NEWLINE.sub(b"\r\n", data)
        self._store_lines(data)

    def _store_lines(self, data: bytes) -> None:
        if not self._header.ended:
            end = self._header.feed(data)
            if self._ascii_header and not data[:end].isascii():
                raise MessageInvalid(MessageDefect.HEADER_8BIT)
            fields = b"" if end is None else self._missing_fields()
            if fields:
                data = data[:end] + fields + data[end:]
        self._store_octets(data)

    def _missing_fields(self) -> bytes:
        if self._trace is None:
            return b""
        return missing_fields(
            self._trace, message_id=not self._header.has(b"message-id"), date=not self._header.has(b"date")
        )

    def _store_octets(self, data: bytes) -> None:
        # Hashed as it passes: a second pass would read it all again, and the first has it in the processor's cache.
        self._digest.update(data)
        for staged in self._staged:
            staged.write(data)

    def _end(self) -> None:
        if not self._received_octets:
            if self._trace is None:
                raise MessageInvalid(MessageDefect.EMPTY)
            self._store_octets(trace_header(self._trace))
        if self._held:
            held, self._held = self._held, b""
            self._store_lines(held)
        if not self._header.ended:
            self._header.finish()
            fields = self._missing_fields()
            if fields:
                self._store_octets((b"\r\n" if self._header.is_within_line else b"") + fields)

    async def _sync_and_parse(self) -> tuple[dict[str, StagedFile], tuple[Content, SearchFields]]:
        """From its second slice on the scanner works while the disks do. All have ended on return, also where one was
        refused."""
        view = self._staged[0].view()
        try:
            syncs = [asyncio.ensure_future(staged.finish()) for staged in self._staged]
            try:
                parsed = await parse_message(view, digest=self._digest.digest(), limits=self._limits.scan)
            finally:
                await asyncio.wait(syncs)
        finally:
            view.release()
        files = [sync.result() for sync in syncs]
        return {file.partition: file for file in files}, parsed


def _has_bare_newline(data: bytes) -> bool:
    """Whether there is an LF without a CR before it; no CR stands before `data`. Eight times faster than counting."""
    octets = np.frombuffer(data, dtype=np.uint8)
    return data[:1] == b"\n" or bool(((octets[1:] == _LF) & (octets[:-1] != _CR)).any())
