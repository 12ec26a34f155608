"""The door of every service: who is connected, and the limits over all workers.

A connection takes a `Seat` when it is made and leaves it when it is lost. Its record stands in the shared state before
the limit is counted, so two workers that admit at the same instant may both refuse the last place, and never both give
it.
"""

import asyncio
import logging
import os
import time
from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass
from enum import Enum
from typing import Final, Protocol

from angarium.errors import DiskFull, SessionLimitExceeded
from angarium.worker.metrics import Metric, Metrics
from angarium.worker.sharedstate import SessionColumn, SessionRecord, SharedState, key_of

log = logging.getLogger(__name__)

_SERVICE: Final = SessionColumn.SERVICE
_ADDRESS: Final = SessionColumn.ADDRESS
_USER: Final = SessionColumn.USER
_CONNECTIONS: Final = Metric.CONNECTIONS
_LOGINS: Final = Metric.LOGINS
_SLEEP_MAX_S: Final = 86_400.0
"""Of a timer of the event loop; the clock may be set meanwhile."""


class Connection(Protocol):
    """What the worker asks of a connection."""

    def close_for_shutdown(self) -> None:
        """Say goodbye and close: at once where no command runs, else after it. Called once, on the loop."""

    def abort(self) -> None:
        """Drop the transport now."""

    def wake(self) -> None:
        """There may be something that the client has to be told, or its login may hold no more; called on the loop."""


class Visitors(Protocol):
    """Who is told who comes and goes."""

    def came(self, seat: "Seat") -> None:
        """Somebody has said who she is."""

    def went(self, seat: "Seat") -> None:
        """She is gone, or is nobody any more; `seat` still has her name."""


class Refusal(Enum):
    """Why a connection or login is refused; each front end has its words for them."""

    TOO_MANY_OF_SERVICE = "maxchild"
    TOO_MANY_OF_ADDRESS = "max_connections_per_host"
    TOO_MANY_LOGINS_OF_ADDRESS = "maxlogins_per_host"
    TOO_MANY_LOGINS_OF_USER = "maxlogins_per_user"
    TABLE_FULL = "sessions of a worker"
    DRAINING = "draining"
    GONE = "the connection is lost"


class Refused(SessionLimitExceeded):
    """There is no seat; nothing was taken."""

    def __init__(self, refusal: Refusal) -> None:
        super().__init__(refusal.value)
        self.refusal = refusal


@dataclass(frozen=True, slots=True)
class ServiceLimits:
    """Limits of a service; 0 or less means none."""

    connections_max: int = 0
    per_address_max: int = 0
    logins_per_address_max: int = 0
    logins_per_user_max: int = 0


_NO_LIMITS: Final = ServiceLimits()


