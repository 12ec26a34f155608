"""What FETCH gives: columns of values, as many rows in each as there are messages in the batch.

Columns instead of rows, so that a front end renders a whole batch with one template, and each distinct value of flags
once.
"""

from collections.abc import AsyncIterator
from dataclasses import dataclass

from angarium.engine.interface import MessageFile
from angarium.engine.rows import Uid
from angarium.flags import Flags
from angarium.sequenceset import UidSet
from angarium.store import Indexes, Uids

_CHUNK_OCTETS = 1 << 16


@dataclass(frozen=True, slots=True)
class NumberColumn:
    """UID, MODSEQ, RFC822.SIZE."""

    values: list[int]


@dataclass(frozen=True, slots=True)
class BytesColumn:
    """ENVELOPE, BODY, BODYSTRUCTURE, ready to send."""

    values: list[bytes]


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


class SectionStream:
    """A long section, read while it is sent; valid until the next batch is asked for."""

    __slots__ = ("_file", "_offset", "size_octets")

    def __init__(self, file: MessageFile, offset: int, size_octets: int) -> None:
        self._file = file
        self._offset = offset
        self.size_octets = size_octets

    async def chunks(self) -> AsyncIterator[bytes]:
        """Its octets in order, `size_octets` in all."""
        end = self._offset + self.size_octets
        for offset in range(self._offset, end, _CHUNK_OCTETS):
            yield await self._file.read(offset, min(_CHUNK_OCTETS, end - offset))


@dataclass(frozen=True, slots=True)
class SectionColumn:
    """BODY[...]; None where the message has no such part."""

    values: list[bytes | SectionStream | None]


Column = NumberColumn | BytesColumn | FlagsColumn | DateColumn | SectionColumn


@dataclass(frozen=True, slots=True)
class FetchBatch:
    """Some of the messages of a FETCH, ascending by UID."""

    uids: Uids
    columns: tuple[Column, ...]
    """One for each item, in the order of the items."""
    missing: tuple[Uid, ...]
    """Messages whose files or contents are lost; they have no row."""
    newly_seen: UidSet
    """All messages whose `\\Seen` this FETCH has set, those of other batches too."""
