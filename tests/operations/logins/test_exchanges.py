"""Exchanges of each mechanism, with all that answers their questions, and clients of our own."""

import asyncio
import time
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path

import pytest
from tests.auth.world import CHEAP
from tests.operations.logins.plainlogins import PlainLogins
from tests.sasl.exchanges import BINDINGS, FakeAcceptor, FakeInitiator, client_setting

from angarium.auth import CredentialStamp, KnownKeys, KnownSecret, TokenUser, VerifierSet
from angarium.auth.fairturns import NOBODY, Claimant
from angarium.auth.verifying import TokenNotGood
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
from angarium.operations.logins import Continue, LoggedIn, Over, Peer, UserIn
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
TLS = PEER._replace(is_tls=True, bindings=BINDINGS, certificate_user="carol")
SECRETS = {"alice": "secret", "cyrus": "top secret"}


class Secrets:
    """Knows some passwords as they are; a key of SCRAM too."""

    name = "secrets"
    is_away = False
    answers: asyncio.Event | None = None
    """When it does, where it takes its time."""

    async def secret(self, userid: UserId, realm: str, _: Claimant = NOBODY) -> KnownSecret | None:
        if self.answers is not None:
            await self.answers.wait()
        if self.is_away:
            raise AuthenticationUnavailable("away")
        secret = SECRETS.get(str(userid))
        return KnownSecret(secret, CredentialStamp(str(userid))) if secret is not None else None

    async def keys(
        self,
        userid: UserId,
        hash: ScramHash,  # noqa: A002  the name of the interface
        _: Claimant = NOBODY,
    ) -> KnownKeys | None:
        known = await self.secret(userid, "")
        if known is None:
            return None
        iterations = CHEAP.scram_iterations
        return KnownKeys(derive_keys(known.secret, salt=b"salt", iterations=iterations, hash=hash), known.stamp)


class Tokens:
    """Knows one token."""

    openid_configuration = "https://login.example.org/.well-known/openid-configuration"
    scope = "mail"

    async def verify(self, token: str, _: Claimant = NOBODY) -> TokenUser:
        assert token
        now_s = time.time()
        over = TokenUser("alice", now_s, now_s + 60)
        users = {"right": TokenUser("alice"), "short": over, "over": replace(over, session_until_s=now_s)}
        if token not in users:
            raise TokenNotGood("nobody knows it")
        return users[token]

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

    async def log_in(
        self, mechanism: str, setting: ClientSetting, *, with_success: bool = False, user_in: UserIn = str
    ) -> LoggedIn:
        """An exchange to its end, which the client believes."""
        exchange = self.logins.begin(mechanism, TLS, final_with_success=with_success, user_in=user_in)
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


