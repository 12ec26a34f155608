"""The parts of a message while a script looks at them and changes them (RFC 5703).

An entity knows the octets that it was read from and where in them it stands; what has not been changed is a range of
these, and is never copied. A part that was replaced stands in the place of another, in octets of its own, so a changed
entity is written as the octets around its parts with the parts between them.
"""

import codecs
from collections.abc import Iterator

from angarium import mime
from angarium.mime import Part
from angarium.mime.charset import clean
from angarium.sieve.actions import Span
from angarium.sieve.headerblock import Header

Piece = bytes | Span
_CHUNK = 64 * 1024

_ENCODINGS = frozenset({"7BIT", "8BIT", "BINARY", "BASE64", "QUOTED-PRINTABLE"})


class Entity:
    """One part, or the message itself."""

    __slots__ = (
        "_children",
        "_header",
        "_is_original",
        "_octets",
        "is_changed",
        "is_message",
        "is_replaced",
        "parent",
        "part",
        "place",
    )

    def __init__(
        self,
        octets: memoryview,
        part: Part,
        *,
        is_original: bool,
        is_message: bool,
        parent: "Entity | None" = None,
        place: int = 0,
    ) -> None:
        self.part = part
        self.is_message = is_message
        """Whether it is a message, the outermost or one inside of another, and no mere part of one."""
        self.is_changed = False
        """It, or a part of it, has perhaps other octets than it came with."""
        self.is_replaced = False
        """Another stands in its place."""
        self.parent = parent
        self.place = place
        """Among the parts of `parent`."""
        self._octets = octets
        self._is_original = is_original
        self._header: Header | None = None
        self._children: list[Entity] | None = None

    @property
    def header(self) -> Header:
        """Its header, to be read and edited."""
        if self._header is None:
            part = self.part
            self._header = Header(bytes(self._octets[part.header_offset : part.header_offset + part.header_size]))
        return self._header

    @property
    def children(self) -> list["Entity"]:
        """The parts of a multipart, or the message of a message/rfc822."""
        if self._children is None:
            is_message = self.part.type == "MESSAGE"
            self._children = [
                Entity(
                    self._octets, part, is_original=self._is_original, is_message=is_message, parent=self, place=place
                )
                for place, part in enumerate(self.part.children)
            ]
        return self._children

    @property
    def has_body(self) -> bool:
        """Whether anything separates a body from the header, though it may be empty."""
        return self.part.body_size > 0 or self.header.block.endswith((b"\n\r\n", b"\n\n")) or self._is_blank

    @property
    def media_type(self) -> str:
        """`type/subtype` in lower case, as it was when it was taken apart."""
        return f"{self.part.type}/{self.part.subtype}".lower()

    @property
    def boundaries(self) -> Iterator[str]:
        """Those of the multiparts that it stands in."""
        entity = self.parent
        while entity is not None:
            boundary = dict(entity.part.parameters).get("boundary")
            if entity.part.is_multipart and boundary:
                yield boundary
            entity = entity.parent

    @property
    def depth(self) -> int:
        """How many others it stands in."""
        depth = 0
        entity = self.parent
        while entity is not None:
            depth += 1
            entity = entity.parent
        return depth

    @property
    def company(self) -> int:
        """How many parts stand beside it, and beside those that it stands in."""
        parts = 0
        entity = self.parent
        while entity is not None:
            parts += len(entity.part.children)
            entity = entity.parent
        return parts

    def walk(self) -> Iterator["Entity"]:
        """This one and all below it, depth first; into one that is replaced meanwhile it goes no further."""
        waiting = [self]
        while waiting:
            entity = waiting.pop()
            yield entity
            if not entity.is_replaced:
                waiting.extend(reversed(entity.children))

    def put_in_place_of(self, other: "Entity") -> None:
        """Takes the place of another one in the entity that it stands in."""
        self.parent, self.place = other.parent, other.place
        if self.parent is not None:
            self.parent.children[self.place] = self
        other.is_replaced = True
        self.touch()

    def touch(self) -> None:
        """Notes that it has changed, and all that it stands in."""
        entity: Entity | None = self
        while entity is not None:
            entity.is_changed = True
            entity = entity.parent

    # Its octets

    def pieces(self) -> list[Piece]:
        """All of it, as it is now."""
        part = self.part
        end = part.body_offset + part.body_size
        if not self.is_changed:
            return [self._piece(part.header_offset, end)]
        return [*self.header_pieces(), *self.body_pieces()]

    def header_pieces(self) -> list[Piece]:
        """The header, with the empty line that ends it."""
        offset = self.part.header_offset
        if not self.header.is_changed:
            return [self._piece(offset, offset + self.part.header_size)]
        return [
            piece if isinstance(piece, bytes) else self._piece(offset + piece[0], offset + piece[1])
            for piece in self.header.pieces()
        ]

    def body_pieces(self) -> list[Piece]:
        """What stands below the header."""
        part = self.part
        position, end = part.body_offset, part.body_offset + part.body_size
        if not any(child.is_changed for child in self._children or ()):
            return [self._piece(position, end)]
        pieces: list[Piece] = []
        for place, child in zip(part.children, self.children, strict=True):
            pieces.append(self._piece(position, place.header_offset))
            pieces.extend(child.pieces())
            position = place.body_offset + place.body_size
        pieces.append(self._piece(position, end))
        return pieces

    def prologue(self, limit: int) -> bytes:
        """What a multipart has before the first delimiter."""
        part = self.part
        end = part.children[0].header_offset if part.children else part.body_offset + part.body_size
        octets = bytes(self._octets[part.body_offset : min(end, part.body_offset + limit)])
        before, _, _ = octets.rstrip(b"\r\n").rpartition(b"\n")  # without the line of the delimiter
        return before.removesuffix(b"\r")

    def epilogue(self, limit: int) -> bytes:
        """What a multipart has after the last delimiter."""
        part = self.part
        last = part.children[-1] if part.children else part
        start = last.body_offset + last.body_size
        octets = bytes(self._octets[start : min(part.body_offset + part.body_size, start + limit)])
        _, _, after = octets.lstrip(b"\r\n").partition(b"\n")
        return after

    def chunks(self) -> Iterator[bytes]:
        """The body as it was encoded, of a part that has no others in it."""
        start, end = self.part.body_offset, self.part.body_offset + self.part.body_size
        for position in range(start, end, _CHUNK):
            yield bytes(self._octets[position : min(position + _CHUNK, end)])

    def decoded(self, limit: int) -> bytes:
        """The body without its transfer encoding, cut where it is longer than `limit`."""
        pieces: list[bytes] = []
        size = 0
        for piece in mime.decode_transfer_in_chunks(self.chunks(), self.part.encoding):
            pieces.append(piece)
            size += len(piece)
            if size >= limit:
                break
        return b"".join(pieces)[:limit]

    def text(self, limit: int) -> str:
        """The decoded body as text, by its charset."""
        octets = self.decoded(limit + 1)
        charset = self.part.charset
        if len(octets) <= limit:
            return mime.decode(octets, charset)
        # A letter may be cut in two; read in chunks, only that is lost.
        return "".join(mime.decode_text_in_chunks((octets[:limit],), "BINARY", charset)).removesuffix("\ufffd")

    def exact_text(self, limit: int) -> str:
        """The same, and empty where the charset or the encoding are unknown, or the octets not of that charset; a text
        that names none may be in any (RFC 5703 §7)."""
        part = self.part
        codec = mime.codec_name(part.charset or "utf-8")
        if part.children or part.encoding not in _ENCODINGS or codec is None:
            return ""
        octets = self.decoded(limit + 1)
        if codec == "ascii":
            return mime.decode(octets[:limit], "")
        decoder = codecs.getincrementaldecoder(codec)()
        try:
            return clean(decoder.decode(octets[:limit], final=len(octets) <= limit))
        except (UnicodeError, ValueError):
            return ""

    @property
    def _is_blank(self) -> bool:
        return self.header.block in (b"\r\n", b"\n")

    def _piece(self, start: int, end: int) -> Piece:
        if self._is_original:
            return Span(start, end)
        return bytes(self._octets[start:end])


