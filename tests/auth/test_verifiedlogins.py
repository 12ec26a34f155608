from dataclasses import replace

import pytest
from tests.auth.world import Clock

from angarium.auth import VerifiedLogins
from angarium.engine.rows import CredentialRow

ALICE = CredentialRow("alice", "$argon2id$1", "", 7, False, 0, 0)


def test_a_verified_password_is_remembered_for_its_time(clock: Clock) -> None:
    verified = VerifiedLogins(kept_s=300, clock_s=clock)
    assert not verified.is_verified(ALICE, "secret")
    verified.remember(ALICE, "secret")
    clock.now_s += 299
    assert verified.is_verified(ALICE, "secret")
    clock.now_s += 1
    assert not verified.is_verified(ALICE, "secret")


@pytest.mark.parametrize(
    ("credential", "password"),
    [
        (ALICE, "Secret"),
        (ALICE, ""),
        (replace(ALICE, version=8), "secret"),
        (replace(ALICE, password_hash="$argon2id$2"), "secret"),
        (replace(ALICE, userid="alicia"), "secret"),
        (replace(ALICE, userid="alic"), "esecret"),
    ],
)
def test_nothing_else_is_verified_by_it(clock: Clock, credential: CredentialRow, password: str) -> None:
    verified = VerifiedLogins(kept_s=300, clock_s=clock)
    verified.remember(ALICE, "secret")
    assert not verified.is_verified(credential, password)


def test_nothing_is_remembered_where_that_is_off(clock: Clock) -> None:
    verified = VerifiedLogins(kept_s=0, clock_s=clock)
    verified.remember(ALICE, "secret")
    assert len(verified) == 0
    assert not verified.is_verified(ALICE, "secret")


def test_the_oldest_goes_when_there_are_too_many(clock: Clock) -> None:
    verified = VerifiedLogins(kept_s=300, clock_s=clock, limit=2)
    for password in ("first", "second", "third"):
        verified.remember(ALICE, password)
    assert len(verified) == 2
    assert not verified.is_verified(ALICE, "first")
    assert verified.is_verified(ALICE, "third")


def test_what_is_over_is_forgotten(clock: Clock) -> None:
    verified = VerifiedLogins(kept_s=300, clock_s=clock)
    verified.remember(ALICE, "first")
    clock.now_s += 301
    verified.remember(ALICE, "second")
    assert len(verified) == 1


def test_another_process_has_another_key(clock: Clock) -> None:
    first, second = VerifiedLogins(kept_s=300, clock_s=clock), VerifiedLogins(kept_s=300, clock_s=clock)
    first.remember(ALICE, "secret")
    second.remember(ALICE, "secret")
    assert set(first._until_s).isdisjoint(second._until_s)
