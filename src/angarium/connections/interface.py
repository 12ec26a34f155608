"""What connections ask of the worker that serves them, and it of them."""

import asyncio
from collections.abc import Callable, Collection
from typing import Protocol

from angarium.operations import logins


class Connection(Protocol):
    """What a worker asks of a connection."""

    def close_for_shutdown(self) -> None: ...

    def abort(self) -> None: ...

    def wake(self) -> None: ...


class Place(logins.Place, Protocol):
    """The connection's entry in the table of sessions; see `worker.sessions.Seat`."""

    def log_out(self) -> None:
        """Note that it is nobody any more."""

    def select(self, mailbox: str) -> None:
        """Note the mailbox that is open; empty for none."""


class Seat(Place, Protocol):
    """A connection's place, to be left when it is lost."""

    def leave(self) -> None:
        """Give the place back."""


class Door(Protocol):
    """Where connections are admitted and counted; see `worker.sessions`."""

    def admit(self, service: str, address: str, connection: Connection, *, session: str) -> Seat:
        """A place in the table of sessions; SessionLimitExceeded."""


Admit = Callable[[str, Connection, str], Callable[[], None] | None]
"""The door of services that have no users: asks for a place for a connection from an address (empty for a unix socket)
with its session id; gives what leaves the place, or None where there is none."""


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
