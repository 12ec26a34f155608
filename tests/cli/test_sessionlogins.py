import asyncio
import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from angarium.auth import (
    Authenticator,
    LoginPolicy,
    LoginThrottle,
    PasswordCost,
    Passwords,
    StoreVerifier,
    VerifiedLogins,
    add_user,
)
from angarium.cli.sessionlogins import SessionLogins
from angarium.cli.usermail import StoreUserMail
from angarium.engine.memory import MemoryEngine
from angarium.engine.sources import SystemSources
from angarium.errors import AuthenticationFailed
from angarium.imap.services import Peer
from angarium.names import UserId
from angarium.sasl import CredentialsWanted
from angarium.store import Actor, Store, StorePolicy
from angarium.worker import Metric, Metrics, SharedState, read_metrics

SOURCES = SystemSources()
PLAIN, TLS = Peer("192.0.2.7", "imap", "s1"), Peer("192.0.2.7", "imap", "s2", is_tls=True)


@pytest.fixture
def state(tmp_path: Path) -> Iterator[SharedState]:
    state = SharedState.create(tmp_path / "state", segments=1, sessions_max=8)
    state.take_segment(1, os.getpid())
    yield state
    state.close()


def test_a_session_logs_in_and_lives_as_long_as_its_credential(state: SharedState) -> None:
    async def no_time(_seconds: float) -> None: ...

    async def check() -> None:
        engine = MemoryEngine(["default"], SOURCES)
        store = Store(engine, StorePolicy(), SOURCES)
        passwords = Passwords(PasswordCost(passes=1, memory_kib=8, scram_iterations=4096), threads=1)
        await add_user(
            engine, UserId("alice"), "secret", passwords=passwords, sources=SOURCES, mail=StoreUserMail(store)
        )
        verifier = StoreVerifier(engine, passwords, VerifiedLogins(kept_s=60))
        authenticator = Authenticator(verifier, LoginThrottle(), sleep=no_time)
        metrics = Metrics(state, 1)
        logins = SessionLogins(store, authenticator, LoginPolicy(names=store.policy.names), metrics)

        assert (logins.mechanisms(PLAIN), logins.plaintext_allowed(PLAIN)) == ((), False)
        assert (logins.mechanisms(TLS), logins.plaintext_allowed(TLS)) == (("PLAIN", "LOGIN"), True)

        actor = await logins.log_in(CredentialsWanted("alice", "secret"), TLS)
        assert actor.account == await engine.account_id("user.alice")
        assert (actor.userid, actor.client, actor.session) == (UserId("alice"), "192.0.2.7", "s2")
        with pytest.raises(AuthenticationFailed):
            await logins.log_in(CredentialsWanted("alice", "wrong"), TLS)
        assert await logins.still_valid(actor)
        await engine.remove_credential("alice")
        assert not await logins.still_valid(actor)
        assert await logins.still_valid(Actor.program("a tool"))
        passwords.close()

    asyncio.run(check())
    assert read_metrics(state)[Metric.LOGINS_FAILED] == 1
