"""The scanner: one pass over a message's octets that finds its parts (RFC 2046 §5.1, RFC 2045).

How it works. A stack holds the parts that are open at the current position, outermost first; a multipart stays on it
until a delimiter of an enclosing one, or the end of the message. One search for lines that begin with `--` serves all
open multiparts: the line is looked up among their boundaries, so that nesting adds nothing to the cost. A header is
ended by its blank line or by a delimiter, whichever comes first, with the same look-up. Each octet is thus searched
once as header or body, and its line ends counted at most once.

What must stay true: nothing here raises on any octets; the time between two yields is bounded (`_SLICE_COST`), apart
from one header block; and no message but a short one is copied, only windows, header blocks and delimiter lines are.

Decisions where standards are silent or senders wrong:
- A delimiter is a line of its own, white space after it allowed; a boundary that begins another one is not found in it.
- The innermost of two multiparts with the same boundary owns a delimiter.
- A multipart without a boundary, or without any delimiter, has nothing that a client could show; it is shown as
  text/plain, as RFC 2045 §5.2 says of a Content-Type that cannot be used.
- An encapsulated message in a transfer encoding (RFC 2046 §5.2.1 forbids it), and what is nested too deeply, is a leaf
  of application/octet-stream, for IMAP's grammar has no MESSAGE/RFC822 without its structure.
"""

import re
from collections.abc import Generator

from .bodystructure import Structure, basic_fields, message_structure, multipart_structure, single_structure
from .entity import Entity, entity_of_block, read_entity
from .envelope import Envelope, read_envelope, serialize_envelope
from .header import HeaderBlock
from .limits import Limits, MessageBuffer
from .octets import CR, LF
from .parameters import MESSAGE_RFC822, TEXT_PLAIN, ContentType
from .part import Part

_WINDOW = 512 * 1024
_COUNTED_AT_ONCE = 64 * 1024
_SHORT_MESSAGE = 64 * 1024
_MAX_BOUNDARY = 256
"""RFC 2046 §5.1.1 allows 70; longer ones are met."""

_DELIMITER = re.compile(rb"\n--([^\n]{1,%d})" % (_MAX_BOUNDARY + 4))
_NEWLINE = re.compile(rb"\n")
_BLANK_LINE = re.compile(rb"\r?\n")
_HEADER_STOP = re.compile(rb"\n(?:\r?\n|--([^\n]{1,%d}))" % (_MAX_BOUNDARY + 4))

# Costs in nanoseconds, roughly, to know when a slice is over.
_SLICE_COST = 1_500_000
_COST_OF_WINDOW = 500_000
_COST_OF_CANDIDATE = 1_000
_COST_OF_PART = 30_000
_COST_OF_CLOSING = 200
_COST_OF_HEADER_OCTET = 30

_MESSAGE_SUBTYPES = frozenset({b"RFC822", b"GLOBAL"})
_REAL_ENCODINGS = frozenset({b"BASE64", b"QUOTED-PRINTABLE", b"X-UUENCODE", b"UUENCODE", b"X-UUE", b"UUE"})


class _OpenPart:
    """A part whose end was not reached yet."""

    __slots__ = (
        "body_offset", "boundary", "children", "entity", "envelope", "header_offset", "header_size", "is_message",
        "is_message_root", "lines_before", "number", "structures", "type",
    )  # fmt: skip

    def __init__(self, number: tuple[int, ...], header_offset: int, *, is_message_root: bool) -> None:
        self.number = number  # of a message's root: that of the part it stands in, as prefix
        self.header_offset = header_offset
        self.is_message_root = is_message_root
        self.children: list[Part] = []
        self.structures: list[Structure] = []  # of the children
        self.boundary: bytes | None = None
        self.envelope = b""  # of the message inside, where it is an encapsulated one
        self.lines_before = 0
        self.header_size: int
        self.body_offset: int
        self.entity: Entity
        self.type: ContentType  # by which it is shown and taken apart
        self.is_message = False  # an encapsulated one that is taken apart


