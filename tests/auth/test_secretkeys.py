import asyncio

import pytest

from angarium.auth import CredentialStamp, KnownKeys, KnownSecret, secretkeys
from angarium.auth.fairturns import NOBODY, Claimant
from angarium.auth.proof import made_up_keys
from angarium.auth.secretkeys import SecretKeys
from angarium.names import UserId
from angarium.sasl import ScramHash, derive_keys

SEED = b"seed"


class Source:
    name = "known"

    def __init__(self) -> None:
        self.secrets = {"alice": "secret", "odd": "\x07"}

    async def secret(self, userid: UserId, realm: str, _: Claimant = NOBODY) -> KnownSecret | None:
        assert realm == ""
        found = self.secrets.get(str(userid))
        return KnownSecret(found, CredentialStamp(str(userid))) if found is not None else None


def ask(*names: str) -> list[KnownKeys | None]:
    async def check() -> list[KnownKeys | None]:
        keys = SecretKeys(Source(), SEED)
        return [await keys.keys(UserId(name), ScramHash.SHA_256) for name in names]

    return asyncio.run(check())


def test_keys_are_those_of_the_secret_with_the_salt_of_somebody_who_is_not_there() -> None:
    (known,) = ask("alice")
    made_up = made_up_keys(SEED, "alice", ScramHash.SHA_256)
    expected = derive_keys("secret", salt=made_up.salt, iterations=made_up.iterations, hash=ScramHash.SHA_256)
    assert known == KnownKeys(expected, CredentialStamp("alice"))


def test_who_is_not_known_has_none_and_costs_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    computed = 0

    def counting(password: str, **more: object) -> object:
        nonlocal computed
        computed += 1
        return derive_keys(password, **more)  # type: ignore[arg-type]  # as they came

    monkeypatch.setattr(secretkeys, "derive_keys", counting)
    assert ask("nobody") == [None]
    assert computed == 1
    assert ask("alice", "alice", "nobody", "nobody")[2:] == [None, None]
    assert computed == 3


def test_a_secret_that_scram_cannot_have_has_keys_that_nobody_can_use() -> None:
    (known,) = ask("odd")
    assert known is not None
    assert known.keys == made_up_keys(SEED, "odd", ScramHash.SHA_256)


def test_a_changed_secret_has_other_keys() -> None:
    async def check() -> None:
        source = Source()
        keys = SecretKeys(source, SEED)
        before = await keys.keys(UserId("alice"), ScramHash.SHA_1)
        source.secrets["alice"] = "other"
        after = await keys.keys(UserId("alice"), ScramHash.SHA_1)
        assert before is not None
        assert after is not None
        assert before.keys.stored != after.keys.stored
        assert before.keys.salt == after.keys.salt

    asyncio.run(check())
