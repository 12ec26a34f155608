import asyncio

import pytest
from tests.auth.world import Clock

from angarium.auth import CredentialStamp, PasswordLogin
from angarium.auth.evenrefusals import EvenRefusals
from angarium.errors import AuthenticationUnavailable
from angarium.names import UserId


class Slow:
    """Takes so long for each user."""

    name = "slow"

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self.is_closed = False

    async def verify(self, login: PasswordLogin) -> CredentialStamp | None:
        self._clock.now_s += float(login.password)
        if login.typed == "away":
            raise AuthenticationUnavailable("away")
        return CredentialStamp("right") if login.typed == "right" else None

    async def close(self) -> None:
        self.is_closed = True


def verify(typed: str, seconds: float) -> tuple[CredentialStamp | None, float]:
    clock = Clock()
    even = EvenRefusals(Slow(clock), step_s=0.5, clock_s=clock, sleep=clock.sleep)
    begun_s = clock.now_s
    stamp = asyncio.run(even.verify(PasswordLogin(UserId(typed), typed, str(seconds), "imap")))
    return stamp, clock.now_s - begun_s


@pytest.mark.parametrize(("seconds", "lasts"), [(0.001, 0.5), (0.2, 0.5), (0.49, 0.5), (0.6, 1.0), (2.1, 2.5)])
def test_a_refusal_comes_at_a_full_step(seconds: float, lasts: float) -> None:
    stamp, lasted = verify("wrong", seconds)
    assert stamp is None
    assert lasted == pytest.approx(lasts)


def test_who_is_right_does_not_wait() -> None:
    stamp, lasted = verify("right", 0.1)
    assert stamp == CredentialStamp("right")
    assert lasted == pytest.approx(0.1)


def test_who_cannot_be_asked_is_no_refusal() -> None:
    with pytest.raises(AuthenticationUnavailable):
        verify("away", 0.1)


def test_it_has_the_other_s_name_and_end() -> None:
    async def check() -> None:
        slow = Slow(Clock())
        even = EvenRefusals(slow)
        assert even.name == "slow"
        await even.close()
        assert slow.is_closed

    asyncio.run(check())
