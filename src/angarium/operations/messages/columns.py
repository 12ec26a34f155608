"""What FETCH gives: columns of values, as many rows in each as there are messages in the batch.

Columns instead of rows, so that a front end renders a whole batch with one template, and each distinct value of flags
once.
"""

from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass

from angarium.engine.rows import Uid
from angarium.flags import Flags
from angarium.sequenceset import UidSet
from angarium.store import Indexes, Uids


@dataclass(frozen=True, slots=True)
class NumberColumn:
    """UID, MODSEQ, RFC822.SIZE, BINARY.SIZE."""

    values: list[int]


@dataclass(frozen=True, slots=True)
class BytesColumn:
    """ENVELOPE, BODY, BODYSTRUCTURE, ready to send."""

    values: list[bytes]


@dataclass(frozen=True, slots=True)
class TextColumn:
    """PREVIEW; None where it is not at hand and was asked for only if it is."""

    values: list[str | None]


@dataclass(frozen=True, slots=True)
class MessageFlags:
    """Flags as the actor sees them, with `\\Recent` of the session."""

    flags: Flags
    recent: bool


@dataclass(frozen=True, slots=True)
class FlagsColumn:
    """FLAGS: row `i` has `distinct[index[i]]`."""

    distinct: list[MessageFlags]
    index: Indexes


@dataclass(frozen=True, slots=True)
class DateColumn:
    """INTERNALDATE, with its zone as minutes east of UTC."""

    utc_s: list[int]
    zone_min: list[int]


@dataclass(frozen=True, slots=True)
class SectionStream:
    """A long section, read while it is sent; valid until the next batch is asked for."""

    size_octets: int
    chunks: Callable[[], AsyncIterator[bytes]]
    """Gives its octets in order, `size_octets` in all."""
    has_nul: bool = False
    """Only what was decoded has any (RFC 9051 §4.3.1)."""


@dataclass(frozen=True, slots=True)
class SectionColumn:
    """BODY[...], BINARY[...]; None where the message has no such part."""

    values: list[bytes | SectionStream | None]


Column = NumberColumn | BytesColumn | TextColumn | FlagsColumn | DateColumn | SectionColumn


@dataclass(frozen=True, slots=True)
class FetchBatch:
    """Some of the messages of a FETCH, ascending by UID, or descending where that was asked for."""

    uids: Uids
    columns: tuple[Column, ...]
    """One for each item, in the order of the items."""
    missing: tuple[Uid, ...]
    """Messages whose files or contents are lost; they have no row."""
    newly_seen: UidSet
    """All messages whose `\\Seen` this FETCH has set, those of other batches too."""
    undecodable: tuple[Uid, ...] = ()
    """Messages of which a part in an unknown transfer encoding was to be decoded; they have no row either."""
    downgraded: tuple[Uid, ...] = ()
    """Messages of which less is told than there is, since the client knows no UTF-8 in headers."""
