"""Refusals that last the same.

Those outside who check passwords often know sooner that there is no such user than that a password is wrong. So a
refusal is told at the next full step of time since the question; who is found right does not wait.
"""

import asyncio
import math
import time
from collections.abc import Awaitable, Callable
from typing import Final

from angarium.auth.verifying import CredentialStamp, PasswordLogin, PasswordVerifier

STEP_S: Final = 0.25
"""Above the time of one hash, and little beside `failedloginpause`."""


class EvenRefusals:
    """A verifier whose refusals come at full steps."""

    def __init__(
        self,
        inner: PasswordVerifier,
        *,
        step_s: float = STEP_S,
        clock_s: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        self._inner = inner
        self._step_s = step_s
        self._clock_s = clock_s
        self._sleep = sleep

    @property
    def name(self) -> str:
        return self._inner.name

    async def verify(self, login: PasswordLogin) -> CredentialStamp | None:
        """As the other's. AuthenticationUnavailable."""
        begun_s = self._clock_s()
        stamp = await self._inner.verify(login)
        if stamp is None:
            passed_s = self._clock_s() - begun_s
            await self._sleep(math.ceil(passed_s / self._step_s) * self._step_s - passed_s)
        return stamp

    async def close(self) -> None:
        await self._inner.close()
