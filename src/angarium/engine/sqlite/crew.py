"""Threads that work through what waits for its turn, and have the loop hear of it: of all at once that it missed."""

import asyncio
import logging
import threading
from collections import deque
from collections.abc import Callable
from concurrent.futures import Executor
from typing import Generic, TypeVar

log = logging.getLogger(__name__)

Item = TypeVar("Item")


class Crew(Generic[Item]):
    """Calls `work` in a thread with each item, in the order in which they came; an item for which it tells True comes
    once more, behind the others. For one loop."""

    def __init__(self, executor: Executor, size: int, work: Callable[[Item], bool]) -> None:
        """`executor` has at least `size` threads, and nothing else to do."""
        self._executor = executor
        self._size = size
        self._work = work
        self._mutex = threading.Lock()
        self._waiting: deque[Item] = deque()
        self._working = 0
        self._told: list[Callable[[], None]] = []
        """What the loop has not called yet."""
        self._is_woken = False
        """Whether the loop is about to call it."""
        self._loop: asyncio.AbstractEventLoop | None = None

    def put(self, item: Item) -> None:
        """Have the item worked on; on the loop."""
        if self._loop is None:
            self._loop = asyncio.get_running_loop()
        with self._mutex:
            self._waiting.append(item)
            is_called = self._working < self._size
            self._working += is_called
        if is_called:
            self._executor.submit(self._run)

    def tell(self, outcome: Callable[[], None]) -> None:
        """Have `outcome` called on the loop after this turn, behind those of earlier calls; for `work`."""
        with self._mutex:
            self._told.append(outcome)

    def wake_loop(self) -> None:
        """Have the loop call at once what it was told; for `work`, where much is still to be done in this turn."""
        with self._mutex:
            if self._is_woken or not self._told:
                return
            self._is_woken = True
        assert self._loop is not None
        self._loop.call_soon_threadsafe(self._hear)

    def _hear(self) -> None:
        with self._mutex:
            self._is_woken = False
            told, self._told = self._told, []
        for outcome in told:
            try:
                outcome()
            except Exception:
                log.exception("writer_failed")

    # In a thread

    def _run(self) -> None:
        while True:
            with self._mutex:
                if not self._waiting:
                    self._working -= 1
                    return
                item = self._waiting.popleft()
            try:
                is_unfinished = self._work(item)
            except Exception:
                log.exception("writer_failed")
                is_unfinished = False
            if is_unfinished:
                with self._mutex:
                    self._waiting.append(item)
            self.wake_loop()
