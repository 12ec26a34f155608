"""The worker's door as front ends know it: refusals are those of the one tree, and everything is counted."""

from typing import Protocol

from angarium.errors import SessionLimitExceeded
from angarium.worker import Connection, Metric, Metrics, Refused, Seat, Sessions


class Visitors(Protocol):
    """Who is told who comes and goes."""

    def came(self, seat: Seat) -> None:
        """Somebody has said who she is."""

    def went(self, seat: Seat) -> None:
        """She is gone, or is nobody any more; `seat` still has her name."""


class CountedSeat:
    """A place in the table of sessions."""

    __slots__ = ("_metrics", "_seat", "_visitors")

    def __init__(self, seat: Seat, metrics: Metrics, visitors: Visitors) -> None:
        self._seat = seat
        self._metrics = metrics
        self._visitors = visitors

    def log_in(self, userid: str) -> None:
        """Note who it is; SessionLimitExceeded."""
        try:
            self._seat.log_in(userid)
        except Refused as refused:
            raise SessionLimitExceeded(str(refused)) from refused
        self._metrics.raise_by(Metric.LOGINS)
        self._visitors.came(self._seat)

    def acted_by(self, userid: str) -> None:
        """Note who acts for the one who is logged in."""
        self._seat.acted_by(userid)

    def wake_at(self, time_s: float) -> None:
        """Have the connection woken then."""
        self._seat.wake_at(time_s)

    def log_out(self) -> None:
        """Note that it is nobody any more."""
        self._tell_leaving()
        self._seat.log_out()

    def select(self, mailbox: str) -> None:
        """Note the mailbox that is selected; empty for none."""
        self._seat.select(mailbox)

    def leave(self) -> None:
        """Give the place back; a second time does nothing."""
        self._tell_leaving()
        self._seat.leave()

    def _tell_leaving(self) -> None:
        if self._seat.record.user and not self._seat.has_left:
            self._visitors.went(self._seat)


class CountingDoor:
    """Admits connections of all services of a worker."""

    def __init__(self, sessions: Sessions, metrics: Metrics, visitors: Visitors) -> None:
        self._sessions = sessions
        self._metrics = metrics
        self._visitors = visitors

    def admit(self, service: str, address: str, connection: Connection, *, session: str) -> CountedSeat:
        """A place for a new connection; SessionLimitExceeded."""
        try:
            seat = self._sessions.admit(service, address, connection, session=session)
        except Refused as refused:
            self._metrics.raise_by(Metric.CONNECTIONS_REFUSED)
            raise SessionLimitExceeded(str(refused)) from refused
        self._metrics.raise_by(Metric.CONNECTIONS)
        return CountedSeat(seat, self._metrics, self._visitors)
