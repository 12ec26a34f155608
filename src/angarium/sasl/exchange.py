"""What a server's side of a SASL mechanism answers to each message of the client (RFC 4422 §3).

A mechanism is a state machine that knows neither the protocol around it nor the credentials, and needs no randomness
but what its `ExchangeSetting` gives it. Each message of the client is a `step`; where the mechanism must know something
(the keys of a user, whether a token holds) its outcome is a question, and the `answer` to it gives the next outcome.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Protocol

from angarium.errors import FailureReason
from angarium.sasl.scram import ScramHash, ScramKeys

MAX_IDENTITY_OCTETS = 1024
"""Longest user name or password that is looked at; RFC 4616 §2 asks for 255 at least."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ExchangeSetting:
    """What an exchange depends on beside the messages of the client."""

    service: str
    """The name that GSSAPI and DIGEST-MD5 have for the protocol: `imap`, `pop`, `sieve`, `lmtp` (RFC 4422 §5)."""
    host: str
    """`servername`."""
    nonce: Callable[[], str]
    """Gives a new unguessable text of printable ASCII without commas or quotes, each time."""
    bindings: Mapping[str, bytes] = field(default_factory=dict)
    """The data of each channel binding that this connection has (`tls-exporter`, `tls-server-end-point`; RFC 5929,
    RFC 9266); empty without TLS."""
    announces_plus: bool = False
    """Whether a mechanism with channel binding was announced to this client (RFC 5802 §6)."""
    realms: tuple[str, ...] = ()
    """For DIGEST-MD5, the usual one first; none: the host alone."""


# Outcomes that end a step, and wait for the client


@dataclass(frozen=True, slots=True)
class Challenge:
    """The client is to be sent `data`, and its response is the next step."""

    data: bytes


# Questions: their answer gives the next outcome


@dataclass(frozen=True, slots=True)
class KeysWanted:
    """SCRAM must know the keys of `authcid`; answered with ScramKeys, made up ones for somebody who has none, so that
    the client learns nothing (RFC 5802 §9)."""

    authcid: str
    hash: ScramHash


@dataclass(frozen=True, slots=True)
class SecretWanted:
    """The mechanism must know the password itself; answered with a str, or None where there is none. Whoever asks goes
    on with None as with a wrong one."""

    authcid: str
    realm: str = ""


@dataclass(frozen=True, slots=True)
class TokenWanted:
    """Whether a bearer token holds (RFC 7628); answered with a TokenAccepted or TokenRefused.

    `authzid` is as in `CredentialsWanted`.
    """

    token: str = field(repr=False)
    authzid: str | None = None


@dataclass(frozen=True, slots=True)
class TokenAccepted:
    """Answer to TokenWanted."""

    authcid: str


@dataclass(frozen=True, slots=True)
class TokenRefused:
    """Answer to TokenWanted; what the client is told (RFC 7628 §3.2.2)."""

    status: str = "invalid_token"
    scope: str = ""
    openid_configuration: str = ""


@dataclass(frozen=True, slots=True)
class GssTokenWanted:
    """A token of the client is to be given to the GSS-API's security context of this exchange (RFC 4752 §3.1); answered
    with a GssProgress or GssRefused."""

    token: bytes


@dataclass(frozen=True, slots=True)
class GssProgress:
    """Answer to GssTokenWanted: `token` is for the client; `initiator` is who it is, once the context stands."""

    token: bytes
    initiator: str | None = None


@dataclass(frozen=True, slots=True)
class GssWrapWanted:
    """`data` is to be wrapped without confidentiality by the context; answered with bytes or GssRefused."""

    data: bytes


@dataclass(frozen=True, slots=True)
class GssUnwrapWanted:
    """`data` is to be unwrapped by the context; answered with bytes or GssRefused."""

    data: bytes


@dataclass(frozen=True, slots=True)
class GssRefused:
    """Answer of a context that cannot go on; the reason is for the log."""

    reason: str


# Outcomes that end the exchange


@dataclass(frozen=True, slots=True)
class CredentialsWanted:
    """The exchange is over, and all depends on whether `password` is that of `authcid`, who may act for `authzid`.

    Both names and the password are as the client sent them, not yet prepared. `authzid` is None where the client left
    it to the server.
    """

    authcid: str
    password: str = field(repr=False)
    authzid: str | None = None


@dataclass(frozen=True, slots=True)
class CertificateWanted:
    """The exchange is over, and all depends on whom the layer below knows (RFC 4422 Appendix A): the subject of the
    client's certificate, or the user at the other end of a unix socket."""

    authzid: str | None = None


@dataclass(frozen=True, slots=True)
class AnonymousWanted:
    """The exchange is over: somebody wants to come in who does not say who she is.

    `trace` is what she leaves for the log, and proves nothing; empty where she leaves nothing.
    """

    trace: str = ""


@dataclass(frozen=True, slots=True)
class Proven:
    """The exchange is over, and the client has proven to be `authcid`, who may act for `authzid` if policy allows.

    `final` is data that goes with success; a protocol that cannot send it so sends it as a challenge, which the client
    answers with an empty response (RFC 4422 §3.6). None: there is none.
    """

    authcid: str
    authzid: str | None = None
    final: bytes | None = None


@dataclass(frozen=True, slots=True)
class Failed:
    """The exchange is over without success."""

    reason: FailureReason


Question = KeysWanted | SecretWanted | TokenWanted | GssTokenWanted | GssWrapWanted | GssUnwrapWanted
Answer = ScramKeys | TokenAccepted | TokenRefused | GssProgress | GssRefused | str | bytes | None
Ended = CredentialsWanted | CertificateWanted | AnonymousWanted | Proven | Failed
Outcome = Challenge | Question | Ended


class ServerMechanism(Protocol):
    """One exchange. After an outcome that is neither a Challenge nor a Question it is over, and asked nothing more."""

    def step(self, response: bytes | None) -> Outcome:
        """Takes the client's response; None in the first step says that there was no initial response."""
        ...

    def answer(self, answer: Answer) -> Outcome:
        """Takes the answer to the question that was the last outcome."""
        ...


class AsksNothing:
    """A mechanism without questions."""

    __slots__ = ()

    def answer(self, answer: Answer) -> Outcome:
        raise AssertionError(f"nothing was asked: {type(answer).__name__}")


def decode_text(data: bytes) -> str | Failed:
    """The text of a name or a password; both hold no NUL (RFC 4616 §2)."""
    if len(data) > MAX_IDENTITY_OCTETS:
        return Failed(FailureReason.TOO_LONG)
    if b"\x00" in data:
        return Failed(FailureReason.NUL)
    try:
        return data.decode("utf-8")
    except UnicodeDecodeError:
        return Failed(FailureReason.NOT_UTF8)
