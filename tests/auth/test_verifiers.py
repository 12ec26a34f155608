import asyncio

import pytest
from tests.auth.world import SOURCES, FakeMail, add, no_verifiers, store_verifiers

from angarium.auth import (
    CredentialStamp,
    KnownKeys,
    PasswordLogin,
    Passwords,
    VerifiedLogins,
    Verifiers,
    VerifierSet,
    is_current,
    set_password,
)
from angarium.auth.fairturns import NOBODY, Claimant
from angarium.engine.memory import MemoryEngine
from angarium.engine.users import ChangePassword, SetDisabled
from angarium.errors import AuthenticationUnavailable
from angarium.names import UserId
from angarium.sasl import ScramHash, ScramKeys

ALICE = UserId("alice")


class CountingPasswords(Passwords):
    """Counts what takes time."""

    def __init__(self, passwords: Passwords) -> None:
        self._inner = passwords
        self.computed = 0
        self.begun = asyncio.Event()

    async def verify(self, password_hash: str, password: str, claimant: Claimant = NOBODY) -> bool:
        self.computed += 1
        self.begun.set()
        return await self._inner.verify(password_hash, password, claimant)

    def is_outdated(self, password_hash: str) -> bool:
        return self._inner.is_outdated(password_hash)

    async def waste(self, password: str, claimant: Claimant = NOBODY) -> None:
        self.computed += 1
        await self._inner.waste(password, claimant)


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
        await engine.change_user(SetDisabled("disabled", True, 0))
        await engine.change_user(ChangePassword("keyless", "", "", 1, 0))
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
                await engine.change_user(SetDisabled("alice", True, 0))
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


class Keys:
    """A source of keys, which takes so long."""

    def __init__(self, known: KnownKeys | None, seconds: float = 0.0, *, is_away: bool = False) -> None:
        self._known = known
        self._seconds = seconds
        self._is_away = is_away
        self.asked = 0

    async def keys(
        self,
        userid: UserId,
        hash: ScramHash,  # noqa: A002  the name of the interface
        _: Claimant = NOBODY,
    ) -> KnownKeys | None:
        self.asked += 1
        await asyncio.sleep(self._seconds)
        if self._is_away:
            raise AuthenticationUnavailable("away")
        return self._known


def keys_of(name: str) -> KnownKeys:
    scram = ScramKeys(ScramHash.SHA_256, stored=b"", server=b"", salt=name.encode(), iterations=4096)
    return KnownKeys(scram, CredentialStamp(name))


def ask_for_keys(runner: asyncio.Runner, engine: MemoryEngine, *sources: Keys) -> KnownKeys | None:
    checked = Verifiers(engine, VerifierSet(keys=sources), VerifiedLogins(kept_s=0))
    return runner.run(checked.keys(ALICE, ScramHash.SHA_256, NOBODY))


@pytest.mark.parametrize("knowing", [0, 1, None])
def test_every_source_of_keys_is_asked_whoever_knows(
    runner: asyncio.Runner, engine: MemoryEngine, knowing: int | None
) -> None:
    sources = [Keys(keys_of(str(number)) if number == knowing else None) for number in range(2)]
    known = ask_for_keys(runner, engine, *sources)
    assert known == (keys_of(str(knowing)) if knowing is not None else None)
    assert [source.asked for source in sources] == [1, 1]


def test_a_source_that_is_slow_or_away_keeps_nobody_out_whom_another_knows(
    runner: asyncio.Runner, engine: MemoryEngine, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("angarium.auth.verifiers.STEP_S", 0.01)
    sources = Keys(keys_of("first")), Keys(None, is_away=True), Keys(None, 60)
    assert ask_for_keys(runner, engine, *sources) == keys_of("first")
    with pytest.raises(AuthenticationUnavailable):
        ask_for_keys(runner, engine, *sources[1:])


class Anybody:
    """Takes any password, as a directory takes an empty one (RFC 4513 §5.1.2)."""

    name = "anybody"

    async def verify(self, login: PasswordLogin) -> CredentialStamp | None:
        return CredentialStamp("alice") if len(login.password) < 7 else None

    async def close(self) -> None: ...


def test_an_empty_password_is_nobodys(runner: asyncio.Runner, engine: MemoryEngine) -> None:
    async def check() -> None:
        checked = Verifiers(engine, VerifierSet(methods=(Anybody(),)), VerifiedLogins(kept_s=0))
        assert await checked.verify(login("alice", "secret")) is not None
        assert await checked.verify(login("alice", "")) is None

    runner.run(check())


def test_connections_that_log_in_at_once_cost_one_computation(
    runner: asyncio.Runner, engine: MemoryEngine, passwords: Passwords
) -> None:
    async def check() -> None:
        await add(engine, passwords, "alice", "secret")
        counting = CountingPasswords(passwords)
        checked = store_verifiers(engine, counting)
        first, *others = [asyncio.ensure_future(checked.verify(login("alice", "secret"))) for _ in range(5)]
        wrong = asyncio.ensure_future(checked.verify(login("alice", "wrong")))
        await counting.begun.wait()
        first.cancel()
        stamps = await asyncio.gather(*others)
        assert [stamp.userid for stamp in stamps if stamp is not None] == ["alice"] * 4
        assert await wrong is None
        assert counting.computed == 2
        assert await checked.verify(login("alice", "secret")) is not None
        assert counting.computed == 3

    runner.run(check())


def test_one_that_cannot_be_asked_is_told_to_all_who_wait_and_asked_again(
    runner: asyncio.Runner, engine: MemoryEngine
) -> None:
    class Dead:
        name = "dead"
        asked = 0

        async def verify(self, _: PasswordLogin) -> CredentialStamp | None:
            self.asked += 1
            await asyncio.sleep(0)
            raise AuthenticationUnavailable("nobody there")

        async def close(self) -> None: ...

    async def check() -> None:
        dead = Dead()
        checked = Verifiers(engine, VerifierSet(methods=(dead,)), VerifiedLogins(kept_s=60))
        for asked in (1, 2):
            refusals = await asyncio.gather(
                *[checked.verify(login("alice", "secret")) for _ in range(3)], return_exceptions=True
            )
            assert [type(refusal) for refusal in refusals] == [AuthenticationUnavailable] * 3
            assert dead.asked == asked

    runner.run(check())
