import asyncio
from dataclasses import replace

import pytest
from tests.auth.world import SOURCES, FakeMail, add, no_verifiers, store_verifiers

from angarium.auth import (
    CredentialStamp,
    PasswordLogin,
    Passwords,
    VerifiedLogins,
    Verifiers,
    VerifierSet,
    is_current,
    set_password,
)
from angarium.engine.memory import MemoryEngine
from angarium.errors import AuthenticationUnavailable
from angarium.names import UserId

ALICE = UserId("alice")


class CountingPasswords(Passwords):
    """Counts what takes time."""

    def __init__(self, passwords: Passwords) -> None:
        self._inner = passwords
        self.computed = 0

    async def verify(self, password_hash: str, password: str) -> bool:
        self.computed += 1
        return await self._inner.verify(password_hash, password)

    def is_outdated(self, password_hash: str) -> bool:
        return self._inner.is_outdated(password_hash)

    async def waste(self, password: str) -> None:
        self.computed += 1
        await self._inner.waste(password)


def login(name: str, password: str) -> PasswordLogin:
    return PasswordLogin(UserId(name), name, password, "imap")


def test_the_right_password_gives_the_credential(
    runner: asyncio.Runner, engine: MemoryEngine, passwords: Passwords
) -> None:
    async def check() -> None:
        await add(engine, passwords, "alice", "secret")
        checked = store_verifiers(engine, passwords)
        stamp = await checked.verify(login("alice", "secret"))
        assert stamp is not None
        assert stamp.userid == "alice"
        assert await is_current(engine, stamp)
        assert await checked.verify(login("alice", "wrong")) is None

    runner.run(check())


def test_whoever_cannot_log_in_costs_the_same_computation(
    runner: asyncio.Runner, engine: MemoryEngine, passwords: Passwords
) -> None:
    async def check() -> None:
        for name in ("alice", "disabled", "keyless"):
            await add(engine, passwords, name, "secret")
        disabled, keyless = await engine.credential("disabled"), await engine.credential("keyless")
        assert disabled is not None
        assert keyless is not None
        await engine.put_credential(replace(disabled, disabled=True))
        await engine.put_credential(replace(keyless, password_hash=""))
        counting = CountingPasswords(passwords)
        checked = store_verifiers(engine, counting)
        for number, name in enumerate(("alice", "disabled", "keyless", "nobody"), 1):
            assert await checked.verify(login(name, "wrong")) is None
            assert counting.computed == number
        assert await checked.verify(login("disabled", "secret")) is None

    runner.run(check())


def test_a_recalled_login_costs_no_computation(
    runner: asyncio.Runner, engine: MemoryEngine, passwords: Passwords
) -> None:
    async def check() -> None:
        await add(engine, passwords, "alice", "secret")
        counting = CountingPasswords(passwords)
        checked = store_verifiers(engine, counting)
        assert await checked.recall(ALICE, "secret") is None
        stamp = await checked.verify(login("alice", "secret"))
        assert await checked.recall(ALICE, "secret") == stamp
        assert await checked.recall(ALICE, "wrong") is None
        assert counting.computed == 1

    runner.run(check())


@pytest.mark.parametrize("change", ["passwd", "disable", "remove", "replace"])
def test_what_was_remembered_dies_with_the_credential(
    runner: asyncio.Runner, engine: MemoryEngine, passwords: Passwords, change: str
) -> None:
    async def check() -> None:
        await add(engine, passwords, "alice", "secret")
        checked = store_verifiers(engine, passwords)
        stamp = await checked.verify(login("alice", "secret"))
        assert stamp is not None
        credential = await engine.credential("alice")
        assert credential is not None
        match change:
            case "passwd":
                await set_password(
                    engine, ALICE, "secret", passwords=passwords, sources=SOURCES, end_sessions=FakeMail().end_sessions
                )
            case "disable":
                await engine.put_credential(replace(credential, disabled=True))
            case "remove":
                await engine.remove_credential("alice")
            case _:
                await engine.remove_credential("alice")
                await add(engine, passwords, "alice", "secret")
        assert await checked.recall(ALICE, "secret") is None
        assert not await is_current(engine, stamp)

    runner.run(check())


def test_without_a_verifier_nobody_is_checked(runner: asyncio.Runner, engine: MemoryEngine) -> None:
    async def check() -> None:
        checked = no_verifiers(engine)
        assert await checked.recall(ALICE, "secret") is None
        with pytest.raises(AuthenticationUnavailable):
            await checked.verify(login("alice", "secret"))

    runner.run(check())


class OtherVerifier:
    """Somebody outside, who knows one password for all, or is away."""

    name = "other"

    def __init__(self, password: str | None) -> None:
        self._password = password

    async def verify(self, login: PasswordLogin) -> CredentialStamp | None:
        if self._password is None:
            raise AuthenticationUnavailable("away")
        return CredentialStamp(str(login.userid)) if login.password == self._password else None

    async def close(self) -> None: ...


def test_verifiers_are_asked_in_turn_and_a_dead_one_makes_no_password_wrong(
    runner: asyncio.Runner, engine: MemoryEngine
) -> None:
    async def check() -> None:
        parts = VerifierSet(methods=(OtherVerifier(None), OtherVerifier("first"), OtherVerifier("second")))
        checked = Verifiers(engine, parts, VerifiedLogins(kept_s=300))
        stamp = await checked.verify(login("alice", "second"))
        assert stamp == CredentialStamp("alice")
        assert stamp.checked_by == "other"
        assert await checked.recall(ALICE, "second") == CredentialStamp("alice")
        with pytest.raises(AuthenticationUnavailable):
            await checked.verify(login("alice", "third"))
        alive = Verifiers(engine, VerifierSet(methods=parts.methods[1:]), VerifiedLogins(kept_s=300))
        assert await alive.verify(login("alice", "third")) is None

    runner.run(check())
