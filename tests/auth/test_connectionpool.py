import threading
from concurrent.futures import ThreadPoolExecutor

import pytest

from angarium.auth.connectionpool import KEPT_S, REST_S, ConnectionLost, ConnectionPool
from angarium.errors import AuthenticationUnavailable


class Server:
    """Counts connections, which are numbers."""

    def __init__(self) -> None:
        self.now_s = 1000.0
        self.made = 0
        self.closed: list[int] = []
        self.is_away = False
        self.lost: set[int] = set()
        self.pool = ConnectionPool(self.connect, self.closed.append, clock_s=lambda: self.now_s)

    def connect(self) -> int:
        self.made += 1
        if self.is_away:
            raise AuthenticationUnavailable("nobody is there")
        return self.made

    def ask(self, connection: int) -> int:
        if connection in self.lost:
            raise ConnectionLost("it is gone")
        return connection


def test_a_connection_is_kept_for_the_next_question() -> None:
    server = Server()
    assert [server.pool.use(server.ask) for _ in range(3)] == [1, 1, 1]
    server.pool.close()
    assert server.closed == [1]
    # Whoever asks later has a connection for the question alone.
    assert server.pool.use(server.ask) == 2
    assert server.closed == [1, 2]


def test_one_that_was_lost_while_it_waited_is_made_anew() -> None:
    server = Server()
    server.pool.use(server.ask)
    server.lost.add(1)
    assert server.pool.use(server.ask) == 2
    assert server.closed == [1]


def test_a_new_one_that_is_lost_is_a_failure() -> None:
    server = Server()
    server.lost |= {1, 2}
    with pytest.raises(AuthenticationUnavailable, match="it is gone"):
        server.pool.use(server.ask)
    assert (server.made, server.closed) == (1, [1])


def test_one_that_has_waited_for_long_is_closed() -> None:
    server = Server()
    server.pool.use(server.ask)
    server.now_s += KEPT_S + 1
    assert server.pool.use(server.ask) == 2
    assert server.closed == [1]


def test_after_a_failure_nobody_tries_for_a_second() -> None:
    server = Server()
    server.is_away = True
    for _ in range(5):
        with pytest.raises(AuthenticationUnavailable, match="nobody is there"):
            server.pool.use(server.ask)
    assert server.made == 1
    server.is_away = False
    server.now_s += REST_S
    assert server.pool.use(server.ask) == 2


def test_any_other_failure_closes_the_connection_and_goes_on() -> None:
    server = Server()

    def fail(_: int) -> int:
        raise AuthenticationUnavailable("a query with a fault")

    with pytest.raises(AuthenticationUnavailable, match="fault"):
        server.pool.use(fail)
    assert server.closed == [1]


def test_threads_have_connections_of_their_own() -> None:
    server = Server()
    together = threading.Barrier(4)

    def ask(connection: int) -> int:
        together.wait(10)
        return connection

    with ThreadPoolExecutor(4) as threads:
        found = list(threads.map(lambda _: server.pool.use(ask), range(4)))
    assert len(set(found)) == 4
