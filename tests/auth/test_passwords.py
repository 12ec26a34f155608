import asyncio
import base64
import hashlib

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.auth.world import CHEAP

from angarium.auth import PasswordCost, Passwords, needs_rehash
from angarium.auth.fairturns import Claimant, FairTurns
from angarium.auth.passwords import SCRAM_MECHANISMS, parse_scram, serialize_scram
from angarium.errors import AuthenticationUnavailable, PreparationFailed, StoreDamaged
from angarium.sasl import ScramHash, ScramKeys, derive_keys


@pytest.mark.parametrize(
    ("stored", "given_password", "is_right"),
    [
        ("secret", "secret", True),
        ("secret", "Secret", False),
        ("secret", "", False),
        ("secret", "secret ", False),
        ("pässword", "pa\u0308ssword", True),  # normalisation (RFC 4013 §2.2)
        ("a\u00a0b", "a b", True),  # a no-break space is a space (RFC 4013 §2.1)
        ("secret", "se\x07cret", False),
        ("secret", "\U0001fae0", False),
    ],
)
def test_a_password_is_compared_as_it_was_prepared(
    runner: asyncio.Runner, passwords: Passwords, stored: str, given_password: str, is_right: bool
) -> None:
    async def check() -> None:
        keys = await passwords.derive(stored)
        assert keys.password_hash.startswith("$argon2id$")
        assert await passwords.verify(keys.password_hash, given_password) is is_right

    runner.run(check())


@pytest.mark.parametrize("password", ["", "a\x00b", "\u0007", "\u05d0a"])
def test_a_password_that_cannot_be_prepared_is_not_stored(
    runner: asyncio.Runner, passwords: Passwords, password: str
) -> None:
    with pytest.raises(PreparationFailed):
        runner.run(passwords.derive(password))


@pytest.mark.parametrize("password", ["wrong", "pässword"])
def test_a_hash_of_another_system_has_one_turn(
    runner: asyncio.Runner, passwords: Passwords, monkeypatch: pytest.MonkeyPatch, password: str
) -> None:
    turns = 0

    async def take(turns_taken: FairTurns, claimant: Claimant) -> None:
        nonlocal turns
        turns += 1
        await taken(turns_taken, claimant)

    taken = FairTurns.take
    monkeypatch.setattr(FairTurns, "take", take)
    stored = "{SHA}" + base64.b64encode(hashlib.sha1("pässword".encode()).digest()).decode()
    assert runner.run(passwords.verify(stored, password)) is (password == "pässword")
    assert turns == 1


def test_scram_keys_are_those_of_the_password(runner: asyncio.Runner, passwords: Passwords) -> None:
    keys = parse_scram(runner.run(passwords.derive("secret")).scram)
    assert set(keys) == set(SCRAM_MECHANISMS)
    assert len({each.salt for each in keys.values()}) == len(keys)
    for each in keys.values():
        again = derive_keys("secret", salt=each.salt, iterations=each.iterations, hash=each.hash)
        assert (again.stored, again.server) == (each.stored, each.server)


def test_two_users_of_one_password_share_nothing(runner: asyncio.Runner, passwords: Passwords) -> None:
    first, second = runner.run(passwords.derive("secret")), runner.run(passwords.derive("secret"))
    assert first.password_hash != second.password_hash
    assert first.scram != second.scram


def test_a_hash_of_another_cost_is_verified_and_known_as_such(runner: asyncio.Runner, passwords: Passwords) -> None:
    old = Passwords(PasswordCost(passes=2, memory_kib=8, scram_iterations=4096), threads=1)
    keys = runner.run(old.derive("secret"))
    old.close()
    assert runner.run(passwords.verify(keys.password_hash, "secret"))
    assert needs_rehash(keys.password_hash, CHEAP)
    assert not needs_rehash(runner.run(passwords.derive("secret")).password_hash, CHEAP)
    assert needs_rehash("nonsense")


@pytest.mark.parametrize("text", ["nonsense", "$argon2id$", "$argon2id$v=19$m=8,t=1,p=1$AAAA$", "$2b$12$abc"])
def test_what_is_no_hash_is_damage(runner: asyncio.Runner, passwords: Passwords, text: str) -> None:
    with pytest.raises(StoreDamaged):
        runner.run(passwords.verify(text, "secret"))


def test_a_thousand_connections_of_one_address_keep_no_neighbour_out(
    runner: asyncio.Runner, passwords: Passwords
) -> None:
    served: list[str] = []
    refused: list[str] = []

    async def waste(name: str, claimant: Claimant) -> None:
        try:
            await passwords.waste("guess", claimant)
        except AuthenticationUnavailable:
            refused.append(name)
        else:
            served.append(name)

    async def check() -> None:
        guesses = [waste("guess", Claimant("192.0.2.66", f"user{number}")) for number in range(1000)]
        tasks = [asyncio.ensure_future(guess) for guess in guesses]
        await asyncio.sleep(0)
        await asyncio.gather(waste("neighbour", Claimant("192.0.2.7", "alice")), *tasks)
        assert "neighbour" in served[:3]
        assert (len(served), refused) == (501, ["guess"] * 500)

    runner.run(check())


KEYS = st.builds(
    ScramKeys,
    hash=st.sampled_from(ScramHash),
    stored=st.binary(max_size=64),
    server=st.binary(max_size=64),
    salt=st.binary(max_size=32),
    iterations=st.integers(4096, 10**9),
)


@given(st.dictionaries(st.sampled_from(sorted(SCRAM_MECHANISMS)), KEYS))
def test_scram_keys_come_back_as_they_were(keys: dict[str, ScramKeys]) -> None:
    named = {
        name: ScramKeys(SCRAM_MECHANISMS[name], each.stored, each.server, each.salt, each.iterations)
        for name, each in keys.items()
    }
    assert parse_scram(serialize_scram(named)) == named


@given(st.one_of(st.text(), st.sampled_from(["[]", "1", '{"SCRAM-SHA-1": 1}', '{"SCRAM-SHA-1": {"salt": "?"}}'])))
def test_any_other_text_is_damage(text: str) -> None:
    try:
        parse_scram(text)
    except StoreDamaged:
        pass


def test_keys_of_a_later_version_are_left_out() -> None:
    assert parse_scram('{"SCRAM-SHA3-512": {"anything": 1}}') == {}
    assert parse_scram("") == {}


def test_an_infinite_count_is_damage() -> None:
    with pytest.raises(StoreDamaged):
        parse_scram('{"SCRAM-SHA-1": {"stored": "", "server": "", "salt": "", "iterations": 1e999}}')
