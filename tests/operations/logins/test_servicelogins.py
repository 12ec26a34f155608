import asyncio
from dataclasses import replace

import pytest
from tests.auth.world import no_verifiers, store_verifiers

from angarium.auth import (
    Authenticator,
    CredentialStamp,
    Groups,
    LoginPolicy,
    LoginThrottle,
    PasswordCost,
    PasswordLogin,
    Passwords,
    VerifiedLogins,
    Verifiers,
    VerifierSet,
    add_user,
)
from angarium.cli.usermail import StoreUserMail
from angarium.config.options import AutocreateSettings
from angarium.engine.memory import MemoryEngine
from angarium.engine.rows import AccountId
from angarium.engine.sources import SystemSources
from angarium.engine.users import EVERYBODY, DenialRow, PutDenial, RemoveDenial
from angarium.errors import AuthenticationFailed, DiskFull
from angarium.names import UserId
from angarium.operations.logins import Over, Peer, ServiceLogins
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
        assert (actor.userid, actor.is_admin) == (UserId("alice"), False)
        assert (actor.client, actor.protocol, actor.session) == ("192.0.2.7", "imap", "s2")
        with pytest.raises(AuthenticationFailed):
            await logins.log_in(CredentialsWanted("alice", "wrong"), TLS)
        assert await logins.why_over(actor) is None
        assert await logins.renewed(actor) is actor
        members.groups = frozenset({"staff"})
        renewed = await logins.renewed(actor)
        assert renewed.groups == {"staff"}
        assert (renewed.account, renewed.session) == (actor.account, "s2")
        assert await logins.why_over(renewed) is None
        await engine.remove_credential("alice")
        assert await logins.why_over(actor) is not None
        assert await logins.why_over(renewed) is not None
        assert await logins.why_over(Actor.program("a tool")) is None
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
        assert await logins.why_over(actor) is None
        assert await logins.renewed(actor) is actor

    asyncio.run(check())


class Acting:
    """`cyrus` is an administrator, `webmail` may act for others; `latest` are the logins since the last reload."""

    def __init__(self) -> None:
        self.engine = MemoryEngine(["default"], SOURCES)
        self.store = Store(self.engine, StorePolicy(), SOURCES)
        self.members = Members()
        self.policy = LoginPolicy(
            names=self.store.policy.names,
            admins=frozenset({UserId("cyrus")}),
            proxies=frozenset({UserId("webmail")}),
            anonymous=True,
        )
        self.may = True
        self.logins = self.latest = self.made(self.policy)

    def made(self, policy: LoginPolicy) -> ServiceLogins:
        verifiers = Verifiers(self.engine, VerifierSet(methods=(Anyone(),)), VerifiedLogins(kept_s=0))
        groups = Groups([self.members], kept_s=0)

        async def may_act_for(_groups: frozenset[str], userid: UserId, _wanted: UserId) -> bool:
            return self.may and str(userid) == "secretary"

        authenticator = Authenticator(verifiers, LoginThrottle(), groups=groups, may_act_for=may_act_for)
        return ServiceLogins(self.store, authenticator, policy, latest=lambda: self.latest)

    def reload(self, **changes: object) -> None:
        self.members = Members()
        self.latest = self.made(replace(self.policy, **changes))  # type: ignore[arg-type]  # as they come

    async def actor(self, name: str, authzid: str | None = None) -> Actor:
        return (await self.logins.log_in(CredentialsWanted(name, "secret", authzid), TLS)).actor


class Anyone:
    """Everybody's password is right."""

    name = "anyone"

    async def verify(self, login: PasswordLogin) -> CredentialStamp | None:
        return CredentialStamp(str(login.userid))

    async def close(self) -> None: ...


@pytest.mark.parametrize(
    ("name", "authzid", "changes"),
    [
        ("cyrus", "alice", {"admins": frozenset()}),
        ("webmail", "alice", {"proxies": frozenset()}),
        ("webmail", "alice", {"admins": frozenset({UserId("alice")})}),
        ("secretary", "alice", {"login_by_acl": False}),
        ("alice", None, {"admins_only": True}),
    ],
)
def test_who_may_not_act_any_more_after_a_reload_does_not(
    caplog: pytest.LogCaptureFixture, name: str, authzid: str | None, changes: dict[str, object]
) -> None:
    async def check() -> None:
        acting = Acting()
        acting.policy = replace(acting.policy, login_by_acl=True)
        acting.logins = acting.latest = acting.made(acting.policy)
        actor = await acting.actor(name, authzid)
        assert await acting.logins.why_over(actor) is None
        acting.reload()
        assert await acting.logins.why_over(actor) is None
        acting.reload(**changes)
        assert await acting.logins.why_over(actor) is Over.ACCESS_WITHDRAWN

    caplog.set_level("INFO")
    asyncio.run(check())
    assert [vars(record)["reason"] for record in caplog.records if record.msg == "login_over"] == ["access_withdrawn"]


def test_who_may_act_by_rights_does_so_for_as_long_as_she_has_them() -> None:
    async def check() -> None:
        acting = Acting()
        acting.policy = replace(acting.policy, login_by_acl=True)
        acting.logins = acting.latest = acting.made(acting.policy)
        actor = await acting.actor("secretary", "alice")
        assert await acting.logins.why_over(actor) is None
        acting.may = False
        assert await acting.logins.why_over(actor) is Over.ACCESS_WITHDRAWN

    asyncio.run(check())


def test_an_administrator_is_one_for_as_long_as_the_settings_say_so() -> None:
    async def check() -> None:
        acting = Acting()
        actor = await acting.actor("cyrus")
        assert actor.is_admin
        await acting.engine.change_user(PutDenial(DenialRow(EVERYBODY, "*", "Closed")))
        assert await acting.logins.why_over(actor) is None
        acting.reload(admins=frozenset())
        acting.members.groups = frozenset({"staff"})
        renewed = await acting.logins.renewed(actor)
        assert (renewed.is_admin, renewed.groups) == (False, frozenset({"staff"}))
        assert await acting.logins.why_over(actor) is Over.ACCESS_WITHDRAWN  # as all are but administrators
        await acting.engine.change_user(RemoveDenial(EVERYBODY))
        assert await acting.logins.why_over(renewed) is None
        acting.reload()
        assert (await acting.logins.renewed(renewed)).is_admin

    asyncio.run(check())


def test_visitors_go_when_they_are_not_allowed_any_more() -> None:
    async def check() -> None:
        acting = Acting()
        actor = (await acting.logins.log_in(AnonymousWanted("trace"), TLS)).actor
        assert await acting.logins.why_over(actor) is None
        acting.reload(anonymous=False)
        assert await acting.logins.why_over(actor) is Over.ACCESS_WITHDRAWN

    asyncio.run(check())
