"""What many connections may want at the same moment: handshakes of TLS, and logins.

The loop does all that has come before it looks again at what else has. So of this work it does some in each turn, and
those who are logged in wait for no more than that when hundreds of phones come back at once.
"""

import asyncio
from collections import deque
from collections.abc import Callable
from typing import Final

_A_TURN: Final = 4
"""Pieces of work, each of which takes some tenths of a millisecond."""


class Pace:
    """Belongs to the loop. What waits is done in the order in which it came."""

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self._loop = loop
        self._waiting: deque[Callable[[], None]] = deque()
        self._left = _A_TURN
        """Pieces that may still be done in this turn."""

    def do(self, work: Callable[[], None]) -> bool:
        """Do it now, or in one of the next turns; whether it was now."""
        if not self._has_room():
            self._waiting.append(work)
            return False
        work()
        return True

    async def turn(self) -> None:
        """Return when it is the caller's turn to do a piece."""
        if not self._has_room():
            come = asyncio.Event()
            self._waiting.append(come.set)
            await come.wait()

    def _has_room(self) -> bool:
        """Whether one more piece may be done in this turn, which then counts as done."""
        if self._left == _A_TURN:
            self._loop.call_soon(self._begin_turn)
        if not self._left:
            return False
        self._left -= 1
        return True

    def _begin_turn(self) -> None:
        if not self._waiting:
            self._left = _A_TURN
            return
        due = [self._waiting.popleft() for _ in range(min(_A_TURN, len(self._waiting)))]
        self._left = _A_TURN - len(due)
        self._loop.call_soon(self._begin_turn)
        for work in due:
            self._loop.call_soon(work)  # so that a fault in one is nothing to the others
