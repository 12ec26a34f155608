"""Questions to those outside who check passwords: few at a time, few that wait, and each within a time.

A flood of logins, or somebody who does not answer, is a temporary failure soon, and never a queue that grows.
"""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Final, TypeVar

from angarium.errors import AuthenticationUnavailable

AT_ONCE: Final = 8
WAITING_MAX: Final = 200
TIMEOUT_S: Final = 10.0
WAIT_S: Final = 20.0
"""As long as clients wait, when all of them log in at once."""

Answer = TypeVar("Answer")


class BoundedCalls:
    """Of one service in a worker, to one who is asked."""

    def __init__(
        self,
        *,
        at_once: int = AT_ONCE,
        waiting_max: int = WAITING_MAX,
        timeout_s: float = TIMEOUT_S,
        wait_s: float = WAIT_S,
    ) -> None:
        self._turns = asyncio.Semaphore(at_once)
        self._present = 0
        self._present_max = at_once + waiting_max
        self._timeout_s = timeout_s
        self._wait_s = wait_s

    async def run(self, ask: Callable[[], Awaitable[Answer]]) -> Answer:
        """The answer. AuthenticationUnavailable where too many wait already, this one had no turn in time, or none
        came in time; `ask` is cancelled then."""
        if self._present >= self._present_max:
            raise AuthenticationUnavailable("too many logins wait for it")
        self._present += 1
        try:
            await self._take_turn()
            try:
                async with asyncio.timeout(self._timeout_s):
                    return await ask()
            except TimeoutError as error:
                raise AuthenticationUnavailable(f"no answer within {self._timeout_s:g} seconds") from error
            finally:
                self._turns.release()
        finally:
            self._present -= 1

    async def _take_turn(self) -> None:
        try:
            async with asyncio.timeout(self._wait_s):
                await self._turns.acquire()
        except TimeoutError as error:
            raise AuthenticationUnavailable(f"no turn within {self._wait_s:g} seconds") from error
