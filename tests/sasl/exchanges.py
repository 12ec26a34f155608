"""Exchanges between a client and a server of SASL, with answers to the server's questions."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from itertools import count

from angarium.sasl import (
    Answer,
    Challenge,
    Ended,
    ExchangeSetting,
    GssProgress,
    GssRefused,
    GssTokenWanted,
    GssUnwrapWanted,
    GssWrapWanted,
    KeysWanted,
    Outcome,
    Proven,
    Question,
    ScramHash,
    ScramKeys,
    SecretWanted,
    ServerMechanism,
    TokenAccepted,
    TokenRefused,
    TokenWanted,
    derive_keys,
    find_mechanism,
)
from angarium.sasl.client import ClientMechanism, ClientSetting, begin_client

HOST = "mail.example.org"
BINDINGS = {"tls-exporter": b"\x01" * 32, "tls-server-end-point": b"\x02" * 32}


def nonces(prefix: str) -> Callable[[], str]:
    """Never the same one."""
    numbers = count()
    return lambda: f"{prefix}{next(numbers)}"


def server_setting(
    *,
    nonce: Callable[[], str] | None = None,
    bindings: Mapping[str, bytes] | None = None,
    announces_plus: bool = False,
    realms: tuple[str, ...] = (),
    host: str = HOST,
) -> ExchangeSetting:
    return ExchangeSetting(
        service="imap",
        host=host,
        nonce=nonce or nonces("server"),
        bindings=bindings or {},
        announces_plus=announces_plus,
        realms=realms,
    )


def begin_server(name: str, setting: ExchangeSetting | None = None) -> ServerMechanism:
    mechanism = find_mechanism(name)
    assert mechanism is not None
    return mechanism.start(setting or server_setting())


@dataclass
class Answers:
    """What the server's verifiers know: the secrets of users, and the users of tokens."""

    secrets: Mapping[str, str] = field(default_factory=dict)
    tokens: Mapping[str, str] = field(default_factory=dict)
    gss: "FakeAcceptor | None" = None
    asked: list[Question] = field(default_factory=list)

    def answer(self, question: Question) -> Answer:
        self.asked.append(question)
        match question:
            case KeysWanted(authcid, scram_hash):
                return keys_of(self.secrets.get(authcid), scram_hash)
            case SecretWanted(authcid):
                return self.secrets.get(authcid)
            case TokenWanted(token):
                user = self.tokens.get(token)
                return TokenRefused(scope="mail") if user is None else TokenAccepted(user)
            case GssTokenWanted() | GssWrapWanted() | GssUnwrapWanted():
                return GssRefused("no keys") if self.gss is None else self.gss.answer(question)


def keys_of(secret: str | None, scram_hash: ScramHash) -> ScramKeys:
    if secret is None:
        return ScramKeys(scram_hash, b"\x00" * 20, b"\x00" * 20, b"salt", 4096)
    return derive_keys(secret, salt=b"salt", iterations=4096, hash=scram_hash)


def ask(server: ServerMechanism, outcome: Outcome, answers: Answers) -> Challenge | Ended:
    """The outcome, once the server asks nothing more."""
    while isinstance(outcome, Question):
        outcome = server.answer(answers.answer(outcome))
    return outcome


def client_setting(
    *,
    authcid: str = "alice",
    password: str = "secret",
    authzid: str | None = None,
    announced: tuple[str, ...] = (),
    bindings: Mapping[str, bytes] | None = None,
    token: str = "",
    realm: str | None = None,
    gss: "FakeInitiator | None" = None,
    trace: str | None = None,
    certificate: bool = False,
) -> ClientSetting:
    return ClientSetting(
        service="imap",
        host=HOST,
        nonce=nonces("client"),
        authcid=authcid,
        password=password,
        authzid=authzid,
        announced=announced,
        bindings=bindings or {},
        token=token,
        realm=realm,
        gss=gss,
        trace=trace,
        certificate=certificate,
    )


def converse(
    name: str,
    setting: ClientSetting,
    answers: Answers,
    *,
    server: ServerMechanism | None = None,
    initial_response: bool = True,
    final_with_success: bool = True,
) -> Ended:
    """How an exchange of both sides ends. The client's exceptions are passed on."""
    client = begin_client(name, setting)
    machine = server if server is not None else begin_server(name, server_setting(bindings=setting.bindings))
    first = client.start()
    if first is not None and initial_response:
        outcome = ask(machine, machine.step(first), answers)
    else:
        outcome = ask(machine, machine.step(None), answers)
        if first is not None:
            assert outcome == Challenge(b"")
            outcome = ask(machine, machine.step(first), answers)
    while isinstance(outcome, Challenge):
        outcome = ask(machine, machine.step(client.step(outcome.data)), answers)
    if isinstance(outcome, Proven):
        _end(client, outcome, final_with_success=final_with_success)
    return outcome


def _end(client: ClientMechanism, proven: Proven, *, final_with_success: bool) -> None:
    if final_with_success or proven.final is None:
        client.succeed(proven.final)
    else:
        assert client.step(proven.final) == b""
        client.succeed()


class FakeInitiator:
    """A context that stands after `rounds` tokens of its own, and wraps by a letter."""

    def __init__(self, principal: str, rounds: int = 1) -> None:
        self._principal = principal
        self._rounds = rounds
        self._sent = 0

    def initiate(self, token: bytes) -> tuple[bytes, bool]:
        if token not in (b"", b"more", b"done"):
            raise ValueError("no token")
        self._sent += 1
        if self._sent > self._rounds:
            return b"", True
        return f"{self._sent}/{self._rounds}:{self._principal}".encode(), False

    def wrap(self, data: bytes) -> bytes:
        return b"c" + data

    def unwrap(self, data: bytes) -> bytes:
        if data[:1] != b"s":
            raise ValueError("not the server's")
        return data[1:]


class FakeAcceptor:
    """The other side of `FakeInitiator`."""

    def answer(self, question: GssTokenWanted | GssWrapWanted | GssUnwrapWanted) -> Answer:
        match question:
            case GssTokenWanted(token):
                count, colon, principal = token.decode("ascii", "replace").partition(":")
                sent, _, rounds = count.partition("/")
                if not colon:
                    return GssRefused("no token")
                return GssProgress(b"done", principal) if sent == rounds else GssProgress(b"more")
            case GssWrapWanted(data):
                return b"s" + data
            case GssUnwrapWanted(data):
                return data[1:] if data[:1] == b"c" else GssRefused("not the client's")
