"""Many messages at once: a mailbox's message rows as numpy arrays, one for each field.

A view keeps a mailbox like this, so engines give it like this: an object for each row would cost ten times the read.
"""

from collections.abc import Sequence
from dataclasses import dataclass, fields
from operator import attrgetter
from typing import Any

import numpy as np
from numpy.typing import DTypeLike, NDArray

from angarium.engine.rows import MailboxRow, MessageRow, ModSeq

_SOURCES: dict[str, tuple[str, DTypeLike]] = {
    "uid": ("uid", np.uint32),
    "modseqs": ("modseq", np.int64),
    "created_modseq": ("created_modseq", np.int64),
    "expunged_modseq": ("expunged_modseq", np.int64),
    "flags": ("system_flags", np.uint16),
    "keywords_low": ("keywords_low", np.uint64),
    "keywords_high": ("keywords_high", np.uint64),
    "date_s": ("date.utc_s", np.int64),
    "zone_min": ("date.zone_min", np.int16),
    "saved_s": ("saved_at_s", np.int64),
    "size_octets": ("size_octets", np.int64),
    "content": ("content", np.int64),
    "email_id": ("email_id", np.int64),
    "thread_id": ("thread_id", np.int64),
}
"""Column to field of MessageRow and type; in the order of MessageColumns' fields."""


@dataclass(frozen=True, slots=True, eq=False)
class MessageColumns:
    """Arrays of one length, a row a message; the fields are those of MessageRow."""

    uid: NDArray[np.uint32]
    modseqs: NDArray[np.int64]
    created_modseq: NDArray[np.int64]
    expunged_modseq: NDArray[np.int64]
    flags: NDArray[np.uint16]
    keywords_low: NDArray[np.uint64]
    keywords_high: NDArray[np.uint64]
    date_s: NDArray[np.int64]
    zone_min: NDArray[np.int16]
    saved_s: NDArray[np.int64]
    size_octets: NDArray[np.int64]
    content: NDArray[np.int64]
    email_id: NDArray[np.int64]
    thread_id: NDArray[np.int64]

    @classmethod
    def of_table(cls, table: NDArray[np.int64]) -> "MessageColumns":
        """Of rows whose places are the fields in their order, keyword masks being signed."""
        return cls(*[table[:, place].astype(dtype) for place, dtype in enumerate(_TYPES)])

    @classmethod
    def of_rows(cls, rows: Sequence[MessageRow]) -> "MessageColumns":
        """Some microseconds a row: for engines that keep rows."""
        return cls(
            **{
                name: np.fromiter(map(attrgetter(source), rows), dtype, len(rows))
                for name, (source, dtype) in _SOURCES.items()
            }
        )

    @property
    def octets(self) -> int:
        """The memory of the arrays."""
        return sum([column.nbytes for column in self._arrays()])

    def first(self, count: int) -> "MessageColumns":
        """The first rows, in the same memory."""
        return MessageColumns(*[column[:count] for column in self._arrays()])

    def take(self, indexes: NDArray[np.intp]) -> "MessageColumns":
        """Copies of some rows."""
        return MessageColumns(*[column[indexes] for column in self._arrays()])

    def put(self, indexes: NDArray[np.intp], rows: "MessageColumns") -> None:
        """Overwrite rows in place."""
        for name in _NAMES:
            getattr(self, name)[indexes] = getattr(rows, name)

    def with_room_for(self, count: int) -> "MessageColumns":
        """A copy with `count` rows, those beyond the present ones being zero."""
        room = count - self.uid.size
        return MessageColumns(*[np.concatenate((column, np.zeros(room, column.dtype))) for column in self._arrays()])

    def _arrays(self) -> list[NDArray[Any]]:
        return [getattr(self, name) for name in _NAMES]  # Any: each column has its own type


_NAMES = tuple(field.name for field in fields(MessageColumns))
_TYPES = tuple(dtype for _, dtype in _SOURCES.values())
NO_MESSAGES = MessageColumns.of_rows([])


@dataclass(frozen=True, slots=True, eq=False)
class MailboxMessages:
    """A mailbox and messages of it, as of one moment."""

    modseq: ModSeq
    """The account's: all changes up to here are in what follows, and none above it."""
    mailbox: MailboxRow
    columns: MessageColumns
    """Ascending by UID."""
