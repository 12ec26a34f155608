"""The cache of small values."""

import asyncio

from hypothesis import given
from hypothesis import strategies as st

from angarium.operations.messages.segmentcache import SegmentCache


class Source:
    """Gives even numbers their text, and notes who was asked for."""

    def __init__(self) -> None:
        self.asked: list[int] = []

    async def load(self, numbers: list[int]) -> dict[int, str]:
        self.asked += numbers
        return {number: str(number) for number in numbers if number % 2 == 0}


@given(st.lists(st.lists(st.integers(0, 5000), max_size=20), max_size=8), st.integers(0, 100))
def test_it_gives_what_the_source_has_in_the_order_asked(asked: list[list[int]], limit: int) -> None:
    async def check() -> None:
        cache: SegmentCache[str] = SegmentCache(limit, len)
        for numbers in asked:
            expected = [str(number) if number % 2 == 0 else None for number in numbers]
            assert await cache.get_many("family", numbers, Source().load) == expected
            assert 0 <= cache.octets <= limit

    asyncio.run(check())


def test_what_is_known_is_not_asked_for_again() -> None:
    async def check() -> None:
        cache: SegmentCache[str] = SegmentCache(1000, len)
        source = Source()
        await cache.get_many("one", [2, 4, 2048], source.load)
        await cache.get_many("one", [2048, 4, 6, 4], source.load)
        assert source.asked == [2, 4, 2048, 6]
        await cache.get_many("two", [2], source.load)
        assert source.asked[-1] == 2

    asyncio.run(check())


def test_the_segments_least_recently_used_go_first() -> None:
    async def check() -> None:
        cache: SegmentCache[str] = SegmentCache(12, len)
        source = Source()
        for number in (1024, 2048, 4096):
            await cache.get_many("f", [number], source.load)
        await cache.get_many("f", [1024], source.load)
        await cache.get_many("f", [8192], source.load)
        source.asked.clear()
        await cache.get_many("f", [1024, 4096, 8192], source.load)
        assert source.asked == []
        await cache.get_many("f", [2048], source.load)
        assert source.asked == [2048]

    asyncio.run(check())
