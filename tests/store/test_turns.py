"""Loops in slices."""

import asyncio
import random

import pytest

from angarium.store.turns import let_go, slices, sorted_in_turns

pytestmark = pytest.mark.usefixtures("runner")


async def _turns_taken(work: asyncio.Future[object]) -> int:
    turns = 0
    while not work.done():
        turns += 1
        await asyncio.sleep(0)
    return turns


@pytest.mark.parametrize(("count", "lengths"), [(0, []), (1, [1]), (3, [3]), (4, [3, 1]), (9, [3, 3, 3])])
async def test_slices_are_all_there_is_in_order(count: int, lengths: list[int]) -> None:
    found = [list(some) async for some in slices(range(count), 3)]
    assert [len(some) for some in found] == lengths
    assert [item for some in found for item in some] == list(range(count))


async def test_others_have_their_turn_between_slices() -> None:
    async def take() -> object:
        return [len(some) async for some in slices(range(30), 3)]

    work = asyncio.ensure_future(take())
    assert await _turns_taken(work) >= 9


@pytest.mark.parametrize("count", [0, 1, 4_000, 4_001, 20_000])
async def test_sorting_in_turns_is_sorting(count: int) -> None:
    numbers = [random.Random(count).randrange(1_000) for _ in range(count)]
    items = list(enumerate(numbers))
    assert await sorted_in_turns(items, lambda item: item[1]) == sorted(items, key=lambda item: item[1])


@pytest.mark.parametrize("count", [0, 1, 20_000])
async def test_what_is_let_go_goes_in_slices(count: int) -> None:
    listed, named = list(range(count)), {str(number): number for number in range(count)}
    for items in (listed, named):
        turns = await _turns_taken(asyncio.ensure_future(let_go(items)))
        assert not items
        assert turns >= count / 2_000
