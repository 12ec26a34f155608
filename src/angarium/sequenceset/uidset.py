"""`UidSet`: an immutable set of 32-bit numbers (UIDs or message numbers), kept as sorted ranges.

Mail is numbered densely, so ranges stay few where single numbers would be many: a mailbox of a million messages without
a gap is one range. All operations are linear in the number of ranges, never in that of the numbers.
"""

from bisect import bisect_right
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Self

import numpy as np
from numpy.typing import NDArray

MAXIMUM_UID = 0xFFFFFFFF
"""The largest number that an IMAP UID or message number can be (RFC 9051 §9, nz-number)."""


@dataclass(frozen=True, slots=True)
class UidSet:
    """Numbers from 1 to 4294967295.

    `ranges` are (first, last) pairs, both included, ascending, with a gap of at least one number between two of them;
    they are checked when the set is made, so that equal sets always compare equal. `from_ranges` and `from_numbers`
    take anything, and `of_runs` believes.
    """

    ranges: tuple[tuple[int, int], ...] = ()

    def __post_init__(self) -> None:
        previous = -1
        for first, last in self.ranges:
            if first <= previous + 1 or last < first:
                raise ValueError("ranges of a UidSet must ascend, with gaps between them")
            previous = last
        if previous > MAXIMUM_UID:
            raise ValueError(f"number above {MAXIMUM_UID} in a UidSet")

    @classmethod
    def of_runs(cls, ranges: tuple[tuple[int, int], ...]) -> Self:
        """The set of ranges that were found as the runs of an ascending array, and so are what `ranges` must be: to
        look at each of many once more takes half as long as to make them."""
        made = object.__new__(cls)
        object.__setattr__(made, "ranges", ranges)
        return made

    @classmethod
    def from_ranges(cls, ranges: Iterable[tuple[int, int]]) -> Self:
        """The union of `ranges`, which may overlap, touch and come in any order; first ≤ last in each."""
        ordered = sorted(ranges)
        if len(ordered) < 2:
            return cls(tuple(ordered))
        merged: list[tuple[int, int]] = []
        current_first, current_last = ordered[0]
        for first, last in ordered:
            if first > current_last + 1:
                merged.append((current_first, current_last))
                current_first, current_last = first, last
            elif last > current_last:
                current_last = last
        merged.append((current_first, current_last))
        return cls(tuple(merged))

    @classmethod
    def from_numbers(cls, numbers: Iterable[int]) -> Self:
        """The set of `numbers`, in any order and with repetitions."""
        return cls.from_ranges((number, number) for number in numbers)

    @classmethod
    def from_array(cls, numbers: NDArray[np.integer]) -> Self:
        """The set of an array that ascends without repetitions, as the columns of a mailbox view do.

        O(numbers), but in C; some 50 times faster than `from_numbers`.
        """
        if numbers.size == 0:
            return cls()
        wide = numbers.astype(np.int64, copy=False)
        breaks = np.flatnonzero(np.diff(wide) != 1)
        firsts = wide[np.concatenate(([0], breaks + 1))]
        lasts = wide[np.concatenate((breaks, [wide.size - 1]))]
        return cls(tuple(zip(firsts.tolist(), lasts.tolist(), strict=True)))

    @classmethod
    def parse(cls, text: bytes) -> Self:
        """The set that `serialize` wrote, or any `uid-set` of RFC 9051 §9 (no `*`); ValueError for all else."""
        from .sequenceset import SequenceSet

        written = SequenceSet.parse(text)
        if not written.is_resolved:
            raise ValueError("a UidSet holds numbers only")
        return cls.from_ranges(written.ranges)

    def serialize(self) -> bytes:
        """The `uid-set` form of RFC 9051 §9, such as `1:3,7`; empty bytes for the empty set, which has no such form."""
        return b",".join(
            [b"%d" % first if first == last else b"%d:%d" % (first, last) for first, last in self.ranges],
        )

    def to_array(self) -> NDArray[np.int64]:
        """Every number, ascending; takes 8 octets for each, so bound the set by a mailbox's own UIDs first."""
        if not self.ranges:
            return np.empty(0, dtype=np.int64)
        pairs = np.array(self.ranges, dtype=np.int64)
        firsts, lengths = pairs[:, 0], pairs[:, 1] - pairs[:, 0] + 1
        ends = np.cumsum(lengths)
        # each number is its range's first, plus its place in the whole, less the place where its range begins
        numbers: NDArray[np.int64] = np.arange(ends[-1], dtype=np.int64)
        numbers += np.repeat(firsts - (ends - lengths), lengths)
        return numbers

    def __contains__(self, number: int) -> bool:
        position = bisect_right(self.ranges, (number, MAXIMUM_UID)) - 1
        return position >= 0 and number <= self.ranges[position][1]

    def __iter__(self) -> Iterator[int]:
        for first, last in self.ranges:
            yield from range(first, last + 1)

    def __len__(self) -> int:
        return sum([last - first + 1 for first, last in self.ranges])

    def __bool__(self) -> bool:
        return bool(self.ranges)

    @property
    def minimum(self) -> int:
        """The least number; ValueError if the set is empty."""
        if not self.ranges:
            raise ValueError("the empty set has no minimum")
        return self.ranges[0][0]

    @property
    def maximum(self) -> int:
        """The greatest number; ValueError if the set is empty."""
        if not self.ranges:
            raise ValueError("the empty set has no maximum")
        return self.ranges[-1][1]

    def window(self, first: int, last: int) -> "UidSet":
        """The numbers at these places of the set, counted from 1, both included; fewer where it ends before."""
        result: list[tuple[int, int]] = []
        before = 0
        for low, high in self.ranges:
            start, end = low + max(0, first - 1 - before), min(high, low + last - 1 - before)
            if start <= end:
                result.append((start, end))
            before += high - low + 1
            if before >= last:
                break
        return UidSet(tuple(result))

    def union(self, other: "UidSet") -> "UidSet":
        """Numbers in either set; at once where one of them is empty, or `other` begins behind the end of this one."""
        if not other.ranges or not self.ranges:
            return self if not other.ranges else other
        if self.ranges[-1][1] + 1 < other.ranges[0][0]:
            return UidSet.of_runs(self.ranges + other.ranges)
        return UidSet.from_ranges(self.ranges + other.ranges)

    def intersect(self, other: "UidSet") -> "UidSet":
        """Numbers in both sets."""
        result: list[tuple[int, int]] = []
        mine, theirs = self.ranges, other.ranges
        i = j = 0
        while i < len(mine) and j < len(theirs):
            first = max(mine[i][0], theirs[j][0])
            last = min(mine[i][1], theirs[j][1])
            if first <= last:
                result.append((first, last))
            if mine[i][1] < theirs[j][1]:
                i += 1
            else:
                j += 1
        return UidSet(tuple(result))

    def difference(self, other: "UidSet") -> "UidSet":
        """Numbers in this set and not in the other."""
        result: list[tuple[int, int]] = []
        theirs = other.ranges
        j = 0
        for first, last in self.ranges:
            while j < len(theirs) and theirs[j][1] < first:
                j += 1
            k = j
            while k < len(theirs) and theirs[k][0] <= last:
                if theirs[k][0] > first:
                    result.append((first, theirs[k][0] - 1))
                first = theirs[k][1] + 1
                k += 1
            if first <= last:
                result.append((first, last))
        return UidSet(tuple(result))
