"""Binary parts (RFC 2045 §6.2, RFC 3030 §3) as text: base64 in place of what has any octets and any ends of lines."""

import base64
import re
from collections.abc import Iterator

from .limits import MessageBuffer
from .part import Part

_FIELD = re.compile(rb"(?im)^content-transfer-encoding[ \t]*:[^\n]*(?:\n[ \t][^\n]*)*(?:\n|\Z)")
_COPIED_AT_ONCE = 1 << 16
_ENCODED_AT_ONCE = 57 * 512
"""Whole lines of base64."""


def without_binary(message: MessageBuffer, root: Part) -> Iterator[bytes]:
    """The message in pieces, each leaf of BINARY encoding in base64; multiparts and encapsulated messages, which have
    no encoding of their own (RFC 2045 §6.4), are called 8BIT from then on. All other octets stay as they are."""
    position = 0
    for part in root.walk():
        if part.encoding != "BINARY":
            continue
        is_leaf = not part.children
        yield from _copied(message, position, part.header_offset)
        header = bytes(message[part.header_offset : part.body_offset])
        yield _FIELD.sub(b"Content-Transfer-Encoding: %b\r\n" % (b"base64" if is_leaf else b"8bit"), header)
        position = part.body_offset
        if is_leaf:
            position += part.body_size
            yield from _encoded(message, part.body_offset, position)
    yield from _copied(message, position, len(message))


def _copied(message: MessageBuffer, start: int, end: int) -> Iterator[bytes]:
    for offset in range(start, end, _COPIED_AT_ONCE):
        yield bytes(message[offset : min(offset + _COPIED_AT_ONCE, end)])


def _encoded(message: MessageBuffer, start: int, end: int) -> Iterator[bytes]:
    for offset in range(start, end, _ENCODED_AT_ONCE):
        octets = bytes(message[offset : min(offset + _ENCODED_AT_ONCE, end)])
        yield base64.encodebytes(octets).replace(b"\n", b"\r\n")
