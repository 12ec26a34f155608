"""The commands of RFC 3501, RFC 9051 and of the extensions served, as values: what a client asked, not how it wrote it.

Mailbox names and patterns are the octets of the client; the session decodes them (modified UTF-7 or UTF-8, by what the
client has enabled). APPEND is not here: its message never is in memory whole, so it comes as events (`events.py`).
"""

from dataclasses import dataclass, field
from enum import Enum

from angarium.fetchitem import FetchItem
from angarium.searchkey import SearchKey
from angarium.sequenceset import SequenceSet

# Any state (RFC 9051 §6.1)


@dataclass(frozen=True, slots=True)
class Capability:
    """RFC 9051 §6.1.1."""


@dataclass(frozen=True, slots=True)
class Noop:
    """RFC 9051 §6.1.2."""


@dataclass(frozen=True, slots=True)
class Logout:
    """RFC 9051 §6.1.3."""


@dataclass(frozen=True, slots=True)
class Id:
    """RFC 2971: what the client says of itself, in its order; () for NIL. Only for logs."""

    parameters: tuple[tuple[bytes, bytes | None], ...]


# Not authenticated (RFC 9051 §6.2)


@dataclass(frozen=True, slots=True)
class StartTls:
    """RFC 9051 §6.2.1. The session calls `ImapParser.drop_buffered` before the handshake."""


@dataclass(frozen=True, slots=True)
class Authenticate:
    """RFC 9051 §6.2.2; `mechanism` in upper case.

    `initial_response` (SASL-IR, RFC 4959) is as sent: base64, or `=` for an empty one; None if there was none.
    """

    mechanism: str
    initial_response: bytes | None = field(repr=False)


@dataclass(frozen=True, slots=True)
class Login:
    """RFC 9051 §6.2.3."""

    user: bytes
    password: bytes = field(repr=False)


# Authenticated (RFC 9051 §6.3)


@dataclass(frozen=True, slots=True)
class Enable:
    """RFC 9051 §6.3.1; names in upper case, in the client's order, unknown ones included."""

    capabilities: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Select:
    """RFC 9051 §6.3.2, with CONDSTORE as parameter (RFC 7162 §3.1.8)."""

    mailbox: bytes
    condstore: bool = False


@dataclass(frozen=True, slots=True)
class Examine:
    """RFC 9051 §6.3.3, with CONDSTORE as parameter (RFC 7162 §3.1.8)."""

    mailbox: bytes
    condstore: bool = False


@dataclass(frozen=True, slots=True)
class Create:
    """RFC 9051 §6.3.4; an administrator may name a partition, as with Cyrus."""

    mailbox: bytes
    partition: bytes | None = None


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
    """RFC 9051 §6.3.11, RECENT of RFC 3501, HIGHESTMODSEQ of RFC 7162; the value is the name on the wire."""

    MESSAGES = b"MESSAGES"
    RECENT = b"RECENT"
    UIDNEXT = b"UIDNEXT"
    UIDVALIDITY = b"UIDVALIDITY"
    UNSEEN = b"UNSEEN"
    DELETED = b"DELETED"
    SIZE = b"SIZE"
    HIGHESTMODSEQ = b"HIGHESTMODSEQ"


class ListSelection(Enum):
    """Selection options of LIST (RFC 9051 §6.3.9.1)."""

    SUBSCRIBED = b"SUBSCRIBED"
    REMOTE = b"REMOTE"
    RECURSIVEMATCH = b"RECURSIVEMATCH"


class ListReturn(Enum):
    """Return options of LIST (RFC 9051 §6.3.9.2)."""

    SUBSCRIBED = b"SUBSCRIBED"
    CHILDREN = b"CHILDREN"
    STATUS = b"STATUS"


@dataclass(frozen=True, slots=True)
class List:
    """RFC 9051 §6.3.9.

    `status_items` are those of the STATUS return option, in the client's order, and empty without it. `is_extended`
    says that the client used the extended syntax, where an empty pattern no longer asks for the hierarchy delimiter.
    """

    reference: bytes
    patterns: tuple[bytes, ...]
    selection: frozenset[ListSelection] = frozenset()
    returns: frozenset[ListReturn] = frozenset()
    status_items: tuple[StatusItem, ...] = ()
    is_extended: bool = False


