"""What of a selected mailbox may be another than at an earlier moment, for who keeps something that depends on it."""

from dataclasses import dataclass
from typing import Self

import numpy as np

from angarium.engine.rows import ModSeq
from angarium.sequenceset import UidSet
from angarium.store.columns import Indexes, union_of
from angarium.store.selected import SelectedMailbox
from angarium.store.uidranges import UidRanges

_NOTHING: Indexes = np.empty(0, dtype=np.intp)


@dataclass(frozen=True, slots=True)
class Moment:
    """How the messages stood, and which of them the session had been told of."""

    stamp: int
    modseq: ModSeq
    seen: UidSet | None
    """What the reader had seen, where that is no flag of the messages."""
    told: UidRanges

    @classmethod
    def of(cls, selected: SelectedMailbox) -> Self:
        """That of the last `refresh`."""
        view = selected.view
        return cls(view.stamp, view.modseq, selected.seen.own, selected.told_ranges)

    def newly_told(self, selected: SelectedMailbox) -> Indexes:
        """Messages that are there, and that the session was told of since."""
        if selected.told_ranges is self.told:
            return _NOTHING
        # What is told is above all that was told before.
        first = int(selected.view.uid.searchsorted(np.uint32(self.told.last), side="right"))
        return selected.told_among(np.arange(first, selected.view.uid.size))

    def changed(self, selected: SelectedMailbox) -> Indexes:
        """Messages that are there and were told, whose flags or annotations may have changed since."""
        view = selected.view
        rows = view.changed_since(self.modseq) if view.stamp != self.stamp else _NOTHING
        own = selected.seen.own
        if own is not self.seen:
            if own is None or self.seen is None:  # the mailbox went over to another kind of seen state
                rows = view.live()
            else:
                differing = own.difference(self.seen).union(self.seen.difference(own))
                rows = union_of(view.uid.size, rows, view.indexes_of(differing))
        return selected.told_among(rows)
