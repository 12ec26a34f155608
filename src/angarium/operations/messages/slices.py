"""Cutting what concerns many messages into pieces that neither hold a lock nor the loop for long (DESIGN §5)."""

import asyncio
from collections.abc import Generator, Iterator
from typing import TypeVar

from angarium.sequenceset import UidSet
from angarium.store import Indexes, MailboxView

T = TypeVar("T")

WRITTEN_AT_ONCE = 20_000
"""Messages of one STORE or EXPUNGE command; they are changed by ranges of UIDs, some 0.2 µs each."""


def slices_of(view: MailboxView, indexes: Indexes) -> Iterator[UidSet]:
    """The UIDs at `indexes` in pieces, ascending."""
    for start in range(0, len(indexes), WRITTEN_AT_ONCE):
        yield view.uids_at(indexes[start : start + WRITTEN_AT_ONCE])


async def in_turns(work: Generator[None, None, T]) -> T:
    """What `work` returns; other tasks have their turn wherever it yields."""
    while True:
        try:
            next(work)
        except StopIteration as end:
            result: T = end.value
            return result
        await let_others_run()


async def let_others_run() -> None:
    """One turn of the loop."""
    await asyncio.sleep(0)
