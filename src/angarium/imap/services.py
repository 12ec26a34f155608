"""What a session needs of the process around it, and nothing more."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from angarium.config import ServerInfo, Settings
from angarium.operations.messages import MessageCache
from angarium.sasl import CredentialsWanted
from angarium.store import Actor, Store

from .watchers import Watchers


@dataclass(frozen=True, slots=True)
class Peer:
    """The other end of a connection, and what it came through."""

    address: str
    """Without port; empty for a unix socket."""
    service: str
    session: str
    """The session id that all log lines carry."""
    is_tls: bool = False


class Logins(Protocol):
    """Checks credentials for all sessions of a worker."""

    def mechanisms(self, peer: Peer) -> Sequence[str]:
        """SASL mechanisms that this peer may use now, in the order of their announcement."""

    def plaintext_allowed(self, peer: Peer) -> bool:
        """Whether LOGIN may be used (RFC 9051 §6.2.3: else LOGINDISABLED)."""

    async def log_in(self, credentials: CredentialsWanted, peer: Peer) -> Actor:
        """AuthenticationFailed, AuthenticationUnavailable, AuthorizationFailed; a failure takes its time here."""

    async def still_valid(self, actor: Actor) -> bool:
        """Whether the credential that the actor logged in with is still the same; cheap."""


class Place(Protocol):
    """The connection's entry in the table of sessions; see `worker.sessions.Seat`."""

    def log_in(self, userid: str) -> None:
        """Note who it is; raises where the user or the address has too many sessions."""

    def select(self, mailbox: str) -> None:
        """Note the mailbox that is selected; empty for none."""


@dataclass(frozen=True, slots=True)
class ImapServices:
    """Shared by all IMAP connections of a worker that began under the same settings."""

    store: Store
    cache: MessageCache
    logins: Logins
    watchers: Watchers
    settings: Settings
    version: str

    @property
    def greeting(self) -> str:
        """The text of the greeting, by `serverinfo`."""
        server = self.settings.server
        match server.serverinfo:
            case ServerInfo.ON:
                return f"{server.servername} Angarium {self.version} server ready"
            case ServerInfo.MIN:
                return f"{server.servername} Angarium server ready"
            case ServerInfo.OFF:
                return "server ready"

    @property
    def idle_is_offered(self) -> bool:
        """IDLE is on unless `imapidlepoll` is 0."""
        return bool(self.settings.imap.imapidlepoll)
