import pytest
from tests.auth.world import Clock

from angarium.auth import CredentialStamp, VerifiedLogins

ALICE = CredentialStamp("alice", 7)


def test_a_verified_password_is_remembered_for_its_time(clock: Clock) -> None:
    verified = VerifiedLogins(kept_s=300, clock_s=clock)
    assert verified.recall("alice", "secret") is None
    verified.remember("secret", ALICE)
    clock.now_s += 299
    assert verified.recall("alice", "secret") == ALICE
    clock.now_s += 1
    assert verified.recall("alice", "secret") is None


@pytest.mark.parametrize(
    ("userid", "password"),
    [("alice", "Secret"), ("alice", ""), ("alicia", "secret"), ("alic", "esecret"), ("alice\0", "secret")],
)
def test_nothing_else_is_verified_by_it(clock: Clock, userid: str, password: str) -> None:
    verified = VerifiedLogins(kept_s=300, clock_s=clock)
    verified.remember("secret", ALICE)
    assert verified.recall(userid, password) is None


def test_nothing_is_remembered_where_that_is_off(clock: Clock) -> None:
    verified = VerifiedLogins(kept_s=0, clock_s=clock)
    verified.remember("secret", ALICE)
    assert len(verified) == 0
    assert verified.recall("alice", "secret") is None


def test_the_oldest_goes_when_there_are_too_many(clock: Clock) -> None:
    verified = VerifiedLogins(kept_s=300, clock_s=clock, limit=2)
    for password in ("first", "second", "third"):
        verified.remember(password, ALICE)
    assert len(verified) == 2
    assert verified.recall("alice", "first") is None
    assert verified.recall("alice", "third") == ALICE


def test_what_is_over_is_forgotten(clock: Clock) -> None:
    verified = VerifiedLogins(kept_s=300, clock_s=clock)
    verified.remember("first", ALICE)
    clock.now_s += 301
    verified.remember("second", ALICE)
    assert len(verified) == 1


def test_another_process_has_another_key(clock: Clock) -> None:
    first, second = VerifiedLogins(kept_s=300, clock_s=clock), VerifiedLogins(kept_s=300, clock_s=clock)
    first.remember("secret", ALICE)
    second.remember("secret", ALICE)
    assert set(first._verified).isdisjoint(second._verified)
