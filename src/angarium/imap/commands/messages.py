"""Commands on messages of the selected mailbox (RFC 9051 §6.4), SEARCH left out."""

from dataclasses import dataclass
from enum import Enum

from angarium.fetchitem import FetchItem
from angarium.sequenceset import SequenceSet

from .metadata import AnnotationValue
from .ranges import PartialRange


@dataclass(frozen=True, slots=True)
class Check:
    """RFC 3501 §6.4.1."""


@dataclass(frozen=True, slots=True)
class Close:
    """RFC 9051 §6.4.1."""


@dataclass(frozen=True, slots=True)
class Unselect:
    """RFC 9051 §6.4.2."""


@dataclass(frozen=True, slots=True)
class Expunge:
    """RFC 9051 §6.4.3; as UID EXPUNGE (§6.4.9, RFC 4315 §2.1) bounded to `uids`."""

    uids: SequenceSet | None = None


@dataclass(frozen=True, slots=True)
class Fetch:
    """RFC 9051 §6.4.5 and UID FETCH; macros are expanded, `items` are in the client's order, each once.

    UID FETCH implies the UID item, which `items` then have, but for UIDONLY, whose answers begin with the UID anyway
    (RFC 9586 §3.3). `changed_since` is of RFC 7162 §3.1.4.1; `vanished`
    (§3.2.6) only comes with it, and only with `by_uid`, as does `partial` (RFC 9394 §3.3). Whether QRESYNC is enabled,
    without which `vanished` is BAD, is for the session to check.
    """

    messages: SequenceSet
    items: tuple[FetchItem, ...]
    by_uid: bool
    changed_since: int | None = None
    vanished: bool = False
    partial: PartialRange | None = None


class StoreMode(Enum):
    """What STORE does with its flags; the value is the name on the wire, without .SILENT."""

    REPLACE = b"FLAGS"
    ADD = b"+FLAGS"
    REMOVE = b"-FLAGS"


@dataclass(frozen=True, slots=True)
class Store:
    """RFC 9051 §6.4.6 and UID STORE; flags in the spelling of `flagnames`, each once.

    `unchanged_since` is of RFC 7162 §3.1.3, where 0 is legal and never holds.
    """

    messages: SequenceSet
    mode: StoreMode
    flags: tuple[str, ...]
    by_uid: bool
    silent: bool = False
    unchanged_since: int | None = None


@dataclass(frozen=True, slots=True)
class StoreAnnotation:
    """STORE and UID STORE of ANNOTATION (RFC 5257 §4.5), in the client's order."""

    messages: SequenceSet
    annotations: tuple[AnnotationValue, ...]
    by_uid: bool
    unchanged_since: int | None = None


@dataclass(frozen=True, slots=True)
class Copy:
    """RFC 9051 §6.4.7 and UID COPY."""

    messages: SequenceSet
    mailbox: bytes
    by_uid: bool


@dataclass(frozen=True, slots=True)
class Move:
    """RFC 9051 §6.4.8 and UID MOVE."""

    messages: SequenceSet
    mailbox: bytes
    by_uid: bool
