"""Commands on annotations of mailboxes and of the server (RFC 5464, and the older ANNOTATEMORE), and their values.

Names of entries and attributes are as the client wrote them; they mean the same in any case. Values are octets, None
for NIL, which takes the entry away.
"""

from dataclasses import dataclass, field
from enum import Enum


@dataclass(frozen=True, slots=True)
class AnnotationValue:
    """One value of an annotation with attributes (RFC 5257 §3.1), such as `/comment` and `value.priv`."""

    entry: str
    attribute: str
    value: bytes | None = field(repr=False)


class Depth(Enum):
    """How far below an entry GETMETADATA looks (RFC 5464 §4.2.2); the value is the word on the wire."""

    ZERO = b"0"
    ONE = b"1"
    INFINITY = b"INFINITY"


@dataclass(frozen=True, slots=True)
class GetMetadata:
    """RFC 5464 §4.2; an empty mailbox means the server. `entries` may hold wildcards, which cyradm sends.

    Where values are longer than `max_size_octets` (§4.2.1) only the largest size is told.
    """

    mailbox: bytes
    entries: tuple[str, ...]
    max_size_octets: int | None = None
    depth: Depth = Depth.ZERO


@dataclass(frozen=True, slots=True)
class MetadataValue:
    """An entry below `/private` or `/shared` and its value."""

    entry: str
    value: bytes | None = field(repr=False)


@dataclass(frozen=True, slots=True)
class SetMetadata:
    """RFC 5464 §4.3; an empty mailbox means the server. All entries are set or none."""

    mailbox: bytes
    values: tuple[MetadataValue, ...]


@dataclass(frozen=True, slots=True)
class GetAnnotation:
    """GETANNOTATION of ANNOTATEMORE, as Cyrus serves it: the three arguments may hold wildcards."""

    mailbox: bytes
    entries: tuple[str, ...]
    attributes: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class SetAnnotation:
    """SETANNOTATION of ANNOTATEMORE, as Cyrus serves it: `mailbox` may hold wildcards."""

    mailbox: bytes
    values: tuple[AnnotationValue, ...]
