"""Sections of one message after another, read from its file: BODY[...], BINARY[...] and BINARY.SIZE[...]."""

import enum
from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial as bound

from angarium import mime
from angarium.engine.interface import MessageFile
from angarium.engine.rows import AccountId, Content, ContentId, MailboxId, Uid
from angarium.fetchitem import BinarySection, BinarySize, BodySection, Partial, SectionKind
from angarium.operations.messages.binary import (
    CHUNK_OCTETS,
    DecodedSize,
    DecodingMarks,
    EncodedPart,
    decoded_chunks,
    encoded_part,
    measure,
)
from angarium.operations.messages.cache import MessageCache
from angarium.operations.messages.columns import SectionStream

STREAMED_FROM_OCTETS = 1 << 18
"""Sections of this size and above are read while they are sent."""

SectionItem = BodySection | BinarySection | BinarySize
SectionValue = bytes | SectionStream | int | None

_MIME_KINDS = {
    SectionKind.WHOLE: mime.SectionKind.BODY,
    SectionKind.HEADER: mime.SectionKind.HEADER,
    SectionKind.HEADER_FIELDS: mime.SectionKind.HEADER,
    SectionKind.HEADER_FIELDS_NOT: mime.SectionKind.HEADER,
    SectionKind.TEXT: mime.SectionKind.TEXT,
    SectionKind.MIME: mime.SectionKind.MIME,
}


class Unreadable(enum.Enum):
    """Why a message has no sections."""

    MISSING = enum.auto()
    """Its file is lost."""
    UNDECODABLE = enum.auto()
    """A part in an unknown transfer encoding was to be decoded (RFC 3516 §4.3)."""


@dataclass(frozen=True, slots=True)
class ReadSections:
    """The sections of one message, in the order of the items."""

    values: list[SectionValue]
    file: MessageFile | None
    """What the streams among them read; whoever gets this closes it."""


def is_top_fields(section: SectionItem) -> bool:
    """Whether it is HEADER.FIELDS of the message itself, which the cache remembers."""
    return isinstance(section, BodySection) and bool(section.fields) and not section.part


def is_within_message(section: SectionItem) -> bool:
    """Whether it is found by the ranges of parts, which are in the content."""
    if isinstance(section, BodySection):
        return bool(section.part) or (section.kind is not SectionKind.WHOLE and not section.fields)
    return bool(section.part)


def field_selection(section: BodySection) -> mime.FieldSelection:
    """What HEADER.FIELDS and HEADER.FIELDS.NOT choose."""
    return mime.field_selection(section.fields, exclude=section.kind is SectionKind.HEADER_FIELDS_NOT)


def part_of_block(block: bytes, partial: Partial | None) -> bytes:
    """The octets of `block` that are asked for."""
    return block if partial is None else block[partial.offset : partial.offset + partial.count]


class SectionReader:
    """Reads what one FETCH asks of messages of one mailbox."""

    def __init__(
        self, cache: MessageCache, account: AccountId, mailbox: MailboxId, items: Sequence[SectionItem]
    ) -> None:
        self._cache = cache
        self._account = account
        self._mailbox = mailbox
        self._items = items

    async def read(
        self, uid: Uid, content_id: ContentId, content: Content | None, remembered: Mapping[BodySection, bytes | None]
    ) -> ReadSections | Unreadable:
        """The sections of one message; those in `remembered` are not read again, None is a file that is lost."""
        file: MessageFile | None = None
        values: list[SectionValue] = []
        root = mime.decode_parts(content.parts) if content is not None else None
        try:
            for item in self._items:
                # the hash of a section costs a microsecond
                if remembered and isinstance(item, BodySection) and item in remembered:
                    block = remembered[item]
                    if block is None:
                        return Unreadable.MISSING
                    values.append(part_of_block(block, item.partial))
                    continue
                if file is None:
                    file = await self._cache.open(self._account, self._mailbox, uid)
                    if file is None:
                        return Unreadable.MISSING
                if isinstance(item, BodySection):
                    values.append(await _read_body(file, item, root))
                    continue
                part = _encoded_part(file, item, root)
                if part is not None and not part.is_decodable:
                    return Unreadable.UNDECODABLE
                values.append(await self._read_binary(file, item, content_id, part))
            if any(isinstance(value, SectionStream) for value in values):
                sections, file = ReadSections(values, file), None
                return sections
            return ReadSections(values, None)
        finally:
            if file is not None:
                file.close()

    async def _read_binary(
        self, file: MessageFile, item: BinarySection | BinarySize, content: ContentId, part: EncodedPart | None
    ) -> SectionValue:
        if isinstance(item, BinarySize):
            return 0 if part is None else (await self._decoded_size(file, item.part, content, part, None)).octets
        if part is None:
            return None
        marks = await self._marks(item.part, content, part)
        most = part.octets.size if item.partial is None else min(part.octets.size, item.partial.count)
        if most < STREAMED_FROM_OCTETS:
            return b"".join([chunk async for chunk in decoded_chunks(file, part, item.partial, marks)])
        size = await self._decoded_size(file, item.part, content, part, item.partial)
        return SectionStream(size.octets, bound(decoded_chunks, file, part, item.partial, marks), size.has_nul)

    async def _decoded_size(
        self,
        file: MessageFile,
        numbers: tuple[int, ...],
        content: ContentId,
        part: EncodedPart,
        partial: Partial | None,
    ) -> DecodedSize:
        marks = await self._marks(numbers, content, part)
        if part.octets.size <= CHUNK_OCTETS:
            return await measure(file, part, partial, marks)
        return await self._cache.decoded_size(
            (self._account, numbers, partial), content, bound(measure, file, part, partial, marks)
        )

    async def _marks(self, numbers: tuple[int, ...], content: ContentId, part: EncodedPart) -> DecodingMarks:
        """Those of a part that is long enough to have any are remembered."""
        if part.octets.size < STREAMED_FROM_OCTETS:
            return DecodingMarks()
        return await self._cache.decoding_marks((self._account, numbers), content)


def _encoded_part(file: MessageFile, item: BinarySection | BinarySize, root: mime.Part | None) -> EncodedPart | None:
    if not item.part or root is None:
        return EncodedPart(mime.ByteRange(0, file.size_octets), "BINARY")
    return encoded_part(root, item.part)


async def _read_body(file: MessageFile, section: BodySection, root: mime.Part | None) -> SectionValue:
    octets = _range_of(file, section, root)
    if octets is None:
        return None
    if section.fields:
        block = await file.read(octets.offset, octets.size)
        return part_of_block(mime.select_fields(block, field_selection(section)), section.partial)
    if section.partial is not None:
        start = min(section.partial.offset, octets.size)
        octets = replace(octets, offset=octets.offset + start, size=min(section.partial.count, octets.size - start))
    if octets.size >= STREAMED_FROM_OCTETS:
        return SectionStream(octets.size, bound(_chunks, file, octets))
    return await file.read(octets.offset, octets.size)


def _range_of(file: MessageFile, section: BodySection, root: mime.Part | None) -> mime.ByteRange | None:
    if root is None or not is_within_message(section):
        return mime.ByteRange(0, file.size_octets)
    return mime.section(root, section.part, _MIME_KINDS[section.kind])


async def _chunks(file: MessageFile, octets: mime.ByteRange) -> AsyncIterator[bytes]:
    end = octets.offset + octets.size
    for offset in range(octets.offset, end, CHUNK_OCTETS):
        yield await file.read(offset, min(CHUNK_OCTETS, end - offset))
