"""What the front ends of all protocols ask of logins.

A front end has one `Logins` for a service and its settings. It puts what a mechanism says into the words of its
protocol, and nothing else: mechanisms, verifiers, throttling, access rules and the log lines of logins are behind this.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final, NamedTuple, Protocol

from angarium.auth import Over, Peer
from angarium.errors import (
    AuthenticationFailed,
    AuthenticationUnavailable,
    AuthorizationFailed,
    ExchangeFailed,
    SessionLimitExceeded,
)
from angarium.sasl import AnonymousWanted, CredentialsWanted, Failed
from angarium.store import Actor

LOGIN_REFUSALS: Final = (
    AuthenticationFailed,
    AuthenticationUnavailable,
    AuthorizationFailed,
    ExchangeFailed,
    SessionLimitExceeded,
)
"""What the line `login` has told of, where nobody is logged in yet."""


@dataclass(frozen=True, slots=True)
class Continue:
    """The client is to be sent this as a challenge; what it answers is the next step."""

    data: bytes


class LoggedIn(NamedTuple):
    """The exchange is over with success; `Logins.seat` comes next."""

    actor: Actor
    mechanism: str
    """`plaintext` for commands with a password in them, `APOP`, or the SASL mechanism."""
    final: bytes | None = None
    """Data that goes with the word of success; only where the front end has said that it can send it."""
    app_password: str = ""
    """Name of the app password that it was."""
    checked_by: str = ""
    """Who found the password right, as `sasl_pwcheck_method` names them; empty where a mechanism asked for none."""
    alert: str = ""
    """What the user should be shown, where the protocol can."""
    trace: str = ""
    """What somebody left who did not say who she is."""


UserIn = Callable[[str], str]
"""Gives the user in the name that a client has for her: with POP3 it may name a mailbox as well."""


def as_named(name: str) -> str:
    """A name that is the user's."""
    return name


class Place(Protocol):
    """The connection's entry in the table of sessions; see `worker.sessions.Seat`."""

    def log_in(self, userid: str) -> None:
        """Note who it is; raises where the user or the address has too many sessions."""

    def acted_by(self, userid: str) -> None:
        """Note that it is this user who acts for the one who is logged in: what ends her sessions may end this one."""

    def wake_at(self, time_s: float) -> None:
        """Have the connection woken then (seconds since 1970), to ask whether it may go on."""


class LoginExchange(Protocol):
    """One exchange of a SASL mechanism with one client."""

    @property
    def mechanism(self) -> str:
        """Its name, in capitals."""

    async def step(self, response: bytes | Failed | None) -> Continue | LoggedIn:
        """Take the client's response; None in the first step says that there was no initial response, a Failed that
        the line of the protocol was none (`sasl.decode_response`).

        ExchangeFailed with its reason, where the client did not keep to the mechanism or gave up; AuthenticationFailed,
        AuthenticationUnavailable, AuthorizationFailed. After any of them the exchange is over, it is in the log, and
        the pause of a failed login has passed.
        """


class Logins(Protocol):
    """The logins of a service."""

    def mechanisms(self, peer: Peer) -> Sequence[str]:
        """SASL mechanisms that this peer may use now, in the order of their announcement."""

    def plaintext_allowed(self, peer: Peer) -> bool:
        """Whether a command with a password in it may be used (LOGIN, USER and PASS)."""

    def anonymous_allowed(self, peer: Peer) -> bool:
        """Whether this peer may come in without saying who it is (`allowanonymouslogin`)."""

    def apop_challenge(self, peer: Peer) -> str:
        """What the greeting of POP3 has for APOP (RFC 1939 §7), new at each call; empty where it is not offered."""

    def admitted(self, peer: Peer) -> bool:
        """Whether the access rules let this address speak to the service at all; asked before the greeting."""

    def begin(
        self, mechanism: str, peer: Peer, *, final_with_success: bool = False, user_in: UserIn = as_named
    ) -> LoginExchange:
        """An exchange; `mechanism` in any case. `final_with_success` says that the protocol can send data with its
        word of success (RFC 4422 §3.6); else it goes as a challenge. `user_in` is asked of each name that the client
        gives, that of whom it acts for last; not of names that somebody else vouches for, as tokens and tickets do.

        MechanismUnavailable; EncryptionNeeded where it would be there with TLS.
        """

    async def log_in(self, credentials: CredentialsWanted | AnonymousWanted, peer: Peer) -> LoggedIn:
        """A command with a password in it. AuthenticationFailed, AuthenticationUnavailable, AuthorizationFailed, after
        their pause, and logged."""

    async def log_in_by_apop(self, name: str, digest: str, challenge: str, peer: Peer) -> LoggedIn:
        """APOP; refusals as `log_in`."""

    def seat(self, logged_in: LoggedIn, place: Place, peer: Peer) -> None:
        """Give the session its place, and write the line of the log that says so. SessionLimitExceeded, logged."""

    async def why_over(self, actor: Actor) -> Over | None:
        """Why the actor's session may not go on; None while it may. A session asks at each command, and when it is
        woken; cheap. AuthenticationUnavailable."""

    async def renewed(self, actor: Actor) -> Actor:
        """The actor with the groups that she is in by now, and the rights of an administrator if she has them by now;
        the same object where nothing has changed; mostly cheap. AuthenticationUnavailable."""