def read_entity(octets: bytes) -> Entity:
    """The entity of these octets, which are none of the message as it came."""
    return Entity(memoryview(octets), mime.scan(octets).root, is_original=False, is_message=True)


def merged(pieces: list[Piece]) -> tuple[Piece, ...]:
    """The same octets in the fewest pieces."""
    result: list[bytearray | Span] = []
    for piece in pieces:
        last = result[-1] if result else None
        if isinstance(piece, bytes):
            if isinstance(last, bytearray):
                last += piece
            elif piece:
                result.append(bytearray(piece))
        elif isinstance(last, Span) and last.end == piece.start:
            result[-1] = Span(last.start, piece.end)
        elif piece.start < piece.end:
            result.append(piece)
    return tuple([bytes(piece) if isinstance(piece, bytearray) else piece for piece in result])


def size_of(pieces: tuple[Piece, ...]) -> int:
    """How many octets they are."""
    return sum(len(piece) if isinstance(piece, bytes) else piece.end - piece.start for piece in pieces)


def read_pieces(pieces: tuple[Piece, ...], view: memoryview, limit: int) -> bytes:
    """The first octets of them."""
    read: list[bytes] = []
    for piece in pieces:
        if limit <= 0:
            break
        octets = (
            piece[:limit]
            if isinstance(piece, bytes)
            else bytes(view[piece.start : min(piece.end, piece.start + limit)])
        )
        read.append(octets)
        limit -= len(octets)
    return b"".join(read)
