import asyncio
import time
from dataclasses import replace

import pytest
from tests.auth.world import Clock, add, store_verifiers

from angarium.auth import (
    AccessRules,
    AuthenticatedUser,
    Authenticator,
    CredentialStamp,
    Groups,
    LoginContext,
    LoginPolicy,
    LoginThrottle,
    PasswordLogin,
    Passwords,
    Peer,
    VerifiedLogins,
    Verifiers,
    VerifierSet,
)
from angarium.auth.access import parse_rules
from angarium.engine.memory import MemoryEngine
from angarium.errors import AuthenticationFailed, AuthenticationUnavailable, AuthorizationFailed
from angarium.names import NameSettings, UserId, VirtDomains
from angarium.sasl import CredentialsWanted

NAMES = NameSettings(virtdomains=VirtDomains.USERID)
POLICY = LoginPolicy(names=NAMES, admins=frozenset({UserId("root"), UserId("boss", "example.org")}))
PEER = Peer("192.0.2.7", "imap", "s1", is_tls=True)
CONTEXT = LoginContext(POLICY, PEER)


class Members:
    """A source of groups."""

    name = "members"

    def __init__(self) -> None:
        self.groups: dict[str, frozenset[str]] = {}
        self.is_dead = False

    def groups_of(self, userid: str) -> frozenset[str]:
        if self.is_dead:
            raise OSError("dead")
        return self.groups.get(userid, frozenset())


class World:
    """Users, and an authenticator over them."""

    def __init__(self, engine: MemoryEngine, passwords: Passwords, clock: Clock) -> None:
        self.engine = engine
        self.passwords = passwords
        self.clock = clock
        self.verifier = store_verifiers(engine, passwords, clock)
        self.members = Members()
        self.groups = Groups([self.members], kept_s=60, clock_s=clock)
        throttle = LoginThrottle(clock_s=clock)
        self.authenticator = Authenticator(
            self.verifier, throttle, groups=self.groups, sleep=clock.sleep, clock_s=clock
        )

    async def add(self, *names: str) -> None:
        for name in names:
            await add(self.engine, self.passwords, name, "secret")

    async def log_in(
        self, authcid: str, password: str = "secret", authzid: str | None = None, context: LoginContext = CONTEXT
    ) -> AuthenticatedUser:
        return await self.authenticator.authenticate(CredentialsWanted(authcid, password, authzid), context)


@pytest.fixture
def world(runner: asyncio.Runner, engine: MemoryEngine, passwords: Passwords, clock: Clock) -> World:
    world = World(engine, passwords, clock)
    runner.run(world.add("alice", "root", "boss@example.org"))
    return world


def test_the_right_password_lets_in_at_once(runner: asyncio.Runner, world: World) -> None:
    user = runner.run(world.log_in("Alice"))
    assert user.userid == user.authenticated == UserId("alice")
    assert not user.is_admin
    assert user.groups == frozenset()
    assert world.clock.slept == []
    assert runner.run(world.log_in("alice")) == user


@pytest.mark.parametrize(
    ("authcid", "password"),
    [("alice", "wrong"), ("nobody", "secret"), ("anyone", "secret"), ("a/b", "x"), ("\x07", "x")],
)
def test_every_failure_looks_and_lasts_the_same(
    runner: asyncio.Runner, world: World, authcid: str, password: str
) -> None:
    with pytest.raises(AuthenticationFailed) as failure:
        runner.run(world.log_in(authcid, password))
    assert str(failure.value) == "wrong user name or password"
    assert world.clock.slept == [3.0]


def test_a_guesser_waits_longer_each_time_and_the_user_beside_her_does_not(
    runner: asyncio.Runner, world: World
) -> None:
    async def guess() -> None:
        with pytest.raises(AuthenticationFailed):
            await world.log_in("alice", "wrong")

    runner.run(world.log_in("root"))
    for _ in range(8):
        runner.run(guess())
    waits = [slept for slept in world.clock.slept if slept != 3.0]
    assert waits == sorted(waits)
    assert waits[-1] > 10
    world.clock.slept.clear()
    runner.run(world.log_in("root"))
    assert world.clock.slept == []


def test_whoever_was_verified_lately_does_not_wait_for_guessers_of_her_own_name(
    runner: asyncio.Runner, world: World
) -> None:
    runner.run(world.log_in("alice"))
    for _ in range(5):
        with pytest.raises(AuthenticationFailed):
            runner.run(world.log_in("alice", "wrong"))
    world.clock.slept.clear()
    runner.run(world.log_in("alice"))
    assert world.clock.slept == []


