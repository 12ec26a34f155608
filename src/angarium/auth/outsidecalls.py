"""Questions to servers of the network whose libraries block: in threads of their own, and few at a time.

A thread cannot be stopped, so whoever asks in one has limits of time of its own; `BoundedCalls` tells the client
sooner.
"""

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Final, TypeVar

from angarium.auth.boundedcalls import BoundedCalls
from angarium.auth.fairturns import NOBODY, Claimant
from angarium.errors import AuthenticationUnavailable

THREADS: Final = 4

Answer = TypeVar("Answer")


class OutsideCalls:
    """To one server, of one worker."""

    def __init__(self, name: str, calls: BoundedCalls | None = None) -> None:
        """`name` is the threads'."""
        self._threads = ThreadPoolExecutor(THREADS, f"angarium-{name}")
        self._calls = calls or BoundedCalls(at_once=THREADS)

    async def run(self, ask: Callable[[], Answer], claimant: Claimant = NOBODY) -> Answer:
        """What it gives or raises. AuthenticationUnavailable, as `BoundedCalls`, and where all has been closed."""

        async def in_thread() -> Answer:
            try:
                return await asyncio.get_running_loop().run_in_executor(self._threads, ask)
            except RuntimeError as error:  # it is closed, or the machine gives no further thread
                raise AuthenticationUnavailable(str(error)) from error

        return await self._calls.run(in_thread, claimant)

    def close(self) -> None:
        """Does not wait for what is under way."""
        self._threads.shutdown(wait=False, cancel_futures=True)
