"""`UidRanges`: an ascending run of UIDs as arrays of ranges: what a session was told, in 8 octets a gap.

Sequence number n is the n-th UID. Sessions that were told the same share one object.
"""

import asyncio
from functools import cached_property
from typing import Final

import numpy as np
from numpy.typing import NDArray

from angarium.sequenceset import UidSet
from angarium.store.columns import Uids

_FEW_RANGES: Final = 64
"""Which are looked through one by one in less time than numpy takes."""
_RANGES_A_TURN: Final = 5000
"""A range is some 0.15 µs of work, and as much again to forget it."""


def uid_set_of(uids: Uids) -> UidSet:
    """The set of an ascending array."""
    firsts, lasts = _ranges_of(uids)
    return UidSet.of_runs(tuple(zip(firsts.tolist(), lasts.tolist(), strict=True)))


async def uid_set_in_turns(uids: Uids) -> UidSet:
    """The same for a set that a client has picked one by one, so that there may be as many ranges as messages: others
    have their turn meanwhile."""
    firsts, lasts = _ranges_of(uids)
    ranges: list[tuple[int, int]] = []
    for start in range(0, firsts.size, _RANGES_A_TURN):
        if start:
            await asyncio.sleep(0)
        part = slice(start, start + _RANGES_A_TURN)
        ranges += zip(firsts[part].tolist(), lasts[part].tolist(), strict=True)
    return UidSet.of_runs(tuple(ranges))


def _ranges_of(uids: Uids) -> tuple[Uids, Uids]:
    if uids.size < 2:
        return uids, uids
    breaks = np.flatnonzero(np.diff(uids) != 1)
    return uids[np.concatenate(([0], breaks + 1))], uids[np.concatenate((breaks, [uids.size - 1]))]


class UidRanges:
    """Immutable; made of an ascending array of UIDs."""

    def __init__(self, uids: Uids) -> None:
        self._firsts, self._lasts = _ranges_of(uids)
        self._starts: NDArray[np.int64] = np.zeros(self._firsts.size + 1, dtype=np.int64)
        np.cumsum(self._lasts.astype(np.int64) - self._firsts + 1, out=self._starts[1:])

    def __len__(self) -> int:
        return int(self._starts[-1])

    @property
    def last(self) -> int:
        """The greatest UID; 0 where there is none."""
        return int(self._lasts[-1]) if self._lasts.size else 0

    @property
    def bounds(self) -> tuple[Uids, Uids]:
        """The first and the last UID of each range."""
        return self._firsts, self._lasts

    @cached_property
    def uid_set(self) -> UidSet:
        """All of them."""
        return UidSet(tuple(zip(self._firsts.tolist(), self._lasts.tolist(), strict=True)))

    def intersect(self, uids: UidSet) -> UidSet:
        """Those of `uids` that are here; as cheap as they are few."""
        if not uids or self._firsts.size <= _FEW_RANGES:
            return uids.intersect(self.uid_set)
        if uids.minimum <= self._firsts[0] and uids.maximum >= self._lasts[-1] and len(uids.ranges) == 1:
            return self.uid_set
        bounds = np.array(uids.ranges, dtype=np.uint32)
        lows = self._lasts.searchsorted(bounds[:, 0], side="left").tolist()
        highs = self._firsts.searchsorted(bounds[:, 1], side="right").tolist()
        found: list[tuple[int, int]] = []
        for (first, last), low, high in zip(uids.ranges, lows, highs, strict=True):
            if low < high:
                firsts, lasts = self._firsts[low:high].tolist(), self._lasts[low:high].tolist()
                firsts[0], lasts[-1] = max(first, firsts[0]), min(last, lasts[-1])
                found += zip(firsts, lasts, strict=True)
        return UidSet(tuple(found))

    def to_array(self) -> Uids:
        """All of them; made anew at each call, 4 octets a UID."""
        if not self._firsts.size:
            return np.empty(0, dtype=np.uint32)
        places = np.arange(len(self), dtype=np.int64)
        offsets = self._firsts.astype(np.int64) - self._starts[:-1]
        return (places + np.repeat(offsets, np.diff(self._starts))).astype(np.uint32)

    def uids_of(self, numbers: UidSet) -> UidSet:
        """The UIDs at these sequence numbers; ValueError for one beyond the last."""
        if not numbers:
            return UidSet()
        if numbers.maximum > len(self):
            raise ValueError(f"there is no message {numbers.maximum}")
        if numbers.ranges == ((1, len(self)),):
            return self.uid_set
        if len(numbers) == 1:
            place = numbers.minimum - 1
            at = int(self._starts.searchsorted(place, side="right")) - 1
            uid = int(self._firsts[at]) + place - int(self._starts[at])
            return UidSet(((uid, uid),))
        places = numbers.to_array() - 1
        ranges = self._starts.searchsorted(places, side="right") - 1
        uids = self._firsts[ranges].astype(np.int64) + (places - self._starts[ranges])
        return uid_set_of(uids.astype(np.uint32))

    def numbers_of(self, uids: Uids) -> NDArray[np.uint32]:
        """The sequence numbers of those of `uids` that are here, ascending."""
        if not self._firsts.size or not uids.size:
            return np.empty(0, dtype=np.uint32)
        ranges = self._firsts.searchsorted(uids, side="right") - 1
        known = (ranges >= 0) & (uids <= self._lasts[ranges])
        ranges, uids = ranges[known], uids[known]
        return (self._starts[ranges] + (uids.astype(np.int64) - self._firsts[ranges]) + 1).astype(np.uint32)

    def contains(self, uids: Uids) -> NDArray[np.bool_]:
        """Whether each of `uids` is here."""
        if not self._firsts.size:
            return np.zeros(uids.size, dtype=np.bool_)
        ranges = self._firsts.searchsorted(uids, side="right") - 1
        return (ranges >= 0) & (uids <= self._lasts[ranges])
