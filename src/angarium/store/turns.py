"""Long loops in slices, between which other sessions have their turn: nothing holds the loop for more than 5 ms."""

import asyncio
import heapq
from collections.abc import AsyncIterator, Callable, Iterable, Sequence
from typing import Any, Final, TypeVar

_SORTED_AT_ONCE: Final = 4000
_MERGED_AT_ONCE: Final = 1000
_FREED_AT_ONCE: Final = 2000

_Item = TypeVar("_Item")


async def slices(items: Sequence[_Item], size: int) -> AsyncIterator[Sequence[_Item]]:
    """The items in slices of at most `size`, with a turn for others between two of them."""
    for start in range(0, len(items), size):
        if start:
            await asyncio.sleep(0)
        yield items[start : start + size] if len(items) > size else items


async def let_go(items: list[_Item] | dict[str, _Item]) -> None:
    """Empty what nobody needs any more: to free very many objects takes long, some 0.5 µs each."""
    while items:
        if isinstance(items, list):
            del items[-_FREED_AT_ONCE:]
        else:
            for _ in range(min(_FREED_AT_ONCE, len(items))):
                items.popitem()
        await asyncio.sleep(0)


# Any: what sorted() asks of its key's answers has no name in `typing`.
async def sorted_in_turns(items: Iterable[_Item], key: Callable[[_Item], Any]) -> list[_Item]:
    """What `sorted` gives; of many items some µs each."""
    runs = [sorted(some, key=key) async for some in slices(list(items), _SORTED_AT_ONCE)]
    if len(runs) < 2:
        return runs[0] if runs else []
    merged: list[_Item] = []
    for item in heapq.merge(*runs, key=key):
        merged.append(item)
        if len(merged) % _MERGED_AT_ONCE == 0:
            await asyncio.sleep(0)
    return merged
