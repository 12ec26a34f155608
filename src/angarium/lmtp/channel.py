"""What a session has of its connection, and how a connection may end under it."""

from collections.abc import Callable
from typing import Protocol

from angarium.lmtp.events import Event
from angarium.operations.logins import Secured


class ConnectionEnded(Exception):
    """Nothing more comes from the client."""


class ClientGone(ConnectionEnded):
    """The client closed the connection."""


class ClientSilent(ConnectionEnded):
    """The client sent nothing, or took nothing, for too long."""


class ServerStopping(ConnectionEnded):
    """The server was told to stop."""


class Channel(Protocol):
    """A connection as its session sees it."""

    async def next_event(self) -> Event:
        """What the client sends next; what was to be sent goes out before this waits. ConnectionEnded."""

    def expect_data(self) -> None:
        """The next events are those of a message."""

    def expect_line(self) -> None:
        """The next event is a line of an exchange."""

    def authorised(self) -> None:
        """The peer may deliver from now on, and has the time of those who may."""

    def start_tls(self, *, session: str, established: Callable[[Secured | None], None]) -> None:
        """Send what there is; what comes and goes behind it is TLS, and what has come already is forgotten.
        `established` is told what the handshake has brought."""

    def send(self, octets: bytes) -> None:
        """Have this sent with what else there is when `next_event` or `flush` is next called."""

    def flush(self) -> None:
        """Send what there is, in one write."""
