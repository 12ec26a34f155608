"""The stored form of a part tree and of where the top header's fields stand.

Version 1, all numbers little-endian:

    u8   version
    u32  count of runs of the top header (see `header`)
    u8   code of each run's name: its place in the table of names, 0 another name, 255 a line that is no field
    u32  0, then the end of each run from the header's start
    parts, each before its children:
        u16  count of children
        u8   1 where the part is the root of a message, else 0
        u64  header offset, u32 header size, u64 body offset, u64 body size, u64 lines
        u32  octets of text
        text: type, subtype, encoding, charset, disposition, filename, content id, then name and value of each
              parameter, in UTF-8, NUL between them (none holds one)

Part numbers follow from the order and are not stored. `decode_parts` raises StoreDamaged, and nothing else, for what
is not such a form.
"""

import struct
from collections.abc import Iterator

from angarium.errors import StoreDamaged

from .header import HeaderFields, encode_fields
from .part import Part

_VERSION = 1
_COUNT = struct.Struct("<I")
_PART = struct.Struct("<HBQIQQQI")
_MAX_DEPTH = 250


def encode_parts(root: Part, fields: HeaderFields) -> bytes:
    """The tree below `root` and the fields of the message's header, some 100 octets a part and 5 a field."""
    pieces = [bytes((_VERSION,)), encode_fields(fields)]
    waiting = [(root, True)]
    while waiting:
        part, is_root = waiting.pop()
        texts = [part.type, part.subtype, part.encoding, part.charset, part.disposition, part.filename, part.content_id]
        for parameter in part.parameters:
            texts.extend(parameter)
        text = "\0".join(texts).encode()
        pieces.append(
            _PART.pack(
                len(part.children),
                is_root,
                part.header_offset,
                part.header_size,
                part.body_offset,
                part.body_size,
                part.lines,
                len(text),
            )
        )
        pieces.append(text)
        waiting.extend([(child, part.is_message) for child in reversed(part.children)])
    return b"".join(pieces)


def decode_parts(stored: bytes) -> Part:
    """The tree that `encode_parts` was given; raises StoreDamaged."""
    try:
        if stored[0] != _VERSION:
            raise StoreDamaged(f"parts of a message are of version {stored[0]}")
        count: int = _COUNT.unpack_from(stored, 1)[0]
        return _PartReader(stored, 5 + count + 4 * (count + 1)).read((), 0)
    except (struct.error, IndexError, UnicodeDecodeError) as error:
        raise StoreDamaged("parts of a message cannot be read") from error


def decode_fields(stored: bytes) -> HeaderFields:
    """The header fields that `encode_parts` was given; raises StoreDamaged."""
    try:
        count: int = _COUNT.unpack_from(stored, 1)[0]
        ends = struct.unpack_from(f"<{count}I", stored, 9 + count)
    except struct.error as error:
        raise StoreDamaged("header fields of a message cannot be read") from error
    return HeaderFields(stored[5 : 5 + count], ends)


class _PartReader:
    """Reads parts one after another."""

    __slots__ = ("_position", "_stored")

    def __init__(self, stored: bytes, position: int) -> None:
        self._stored = stored
        self._position = position

    def read(self, number: tuple[int, ...], depth: int) -> Part:
        """The part at the current position and those below it."""
        if depth > _MAX_DEPTH:
            raise StoreDamaged("parts of a message are nested too deeply")
        count, is_root, header_offset, header_size, body_offset, body_size, lines, octets = _PART.unpack_from(
            self._stored, self._position
        )
        start = self._position + _PART.size
        self._position = start + octets
        if self._position > len(self._stored):
            raise StoreDamaged("parts of a message are cut off")
        texts = self._stored[start : self._position].decode().split("\0")
        if is_root and texts[0] != "MULTIPART":
            number = (*number, 1)
        return Part(
            number,
            header_offset,
            header_size,
            body_offset,
            body_size,
            lines,
            texts[0],
            texts[1],
            texts[2],
            texts[3],
            texts[4],
            texts[5],
            texts[6],
            tuple(zip(texts[7::2], texts[8::2], strict=False)),
            tuple(self._children(number, count, depth + 1, is_message=texts[0] == "MESSAGE")),
        )

    def _children(self, number: tuple[int, ...], count: int, depth: int, *, is_message: bool) -> Iterator[Part]:
        for place in range(1, count + 1):
            yield self.read(number if is_message else (*number, place), depth)
