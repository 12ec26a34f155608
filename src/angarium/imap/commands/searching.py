"""SEARCH, SORT, THREAD and ESEARCH."""

from dataclasses import dataclass
from enum import Enum

from angarium.fetchitem import FetchItem
from angarium.searchkey import SearchKey
from angarium.sortcriteria import SortCriterion
from angarium.threads import ThreadAlgorithm

from .filters import MailboxFilter
from .ranges import PartialRange


class SearchReturn(Enum):
    """Result options of SEARCH (RFC 9051 §6.4.4); the value is the name on the wire."""

    MIN = b"MIN"
    MAX = b"MAX"
    COUNT = b"COUNT"
    ALL = b"ALL"
    SAVE = b"SAVE"
    """RFC 5182 §2."""
    PARTIAL = b"PARTIAL"
    """RFC 5267 §4.4, RFC 9394 §3.1; never together with ALL."""
    UPDATE = b"UPDATE"
    """RFC 5267 §4.3."""
    CONTEXT = b"CONTEXT"
    """RFC 5267 §4.2: a hint, and no more."""


@dataclass(frozen=True, slots=True)
class Search:
    """RFC 9051 §6.4.4 and UID SEARCH.

    `returns` is None without RETURN, which a rev1 client expects to be answered by SEARCH, not ESEARCH; `RETURN ()`
    means ALL, and is so here. `partial` is there with PARTIAL, `update_items` may be with UPDATE (RFC 5465 §7): what
    to fetch of messages that come to match.
    """

    key: SearchKey
    by_uid: bool
    returns: frozenset[SearchReturn] | None = None
    partial: PartialRange | None = None
    update_items: tuple[FetchItem, ...] = ()


@dataclass(frozen=True, slots=True)
class SortAnnotation:
    """A criterion of SORT: an annotation (RFC 5257 §4.9); `attribute` is `value.priv` or `value.shared`."""

    entry: str
    attribute: str
    is_reverse: bool = False


@dataclass(frozen=True, slots=True)
class Sort:
    """RFC 5256 §3 and UID SORT; `returns` and what belongs to them as for SEARCH (ESORT, RFC 5267 §3)."""

    criteria: tuple[SortCriterion | SortAnnotation, ...]
    key: SearchKey
    by_uid: bool
    returns: frozenset[SearchReturn] | None = None
    partial: PartialRange | None = None
    update_items: tuple[FetchItem, ...] = ()


@dataclass(frozen=True, slots=True)
class Thread:
    """RFC 5256 §3 and UID THREAD."""

    algorithm: ThreadAlgorithm
    key: SearchKey
    by_uid: bool


@dataclass(frozen=True, slots=True)
class ESearch:
    """ESEARCH (RFC 7377 §2); `sources` are the selected mailbox alone where the client named none.

    Whether a mailbox is selected where `sources` ask for one is for the session to check.
    """

    sources: tuple[MailboxFilter, ...]
    key: SearchKey
    returns: frozenset[SearchReturn]
    partial: PartialRange | None = None
    update_items: tuple[FetchItem, ...] = ()


@dataclass(frozen=True, slots=True)
class CancelUpdate:
    """CANCELUPDATE (RFC 5267 §4.3.5): tags of the commands whose UPDATE ends."""

    tags: tuple[bytes, ...]