def test_a_certificate_says_who_it_is(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level("INFO")

    async def work(world: World) -> None:
        logged_in = await world.log_in("EXTERNAL", client_setting(certificate=True))
        assert logged_in.actor.userid == UserId("carol")
        with pytest.raises(AuthorizationFailed):
            await world.log_in("EXTERNAL", client_setting(certificate=True, authzid="alice"))

    in_world(work)
    (refused,) = [record.__dict__ for record in caplog.records if record.message == "login"]
    assert (refused["outcome"], refused["user"]) == ("failed", "carol")


def test_mechanisms_are_offered_where_they_can_work() -> None:
    async def work(world: World) -> None:
        scram = ["SCRAM-SHA-1", "SCRAM-SHA-256", "SCRAM-SHA-512"]
        digests = ["CRAM-MD5", "DIGEST-MD5"]
        assert [*world.logins.mechanisms(PEER)] == [*digests, *scram, "GSSAPI"]
        assert [*world.logins.mechanisms(PEER._replace(protocol="pop"))] == [*digests, *scram]
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


class Place:
    """Notes when it is to be woken."""

    woken_at_s: float | None = None

    def log_in(self, userid: str) -> None:
        assert userid == "alice"

    def acted_by(self, userid: str) -> None:
        raise AssertionError(f"{userid} acts for nobody")

    def wake_at(self, time_s: float) -> None:
        self.woken_at_s = time_s


def test_the_log_says_why_a_token_was_refused_and_in_which_session(caplog: pytest.LogCaptureFixture) -> None:
    async def check(world: World) -> None:
        with pytest.raises(AuthenticationFailed):
            await world.log_in("OAUTHBEARER", client_setting(token="wrong"))

    caplog.set_level("INFO")
    in_world(check)
    fields = {record.message: record.__dict__ for record in caplog.records}
    refused, login = fields["token_refused"], fields["login"]
    assert (refused["reason"], refused["address"]) == ("nobody knows it", login["address"])
    assert refused["session"] == login["session"]


@pytest.mark.parametrize("mechanism", ["OAUTHBEARER", "XOAUTH2"])
def test_a_session_does_not_outlive_its_token_for_long(mechanism: str) -> None:
    async def check(world: World) -> None:
        begun_s = time.time()
        for token, until_s, over in (("right", None, None), ("short", 60, None), ("over", 0, Over.EXPIRED)):
            setting = client_setting(token=token)
            logged_in = await world.log_in(mechanism, setting)
            place = Place()
            world.logins.seat(logged_in, place, TLS)
            if until_s is None:
                assert place.woken_at_s is None
            else:
                assert place.woken_at_s is not None
                assert 0 <= place.woken_at_s - begun_s - until_s < 60
            assert await world.logins.why_over(logged_in.actor) is over

    in_world(check)


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


@pytest.mark.parametrize("mechanism", ["CRAM-MD5", "DIGEST-MD5"])
def test_proofs_that_wait_side_by_side_for_a_slow_source_are_none_either(mechanism: str) -> None:
    async def work(world: World) -> None:
        world.secrets.answers = asyncio.Event()
        guesses = []
        for number in range(40):
            exchange = world.logins.begin(mechanism, TLS)
            client = begin_client(mechanism, client_setting(password="secret" if number == 39 else "wrong"))
            challenge = await exchange.step(client.start())
            assert isinstance(challenge, Continue)
            guesses.append(asyncio.ensure_future(exchange.step(client.step(challenge.data))))
            await asyncio.sleep(0)
        world.secrets.answers.set()
        refusals = [str(refusal) for refusal in await asyncio.gather(*guesses, return_exceptions=True)]
        assert refusals.count("throttled") > 20
        assert refusals[-1] == "throttled"

    in_world(work)


@pytest.mark.parametrize("mechanism", SETTINGS)
def test_a_protocol_finds_the_user_in_what_she_is_called(mechanism: str) -> None:
    asked: list[str] = []

    def user_in(name: str) -> str:
        asked.append(name)
        return name.partition("+")[0]

    async def work(world: World) -> None:
        setting = replace(SETTINGS[mechanism], authcid="cyrus+one", password="top secret", authzid="bob+two")
        is_vouched_for = mechanism in ("GSSAPI", "OAUTHBEARER", "XOAUTH2")
        if is_vouched_for:
            setting = replace(SETTINGS[mechanism], authzid="alice+two")
        if mechanism == "CRAM-MD5":
            setting = replace(setting, authzid=None)
        if mechanism == "GSSAPI":
            setting = replace(setting, gss=FakeInitiator("alice"))
        logged_in = await world.log_in(mechanism, setting, user_in=user_in)
        expected = "cyrus" if mechanism == "CRAM-MD5" else "alice" if is_vouched_for else "bob"
        assert logged_in.actor.userid == UserId(expected)
        # Whom a token or a ticket names may have such a name herself.
        named = ["alice+two"] if is_vouched_for else ["cyrus+one", "bob+two"]
        assert list(dict.fromkeys(asked)) == (["cyrus+one"] if mechanism == "CRAM-MD5" else named)

    in_world(work)


def test_whom_a_certificate_acts_for_is_called_as_elsewhere() -> None:
    async def work(world: World) -> None:
        setting = client_setting(certificate=True, authzid="carol+two")
        logged_in = await world.log_in("EXTERNAL", setting, user_in=lambda name: name.partition("+")[0])
        assert logged_in.actor.userid == UserId("carol")

    in_world(work)
