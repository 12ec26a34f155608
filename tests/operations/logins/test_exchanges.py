"""Exchanges of each mechanism, with all that answers their questions, and clients of our own."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path

import pytest
from tests.auth.world import CHEAP
from tests.operations.logins.plainlogins import PlainLogins
from tests.sasl.exchanges import BINDINGS, FakeAcceptor, FakeInitiator, client_setting

from angarium.auth import CredentialStamp, KnownKeys, KnownSecret, TokenUser, VerifierSet
from angarium.config import parse_settings
from angarium.engine.memory import MemoryEngine
from angarium.engine.sources import SystemSources
from angarium.errors import (
    AuthenticationFailed,
    AuthenticationUnavailable,
    AuthorizationFailed,
    EncryptionNeeded,
    ExchangeFailed,
    FailureReason,
    MechanismUnavailable,
)
from angarium.names import UserId
from angarium.operations.logins import Continue, LoggedIn, Peer
from angarium.sasl import (
    Failed,
    GssProgress,
    GssRefused,
    GssTokenWanted,
    GssUnwrapWanted,
    GssWrapWanted,
    ScramHash,
    derive_keys,
)
from angarium.sasl.client import ClientSetting, begin_client
from angarium.store import Store, StorePolicy

_FILE = Path("/etc/imapd.conf")
PEER = Peer("192.0.2.7", "imap", "s1")
TLS = replace(PEER, is_tls=True, bindings=BINDINGS, certificate_user="carol")
SECRETS = {"alice": "secret", "cyrus": "top secret"}


class Secrets:
    """Knows some passwords as they are; a key of SCRAM too."""

    name = "secrets"
    is_away = False

    async def secret(self, userid: UserId, realm: str) -> KnownSecret | None:
        if self.is_away:
            raise AuthenticationUnavailable("away")
        secret = SECRETS.get(str(userid))
        return KnownSecret(secret, CredentialStamp(str(userid))) if secret is not None else None

    async def keys(self, userid: UserId, hash: ScramHash) -> KnownKeys | None:  # noqa: A002
        known = await self.secret(userid, "")
        if known is None:
            return None
        iterations = CHEAP.scram_iterations
        return KnownKeys(derive_keys(known.secret, salt=b"salt", iterations=iterations, hash=hash), known.stamp)


class Tokens:
    """Knows one token."""

    openid_configuration = "https://login.example.org/.well-known/openid-configuration"
    scope = "mail"

    async def verify(self, token: str) -> TokenUser | None:
        assert token
        return TokenUser("alice") if token == "right" else None

    async def close(self) -> None: ...


class Context:
    """Of `FakeAcceptor`."""

    def accept(self, token: bytes) -> tuple[bytes, str | None]:
        answer = FakeAcceptor().answer(GssTokenWanted(token))
        if isinstance(answer, GssRefused):
            raise ValueError(answer.reason)
        assert isinstance(answer, GssProgress)
        return answer.token, answer.initiator

    def wrap(self, data: bytes) -> bytes:
        return self._octets(GssWrapWanted(data))

    def unwrap(self, data: bytes) -> bytes:
        return self._octets(GssUnwrapWanted(data))

    def _octets(self, question: GssWrapWanted | GssUnwrapWanted) -> bytes:
        answer = FakeAcceptor().answer(question)
        if isinstance(answer, GssRefused):
            raise ValueError(answer.reason)
        assert isinstance(answer, bytes)
        return answer


class Acceptor:
    """Has keys for IMAP."""

    def serves(self, service: str) -> bool:
        return service == "imap"

    def context(self, service: str) -> Context:
        return Context()


@dataclass
class World:
    logins: PlainLogins
    secrets: Secrets

    async def log_in(self, mechanism: str, setting: ClientSetting, *, with_success: bool = False) -> LoggedIn:
        """An exchange to its end, which the client believes."""
        exchange = self.logins.begin(mechanism, TLS, final_with_success=with_success)
        client = begin_client(mechanism, setting)
        outcome = await exchange.step(client.start())
        while isinstance(outcome, Continue):
            outcome = await exchange.step(client.step(outcome.data))
        client.succeed(outcome.final)
        return outcome


def in_world(work: Callable[[World], Awaitable[None]], options: str = "") -> None:
    async def run() -> None:
        sources = SystemSources()
        engine = MemoryEngine(["default"], sources)
        text = f"configdirectory: /c\npartition-default: /p\nservername: mail.example.org\n{options}"
        secrets = Secrets()
        parts = VerifierSet(keys=(secrets,), secrets=(secrets,), tokens=Tokens(), gss=Acceptor())
        settings = parse_settings(text, file=_FILE).settings
        await work(World(PlainLogins(Store(engine, StorePolicy(), sources), settings, parts), secrets))

    asyncio.run(run())


SETTINGS: Mapping[str, ClientSetting] = {
    "CRAM-MD5": client_setting(),
    "DIGEST-MD5": client_setting(),
    "SCRAM-SHA-1": client_setting(),
    "SCRAM-SHA-512": client_setting(),
    "SCRAM-SHA-256-PLUS": client_setting(bindings=BINDINGS),
    "GSSAPI": client_setting(gss=FakeInitiator("alice")),
    "OAUTHBEARER": client_setting(token="right"),
    "XOAUTH2": client_setting(token="right"),
}


@pytest.mark.parametrize("with_success", [False, True])
@pytest.mark.parametrize("mechanism", SETTINGS)
def test_who_proves_who_she_is_comes_in(mechanism: str, with_success: bool) -> None:
    async def work(world: World) -> None:
        setting = SETTINGS[mechanism]
        if mechanism == "GSSAPI":
            setting = replace(setting, gss=FakeInitiator("alice"))
        logged_in = await world.log_in(mechanism, setting, with_success=with_success)
        assert (logged_in.actor.userid, logged_in.mechanism) == (UserId("alice"), mechanism)
        assert (logged_in.final is not None) is (with_success and mechanism in ("DIGEST-MD5", *SCRAM))

    in_world(work)


SCRAM = ("SCRAM-SHA-1", "SCRAM-SHA-512", "SCRAM-SHA-256-PLUS")


@pytest.mark.parametrize("mechanism", SETTINGS)
@pytest.mark.parametrize("authcid", ["alice", "nobody", "no:user@@"])
def test_who_does_not_stays_out(mechanism: str, authcid: str) -> None:
    async def work(world: World) -> None:
        setting = replace(SETTINGS[mechanism], authcid=authcid, password="wrong", token="wrong")
        if mechanism == "GSSAPI":
            setting = replace(setting, gss=FakeInitiator(""))
        with pytest.raises(AuthenticationFailed):
            await world.log_in(mechanism, setting)

    in_world(work)


@pytest.mark.parametrize("mechanism", [name for name in SETTINGS if name not in ("GSSAPI", "OAUTHBEARER", "XOAUTH2")])
def test_an_administrator_acts_for_others(mechanism: str) -> None:
    async def work(world: World) -> None:
        setting = replace(SETTINGS[mechanism], authcid="cyrus", password="top secret", authzid="bob")
        if mechanism == "CRAM-MD5":  # which cannot say so
            setting = replace(setting, authzid=None)
        logged_in = await world.log_in(mechanism, setting)
        assert logged_in.actor.userid == UserId("cyrus" if mechanism == "CRAM-MD5" else "bob")
        if mechanism != "CRAM-MD5":
            with pytest.raises(AuthorizationFailed):
                await world.log_in(mechanism, replace(SETTINGS[mechanism], authzid="bob"))

    in_world(work)


def test_a_certificate_says_who_it_is() -> None:
    async def work(world: World) -> None:
        logged_in = await world.log_in("EXTERNAL", client_setting(certificate=True))
        assert logged_in.actor.userid == UserId("carol")
        with pytest.raises(AuthorizationFailed):
            await world.log_in("EXTERNAL", client_setting(certificate=True, authzid="alice"))

    in_world(work)


def test_mechanisms_are_offered_where_they_can_work() -> None:
    async def work(world: World) -> None:
        scram = ["SCRAM-SHA-1", "SCRAM-SHA-256", "SCRAM-SHA-512"]
        digests = ["CRAM-MD5", "DIGEST-MD5"]
        assert [*world.logins.mechanisms(PEER)] == [*digests, *scram, "GSSAPI"]
        assert [*world.logins.mechanisms(replace(PEER, protocol="pop"))] == [*digests, *scram]
        plus = [f"{name}-PLUS" for name in scram]
        assert [*world.logins.mechanisms(TLS)] == [
            *(*digests, *scram, *plus),
            *("GSSAPI", "EXTERNAL", "OAUTHBEARER", "XOAUTH2"),
        ]
        with pytest.raises(EncryptionNeeded):
            world.logins.begin("OAUTHBEARER", PEER)
        for name in ("EXTERNAL", "PLAIN", "NTLM"):
            with pytest.raises(MechanismUnavailable):
                world.logins.begin(name, PEER)

    in_world(work)


def test_a_client_that_was_told_of_no_binding_is_refused_where_there_is_one() -> None:
    async def work(world: World) -> None:
        setting = client_setting(bindings=BINDINGS, announced=("SCRAM-SHA-256",))
        with pytest.raises(ExchangeFailed) as failed:
            await world.log_in("SCRAM-SHA-256", setting)
        assert failed.value.reason is FailureReason.BINDING

    in_world(work)


def test_a_source_that_is_away_makes_no_password_wrong() -> None:
    async def work(world: World) -> None:
        world.secrets.is_away = True
        for mechanism in ("CRAM-MD5", "SCRAM-SHA-1"):
            with pytest.raises(AuthenticationUnavailable):
                await world.log_in(mechanism, SETTINGS[mechanism])

    in_world(work)


def test_nobody_learns_who_is_there() -> None:
    async def work(world: World) -> None:
        async def challenge(user: str) -> bytes:
            exchange = world.logins.begin("SCRAM-SHA-256", TLS)
            outcome = await exchange.step(f"n,,n={user},r=abc".encode())
            assert isinstance(outcome, Continue)
            return outcome.data[outcome.data.index(b",s=") :]

        assert await challenge("nobody") == await challenge("nobody")
        assert await challenge("nobody") != await challenge("somebody")

    in_world(work)


@pytest.mark.parametrize("mechanism", ["CRAM-MD5", "DIGEST-MD5"])
def test_a_cancelled_exchange_is_over(mechanism: str) -> None:
    async def work(world: World) -> None:
        exchange = world.logins.begin(mechanism, TLS)
        assert isinstance(await exchange.step(None), Continue)
        with pytest.raises(ExchangeFailed) as failed:
            await exchange.step(Failed(FailureReason.ABORTED))
        assert failed.value.reason is FailureReason.ABORTED

    in_world(work)


def test_data_with_success_is_answered_with_nothing() -> None:
    async def work(world: World) -> None:
        exchange = world.logins.begin("SCRAM-SHA-1", TLS)
        client = begin_client("SCRAM-SHA-1", client_setting())
        challenge = await exchange.step(client.start())
        assert isinstance(challenge, Continue)
        final = await exchange.step(client.step(challenge.data))
        assert isinstance(final, Continue)
        assert final.data.startswith(b"v=")
        with pytest.raises(ExchangeFailed):
            await exchange.step(b"something")

    in_world(work)


def test_tokens_take_tls_whatever_may_cross_without() -> None:
    async def work(world: World) -> None:
        assert "OAUTHBEARER" not in world.logins.mechanisms(PEER)
        assert world.logins.plaintext_allowed(PEER)

    # RFC 7628 §3
    in_world(work, "allowplaintext: yes\n")


def test_realms_of_digest_md5_are_those_of_the_option() -> None:
    async def work(world: World) -> None:
        logged_in = await world.log_in("DIGEST-MD5", client_setting(realm="example.net"))
        assert logged_in.actor.userid == UserId("alice")
        with pytest.raises(AuthenticationFailed):
            await world.log_in("DIGEST-MD5", client_setting(realm="example.com"))

    in_world(work, "loginrealms: example.net\n")


def test_exchanges_that_were_begun_side_by_side_are_no_way_around_the_throttle() -> None:
    async def work(world: World) -> None:
        begun = []
        for _ in range(40):
            exchange, client = world.logins.begin("SCRAM-SHA-256", TLS), begin_client("SCRAM-SHA-256", client_setting())
            challenge = await exchange.step(client.start())
            assert isinstance(challenge, Continue)
            begun.append((exchange, client.step(challenge.data)))
        *guesses, (last, right) = begun
        throttled = 0
        for guess, proof in guesses:
            assert proof is not None
            with pytest.raises(AuthenticationFailed) as caught:
                await guess.step(proof[:-8] + b"AAAAAAA=")
            throttled += str(caught.value) == "throttled"
        assert throttled > 20
        with pytest.raises(AuthenticationFailed, match="throttled"):
            await last.step(right)

    in_world(work)
