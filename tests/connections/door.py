"""A door without a table behind it."""

import asyncio
from dataclasses import dataclass, field

from angarium.connections import Connection
from angarium.errors import SessionLimitExceeded


class Seat:
    """A place in no table."""

    def __init__(self, door: "Door", connection: Connection) -> None:
        self._door = door
        self._connection = connection
        self.user = ""
        self.mailbox = ""

    def acted_by(self, userid: str) -> None: ...

    def wake_at(self, time_s: float) -> None: ...

    def log_in(self, userid: str) -> None:
        if userid in self._door.full:
            raise SessionLimitExceeded("maxlogins_per_user")
        self.user = userid

    def log_out(self) -> None:
        self.user = ""

    def select(self, mailbox: str) -> None:
        self.mailbox = mailbox

    def leave(self) -> None:
        del self._door.seats[self._connection]
        if not self._door.seats:
            self._door.emptied.set()


@dataclass(slots=True, kw_only=True)
class Door:
    """Admits as many as it is told to; made to be inherited from."""

    places: int = 1000
    seats: dict[Connection, Seat] = field(default_factory=dict)
    """Those of connections that are there."""
    full: set[str] = field(default_factory=set)
    """Users who have too many sessions."""
    emptied: asyncio.Event = field(default_factory=asyncio.Event)
    """Nobody is there any more."""

    def admit(self, service: str, address: str, connection: Connection, *, session: str) -> Seat:
        assert service
        assert address in ("192.0.2.7", "127.0.0.1", "")
        assert session.startswith("mail.example.org-")
        if len(self.seats) >= self.places:
            raise SessionLimitExceeded("maxchild")
        self.emptied.clear()
        self.seats[connection] = Seat(self, connection)
        return self.seats[connection]
