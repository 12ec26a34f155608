"""What a session needs of the process around it, and nothing more."""

from collections.abc import Hashable
from dataclasses import dataclass, field

from angarium.config import ServerInfo, Settings, VirtDomains
from angarium.connections import Alerts, Pace, StartTls, Telemetry
from angarium.operations.delivery import DeliveryContext
from angarium.operations.hooks import Annotator
from angarium.operations.logins import Logins
from angarium.operations.messages import MessageCache
from angarium.store import Store

from .limits import ParserLimits, limits_after_login, limits_before_login
from .watchers import Watchers


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
    pace: Pace | None = None
    """Of logins."""
    sieve_url: str = ""
    """Of the ManageSieve service (RFC 5804 §3); empty where there is none."""
    announced: dict[Hashable, bytes] = field(default_factory=dict, init=False, compare=False, repr=False)
    """Capabilities under these settings, by all else that decides on them; a few kinds of clients."""
    asks_server_address: bool = field(init=False, compare=False, repr=False)
    """Whether it counts for logins which of our addresses a client has come to (`virtdomains: on`)."""
    greeting: bytes = field(init=False, compare=False, repr=False)
    """The text of the greeting, by `serverinfo`."""
    limits_before_login: ParserLimits = field(init=False, compare=False, repr=False)
    limits_after_login: ParserLimits = field(init=False, compare=False, repr=False)
    """Of clients from whom nothing is hidden."""

    def __post_init__(self) -> None:
        # Made once here, for all sessions; a frozen value has no other way to set a field.
        asks_server_address = self.settings.namespace.virtdomains is VirtDomains.ON
        object.__setattr__(self, "asks_server_address", asks_server_address)
        object.__setattr__(self, "greeting", self._greeting().encode("utf-8", "replace"))
        object.__setattr__(self, "limits_before_login", limits_before_login(self.settings))
        object.__setattr__(self, "limits_after_login", limits_after_login(self.settings))

    def _greeting(self) -> str:
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
