"""Turns at what is dear or slow, so that nobody's flood keeps others waiting, or out.

Whoever wants a turn says for whom. The turns of each network and of each user are counted, and the next one goes to
whom the higher of both counts is lowest for, so that neither the many users of one network nor the many networks that
want one user get more than their share. Of equal ones a user who is known there goes before strangers, who may be names
that a guesser tries; then the lower count decides, then who came first. A count begins at what those who have turns now
are at, so nobody saves turns up (start-time fair queueing, with two flows for each). Where all places are taken, the
newcomer gets the place of the last in that order, unless it would be the last itself.
"""

import asyncio
import itertools
from dataclasses import dataclass
from typing import Final

from angarium.errors import AuthenticationUnavailable

_COUNTS_MAX: Final = 10_000


@dataclass(frozen=True, slots=True)
class Claimant:
    """For whom a turn is."""

    network: str
    """As `throttle.network_of` has it; empty for a unix socket, or for nobody in particular."""
    user: str
    """As `throttle.throttled_name` has it; may be empty."""
    is_known: bool = False
    """Whether this user has logged in from there lately."""


NOBODY: Final = Claimant("", "")
"""What concerns all alike, or one process alone."""


class _Waiter:
    __slots__ = ("arrival", "claimant", "turn")

    def __init__(self, claimant: Claimant, arrival: int, turn: asyncio.Future[None]) -> None:
        self.claimant = claimant
        self.arrival = arrival
        self.turn = turn


class FairTurns:
    """Of one thing in a worker; belongs to the event loop. `take`, and `give_back` whatever comes."""

    def __init__(self, *, at_once: int, waiting_max: int, wait_s: float) -> None:
        self._free = self._at_once = at_once
        self._waiting_max = waiting_max
        self._wait_s = wait_s
        self._waiting: list[_Waiter] = []
        self._arrivals = itertools.count()
        self._networks: dict[str, int] = {}
        self._users: dict[str, int] = {}
        self._now = 0
        """What those who have turns now are at; counts below it stand for it."""

    @property
    def present(self) -> int:
        """How many have a turn or wait for one."""
        return self._at_once - self._free + len(self._waiting)

    async def take(self, claimant: Claimant) -> None:
        """Returns with the turn. AuthenticationUnavailable where too many wait, or it did not come in time."""
        if self._free:
            self._begin(claimant)
            return
        waiter = _Waiter(claimant, next(self._arrivals), asyncio.get_running_loop().create_future())
        self._waiting.append(waiter)
        if len(self._waiting) > self._waiting_max:
            self._refuse_last()
        try:
            async with asyncio.timeout(self._wait_s):
                await waiter.turn
        except BaseException as error:
            if waiter in self._waiting:
                self._waiting.remove(waiter)
            elif not waiter.turn.cancelled() and waiter.turn.exception() is None:
                self.give_back()  # it came together with the end
            if isinstance(error, TimeoutError):
                raise AuthenticationUnavailable(f"no turn within {self._wait_s:g} seconds") from error
            raise

    def give_back(self) -> None:
        """The turn is over."""
        self._free += 1
        while self._free and self._waiting:
            first = min(self._waiting, key=self._place)
            self._waiting.remove(first)
            # One who has been cancelled, and has not noticed yet, has no use for it.
            if not first.turn.done():
                self._begin(first.claimant)
                first.turn.set_result(None)

    def _begin(self, claimant: Claimant) -> None:
        self._free -= 1
        if len(self._networks) + len(self._users) > _COUNTS_MAX:
            self._networks.clear()
            self._users.clear()
        network, user = self._counts(claimant)
        self._networks[claimant.network] = network + 1
        self._users[claimant.user] = user + 1
        self._now = max(network, user)

    def _counts(self, claimant: Claimant) -> tuple[int, int]:
        return (
            max(self._networks.get(claimant.network, 0), self._now),
            max(self._users.get(claimant.user, 0), self._now),
        )

    def _place(self, waiter: _Waiter) -> tuple[int, bool, int, int]:
        counts = self._counts(waiter.claimant)
        return max(counts), not waiter.claimant.is_known, min(counts), waiter.arrival

    def _refuse_last(self) -> None:
        last = max(self._waiting, key=self._place)
        self._waiting.remove(last)
        if not last.turn.done():
            last.turn.set_exception(AuthenticationUnavailable("too many logins wait for it"))
