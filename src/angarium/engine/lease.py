"""`Lease`: what one process of a store does at a time, the others being ready to take over.

It is a lock on a file of its own, which goes with the process that has it, however that ends.
"""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Final

from angarium.engine.disk import FileLock

_LOOK_S: Final = 2.0


class Lease:
    """By the path of its file, in a directory that exists."""

    def __init__(self, path: str, *, look_s: float = _LOOK_S) -> None:
        self._path = path
        self._look_s = look_s

    @asynccontextmanager
    async def held(self) -> AsyncIterator[None]:
        """Wait until nobody else has it, and have it. OSError where the file cannot be made."""
        lock = FileLock(self._path)
        try:
            # Nobody is told when a lock is free but who waits in a thread, and that could not be ended.
            while not lock.take_at_once():  # noqa: ASYNC110
                await asyncio.sleep(self._look_s)
            yield
        finally:
            lock.close()
