"""A message on its way in: from the chunks of DATA or of a literal into staged files, and parsed.

Nothing of the message is held but the chunk at hand. What is changed on the way is the same for all who bring mail:

- NUL is refused, since much that reads mail takes it for the end.
- A bare LF becomes CRLF in a delivery, so that no later reader can see the end of a message where the sender put none.
  APPEND refuses it as Cyrus does: its client counted the octets, and expects to find those again.
- A bare CR stays as it is: changing it would break signatures, and no line ends at it here.
- What stands before the first empty line must be header fields (RFC 5322 §2.2), or nothing at all.
- A delivery gets its trace fields in front, and Message-ID and Date at the end of the header where they are missing.
- Of a message that its sender calls binary (RFC 3030 §3), parts that are so become base64, since neither NUL nor other
  ends of lines could be kept in them (`mime.without_binary`). It is staged twice for that.
"""

import asyncio
import enum
import hashlib
import re
from collections.abc import Generator, Iterable, Mapping
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
from angarium.operations.messages.prepare import content_of, search_fields_of
from angarium.operations.messages.slices import in_turns, let_others_run
from angarium.operations.messages.trace import Trace, missing_fields, trace_header
from angarium.store import Store

_CR, _LF = 13, 10
_COMPARED_OCTETS = 1 << 15
"""At a time, so that what this makes is still in the processor's cache."""
_BARE_NEWLINE = re.compile(rb"(?<!\r)\n")
_MUNGED = bytes(range(128)) + b"X" * 128


class EightBitHeader(enum.Enum):
    """What becomes of octets above 127 in a header."""

    KEPT = enum.auto()
    REFUSED = enum.auto()
    MUNGED = enum.auto()
    """Each is an X from then on."""


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
class ScannedFile:
    """A message as scripts look at it."""

    view: memoryview
    """All of its octets; released when the context of its IncomingMessage ends."""
    scanned: mime.ScannedMessage
    added: tuple[range, ...] = ()
    """What of it the delivery has put there: trace fields, and those that a message needs. They differ each time."""


@dataclass(frozen=True, slots=True)
class PreparedMessage:
    """A message on stable storage, parsed, not yet in any mailbox."""

    files: Mapping[str, StagedFile]
    """By partition; they go when the context of their IncomingMessage ends."""
    content: Content
    search: SearchFields
    size_octets: int
    source: ScannedFile | None = None
    """Of a delivery."""

    @property
    def parsed_octets(self) -> int:
        """How much is held in memory of it, next to small change."""
        content, search = self.content, self.search
        parsed = len(content.envelope) + len(content.body) + len(content.bodystructure) + len(content.parts)
        text = len(search.from_) + len(search.to) + len(search.cc) + len(search.bcc) + 2 * len(search.subject)
        return parsed + text + sum(map(len, search.references))


_Parsed = tuple[mime.ScannedMessage, Content, SearchFields]


