"""LIST and its relatives (RFC 9051 §6.3.9)."""

from dataclasses import dataclass
from enum import Enum

from .mailboxes import StatusItem


class ListSelection(Enum):
    """Selection options of LIST (RFC 9051 §6.3.9.1)."""

    SUBSCRIBED = b"SUBSCRIBED"
    REMOTE = b"REMOTE"
    RECURSIVEMATCH = b"RECURSIVEMATCH"
    SPECIAL_USE = b"SPECIAL-USE"
    """RFC 6154 §2."""


class ListReturn(Enum):
    """Return options of LIST (RFC 9051 §6.3.9.2)."""

    SUBSCRIBED = b"SUBSCRIBED"
    CHILDREN = b"CHILDREN"
    STATUS = b"STATUS"
    SPECIAL_USE = b"SPECIAL-USE"
    """RFC 6154 §2."""
    MYRIGHTS = b"MYRIGHTS"
    """RFC 8440 §3."""
    METADATA = b"METADATA"
    """RFC 9590 §3."""


@dataclass(frozen=True, slots=True)
class List:
    """RFC 9051 §6.3.9.

    `status_items` are those of the STATUS return option, in the client's order, and empty without it; so are
    `metadata_entries` with METADATA, entry names of RFC 5464 as the client wrote them. `is_extended`
    says that the client used the extended syntax, where an empty pattern no longer asks for the hierarchy delimiter.
    """

    reference: bytes
    patterns: tuple[bytes, ...]
    selection: frozenset[ListSelection] = frozenset()
    returns: frozenset[ListReturn] = frozenset()
    status_items: tuple[StatusItem, ...] = ()
    is_extended: bool = False
    metadata_entries: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Lsub:
    """RFC 3501 §6.3.9."""

    reference: bytes
    pattern: bytes


@dataclass(frozen=True, slots=True)
class RList:
    """RFC 2193 §5.1: LIST that names remote mailboxes as well; cyradm asks with it for the hierarchy delimiter."""

    reference: bytes
    pattern: bytes


@dataclass(frozen=True, slots=True)
class RLsub:
    """RFC 2193 §5.2: LSUB that names remote mailboxes as well."""

    reference: bytes
    pattern: bytes


@dataclass(frozen=True, slots=True)
class XList:
    """LIST with special-use attributes, before there was RFC 6154."""

    reference: bytes
    pattern: bytes
