import asyncio
from collections.abc import Callable

import pytest

from angarium.auth.fairturns import NOBODY, Claimant, FairTurns
from angarium.errors import AuthenticationUnavailable

pytestmark = pytest.mark.usefixtures("runner")

Named = tuple[str, Claimant]


class Desk:
    """One turn at a time, until `end` is called; `served` are those who had one, in order."""

    def __init__(self, *, waiting_max: int = 200, wait_s: float = 20, at_once: int = 1) -> None:
        self.turns = FairTurns(at_once=at_once, waiting_max=waiting_max, wait_s=wait_s)
        self.served: list[str] = []
        self.refused: list[str] = []
        self._tasks: list[asyncio.Task[None]] = []
        self._goes_on = asyncio.Event()

    async def come(self, name: str, claimant: Claimant) -> asyncio.Task[None]:
        """Somebody who stays where she is until `end`."""
        task = asyncio.ensure_future(self._serve(name, claimant))
        self._tasks.append(task)
        await asyncio.sleep(0)
        return task

    async def _serve(self, name: str, claimant: Claimant) -> None:
        try:
            await self.turns.take(claimant)
        except AuthenticationUnavailable:
            self.refused.append(name)
            return
        try:
            self.served.append(name)
            await self._goes_on.wait()
        finally:
            self.turns.give_back()

    async def end(self) -> None:
        self._goes_on.set()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        assert self.turns.present == 0


def guesser(number: int, *, network: str = "192.0.2.66", user: Callable[[int], str] = str) -> Named:
    return f"guess {number}", Claimant(network, user(number))


async def flood(desk: Desk, guesses: list[Named]) -> None:
    for name, claimant in guesses:
        await desk.come(name, claimant)


ONE_USER = [guesser(number, user=lambda _: "alice") for number in range(50)]
MANY_USERS = [guesser(number) for number in range(50)]
MANY_NETWORKS = [guesser(number, network=f"198.51.100.{number}", user=lambda _: "alice") for number in range(50)]
A_BOTNET = [guesser(number, network=f"198.51.100.{number}") for number in range(50)]


@pytest.mark.parametrize(
    ("guesses", "victim"),
    [
        (ONE_USER, Claimant("192.0.2.7", "bob")),
        (ONE_USER, Claimant("192.0.2.66", "bob")),  # behind the same address
        (MANY_USERS, Claimant("192.0.2.7", "bob")),
        (MANY_USERS, Claimant("192.0.2.66", "bob", is_known=True)),
        (MANY_NETWORKS, Claimant("192.0.2.7", "bob")),
        (MANY_NETWORKS, Claimant("192.0.2.7", "alice", is_known=True)),  # whose password is guessed
        (A_BOTNET, Claimant("192.0.2.7", "bob", is_known=True)),
    ],
)
async def test_nobody_s_flood_keeps_another_waiting(guesses: list[Named], victim: Claimant) -> None:
    desk = Desk()
    await flood(desk, guesses)
    await desk.come("victim", victim)
    await desk.end()
    assert desk.served[1] == "victim"
    assert len(desk.served) == 51


@pytest.mark.parametrize("guesses", [ONE_USER, MANY_USERS, MANY_NETWORKS])
async def test_whoever_floods_is_refused_and_not_her_neighbour(guesses: list[Named]) -> None:
    desk = Desk(waiting_max=10)
    await flood(desk, guesses)
    assert desk.refused == [name for name, _ in guesses[11:]]
    await desk.come("neighbour", Claimant("192.0.2.7", "bob"))
    await asyncio.sleep(0)
    assert desk.refused[-1] == guesses[10][0]
    await desk.end()
    assert desk.served[1] == "neighbour"


async def test_two_who_flood_share() -> None:
    desk = Desk()
    await desk.come("first", NOBODY)
    for number in range(4):
        await desk.come(f"a{number}", Claimant("192.0.2.1", f"a{number}"))
    for number in range(4):
        await desk.come(f"b{number}", Claimant("192.0.2.2", f"b{number}"))
    await desk.end()
    assert desk.served == ["first", "a0", "b0", "a1", "b1", "a2", "b2", "a3", "b3"]


async def test_equal_ones_come_in_the_order_of_their_arrival() -> None:
    desk = Desk()
    for number in range(5):
        await desk.come(str(number), NOBODY)
    await desk.end()
    assert desk.served == ["0", "1", "2", "3", "4"]


async def test_who_was_away_has_saved_no_turns() -> None:
    desk = Desk()
    for number in range(3):
        await desk.come(f"a{number}", Claimant("192.0.2.1", f"a{number}"))
    await desk.end()
    desk = Desk()
    desk.turns._networks = {"192.0.2.1": 40}
    desk.turns._now = 39
    await desk.come("first", Claimant("192.0.2.1", "x"))
    for number in range(3):
        await desk.come(f"a{number}", Claimant("192.0.2.1", f"a{number}"))
        await desk.come(f"b{number}", Claimant("192.0.2.2", f"b{number}"))
    await desk.end()
    assert desk.served == ["first", "b0", "a0", "b1", "a1", "b2", "a2"]


async def test_as_many_have_a_turn_as_may() -> None:
    desk = Desk(at_once=3)
    for number in range(5):
        await desk.come(str(number), NOBODY)
    assert desk.served == ["0", "1", "2"]
    assert desk.turns.present == 5
    await desk.end()


async def test_who_has_no_turn_in_time_is_refused() -> None:
    desk = Desk(wait_s=0.01)
    await desk.come("first", NOBODY)
    with pytest.raises(AuthenticationUnavailable, match="no turn"):
        await desk.turns.take(NOBODY)
    assert desk.turns.present == 1
    await desk.end()


async def test_a_turn_of_one_who_is_gone_goes_to_the_next() -> None:
    desk = Desk()
    await desk.come("first", NOBODY)
    gone = [await desk.come(name, NOBODY) for name in ("waits", "gets it as she goes")]
    await desk.come("last", NOBODY)
    gone[0].cancel()
    await asyncio.sleep(0)
    assert desk.turns.present == 3
    desk.turns.give_back()  # to the second, who has not run yet
    gone[1].cancel()
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    assert desk.served == ["first", "last"]
    desk.turns._free -= 1  # what was given back for the first
    await desk.end()


async def test_counts_are_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("angarium.auth.fairturns._COUNTS_MAX", 20)
    turns = FairTurns(at_once=1, waiting_max=1, wait_s=1)
    for number in range(100):
        await turns.take(Claimant(f"192.0.2.{number}", str(number)))
        turns.give_back()
    assert len(turns._networks) + len(turns._users) <= 22
