"""The worker's door as front ends know it: refusals are those of the one tree, and everything is counted."""

from angarium.errors import SessionLimitExceeded
from angarium.worker import Connection, Metric, Metrics, Refused, Seat, Sessions


class CountedSeat:
    """A place in the table of sessions."""

    __slots__ = ("_metrics", "_seat")

    def __init__(self, seat: Seat, metrics: Metrics) -> None:
        self._seat = seat
        self._metrics = metrics

    def log_in(self, userid: str) -> None:
        """Note who it is; SessionLimitExceeded."""
        try:
            self._seat.log_in(userid)
        except Refused as refused:
            raise SessionLimitExceeded(str(refused)) from refused
        self._metrics.raise_by(Metric.LOGINS)

    def log_out(self) -> None:
        """Note that it is nobody any more."""
        self._seat.log_out()

    def select(self, mailbox: str) -> None:
        """Note the mailbox that is selected; empty for none."""
        self._seat.select(mailbox)

    def leave(self) -> None:
        """Give the place back; a second time does nothing."""
        self._seat.leave()


class CountingDoor:
    """Admits connections of all services of a worker."""

    def __init__(self, sessions: Sessions, metrics: Metrics) -> None:
        self._sessions = sessions
        self._metrics = metrics

    def admit(self, service: str, address: str, connection: Connection, *, session: str) -> CountedSeat:
        """A place for a new connection; SessionLimitExceeded."""
        try:
            seat = self._sessions.admit(service, address, connection, session=session)
        except Refused as refused:
            self._metrics.raise_by(Metric.CONNECTIONS_REFUSED)
            raise SessionLimitExceeded(str(refused)) from refused
        self._metrics.raise_by(Metric.CONNECTIONS)
        return CountedSeat(seat, self._metrics)
