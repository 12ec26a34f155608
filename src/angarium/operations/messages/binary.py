"""BINARY and BINARY.SIZE (RFC 3516 §4, RFC 9051 §6.4.5): parts without their transfer encoding, never held whole.

A part is decoded in chunks of one size from its beginning, so that what was measured and what is sent are the same
octets, also where the encoding is faulty. A client that gets a long part piece by piece would have all before a piece
decoded again; marks on the way, with the decoder as it was there, spare us that.
"""

import asyncio
import copy
from bisect import bisect_right
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass, field

from angarium import mime
from angarium.engine.interface import MessageFile
from angarium.fetchitem import Partial

CHUNK_OCTETS = 1 << 16
"""Decoded in some 0.2 ms."""
MARK_CHUNKS = 32
"""Between marks, at the least: what has to be decoded before the first octet that is asked for."""
MOST_MARKS = 256
"""Of a part; those of a longer one are farther apart."""
MARK_OCTETS = 200
"""Of memory."""


@dataclass(frozen=True, slots=True)
class EncodedPart:
    """Where a part's octets stand, and what they are encoded with."""

    octets: mime.ByteRange
    encoding: str

    @property
    def is_decodable(self) -> bool:
        """Whether the encoding is known (RFC 3516 §4.3, UNKNOWN-CTE)."""
        return mime.transfer_decoder(self.encoding) is not None


@dataclass(frozen=True, slots=True)
class DecodedSize:
    """What a reader has to know before the first octet is sent."""

    octets: int
    has_nul: bool


def encoded_part(root: mime.Part, numbers: Sequence[int]) -> EncodedPart | None:
    """A part by its number; None where there is no such one.

    The message itself, multiparts and encapsulated messages have no encoding of their own (RFC 2045 §6.4): they are
    given as they stand. RFC 9051 §6.4.5 lets clients ask for leaves only.
    """
    part = mime.find_part(root, numbers)
    octets = mime.section(root, numbers, mime.SectionKind.BODY)
    if part is None or octets is None:
        return None
    is_encoded = numbers and not part.is_multipart and not part.is_message
    return EncodedPart(octets, part.encoding if is_encoded else "BINARY")


@dataclass(frozen=True, slots=True)
class _Mark:
    """A place between two chunks: how much was decoded before it, and how the decoder went on from there."""

    position: int
    offset: int
    decoder: mime.TransferDecoder


@dataclass(slots=True)
class DecodingMarks:
    """Marks on the way through one part, ascending; more come as the part is decoded."""

    marks: list[_Mark] = field(default_factory=list)
    latest: _Mark | None = None
    """Before the chunk in which a reader has stopped, and where the next piece begins."""

    def before(self, position: int) -> _Mark | None:
        """The last mark from which a decoded position can be reached; its decoder is the caller's."""
        place = bisect_right(self.marks, position, key=lambda mark: mark.position)
        mark = self.marks[place - 1] if place else None
        latest = self.latest
        if latest is not None and latest.position <= position and (mark is None or latest.position > mark.position):
            mark = latest
        return None if mark is None else _Mark(mark.position, mark.offset, copy.copy(mark.decoder))

    def note(self, position: int, offset: int, decoder: mime.TransferDecoder, *, part: EncodedPart) -> None:
        """Set a mark, where none is near."""
        apart = max(MARK_CHUNKS * CHUNK_OCTETS, part.octets.size // MOST_MARKS)
        last = self.marks[-1].offset if self.marks else part.octets.offset
        if offset >= last + apart:
            self.marks.append(_Mark(position, offset, copy.copy(decoder)))


async def decoded_chunks(
    file: MessageFile, part: EncodedPart, partial: Partial | None, marks: DecodingMarks
) -> AsyncIterator[bytes]:
    """The decoded octets in order, or those of them that `partial` names; gives the loop a turn after each chunk.

    The part's encoding must be known.
    """
    start = 0 if partial is None else partial.offset
    end = None if partial is None else partial.offset + partial.count
    mark = marks.before(start)
    if mark is None:
        decoder = mime.transfer_decoder(part.encoding)
        assert decoder is not None
        mark = _Mark(0, part.octets.offset, decoder)
    position, offset, decoder = mark.position, mark.offset, mark.decoder
    last = part.octets.offset + part.octets.size
    while end is None or position < end:
        if end is not None and position >= start:
            marks.latest = _Mark(position, offset, copy.copy(decoder))
        is_last = offset >= last
        if is_last:
            decoded = decoder.finish()
        else:
            decoded = decoder.decode(await file.read(offset, min(CHUNK_OCTETS, last - offset)))
        offset += CHUNK_OCTETS
        wanted = decoded[max(start - position, 0) : None if end is None else end - position]
        position += len(decoded)
        if wanted:
            yield wanted
        if is_last:
            return
        marks.note(position, offset, decoder, part=part)
        await asyncio.sleep(0)


async def measure(file: MessageFile, part: EncodedPart, partial: Partial | None, marks: DecodingMarks) -> DecodedSize:
    """The size of what `decoded_chunks` gives, by decoding it."""
    octets, has_nul = 0, False
    async for chunk in decoded_chunks(file, part, partial, marks):
        octets += len(chunk)
        has_nul = has_nul or b"\0" in chunk
    return DecodedSize(octets, has_nul)