class Seat:
    """One connection's place in the session table."""

    __slots__ = (
        "_actor",
        "_limits",
        "_sessions",
        "_timer",
        "connection",
        "has_left",
        "has_proc_file",
        "index",
        "record",
        "session",
    )

    def __init__(
        self,
        sessions: "Sessions",
        index: int,
        record: SessionRecord,
        connection: Connection,
        limits: ServiceLimits,
        *,
        session: str,
    ) -> None:
        self._sessions = sessions
        self._limits = limits
        self.index = index
        self.record = record
        self.connection = connection
        self.session = session
        """The session id that all log lines carry."""
        self.has_left = False
        self.has_proc_file = False
        """Of the thread that writes these files."""
        self._timer: asyncio.TimerHandle | None = None
        self._actor = ""
        """Who acts for the user; empty where she does so herself."""

    def log_in(self, userid: str) -> None:
        """Note who it is. Refused where the user or the address has too many sessions, and where the connection was
        lost while the login took its time; the seat stays as it was."""
        if self.has_left:
            raise Refused(Refusal.GONE)
        before = self.record
        limits = self._limits
        exceeds = self._sessions.exceeds
        self.record = before.with_user(userid)
        self._sessions.write_user(self)
        if exceeds(_USER, userid, limits.logins_per_user_max):
            self._write(before)
            raise Refused(Refusal.TOO_MANY_LOGINS_OF_USER)
        if before.address and exceeds(_ADDRESS, before.address, limits.logins_per_address_max, logged_in=True):
            self._write(before)
            raise Refused(Refusal.TOO_MANY_LOGINS_OF_ADDRESS)
        self._sessions.came(self)

    def acted_by(self, userid: str) -> None:
        """Note that it is this user who acts for the one who is logged in: it is to be woken with her sessions too."""
        self._actor = userid

    def concerns(self, users: Collection[str]) -> bool:
        """Whether one of these is logged in, or acts for who is."""
        return self.record.user in users or self._actor in users

    def wake_at(self, time_s: float) -> None:
        """Have the connection woken then (seconds since 1970), to ask whether it may go on; a later call counts."""
        self._stop_timer()
        if not self.has_left:
            wait_s = min(max(time_s - time.time(), 0.0), _SLEEP_MAX_S)
            self._timer = asyncio.get_running_loop().call_later(wait_s, self._wake, time_s)

    def _wake(self, time_s: float) -> None:
        self._timer = None
        if time.time() < time_s:
            self.wake_at(time_s)
        else:
            self.connection.wake()

    def _stop_timer(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def log_out(self) -> None:
        """Note that it is nobody any more, and has no mailbox selected."""
        self._stop_timer()
        self._tell_leaving()
        self._actor = ""
        self._write(self.record._replace(user="", mailbox=""))

    def select(self, mailbox: str) -> None:
        """Note the mailbox that is selected; empty for none."""
        self._write(self.record.with_mailbox(mailbox))

    def leave(self) -> None:
        """Give the place back; a second time does nothing."""
        self._stop_timer()
        self._tell_leaving()
        self._sessions.leave(self)

    def _tell_leaving(self) -> None:
        if self.record.user and not self.has_left:
            self._sessions.went(self)

    def _write(self, record: SessionRecord) -> None:
        if self.has_left:
            return  # the place may be another connection's by now
        self.record = record
        self._sessions.write(self)


class Sessions:
    """The sessions of one worker, and how many there are in all of them; what comes in is counted."""

    def __init__(self, state: SharedState, segment: int) -> None:
        self._state = state
        self._segment = segment
        self._pid = os.getpid()
        self._seats: dict[int, Seat] = {}
        self._free = list(range(state.sessions_max - 1, -1, -1))
        self._draining = False
        self._emptied = asyncio.Event()
        self._limits: dict[str, ServiceLimits] = {}
        self._changed: set[Seat] = set()
        self._metrics = Metrics(state, segment)
        self._visitors: Visitors | None = None

    def __len__(self) -> int:
        return len(self._seats)

    def __iter__(self) -> Iterator[Seat]:
        return iter(tuple(self._seats.values()))

    def set_limits(self, limits: dict[str, ServiceLimits]) -> None:
        """Limits by name of service, for connections from now on."""
        self._limits = limits

    def tell(self, visitors: Visitors) -> None:
        """From here on this one hears who comes and goes."""
        self._visitors = visitors

    def came(self, seat: Seat) -> None:
        """For seats: somebody has said who she is."""
        self._metrics.raise_by(_LOGINS)
        if self._visitors is not None:
            self._visitors.came(seat)

    def went(self, seat: Seat) -> None:
        """For seats: she is gone, or is nobody any more."""
        if self._visitors is not None:
            self._visitors.went(seat)

    def admit(self, service: str, address: str, connection: Connection, *, session: str = "") -> Seat:
        """A seat for a new connection; raises Refused. `address` is empty for a unix socket, which has no limit."""
        try:
            seat = self._admit(service, address, connection, session)
        except Refused:
            self._metrics.raise_by(Metric.CONNECTIONS_REFUSED)
            raise
        self._metrics.raise_by(_CONNECTIONS)
        return seat

    def _admit(self, service: str, address: str, connection: Connection, session: str) -> Seat:
        if self._draining:
            raise Refused(Refusal.DRAINING)
        if not self._free:
            raise Refused(Refusal.TABLE_FULL)
        limits = self._limits.get(service, _NO_LIMITS)
        record = SessionRecord(self._pid, time.time(), service, address)
        seat = Seat(self, self._free.pop(), record, connection, limits, session=session)
        try:
            self.write(seat)
        except DiskFull as error:
            self._free.append(seat.index)
            log.error("session_table_full", extra={"reason": str(error)})
            raise Refused(Refusal.TABLE_FULL) from error
        self._seats[seat.index] = seat
        if self.exceeds(_SERVICE, service, limits.connections_max):
            seat.leave()
            raise Refused(Refusal.TOO_MANY_OF_SERVICE)
        if address and self.exceeds(_ADDRESS, address, limits.per_address_max):
            seat.leave()
            raise Refused(Refusal.TOO_MANY_OF_ADDRESS)
        return seat

    def exceeds(self, column: SessionColumn, value: str, maximum: int, *, logged_in: bool = False) -> bool:
        """Whether more than `maximum` sessions of all workers have this value; 0 means no limit. Nothing is counted
        while there are no more sessions than that."""
        if maximum <= 0 or self._state.sessions_total() <= maximum:
            return False
        return self._state.count_sessions(column, key_of(value), logged_in=logged_in) > maximum

    def write_user(self, seat: Seat) -> None:
        """Make it seen who it is, in a record that was written before."""
        self._state.write_user(self._segment, seat.index, seat.record.user)
        self._changed.add(seat)

    def write(self, seat: Seat) -> None:
        """Make a seat's record seen."""
        self._state.write_session(self._segment, seat.index, seat.record)
        self._changed.add(seat)

    def take_changed(self) -> set[Seat]:
        """The seats that were taken, changed or left since the last call; for one thread beside the loop, which may
        still add one to what this gives."""
        changed, self._changed = self._changed, set()
        return changed

    def leave(self, seat: Seat) -> None:
        if self._seats.get(seat.index) is seat:
            del self._seats[seat.index]
            self._state.clear_session(self._segment, seat.index)
            self._free.append(seat.index)
            seat.has_left = True
            self._changed.add(seat)
            if self._draining and not self._seats:
                self._emptied.set()

    def begin_drain(self) -> None:
        """Admit nobody from here on, and ask all to close."""
        self._draining = True
        if not self._seats:
            self._emptied.set()
        self._close(self)

    async def emptied(self) -> None:
        """Returns when a drain has seen the last one leave."""
        await self._emptied.wait()

    def end_sessions(self, userid: str) -> None:
        """What the logins of a user stand on has changed: her sessions, and those in which she acts for others, are to
        ask whether they may go on."""
        self.wake({userid})

    def wake(self, users: Collection[str] | None) -> None:
        """Wake the sessions of these users, or with None those of all."""
        for seat in self:
            if users is None or seat.concerns(users):
                seat.connection.wake()

    def abort_all(self) -> None:
        for seat in self:
            seat.connection.abort()

    def _close(self, seats: Iterable[Seat]) -> None:
        for seat in seats:
            try:
                seat.connection.close_for_shutdown()
            except Exception:
                # One connection's fault must not keep the goodbye from the others.
                log.exception("close_failed", extra={"service": seat.record.service, "user": seat.record.user})
