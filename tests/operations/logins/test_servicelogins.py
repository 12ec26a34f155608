import asyncio

import pytest
from tests.auth.world import no_verifiers, store_verifiers

from angarium.auth import (
    Authenticator,
    Groups,
    LoginPolicy,
    LoginThrottle,
    PasswordCost,
    Passwords,
    add_user,
)
from angarium.cli.usermail import StoreUserMail
from angarium.config.options import AutocreateSettings
from angarium.engine.memory import MemoryEngine
from angarium.engine.rows import AccountId
from angarium.engine.sources import SystemSources
from angarium.errors import AuthenticationFailed, DiskFull
from angarium.names import UserId
from angarium.operations.logins import Peer, ServiceLogins
from angarium.sasl import AnonymousWanted, CredentialsWanted
from angarium.store import Actor, Store, StorePolicy

SOURCES = SystemSources()
SCRAM = ("SCRAM-SHA-1", "SCRAM-SHA-256", "SCRAM-SHA-512")
PLAIN, TLS = Peer("192.0.2.7", "imap", "s1"), Peer("192.0.2.7", "imap", "s2", is_tls=True)


class Members:
    """A source of groups, all of whose users are in the same ones."""

    name = "members"
    groups: frozenset[str] = frozenset()

    def groups_of(self, userid: str) -> frozenset[str]:
        return self.groups


class NoMail:
    """Users have none yet."""

    async def create(self, userid: UserId) -> None: ...

    async def delete(self, userid: UserId) -> None: ...


def test_a_session_logs_in_and_lives_as_long_as_its_credential() -> None:
    failures: list[int] = []

    async def no_time(_seconds: float) -> None: ...

    async def check() -> None:
        engine = MemoryEngine(["default"], SOURCES)
        store = Store(engine, StorePolicy(), SOURCES)
        passwords = Passwords(PasswordCost(passes=1, memory_kib=8, scram_iterations=4096), threads=1)
        await add_user(
            engine, UserId("alice"), "secret", passwords=passwords, sources=SOURCES, mail=StoreUserMail(store)
        )
        members = Members()
        groups = Groups([members], kept_s=0)
        authenticator = Authenticator(store_verifiers(engine, passwords), LoginThrottle(), groups=groups, sleep=no_time)
        logins = ServiceLogins(
            store, authenticator, LoginPolicy(names=store.policy.names), count_failure=lambda: failures.append(1)
        )

        assert (logins.mechanisms(PLAIN), logins.plaintext_allowed(PLAIN)) == (SCRAM, False)
        assert (logins.mechanisms(TLS), logins.plaintext_allowed(TLS)) == (("PLAIN", "LOGIN", *SCRAM), True)

        actor = (await logins.log_in(CredentialsWanted("alice", "secret"), TLS)).actor
        assert actor.account == await engine.account_id("user.alice")
        assert (actor.userid, actor.client, actor.session) == (UserId("alice"), "192.0.2.7", "s2")
        with pytest.raises(AuthenticationFailed):
            await logins.log_in(CredentialsWanted("alice", "wrong"), TLS)
        assert await logins.still_valid(actor)
        assert await logins.renewed(actor) is actor
        members.groups = frozenset({"staff"})
        renewed = await logins.renewed(actor)
        assert renewed.groups == {"staff"}
        assert (renewed.account, renewed.session) == (actor.account, "s2")
        assert await logins.still_valid(renewed)
        await engine.remove_credential("alice")
        assert not await logins.still_valid(actor)
        assert not await logins.still_valid(renewed)
        assert await logins.still_valid(Actor.program("a tool"))
        passwords.close()

    asyncio.run(check())
    assert len(failures) == 1


def test_a_login_makes_the_mailboxes_of_who_has_none(
    caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def check() -> None:
        engine = MemoryEngine(["default"], SOURCES)
        store = Store(engine, StorePolicy(), SOURCES)
        passwords = Passwords(PasswordCost(passes=1, memory_kib=8, scram_iterations=4096), threads=1)
        for user in ("carol", "cyrus", "dave"):
            await add_user(engine, UserId(user), "secret", passwords=passwords, sources=SOURCES, mail=NoMail())
        authenticator = Authenticator(store_verifiers(engine, passwords), LoginThrottle(), groups=Groups([], kept_s=60))
        policy = LoginPolicy(names=store.policy.names, admins=frozenset({UserId("cyrus")}))
        settings = AutocreateSettings(autocreate_quota=500, autocreate_inbox_folders=("Sent",))
        logins = ServiceLogins(store, authenticator, policy, autocreate=settings)

        actor = (await logins.log_in(CredentialsWanted("carol", "secret"), TLS)).actor
        assert actor.account == await engine.account_id("user.carol")
        assert [mailbox.external for mailbox in await store.visible(actor)] == ["INBOX", "Sent"]
        assert (await logins.log_in(CredentialsWanted("carol", "secret"), TLS)).actor.account == actor.account
        assert (await logins.log_in(CredentialsWanted("cyrus", "secret"), TLS)).actor.account is None
        # For whom an administrator acts has mailboxes too.
        acted_for = (await logins.log_in(CredentialsWanted("cyrus", "secret", "erin"), TLS)).actor
        assert acted_for.account == await engine.account_id("user.erin")

        async def refuse(_: str) -> AccountId:
            raise DiskFull("no space")

        monkeypatch.setattr(engine, "create_account", refuse)
        assert (await logins.log_in(CredentialsWanted("dave", "secret"), TLS)).actor.account is None
        passwords.close()

    asyncio.run(check())
    assert [record.msg for record in caplog.records if record.levelname == "ERROR"] == ["autocreate_failed"]


def test_who_does_not_say_who_she_is_comes_in_where_that_is_allowed() -> None:
    async def check() -> None:
        engine = MemoryEngine(["default"], SOURCES)
        store = Store(engine, StorePolicy(), SOURCES)
        authenticator = Authenticator(no_verifiers(engine), LoginThrottle(), groups=Groups([], kept_s=60))
        policy = LoginPolicy(names=store.policy.names, tls_required=True, anonymous=True)
        logins = ServiceLogins(store, authenticator, policy)
        assert (logins.anonymous_allowed(PLAIN), logins.anonymous_allowed(TLS)) == (False, True)
        with pytest.raises(AuthenticationFailed):
            await logins.log_in(AnonymousWanted("trace"), PLAIN)
        actor = (await logins.log_in(AnonymousWanted("trace"), TLS)).actor
        assert (actor.userid, actor.account, actor.groups, actor.is_admin) == (None, None, frozenset(), False)
        assert (actor.client, actor.protocol, actor.session) == ("192.0.2.7", "imap", "s2")
        assert await logins.still_valid(actor)
        assert await logins.renewed(actor) is actor

    asyncio.run(check())
