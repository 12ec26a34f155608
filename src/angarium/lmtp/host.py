"""What LMTP connections are given: the store, their settings, and the doors of the worker that serves them."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace

from angarium.config import Settings
from angarium.connections import Admit, StartTls
from angarium.lmtp.backlog import Backlog
from angarium.operations.delivery import DeliveryContext
from angarium.operations.logins import Logins, Secured
from angarium.store import Store


def _count_nothing() -> None:
    """For those who do not count."""


def _is_never_shut() -> None:
    """For servers without a shutdown file."""


@dataclass(frozen=True, slots=True)
class LmtpHost:
    """One for a service and its settings; a connection keeps the one that it began with."""

    delivery: DeliveryContext
    """With the settings of the service (`Settings.for_service`)."""
    backlog: Backlog
    admit: Admit
    count_delivery: Callable[[], None] = _count_nothing
    """Called for each recipient who was delivered to."""
    shutdown_text: Callable[[], str | None] = _is_never_shut
    """Gives a line of printable ASCII while nobody is served (`msg/shutdown`), else None."""
    preauthorised: bool = False
    """Whether any peer may deliver (`lmtpd -a`); those on a unix socket always may."""
    serves_users: bool = False
    """Whether peers on a unix socket are the machine's users, each with her own rights alone (`lmtpd -u`)."""
    start_tls: StartTls | None = None
    """None where it is not offered."""
    logins: Logins | None = None
    """For peers that may not deliver before they have said who they are; None: there is no AUTH."""
    service: str = "lmtp"
    """The name in cyrus.conf."""

    @property
    def store(self) -> Store:
        return self.delivery.store

    @property
    def settings(self) -> Settings:
        return self.delivery.settings


@dataclass(frozen=True, slots=True)
class Peer:
    """Who is connected."""

    address: str
    """As `192.0.2.7`; empty on a unix socket."""
    is_authorised: bool
    uid: int | None = None
    """The user of the machine whose rights it has, and no others; None: it may say for whom it speaks."""
    is_tls: bool = False
    bindings: Mapping[str, bytes] = field(default_factory=dict, repr=False)
    """The channel bindings of the TLS connection."""
    cipher: str = ""
    certificate_user: str | None = None
    """Who the verified certificate of the client says it is."""

    def secured_by(self, secured: Secured | None) -> "Peer":
        """With what a handshake has told; as it is without TLS."""
        if secured is None:
            return self
        return replace(
            self,
            is_tls=True,
            bindings=secured.bindings,
            certificate_user=secured.certificate_user,
            cipher=secured.cipher,
        )

    @property
    def is_local(self) -> bool:
        """Whether it is on a unix socket."""
        return not self.address

    @property
    def trace_address(self) -> str:
        """As the Received header has it (RFC 5321 §4.1.3)."""
        if not self.address:
            return "local"
        return f"[IPv6:{self.address}]" if ":" in self.address else f"[{self.address}]"
