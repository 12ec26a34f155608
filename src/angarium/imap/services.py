"""What a session needs of the process around it, and nothing more."""

import asyncio
from collections.abc import Callable, Collection, Hashable
from dataclasses import dataclass, field
from typing import Protocol

from angarium.config import ServerInfo, Settings
from angarium.operations.delivery import DeliveryContext
from angarium.operations.hooks import Annotator
from angarium.operations.logins import Logins
from angarium.operations.messages import MessageCache
from angarium.store import Store

from .watchers import Watchers


class Place(Protocol):
    """The connection's entry in the table of sessions; see `worker.sessions.Seat`."""

    def log_in(self, userid: str) -> None:
        """Note who it is; raises where the user or the address has too many sessions."""

    def log_out(self) -> None:
        """Note that it is nobody any more."""

    def select(self, mailbox: str) -> None:
        """Note the mailbox that is selected; empty for none."""


class StartTls(Protocol):
    """Begins TLS on a connection; see `worker.tlstransport`."""

    def __call__(self, transport: asyncio.Transport, *, session: str, established: Callable[[], None]) -> None:
        """Behind what was written to it all is TLS; the transport's protocol gets another one by `tls_begun`, and
        `established` is called when the handshake is done."""


class Alerts(Protocol):
    """What the administrator has to say to all; see `worker.messagefiles`."""

    @property
    def motd(self) -> str:
        """A line of printable ASCII for each new session; empty for none."""

    @property
    def shutdown(self) -> str | None:
        """A line of printable ASCII for the end of every session; None while the server is open."""


class Recording(Protocol):
    """Where a session is recorded; takes octets and never waits."""

    def received(self, data: bytes) -> None:
        """The client sent this."""

    def sent(self, data: bytes) -> None:
        """The client is sent this."""

    def close(self) -> None:
        """There is no more."""


class Telemetry(Protocol):
    """Whose sessions are recorded; see `worker.telemetry`."""

    @property
    def users(self) -> Collection[str]:
        """Users whose sessions are."""

    def record(self, user: str, *, service: str, session: str, octets_max: int, elapsed: bool) -> Recording:
        """Begin a recording for one of `users`."""


@dataclass(frozen=True, slots=True)
class ImapServices:
    """Shared by all IMAP connections of a worker that began under the same settings."""

    store: Store
    cache: MessageCache
    logins: Logins
    watchers: Watchers
    settings: Settings
    version: str
    alerts: Alerts
    telemetry: Telemetry
    start_tls: StartTls | None = None
    """None where STARTTLS is not offered."""
    annotator: Annotator | None = None
    """Who is asked about what clients append."""
    delivery: DeliveryContext | None = None
    """What is known of scripts that filter mail."""
    sieve_url: str = ""
    """Of the ManageSieve service (RFC 5804 §3); empty where there is none."""
    announced: dict[Hashable, list[bytes]] = field(default_factory=dict, init=False, compare=False, repr=False)
    """Capabilities under these settings, by all else that decides on them; a few kinds of clients."""

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
