"""What ManageSieve connections are given: the store, logins, their settings, and the doors of the worker."""

import asyncio
from collections.abc import Callable, Collection
from dataclasses import dataclass
from typing import Protocol

from angarium.config import Settings
from angarium.operations.logins import Logins, Place
from angarium.operations.scripts import CheckedScripts
from angarium.store import Store


class Connection(Protocol):
    """What a worker asks of a connection."""

    def close_for_shutdown(self) -> None: ...

    def abort(self) -> None: ...

    def wake(self) -> None: ...


class Seat(Place, Protocol):
    """A connection's place in the table of sessions."""

    def log_out(self) -> None:
        """Note that it is nobody any more."""

    def leave(self) -> None:
        """Give the place back."""


class Door(Protocol):
    """Where connections are admitted and counted."""

    def admit(self, service: str, address: str, connection: Connection, *, session: str) -> Seat:
        """A place in the table of sessions; SessionLimitExceeded."""


class StartTls(Protocol):
    """Begins TLS on a connection."""

    def __call__(self, transport: asyncio.Transport, *, session: str, established: Callable[[], None]) -> None:
        """Behind what was written to it all is TLS; the transport's protocol gets another one by `tls_begun`, and
        `established` is called when the handshake is done."""


class Alerts(Protocol):
    """What the administrator has to say to all."""

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
    """Whose sessions are recorded."""

    @property
    def users(self) -> Collection[str]:
        """Users whose sessions are."""

    def record(self, user: str, *, service: str, session: str, octets_max: int, elapsed: bool) -> Recording:
        """Begin a recording for one of `users`."""


@dataclass(frozen=True, slots=True)
class ManageSieveHost:
    """One for a service and its settings; a connection keeps the one that it began with."""

    service: str
    """The name in cyrus.conf."""
    store: Store
    settings: Settings
    """Those of the service (`Settings.for_service`)."""
    logins: Logins
    scripts: CheckedScripts
    door: Door
    alerts: Alerts
    telemetry: Telemetry
    start_tls: StartTls | None = None
    """None where it is not offered."""