class PartScanner:
    """Scans one message; `run` to its end, then `root`, `structure`, `header` and `envelope` are what it found."""

    __slots__ = (
        "_boundaries",
        "_cost",
        "_limits",
        "_lines",
        "_lines_at",
        "_message",
        "_messages_open",
        "_parts",
        "_position",
        "_size",
        "_stack",
        "envelope",
        "header",
        "root",
        "structure",
    )  # fmt: skip

    def __init__(self, message: MessageBuffer, limits: Limits) -> None:
        self._size = len(message)
        # Octets are searched faster than a view of them.
        self._message = bytes(message) if self._size <= _SHORT_MESSAGE else message
        self._limits = limits
        self._stack: list[_OpenPart] = []
        self._boundaries: dict[bytes, list[int]] = {}  # boundary -> places in the stack, innermost last
        self._position = 0
        self._cost = 0
        self._parts = 0
        self._lines = 0
        self._lines_at = 0
        self._messages_open = 0
        self.root: Part
        self.structure: Structure
        self.header: HeaderBlock
        self.envelope: Envelope

    def run(self) -> Generator[None, None, None]:
        """Yields after every slice of work."""
        yield from self._open(_OpenPart((), 0, is_message_root=True), TEXT_PLAIN)
        while self._position < self._size and (self._boundaries or self._counts_lines()):
            found = self._find_delimiter()
            if self._spend(_COST_OF_WINDOW if found is None else _COST_OF_CANDIDATE):
                yield
            if found is None:
                continue
            owner, is_closing = self._owner(found[1])
            if owner < 0:
                continue
            body_end = found.start()
            if body_end > 0 and self._message[body_end - 1] == CR:
                body_end -= 1  # the line break before a delimiter belongs to it (RFC 2046 §5.1.1)
            while len(self._stack) > owner + 1:
                if self._close_innermost(body_end):
                    yield
            multipart = self._stack[owner]
            if is_closing:
                self._forget_boundary(owner, multipart.boundary or b"")
            else:
                number = (*multipart.number, len(multipart.children) + 1)
                part = _OpenPart(number, self._next_line(found.end()), is_message_root=False)
                yield from self._open(part, MESSAGE_RFC822 if multipart.type.subtype == b"DIGEST" else TEXT_PLAIN)
        while self._stack:
            if self._close_innermost(self._size):
                yield

    # Searching

    def _find_delimiter(self) -> re.Match[bytes] | None:
        """The next line in this window that begins with `--`; moves behind it, or behind the window."""
        end = min(self._position + _WINDOW, self._size)
        found = _DELIMITER.search(self._message, self._position, end) if self._boundaries else None
        if found is None:
            # A delimiter may begin in the last octets of a window.
            self._position = self._size if end == self._size else end - 3
            if self._counts_lines():
                self._count_lines_to(self._position)
            return None
        if found.end() == end < self._size:
            found = _DELIMITER.match(self._message, found.start()) or found
        self._position = found.end()
        return found

    def _owner(self, text: bytes) -> tuple[int, bool]:
        """The place in the stack of the multipart that a line after `--` delimits, or -1; whether it closes it."""
        text = text.rstrip(b" \t\r")
        places = self._boundaries.get(text)
        if places:
            return places[-1], False
        if text.endswith(b"--"):
            places = self._boundaries.get(text[:-2])
            if places:
                return places[-1], True
        return -1, False

    def _next_line(self, position: int) -> int:
        if position < self._size and self._message[position] == LF:
            return position + 1
        newline = _NEWLINE.search(self._message, position)
        return newline.end() if newline else self._size

    # Opening

    def _open(self, part: _OpenPart, default_type: ContentType) -> Generator[None, None, None]:
        """Reads the header of a part, and of the message that begins with it, and so on."""
        while True:
            yield from self._read_header(part)
            self._classify(part, default_type)
            part.lines_before = self._lines_before(part.body_offset)
            self._stack.append(part)
            if part.boundary is not None:
                self._boundaries.setdefault(part.boundary, []).append(len(self._stack) - 1)
            if not part.is_message:
                return
            self._messages_open += 1
            part = _OpenPart(_number(part), part.body_offset, is_message_root=True)
            default_type = TEXT_PLAIN

    def _read_header(self, part: _OpenPart) -> Generator[None, None, None]:
        start = part.header_offset
        limit = min(self._size, start + self._limits.header_octets)
        self._position = max(start - 1, self._position)
        end = self._blank_line_at_start() if start == 0 else -1
        while end < 0:
            # The search includes the line break before the header, so as to see that there is none. The one for
            # delimiters goes on from the line break before the body.
            stop = _HEADER_STOP.search(self._message, self._position, limit)
            if stop is None:
                end = limit
                self._position = max(limit - 3, self._position)
            elif stop[1] is None:
                end = stop.end()
                self._position = end - 1
            elif self._owner(stop[1])[0] >= 0:
                end = stop.start() + 1
                self._position = stop.start()
            else:
                self._position = stop.end()
                if self._spend(_COST_OF_CANDIDATE):
                    yield
        part.header_size = end - start
        part.body_offset = end
        block = bytes(self._message[start:end])
        if part.is_message_root:
            header = HeaderBlock(block, self._limits.header_lines)
            part.entity = read_entity(header, self._limits.field_octets)
        else:
            part.entity = entity_of_block(block, self._limits)
        if self._spend(_COST_OF_PART + _COST_OF_HEADER_OCTET * len(block)):
            yield
        if part.is_message_root:
            envelope = yield from read_envelope(header, self._limits)
            if self._stack:
                self._stack[-1].envelope = serialize_envelope(envelope)
            else:
                self.header, self.envelope = header, envelope

    def _blank_line_at_start(self) -> int:
        """Where the body of a message without header fields begins; -1 where it has some."""
        blank = _BLANK_LINE.match(self._message)
        if blank is None:
            return -1
        self._position = blank.end() - 1
        return blank.end()

    def _classify(self, part: _OpenPart, default_type: ContentType) -> None:
        """Sets the type by which the part is shown and taken apart."""
        part.type = part.entity.type or default_type
        self._parts += 1
        if self._parts >= self._limits.parts:
            self._boundaries.clear()  # all that follows is this part
            part.type = _opaque(part.type)
        elif part.type.type == b"MULTIPART":
            self._classify_multipart(part)
        elif part.type.type == b"MESSAGE" and part.type.subtype in _MESSAGE_SUBTYPES:
            part.is_message = part.entity.encoding not in _REAL_ENCODINGS and not self._is_too_deep()
            if not part.is_message:
                part.type = _opaque(part.type)

    def _classify_multipart(self, part: _OpenPart) -> None:
        if self._is_too_deep():
            part.type = _opaque(part.type)
            return
        boundary = dict(part.type.parameters).get(b"BOUNDARY", b"").rstrip()
        if 0 < len(boundary) <= _MAX_BOUNDARY:
            part.boundary = boundary
        else:
            part.type = TEXT_PLAIN

    def _is_too_deep(self) -> bool:
        return len(self._stack) + 1 >= self._limits.depth

    # Closing

    def _close_innermost(self, end: int) -> bool:
        """Closes the innermost open part, whose body ends before `end`; whether the slice is over."""
        part = self._stack.pop()
        if part.boundary is not None:
            self._forget_boundary(len(self._stack), part.boundary)
            if not part.children:
                part.type = TEXT_PLAIN
        end = max(end, part.body_offset)
        size, lines = end - part.body_offset, self._lines_of(part, end)
        scanned, structure = _part(part, size, lines), _structure(part, size, lines)
        if self._stack:
            self._stack[-1].children.append(scanned)
            self._stack[-1].structures.append(structure)
        else:
            self.root, self.structure = scanned, structure
        return self._spend(_COST_OF_CLOSING * len(part.children) + len(structure.bodystructure))

    def _forget_boundary(self, place: int, boundary: bytes) -> None:
        places = self._boundaries.get(boundary, [])
        if places and places[-1] == place:
            places.pop()
            if not places:
                del self._boundaries[boundary]

    def _lines_of(self, part: _OpenPart, end: int) -> int:
        if part.is_message:
            self._messages_open -= 1
        elif part.type.type != b"TEXT":
            return 0
        return self._count_lines_to(end) - part.lines_before

    # Counting

    def _spend(self, cost: int) -> bool:
        """Whether the slice is over."""
        self._cost += cost
        if self._cost <= _SLICE_COST:
            return False
        self._cost = 0
        return True

    def _counts_lines(self) -> bool:
        """Whether lines at the current position belong to a text or to an encapsulated message."""
        if self._messages_open:
            return True
        part = self._stack[-1]
        return part.type.type == b"TEXT" or (part.boundary is not None and not part.children)

    def _lines_before(self, position: int) -> int:
        """The count from which the lines of a body are told; what nobody counts is skipped."""
        if self._messages_open:
            return self._count_lines_to(position)
        self._lines_at = position
        return self._lines

    def _count_lines_to(self, position: int) -> int:
        """Line ends before `position`, but for those skipped; a step back is of a few octets only."""
        if position < self._lines_at:
            return self._lines - self._count_newlines(position, self._lines_at)
        self._lines += self._count_newlines(self._lines_at, position)
        self._lines_at = position
        return self._lines

    def _count_newlines(self, start: int, end: int) -> int:
        if isinstance(self._message, bytes):
            return self._message.count(b"\n", start, end)
        count = 0
        for position in range(start, end, _COUNTED_AT_ONCE):
            count += bytes(self._message[position : min(position + _COUNTED_AT_ONCE, end)]).count(b"\n")
        return count


