"""Sections of BODY[...] as ranges of the message's octets (RFC 9051 §6.4.5.1)."""

import enum
from collections.abc import Sequence
from dataclasses import dataclass

from .part import Part


class SectionKind(enum.Enum):
    """What is asked of a message or part; HEADER.FIELDS and HEADER.FIELDS.NOT are subsets of its HEADER."""

    BODY = enum.auto()
    HEADER = enum.auto()
    TEXT = enum.auto()
    MIME = enum.auto()


@dataclass(frozen=True, slots=True)
class ByteRange:
    """Octets of the message, from `offset`."""

    offset: int
    size: int


def find_part(root: Part, numbers: Sequence[int]) -> Part | None:
    """The part of this number; the root for none at all; None where there is no such part."""
    part = root
    parts = _parts_of_message(root)
    for number in numbers:
        if not 1 <= number <= len(parts):
            return None
        part = parts[number - 1]
        parts = _parts_of_message(part.children[0]) if part.is_message else part.children
    return part


def _parts_of_message(message: Part) -> tuple[Part, ...]:
    """A message that is no multipart is itself its part 1."""
    return message.children if message.is_multipart else (message,)


def section(root: Part, numbers: Sequence[int], kind: SectionKind) -> ByteRange | None:
    """The octets of a section; None where the message has no such one.

    MIME without a part number is not in the grammar; HEADER and TEXT with one refer to an encapsulated message alone.
    """
    part = find_part(root, numbers)
    if part is None:
        return None
    match kind:
        case SectionKind.BODY:
            if numbers:
                return ByteRange(part.body_offset, part.body_size)
            return ByteRange(part.header_offset, part.body_offset + part.body_size - part.header_offset)
        case SectionKind.MIME:
            return ByteRange(part.header_offset, part.header_size) if numbers else None
        case SectionKind.HEADER:
            message = _message_of(part, numbers)
            return None if message is None else ByteRange(message.header_offset, message.header_size)
        case SectionKind.TEXT:
            message = _message_of(part, numbers)
            return None if message is None else ByteRange(message.body_offset, message.body_size)


def _message_of(part: Part, numbers: Sequence[int]) -> Part | None:
    if not numbers:
        return part
    return part.children[0] if part.is_message else None
