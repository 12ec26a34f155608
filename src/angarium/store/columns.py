"""The columns of a mailbox view: message rows as numpy arrays, one for each field."""

from collections.abc import Sequence
from dataclasses import dataclass, fields
from operator import attrgetter

import numpy as np
from numpy.typing import DTypeLike, NDArray

from angarium.engine.rows import MessageRow

Indexes = NDArray[np.intp]
"""Places in columns, ascending."""
Mask = NDArray[np.bool_]
"""One truth for each row."""
Uids = NDArray[np.uint32]
"""UIDs, ascending, each once."""

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
"""Column to field of MessageRow and type."""


@dataclass(frozen=True, slots=True)
class Columns:
    """Arrays of one length, a row a message."""

    uid: Uids
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
    def of_rows(cls, rows: Sequence[MessageRow]) -> "Columns":
        """About half a microsecond a row; may run in a thread."""
        return cls(
            **{
                name: np.fromiter(map(attrgetter(source), rows), dtype, len(rows))
                for name, (source, dtype) in _SOURCES.items()
            }
        )

    @property
    def octets(self) -> int:
        """The memory of the arrays."""
        return sum([getattr(self, name).nbytes for name in _NAMES])

    def first(self, count: int) -> "Columns":
        """The first rows, in the same memory."""
        return Columns(*[getattr(self, name)[:count] for name in _NAMES])

    def take(self, indexes: Indexes) -> "Columns":
        """Copies of some rows."""
        return Columns(*[getattr(self, name)[indexes] for name in _NAMES])

    def put(self, indexes: Indexes, rows: "Columns") -> None:
        """Overwrite rows in place."""
        for name in _NAMES:
            getattr(self, name)[indexes] = getattr(rows, name)

    def with_room_for(self, count: int) -> "Columns":
        """A copy with `count` rows, those beyond the present ones being zero."""
        room = count - self.uid.size
        return Columns(*[np.concatenate((column, np.zeros(room, column.dtype))) for column in self._arrays()])

    def _arrays(self) -> list[NDArray[np.generic]]:
        return [getattr(self, name) for name in _NAMES]


_NAMES = tuple(field.name for field in fields(Columns))
NO_ROWS = Columns.of_rows([])
