"""What a login is checked by: verifiers of passwords, and those who know keys or secrets of users.

A source that cannot be asked raises AuthenticationUnavailable and never says that a password is wrong. All of them
belong to the event loop; what blocks runs in threads of their own, or outside.
"""

from dataclasses import dataclass, field
from typing import Protocol

from angarium.auth.fairturns import NOBODY, Claimant
from angarium.auth.throttle import network_of
from angarium.names import UserId
from angarium.sasl import ScramHash, ScramKeys


@dataclass(frozen=True, slots=True)
class CredentialStamp:
    """The credential that a login was checked by, as it was then; see `is_current`."""

    userid: str
    version: int | None = None
    """Of a credential of the store; None where somebody outside has checked."""
    app_password: int | None = None
    """The number of the app password that it was."""
    app_password_name: str = ""
    checked_by: str = field(default="", compare=False)
    """The verifier who found the password right, for the log."""
    shared_secret: int | None = None
    """The version of the shared secret that it was."""
    expires_at_s: float | None = None
    """When the time of a token or an app password is over, in seconds since 1970; None: never."""


@dataclass(frozen=True, slots=True)
class PasswordLogin:
    """A user name and a password to be checked."""

    userid: UserId
    """The user as the store knows her."""
    typed: str
    """The name as the client gave it, for those outside who have other rules of names."""
    password: str = field(repr=False)
    service: str
    """As SASL and PAM name it: `imap`, `pop`, `sieve`, `lmtp`."""
    address: str = ""
    """Of the client; empty for a unix socket."""
    is_known: bool = False
    """Whether the user has logged in from there lately."""

    @property
    def claimant(self) -> Claimant:
        """For whom it is."""
        return Claimant(network_of(self.address), str(self.userid), self.is_known)


class PasswordVerifier(Protocol):
    """Checks passwords."""

    @property
    def name(self) -> str:
        """Its word in `sasl_pwcheck_method`."""

    async def verify(self, login: PasswordLogin) -> CredentialStamp | None:
        """The credential, if the password is right; None where it is wrong or the user unknown, which both should take
        as long. AuthenticationUnavailable, within some seconds."""

    async def close(self) -> None:
        """Give back connections and threads."""


@dataclass(frozen=True, slots=True)
class KnownSecret:
    """A password that is stored as it is."""

    secret: str = field(repr=False)
    stamp: CredentialStamp = field(repr=False)


@dataclass(frozen=True, slots=True)
class KnownKeys:
    """Keys of SCRAM."""

    keys: ScramKeys = field(repr=False)
    stamp: CredentialStamp = field(repr=False)


class SecretSource(Protocol):
    """Knows passwords as they are: for CRAM-MD5, DIGEST-MD5, APOP, and for SCRAM where there are no keys."""

    @property
    def name(self) -> str:
        """What the log calls it."""

    async def secret(self, userid: UserId, realm: str, claimant: Claimant = NOBODY, /) -> KnownSecret | None:
        """The secret of a user; an empty realm is the usual one. AuthenticationUnavailable."""


class KeySource(Protocol):
    """Knows the keys of SCRAM."""

    async def keys(
        self,
        userid: UserId,
        hash: ScramHash,  # noqa: A002 - the RFC's word
        claimant: Claimant = NOBODY,
        /,
    ) -> KnownKeys | None:
        """AuthenticationUnavailable."""


@dataclass(frozen=True, slots=True)
class TokenUser:
    """Who a bearer token speaks for."""

    typed: str
    """The user name that it holds."""
    expires_at_s: float | None = None
    session_until_s: float | None = None
    """Until when a session may go on that has begun by it; None: as long as it likes."""


class TokenNotGood(Exception):
    """A token that does not hold; the text says why, and nothing of the token."""


class TokenVerifier(Protocol):
    """Checks bearer tokens (RFC 6750)."""

    @property
    def openid_configuration(self) -> str:
        """Where clients find the issuer (RFC 7628 §3.2.2); may be empty."""

    @property
    def scope(self) -> str:
        """What tokens must have; may be empty."""

    async def verify(self, token: str, claimant: Claimant = NOBODY, /) -> TokenUser:
        """TokenNotGood; AuthenticationUnavailable."""

    async def close(self) -> None: ...


class GssContext(Protocol):
    """A security context of the GSS-API on the side of the acceptor (RFC 2743); its calls block, and run in a
    thread."""

    def accept(self, token: bytes) -> tuple[bytes, str | None]:
        """The token for the client, and who it is once the context stands. ValueError."""

    def wrap(self, data: bytes) -> bytes:
        """Without confidentiality. ValueError."""

    def unwrap(self, data: bytes) -> bytes:
        """ValueError."""


class GssAcceptor(Protocol):
    """Accepts contexts with the keys of the service."""

    def context(self, service: str) -> GssContext:
        """A new one for `imap`, `pop`, `sieve` or `lmtp`; ValueError where there are no keys for it."""

    def serves(self, service: str) -> bool:
        """Whether there are."""
