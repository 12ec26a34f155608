"""Questions to those outside who check passwords: few at a time, few that wait, all of them fairly, and each within a
time.

A flood of logins, or somebody who does not answer, is a temporary failure soon, and never a queue that grows.
"""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Final, TypeVar

from angarium.auth.fairturns import NOBODY, Claimant, FairTurns
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
        self._turns = FairTurns(at_once=at_once, waiting_max=waiting_max, wait_s=wait_s)
        self._timeout_s = timeout_s

    async def run(self, ask: Callable[[], Awaitable[Answer]], claimant: Claimant = NOBODY) -> Answer:
        """The answer. AuthenticationUnavailable where too many wait already, this one had no turn in time, or none
        came in time; `ask` is cancelled then."""
        await self._turns.take(claimant)
        try:
            async with asyncio.timeout(self._timeout_s):
                return await ask()
        except TimeoutError as error:
            raise AuthenticationUnavailable(f"no answer within {self._timeout_s:g} seconds") from error
        finally:
            self._turns.give_back()
