"""The items of a FETCH (RFC 9051 §6.4.5, RFC 3501 §6.4.5, RFC 7162 §3.1.4), with the names they are answered under."""

from collections.abc import Iterable
from dataclasses import dataclass
from enum import Enum
from typing import Final


class FetchAttribute(Enum):
    """Items without arguments; the value is the name on the wire."""

    FLAGS = b"FLAGS"
    UID = b"UID"
    INTERNALDATE = b"INTERNALDATE"
    MODSEQ = b"MODSEQ"
    RFC822_SIZE = b"RFC822.SIZE"
    ENVELOPE = b"ENVELOPE"
    BODY = b"BODY"
    BODYSTRUCTURE = b"BODYSTRUCTURE"
    SAVEDATE = b"SAVEDATE"
    """RFC 8514 §4.2."""
    EMAILID = b"EMAILID"
    """RFC 8474 §5.1."""
    THREADID = b"THREADID"
    """RFC 8474 §5.2."""
    DIGEST_SHA1 = b"DIGEST.SHA1"
    """The digest of the message, of Cyrus's DIGEST=SHA1."""

    @property
    def label(self) -> bytes:
        """The name in the answer."""
        return self.value


class SectionKind(Enum):
    """What of a part is meant; the value is the `section-text` on the wire, empty for the whole of it."""

    WHOLE = b""
    HEADER = b"HEADER"
    HEADER_FIELDS = b"HEADER.FIELDS"
    HEADER_FIELDS_NOT = b"HEADER.FIELDS.NOT"
    TEXT = b"TEXT"
    MIME = b"MIME"


@dataclass(frozen=True, slots=True)
class Partial:
    """`<offset.count>`: octets of the section, `count` at least 1."""

    offset: int
    count: int

    def __post_init__(self) -> None:
        if self.offset < 0 or self.count < 1:
            raise ValueError("not a partial range")


@dataclass(frozen=True, slots=True)
class BodySection:
    """`BODY[section]<partial>`, `BODY.PEEK[…]`, and the RFC822 items, which name the same octets otherwise.

    `part` counts from 1, () is the message itself. `fields` are header-field names as the client wrote them, only with
    the two kinds of HEADER_FIELDS, and never empty there. `peek` leaves \\Seen alone.
    """

    part: tuple[int, ...] = ()
    kind: SectionKind = SectionKind.WHOLE
    fields: tuple[bytes, ...] = ()
    partial: Partial | None = None
    peek: bool = False
    is_rfc822: bool = False
    """Asked for as RFC822, RFC822.HEADER or RFC822.TEXT (RFC 3501 §6.4.5), and so answered."""

    def __post_init__(self) -> None:
        takes_fields = self.kind in (SectionKind.HEADER_FIELDS, SectionKind.HEADER_FIELDS_NOT)
        if takes_fields != bool(self.fields):
            raise ValueError("fields belong to HEADER.FIELDS and HEADER.FIELDS.NOT")
        if self.kind is SectionKind.MIME and not self.part:
            raise ValueError("MIME needs a part")

    @property
    def label(self) -> bytes:
        """The name in the answer, such as `BODY[1.MIME]<0>` (RFC 9051 §7.5.2); PEEK and the count are left out."""
        if self.is_rfc822:
            return b"RFC822." + self.kind.value if self.kind.value else b"RFC822"
        section = b".".join([b"%d" % number for number in self.part])
        if self.kind.value:
            section = section + b"." + self.kind.value if section else self.kind.value
        if self.fields:
            section += b" (" + b" ".join([_serialize_field(field) for field in self.fields]) + b")"
        return b"BODY[" + section + b"]" + _serialize_origin(self.partial)


@dataclass(frozen=True, slots=True)
class BinarySection:
    """`BINARY[part]<partial>` (RFC 9051 §6.4.5): the part's content without its transfer encoding."""

    part: tuple[int, ...] = ()
    partial: Partial | None = None
    peek: bool = False

    @property
    def label(self) -> bytes:
        """The name in the answer."""
        return b"BINARY[" + b".".join([b"%d" % n for n in self.part]) + b"]" + _serialize_origin(self.partial)


@dataclass(frozen=True, slots=True)
class BinarySize:
    """`BINARY.SIZE[part]`: how many octets that `BINARY[part]` would have."""

    part: tuple[int, ...] = ()

    @property
    def label(self) -> bytes:
        """The name in the answer."""
        return b"BINARY.SIZE[" + b".".join([b"%d" % number for number in self.part]) + b"]"


@dataclass(frozen=True, slots=True)
class Preview:
    """`PREVIEW` (RFC 8970 §3); with `lazy` only where it costs nothing, else NIL."""

    lazy: bool = False

    @property
    def label(self) -> bytes:
        """The name in the answer."""
        return b"PREVIEW"


@dataclass(frozen=True, slots=True)
class Annotation:
    """`ANNOTATION (entries attributes)` (RFC 5257 §4.3); `entries` may hold the wildcards `*` and `%`."""

    entries: tuple[str, ...]
    attributes: tuple[str, ...]

    def __post_init__(self) -> None:
        if not self.entries or not self.attributes:
            raise ValueError("entries and attributes are required")

    @property
    def label(self) -> bytes:
        """The name in the answer."""
        return b"ANNOTATION"


FetchItem = FetchAttribute | BodySection | BinarySection | BinarySize | Preview | Annotation

FAST: Final = (FetchAttribute.FLAGS, FetchAttribute.INTERNALDATE, FetchAttribute.RFC822_SIZE)
ALL: Final = (*FAST, FetchAttribute.ENVELOPE)
FULL: Final = (*ALL, FetchAttribute.BODY)


def sets_seen(items: Iterable[FetchItem]) -> bool:
    """Whether fetching these sets \\Seen: a section without PEEK is among them (RFC 9051 §6.4.5)."""
    return any(isinstance(item, BodySection | BinarySection) and not item.peek for item in items)


def _serialize_field(field: bytes) -> bytes:
    """A header-field name as `astring`; whoever makes sections lets no control characters in."""
    if field and all(0x21 <= octet < 0x7F and octet not in b'(){%*"\\' for octet in field):
        return field
    if all(0x20 <= octet < 0x7F for octet in field):
        return b'"' + field.replace(b"\\", b"\\\\").replace(b'"', b'\\"') + b'"'
    return b"{%d}\r\n%b" % (len(field), field)


def _serialize_origin(partial: Partial | None) -> bytes:
    return b"" if partial is None else b"<%d>" % partial.offset