@dataclass(frozen=True, slots=True)
class Lsub:
    """RFC 3501 §6.3.9."""

    reference: bytes
    pattern: bytes


@dataclass(frozen=True, slots=True)
class Namespace:
    """RFC 9051 §6.3.10."""


@dataclass(frozen=True, slots=True)
class Status:
    """RFC 9051 §6.3.11; items in the client's order, each once."""

    mailbox: bytes
    items: tuple[StatusItem, ...]


@dataclass(frozen=True, slots=True)
class Idle:
    """RFC 9051 §6.3.13. The session calls `ImapParser.expect_line` when it has sent the continuation."""


# Selected (RFC 9051 §6.4)


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


class SearchReturn(Enum):
    """Result options of SEARCH (RFC 9051 §6.4.4); the value is the name on the wire."""

    MIN = b"MIN"
    MAX = b"MAX"
    COUNT = b"COUNT"
    ALL = b"ALL"
    SAVE = b"SAVE"


@dataclass(frozen=True, slots=True)
class Search:
    """RFC 9051 §6.4.4 and UID SEARCH.

    `returns` is None without RETURN, which a rev1 client expects to be answered by SEARCH, not ESEARCH; `RETURN ()`
    means ALL, and is so here.
    """

    key: SearchKey
    by_uid: bool
    returns: frozenset[SearchReturn] | None = None


@dataclass(frozen=True, slots=True)
class Fetch:
    """RFC 9051 §6.4.5 and UID FETCH; macros are expanded, `items` are in the client's order, each once.

    UID FETCH implies the UID item, which `items` then have. `changed_since` is of RFC 7162 §3.1.4.1.
    """

    messages: SequenceSet
    items: tuple[FetchItem, ...]
    by_uid: bool
    changed_since: int | None = None


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


# ACL (RFC 4314 §3)


@dataclass(frozen=True, slots=True)
class GetAcl:
    """RFC 4314 §3.3."""

    mailbox: bytes


class RightsMode(Enum):
    """What SETACL does with its rights; the value is the sign on the wire."""

    REPLACE = b""
    ADD = b"+"
    REMOVE = b"-"


@dataclass(frozen=True, slots=True)
class SetAcl:
    """RFC 4314 §3.1; `rights` without the sign, and not checked. A leading `-` of an identifier is part of it."""

    mailbox: bytes
    identifier: bytes
    mode: RightsMode
    rights: bytes


@dataclass(frozen=True, slots=True)
class DeleteAcl:
    """RFC 4314 §3.2."""

    mailbox: bytes
    identifier: bytes


@dataclass(frozen=True, slots=True)
class ListRights:
    """RFC 4314 §3.4."""

    mailbox: bytes
    identifier: bytes


@dataclass(frozen=True, slots=True)
class MyRights:
    """RFC 4314 §3.5."""

    mailbox: bytes


# QUOTA (RFC 9208 §4.1)


@dataclass(frozen=True, slots=True)
class GetQuota:
    """RFC 9208 §4.1.1."""

    root: bytes


@dataclass(frozen=True, slots=True)
class GetQuotaRoot:
    """RFC 9208 §4.1.2."""

    mailbox: bytes


@dataclass(frozen=True, slots=True)
class SetQuota:
    """RFC 9208 §4.1.3; (resource in upper case, limit) pairs, unknown resources included; () takes all limits away."""

    root: bytes
    limits: tuple[tuple[str, int], ...]


Command = (
    Capability
    | Noop
    | Logout
    | Id
    | StartTls
    | Authenticate
    | Login
    | Enable
    | Select
    | Examine
    | Create
    | Delete
    | Rename
    | Subscribe
    | Unsubscribe
    | List
    | Lsub
    | Namespace
    | Status
    | Idle
    | Check
    | Close
    | Unselect
    | Expunge
    | Search
    | Fetch
    | Store
    | Copy
    | Move
    | GetAcl
    | SetAcl
    | DeleteAcl
    | ListRights
    | MyRights
    | GetQuota
    | GetQuotaRoot
    | SetQuota
)
