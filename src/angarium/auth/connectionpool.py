"""Connections to a server of the network that wait for the next question; used by threads.

There are never more of them than threads that ask, which are few.
"""

import threading
import time
from collections import deque
from collections.abc import Callable
from typing import Final, Generic, TypeVar

from angarium.errors import AuthenticationUnavailable

KEPT_S: Final = 60.0
"""What lies between, a firewall say, may forget a connection that is silent for longer."""
REST_S: Final = 1.0
_REASON_MAX: Final = 500

Connection = TypeVar("Connection")
Answer = TypeVar("Answer")


class ConnectionLost(Exception):
    """The connection is of no more use; the text says why."""


def reason_of(error: Exception) -> str:
    """For a line of the log; a server may have said anything."""
    return one_line(str(error) or type(error).__name__)


def one_line(words: str) -> str:
    """Without the ends of lines, and cut."""
    return " ".join(words[:_REASON_MAX].split())


class ConnectionPool(Generic[Connection]):
    """Connections of one kind."""

    def __init__(
        self,
        connect: Callable[[], Connection],
        close: Callable[[Connection], None],
        *,
        clock_s: Callable[[], float] = time.monotonic,
    ) -> None:
        """`connect` raises AuthenticationUnavailable, or UnicodeError for a host's name that cannot be one; `close`
        raises nothing."""
        self._connect = connect
        self._close = close
        self._clock_s = clock_s
        self._kept: deque[tuple[Connection, float]] = deque()
        """The one that was used last at the right, with the time of that."""
        self._lock = threading.Lock()
        self._is_closed = False
        self._failure: tuple[float, str] | None = None

    def use(self, ask: Callable[[Connection], Answer]) -> Answer:
        """What `ask` gives or raises.

        Where it raises ConnectionLost with a connection that has waited here, it is asked once more with a new one: the
        server may have closed the old one long ago. AuthenticationUnavailable where there is none to be had, and for a
        second after that without a try, so that clients do not wait for a dead server one after another.
        """
        kept = self._take()
        if kept is not None:
            try:
                return self._ask(kept, ask)
            except ConnectionLost:
                pass
        try:
            return self._ask(self._new(), ask)
        except ConnectionLost as error:
            raise AuthenticationUnavailable(str(error)) from error

    def close(self) -> None:
        """Those in use are closed when they come back; whoever asks later gets one for each question."""
        with self._lock:
            self._is_closed = True
            kept = list(self._kept)
            self._kept.clear()
        for connection, _ in kept:
            self._close(connection)

    def _ask(self, connection: Connection, ask: Callable[[Connection], Answer]) -> Answer:
        try:
            answer = ask(connection)
        except BaseException:
            # In what state it is nobody knows.
            self._close(connection)
            raise
        self._give_back(connection)
        return answer

    def _take(self) -> Connection | None:
        old: list[Connection] = []
        with self._lock:
            now_s = self._clock_s()
            while self._kept and now_s - self._kept[0][1] > KEPT_S:
                old.append(self._kept.popleft()[0])
            taken = self._kept.pop()[0] if self._kept else None
        for each in old:
            self._close(each)
        return taken

    def _give_back(self, connection: Connection) -> None:
        with self._lock:
            if not self._is_closed:
                self._kept.append((connection, self._clock_s()))
                return
        self._close(connection)

    def _new(self) -> Connection:
        failure = self._failure
        if failure is not None and self._clock_s() < failure[0] + REST_S:
            raise AuthenticationUnavailable(failure[1])
        try:
            connection = self._connect()
        except AuthenticationUnavailable as error:
            self._failure = (self._clock_s(), str(error))
            raise
        except UnicodeError as error:
            raise AuthenticationUnavailable(str(error)) from error
        self._failure = None
        return connection
