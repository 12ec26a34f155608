"""A cache of small values by number, dropped by octets in segments of neighbouring numbers.

Contents are numbered in order of arrival, so what one FETCH asks for stands in few segments: a look-up costs a
dictionary's, and keeping the order of use costs nothing for each value.
"""

from collections import OrderedDict
from collections.abc import Awaitable, Callable, Hashable, Sequence
from typing import Generic, TypeVar

V = TypeVar("V")

_SEGMENT_BITS = 10


class SegmentCache(Generic[V]):
    """Values of families, by number; the segments least recently used go when `octets` are exceeded."""

    def __init__(self, octets: int, weigh: Callable[[V], int]) -> None:
        self._limit_octets = octets
        self._weigh = weigh
        self._segments: OrderedDict[tuple[Hashable, int], dict[int, V]] = OrderedDict()
        self._weights: dict[tuple[Hashable, int], int] = {}
        self._octets = 0

    @property
    def octets(self) -> int:
        """What the values weigh together."""
        return self._octets

    async def get_many(
        self, family: Hashable, numbers: Sequence[int], load: Callable[[list[int]], Awaitable[dict[int, V]]]
    ) -> list[V | None]:
        """The values of `numbers`, in their order; those unknown come from `load`, None where it has none either."""
        known = self._known(family, numbers)
        values = [known.get(number) for number in numbers]
        if None not in values:
            return values
        loaded = await load([number for number in dict.fromkeys(numbers) if number not in known])
        values = [loaded.get(number) if value is None else value for number, value in zip(numbers, values, strict=True)]
        self._keep(family, loaded)
        return values

    def _known(self, family: Hashable, numbers: Sequence[int]) -> dict[int, V]:
        """All that is kept in the segments of `numbers`; not to be changed."""
        segments = []
        for segment in {number >> _SEGMENT_BITS for number in numbers}:
            kept = self._segments.get((family, segment))
            if kept is not None:
                self._segments.move_to_end((family, segment))
                segments.append(kept)
        if len(segments) == 1:
            return segments[0]
        merged: dict[int, V] = {}
        for kept in segments:
            merged.update(kept)
        return merged

    def _keep(self, family: Hashable, loaded: dict[int, V]) -> None:
        for number, value in loaded.items():
            key = (family, number >> _SEGMENT_BITS)
            segment = self._segments.setdefault(key, {})
            if number not in segment:
                weight = self._weigh(value)
                self._weights[key] = self._weights.get(key, 0) + weight
                self._octets += weight
            segment[number] = value
        while self._octets > self._limit_octets and self._segments:
            key, _ = self._segments.popitem(last=False)
            self._octets -= self._weights.pop(key)