def test_what_was_verified_lately_is_no_way_around_the_throttle(runner: asyncio.Runner, world: World) -> None:
    async def check() -> None:
        await world.log_in("alice")
        for _ in range(12):
            world.authenticator._throttle.failed(PEER.address, "alice")
        world.clock.slept.clear()
        # A guess that is right is looked at no sooner than one that is wrong.
        await world.log_in("alice")
        assert world.clock.slept[0] > 5
        elsewhere = CONTEXT._replace(peer=PEER._replace(address="192.0.2.8"))
        world.clock.slept.clear()
        await world.log_in("alice", context=elsewhere)
        assert world.clock.slept == []

    runner.run(check())


def test_of_guesses_made_all_at_once_few_are_looked_at(runner: asyncio.Runner, world: World) -> None:
    asked = world.verifier.verify
    looked_at = 0

    async def verify(login: PasswordLogin) -> CredentialStamp | None:
        nonlocal looked_at
        looked_at += 1
        return await asked(login)

    async def check() -> None:
        with pytest.MonkeyPatch.context() as patched:
            patched.setattr(world.verifier, "verify", verify)
            throttle = world.authenticator._throttle
            still = Authenticator(world.verifier, throttle, groups=world.groups, sleep=no_time)
            guesses = [still.authenticate(CredentialsWanted("alice", "wrong"), CONTEXT) for _ in range(200)]
            answers = await asyncio.gather(*guesses, return_exceptions=True)
            assert {type(answer) for answer in answers} == {AuthenticationFailed}
            assert 10 <= looked_at <= 20
            assert still._checks == {}

    async def no_time(seconds: float) -> None:
        await asyncio.sleep(0)

    runner.run(check())


def test_of_many_who_know_the_password_all_come_in_at_the_cost_of_few(runner: asyncio.Runner, world: World) -> None:
    asked = world.verifier.verify
    looked_at = 0

    async def verify(login: PasswordLogin) -> CredentialStamp | None:
        nonlocal looked_at
        looked_at += 1
        return await asked(login)

    async def check() -> None:
        with pytest.MonkeyPatch.context() as patched:
            patched.setattr(world.verifier, "verify", verify)
            users = await asyncio.gather(*[world.log_in("alice") for _ in range(200)])
            assert {str(user.userid) for user in users} == {"alice"}
            assert looked_at == 10

    runner.run(check())


def test_guesses_side_by_side_are_refused_unseen(runner: asyncio.Runner, world: World) -> None:
    async def check() -> None:
        for _ in range(3):
            with pytest.raises(AuthenticationFailed):
                await world.log_in("alice", "wrong")
        throttle = world.authenticator._throttle
        still = Authenticator(world.verifier, throttle, groups=world.groups, sleep=no_time)
        guesses = [still.authenticate(CredentialsWanted("alice", "wrong"), CONTEXT) for _ in range(60)]
        failures = await asyncio.gather(*guesses, return_exceptions=True)
        assert all(isinstance(failure, AuthenticationFailed) for failure in failures)
        assert "throttled" in {str(failure) for failure in failures}

    async def no_time(seconds: float) -> None:
        await asyncio.sleep(0)

    runner.run(check())


@pytest.mark.parametrize(
    ("authcid", "authzid", "outcome"),
    [
        ("alice", "alice", UserId("alice")),
        ("alice", "ALICE", UserId("alice")),
        ("alice", "bob", None),
        ("alice", "root", None),
        ("root", "alice", UserId("alice")),
        ("root", "carol@example.org", UserId("carol", "example.org")),
        ("root", "anyone", None),
        ("boss@example.org", "carol@example.org", UserId("carol", "example.org")),
        ("boss@example.org", "carol@example.net", None),
        ("boss@example.org", "alice", None),
        ("boss@example.org", "root", None),
    ],
)
def test_administrators_may_act_for_others(
    runner: asyncio.Runner, world: World, authcid: str, authzid: str, outcome: UserId | None
) -> None:
    if outcome is None:
        with pytest.raises(AuthorizationFailed):
            runner.run(world.log_in(authcid, authzid=authzid))
        return
    user = runner.run(world.log_in(authcid, authzid=authzid))
    assert user.userid == outcome
    assert str(user.authenticated) == user.standing.stamp.userid == authcid


def test_who_acts_for_a_user_is_no_administrator_meanwhile(runner: asyncio.Runner, world: World) -> None:
    assert runner.run(world.log_in("root")).is_admin
    assert not runner.run(world.log_in("root", authzid="alice")).is_admin


def test_a_wrong_password_tells_nothing_of_who_may_act_for_whom(runner: asyncio.Runner, world: World) -> None:
    with pytest.raises(AuthenticationFailed):
        runner.run(world.log_in("alice", "wrong", authzid="bob"))


