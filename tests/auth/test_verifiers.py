import asyncio
from dataclasses import replace

import pytest
from tests.auth.world import SOURCES, Clock, FakeMail, add

from angarium.auth import NoVerifier, Passwords, StoreVerifier, VerifiedLogins, is_current, set_password, verifier_for
from angarium.config import PwcheckMethod
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

    async def waste(self, password: str) -> None:
        self.computed += 1
        await self._inner.waste(password)


def verifier(engine: MemoryEngine, passwords: Passwords) -> StoreVerifier:
    return StoreVerifier(engine, passwords, VerifiedLogins(kept_s=300, clock_s=Clock()))


def test_the_right_password_gives_the_credential(
    runner: asyncio.Runner, engine: MemoryEngine, passwords: Passwords
) -> None:
    async def check() -> None:
        await add(engine, passwords, "alice", "secret")
        checked = verifier(engine, passwords)
        stamp = await checked.verify(ALICE, "secret")
        assert stamp is not None
        assert stamp.userid == "alice"
        assert await is_current(engine, stamp)
        assert await checked.verify(ALICE, "wrong") is None

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
        checked = verifier(engine, counting)
        for number, name in enumerate(("alice", "disabled", "keyless", "nobody"), 1):
            assert await checked.verify(UserId(name), "wrong") is None
            assert counting.computed == number
        assert await checked.verify(UserId("disabled"), "secret") is None

    runner.run(check())


def test_a_recalled_login_costs_no_computation(
    runner: asyncio.Runner, engine: MemoryEngine, passwords: Passwords
) -> None:
    async def check() -> None:
        await add(engine, passwords, "alice", "secret")
        counting = CountingPasswords(passwords)
        checked = verifier(engine, counting)
        assert await checked.recall(ALICE, "secret") is None
        stamp = await checked.verify(ALICE, "secret")
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
        checked = verifier(engine, passwords)
        stamp = await checked.verify(ALICE, "secret")
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


@pytest.mark.parametrize(
    ("methods", "is_served"),
    [
        ((PwcheckMethod.AUXPROP,), True),
        ((PwcheckMethod.SASLAUTHD, PwcheckMethod.AUXPROP), True),
        ((PwcheckMethod.SASLAUTHD,), False),
        ((PwcheckMethod.ALWAYSTRUE,), False),
        ((), False),
    ],
)
def test_nobody_is_checked_by_a_method_that_is_not_served(
    runner: asyncio.Runner,
    engine: MemoryEngine,
    passwords: Passwords,
    methods: tuple[PwcheckMethod, ...],
    is_served: bool,
) -> None:
    async def check() -> None:
        await add(engine, passwords, "alice", "secret")
        chosen = verifier_for(methods, verifier(engine, passwords))
        assert isinstance(chosen, NoVerifier) is not is_served
        if is_served:
            assert await chosen.verify(ALICE, "secret") is not None
        else:
            assert await chosen.recall(ALICE, "secret") is None
            with pytest.raises(AuthenticationUnavailable):
                await chosen.verify(ALICE, "secret")

    runner.run(check())
