"""What whoever follows the change logs of all accounts needs: its turn, its positions, word from other processes."""

import asyncio
from collections.abc import AsyncIterator, Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager
from typing import Protocol, TypeVar

from angarium.engine.lease import Lease
from angarium.engine.sqlite.feedledger import FeedLedger

Answer = TypeVar("Answer")


class Announcements(Protocol):
    """How changes by other processes are heard of, of all accounts."""

    def hear_all(self, on_gap: Callable[[], None]) -> Callable[[], None]:
        """Have the engine announce them all from here on; `on_gap` is called where one may have been lost. Gives what
        ends it."""


class LedgerThread:
    """The one thread that a ledger belongs to."""

    def __init__(self, name: str) -> None:
        self._thread = ThreadPoolExecutor(1, name)

    def __call__(self, call: Callable[[], Answer]) -> "asyncio.Future[Answer]":
        """Do something there."""
        return asyncio.get_running_loop().run_in_executor(self._thread, call)

    @asynccontextmanager
    async def leading(self, lease: Lease, open_ledger: Callable[[], FeedLedger]) -> AsyncIterator[FeedLedger]:
        """The ledger, once it is this one's turn; the thread ends with it. OSError, AngariumError where the lease or
        the ledger cannot be had."""
        async with lease.held():
            try:
                ledger = await self(open_ledger)
                try:
                    yield ledger
                finally:
                    await asyncio.shield(self(ledger.close))
            finally:
                self._thread.shutdown(wait=False)