def test_who_acts_is_in_her_own_groups(runner: asyncio.Runner, world: World) -> None:
    world.members.groups = {"alice": frozenset({"staff"}), "root": frozenset({"wheel"})}
    assert runner.run(world.log_in("alice")).groups == {"staff"}
    assert runner.run(world.log_in("root")).groups == {"wheel"}
    assert runner.run(world.log_in("root", authzid="alice")).groups == {"staff"}


def test_groups_of_later_are_there_without_a_login(runner: asyncio.Runner, world: World, clock: Clock) -> None:
    assert runner.run(world.log_in("alice")).groups == frozenset()
    world.members.groups = {"alice": frozenset({"staff"})}
    assert runner.run(world.authenticator.groups_of(UserId("alice"))) == frozenset()
    clock.now_s += 60
    assert runner.run(world.authenticator.groups_of(UserId("alice"))) == {"staff"}


def test_nobody_comes_in_whose_groups_are_not_known_and_a_wrong_password_hears_nothing_of_it(
    runner: asyncio.Runner, world: World
) -> None:
    world.members.is_dead = True
    with pytest.raises(AuthenticationFailed):
        runner.run(world.log_in("alice", "wrong"))
    with pytest.raises(AuthenticationUnavailable):
        runner.run(world.log_in("alice"))


def test_the_pause_is_that_of_the_service(runner: asyncio.Runner, world: World) -> None:
    context = CONTEXT._replace(policy=replace(POLICY, failed_login_pause_s=0.0))
    with pytest.raises(AuthenticationFailed):
        runner.run(world.log_in("alice", "wrong", context=context))
    assert world.clock.slept == [0.0]


def test_a_login_that_was_verified_lately_is_cheap(runner: asyncio.Runner, world: World) -> None:
    async def check() -> float:
        await world.log_in("alice")
        started_s = time.process_time()
        for _ in range(200):
            await world.log_in("alice")
        return (time.process_time() - started_s) / 200

    # The whole login may take 0.2 ms, and this is a part of it; a slow machine gets some room.
    assert runner.run(check()) < 0.0004


class Slow:
    """Says after so long for each user that the password is wrong."""

    name = "slow"
    TIMES_S = {"nobody": 0.01, "alice": 0.24, "carol": 0.2501, "dave": 1.1}  # noqa: RUF012 - it stays as it is

    def __init__(self, clock: Clock) -> None:
        self._clock = clock

    async def verify(self, login: PasswordLogin) -> CredentialStamp | None:
        self._clock.now_s += self.TIMES_S[str(login.userid)]
        return None

    async def close(self) -> None: ...


@pytest.mark.parametrize(("name", "lasts_s"), [("nobody", 0.25), ("alice", 0.25), ("carol", 0.5), ("dave", 1.25)])
@pytest.mark.parametrize("pause_s", [0.0, 3.0])
def test_a_refusal_comes_at_a_full_step_whoever_has_refused(
    runner: asyncio.Runner, engine: MemoryEngine, clock: Clock, name: str, lasts_s: float, pause_s: float
) -> None:
    verifiers = Verifiers(engine, VerifierSet(methods=(Slow(clock),)), VerifiedLogins(kept_s=300))
    throttle = LoginThrottle(clock_s=clock)
    authenticator = Authenticator(verifiers, throttle, groups=Groups([], kept_s=60), sleep=clock.sleep, clock_s=clock)
    context = CONTEXT._replace(policy=replace(POLICY, failed_login_pause_s=pause_s))
    begun_s = clock.now_s
    with pytest.raises(AuthenticationFailed):
        runner.run(authenticator.authenticate(CredentialsWanted(name, "wrong"), context))
    assert clock.now_s - begun_s == pytest.approx(lasts_s + pause_s)


def test_whom_the_rules_keep_out_costs_what_others_cost(
    runner: asyncio.Runner, world: World, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    caplog.set_level("INFO")
    names: list[str] = []
    asked = world.verifier.verify

    async def verify(login: PasswordLogin) -> CredentialStamp | None:
        names.append(str(login.userid))
        return await asked(login)

    monkeypatch.setattr(world.verifier, "verify", verify)
    world.authenticator.access = AccessRules(parse_rules("deny imap alice all", NAMES))
    for name, password in (("Alice", "secret"), ("alice", "wrong"), ("nobody", "wrong")):
        with pytest.raises(AuthenticationFailed, match="wrong user name or password"):
            runner.run(world.log_in(name, password))
    assert names == ["alice", "alice", "nobody"]
    assert [record.message for record in caplog.records] == ["access_denied"] * 2