def _number(part: _OpenPart) -> tuple[int, ...]:
    """A message that is no multipart is its own part 1 (RFC 9051 §6.4.5.1)."""
    if part.is_message_root and part.type.type != b"MULTIPART":
        return (*part.number, 1)
    return part.number


def _opaque(type_: ContentType) -> ContentType:
    return type_._replace(type=b"APPLICATION", subtype=b"OCTET-STREAM")


def _part(part: _OpenPart, size: int, lines: int) -> Part:
    entity, type_ = part.entity, part.type
    return Part(
        _number(part),
        part.header_offset,
        part.header_size,
        part.body_offset,
        size,
        lines,
        type_.type.decode("ascii"),
        type_.subtype.decode("ascii"),
        entity.encoding.decode("ascii"),
        type_.charset,
        entity.disposition,
        type_.name if entity.filename is None else entity.filename,
        entity.content_id,
        type_.decoded,
        tuple(part.children),
    )


def _structure(part: _OpenPart, size: int, lines: int) -> Structure:
    entity, type_ = part.entity, part.type
    if type_.type == b"MULTIPART":
        return multipart_structure(type_, part.structures, entity.extension)
    basic = basic_fields(type_, entity.id_and_description, entity.encoding, size)
    extension = entity.md5 + entity.extension
    if part.is_message:
        return message_structure(basic, part.envelope, part.structures[0], lines, extension)
    if type_.type == b"TEXT":
        basic = b"%b %d" % (basic, lines)
    return single_structure(basic, extension)
