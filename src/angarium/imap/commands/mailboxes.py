"""Commands on mailboxes as a whole (RFC 9051 §6.3.2 to §6.3.8, §6.3.11), LIST left out."""

from dataclasses import dataclass
from enum import Enum

from angarium.sequenceset import SequenceSet


@dataclass(frozen=True, slots=True)
class QuickResync:
    """The parameter QRESYNC of SELECT (RFC 7162 §3.2.5): what the client knew when it saw the mailbox last.

    `known_uids` is None where the client left them out: all UIDs then. `known_pairs` are message numbers and the UIDs
    that these had (§3.2.5.2), as the client wrote them; none of the sets has a `*` or is `$`.
    """

    uidvalidity: int
    modseq: int
    known_uids: SequenceSet | None = None
    known_pairs: tuple[SequenceSet, SequenceSet] | None = None


@dataclass(frozen=True, slots=True)
class Select:
    """RFC 9051 §6.3.2, with the parameters CONDSTORE (RFC 7162 §3.1.8), QRESYNC and ANNOTATE (RFC 5257 §4.2)."""

    mailbox: bytes
    condstore: bool = False
    qresync: QuickResync | None = None
    annotate: bool = False


@dataclass(frozen=True, slots=True)
class Examine:
    """RFC 9051 §6.3.3, with the parameters of SELECT."""

    mailbox: bytes
    condstore: bool = False
    qresync: QuickResync | None = None
    annotate: bool = False


@dataclass(frozen=True, slots=True)
class Create:
    """RFC 9051 §6.3.4; an administrator may name a partition, as with Cyrus.

    `special_use` (RFC 6154 §3) are the attributes as the client wrote them, not checked, and empty without USE. cyradm
    sends them without their backslash where a shell has eaten it.
    """

    mailbox: bytes
    partition: bytes | None = None
    special_use: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Delete:
    """RFC 9051 §6.3.5."""

    mailbox: bytes


@dataclass(frozen=True, slots=True)
class Rename:
    """RFC 9051 §6.3.6; an administrator may name a partition, as with Cyrus."""

    source: bytes
    target: bytes
    partition: bytes | None = None


@dataclass(frozen=True, slots=True)
class Subscribe:
    """RFC 9051 §6.3.7."""

    mailbox: bytes


@dataclass(frozen=True, slots=True)
class Unsubscribe:
    """RFC 9051 §6.3.8."""

    mailbox: bytes


class StatusItem(Enum):
    """RFC 9051 §6.3.11, and those of RFC 3501 and extensions; the value is the name on the wire."""

    MESSAGES = b"MESSAGES"
    RECENT = b"RECENT"
    UIDNEXT = b"UIDNEXT"
    UIDVALIDITY = b"UIDVALIDITY"
    UNSEEN = b"UNSEEN"
    DELETED = b"DELETED"
    SIZE = b"SIZE"
    HIGHESTMODSEQ = b"HIGHESTMODSEQ"
    """RFC 7162 §3.1.7."""
    MAILBOXID = b"MAILBOXID"
    """RFC 8474 §4.3."""
    APPENDLIMIT = b"APPENDLIMIT"
    """RFC 7889 §3.1."""
    DELETED_STORAGE = b"DELETED-STORAGE"
    """RFC 9208 §4.1.4."""


@dataclass(frozen=True, slots=True)
class Status:
    """RFC 9051 §6.3.11; items in the client's order, each once."""

    mailbox: bytes
    items: tuple[StatusItem, ...]