class IncomingMessage:
    """An asynchronous context manager that takes one message in and removes its staged files at the end."""

    def __init__(
        self,
        store: Store,
        partitions: Iterable[str],
        trace: Trace | None,
        limits: MessageLimits,
        *,
        eight_bit_header: EightBitHeader,
        is_binary: bool = False,
    ) -> None:
        """Use `delivered` or `appended`."""
        self._store = store
        self._eight_bit_header = eight_bit_header
        self._is_binary = is_binary
        self._raw: StagedMessage | None = None
        """A binary message as it comes."""
        self._partitions = sorted(partitions)
        self._trace = trace
        self._limits = limits
        self._stack = AsyncExitStack()
        self._staged: list[StagedMessage] = []
        self._header = HeaderWatcher(envelope_line=trace is None)
        self._digest = hashlib.sha256()
        self._received_octets = 0
        self._stored_octets = 0
        self._added: list[range] = []
        self._held = b""
        """A CR at the end of a chunk, until it is known what follows."""
        self._refusal: AngariumError | None = None

    @classmethod
    def delivered(
        cls,
        store: Store,
        partitions: Iterable[str],
        trace: Trace,
        *,
        limits: MessageLimits,
        eight_bit_header: EightBitHeader = EightBitHeader.KEPT,
        is_binary: bool = False,
    ) -> "IncomingMessage":
        """A delivery, one staged file for each partition; `is_binary` as its sender says (RFC 3030 §3)."""
        return cls(store, partitions, trace, limits, eight_bit_header=eight_bit_header, is_binary=is_binary)

    @classmethod
    def appended(
        cls, store: Store, partition: str, *, limits: MessageLimits, ascii_header: bool = False
    ) -> "IncomingMessage":
        """A message that a client puts into a mailbox as it is; with `ascii_header` not if that has other octets."""
        header = EightBitHeader.REFUSED if ascii_header else EightBitHeader.KEPT
        return cls(store, (partition,), None, limits, eight_bit_header=header)

    async def __aenter__(self) -> Self:
        """PartitionNotFound, DiskFull, DiskFailed: nothing is staged."""
        async with AsyncExitStack() as stack:
            for partition in self._partitions:
                self._staged.append(await stack.enter_async_context(self._store.engine.stage(partition)))
            if self._is_binary:
                self._raw = await stack.enter_async_context(self._store.engine.stage(self._partitions[0]))
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
        if self._raw is not None:
            await self._take_binary(self._raw)
        self._end()
        return await self._sync_and_parse()

    def _take(self, chunk: bytes) -> None:
        if not self._received_octets and self._trace is not None:
            self._add_octets(trace_header(self._trace))
        self._received_octets += len(chunk)
        if self._limits.size_octets and self._received_octets > self._limits.size_octets:
            raise MessageTooLarge(f"more than {self._limits.size_octets} octets")
        if self._raw is not None:
            self._raw.write(chunk)
        else:
            self._take_text(chunk)

    async def _take_binary(self, raw: StagedMessage) -> None:
        """What came, with its binary parts as text."""
        view = raw.view()
        try:
            scanned = await in_turns(mime.scan_in_slices(view, self._limits.scan))
            for piece in mime.without_binary(view, scanned.root):
                self._take_text(piece)
                await let_others_run()
        finally:
            view.release()

    def _take_text(self, chunk: bytes) -> None:
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
            if self._eight_bit_header is not EightBitHeader.KEPT and not data[:end].isascii():
                if self._eight_bit_header is EightBitHeader.REFUSED:
                    raise MessageInvalid(MessageDefect.HEADER_8BIT)
                data = data[:end].translate(_MUNGED) + (b"" if end is None else data[end:])
            fields = b"" if end is None else self._missing_fields()
            if fields:
                self._store_octets(data[:end])
                self._add_octets(fields)
                data = data[end:]
        self._store_octets(data)

    def _missing_fields(self) -> bytes:
        if self._trace is None:
            return b""
        return missing_fields(
            self._trace, message_id=not self._header.has(b"message-id"), date=not self._header.has(b"date")
        )

    def _add_octets(self, fields: bytes) -> None:
        self._added.append(range(self._stored_octets, self._stored_octets + len(fields)))
        self._store_octets(fields)

    def _store_octets(self, data: bytes) -> None:
        # Hashed as it passes: a second pass would read it all again, and the first has it in the processor's cache.
        self._digest.update(data)
        self._stored_octets += len(data)
        for staged in self._staged:
            staged.write(data)

    def _end(self) -> None:
        if not self._received_octets:
            if self._trace is None:
                raise MessageInvalid(MessageDefect.EMPTY)
            self._add_octets(trace_header(self._trace))
        if self._held:
            held, self._held = self._held, b""
            self._store_lines(held)
        if not self._header.ended:
            self._header.finish()
            fields = self._missing_fields()
            if fields:
                self._add_octets((b"\r\n" if self._header.is_within_line else b"") + fields)

    async def _sync_and_parse(self) -> PreparedMessage:
        """What the scanner takes but one slice for is parsed before the disks are waited for: behind each waiting the
        processor has lost what it had at hand, and the same work takes twice as long. From its second slice on the
        scanner works while the disks do. All have ended on return, also where one was refused."""
        view = self._staged[0].view()
        self._stack.callback(view.release)
        parsing = self._parse(view)
        parsed: _Parsed
        try:
            next(parsing)
        except StopIteration as end:
            parsed = end.value
            files = await self._sync()
        else:
            syncing = asyncio.ensure_future(self._sync())
            try:
                await let_others_run()
                parsed = await in_turns(parsing)
            finally:
                await asyncio.wait((syncing,))
            files = syncing.result()
        scanned, content, search = parsed
        source = None if self._trace is None else ScannedFile(view, scanned, tuple(self._added))
        if source is None:
            view.release()
        return PreparedMessage(files, content, search, self._staged[0].size_octets, source)

    def _parse(self, view: memoryview) -> Generator[None, None, _Parsed]:
        scanned = yield from mime.scan_in_slices(view, self._limits.scan)
        return scanned, content_of(scanned, self._digest.digest()), search_fields_of(scanned)

    async def _sync(self) -> dict[str, StagedFile]:
        if len(self._staged) == 1:
            files = [await self._staged[0].finish()]
        else:
            syncs = [asyncio.ensure_future(staged.finish()) for staged in self._staged]
            await asyncio.wait(syncs)
            files = [sync.result() for sync in syncs]
        return {file.partition: file for file in files}


def _has_bare_newline(data: bytes) -> bool:
    """Whether there is an LF without a CR before it; no CR stands before `data`. Eight times faster than counting."""
    if data[:1] == b"\n":
        return True
    octets = np.frombuffer(data, dtype=np.uint8)
    for start in range(0, len(octets), _COMPARED_OCTETS):
        piece = octets[start : start + _COMPARED_OCTETS + 1]
        if ((piece[1:] == _LF) & (piece[:-1] != _CR)).any():
            return True
    return False
