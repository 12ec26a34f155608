import socket

import pytest

from angarium.auth.hangup import hung_up_after


@pytest.mark.parametrize("error", [None, ConnectionResetError()])
def test_who_waits_for_too_long_is_told_so_whatever_she_makes_of_it(error: Exception | None) -> None:
    ours, theirs = socket.socketpair()
    with ours, theirs:
        with pytest.raises(TimeoutError, match=r"within 0\.05 seconds"):
            wait_for_octet(ours, error)
        assert theirs.recv(1) == b""


def wait_for_octet(connection: socket.socket, error: Exception | None) -> None:
    with hung_up_after(0.05, connection.fileno()):
        assert connection.recv(1) == b""
        if error is not None:
            raise error


def test_who_is_in_time_goes_on_with_the_connection() -> None:
    ours, theirs = socket.socketpair()
    with ours, theirs:
        with hung_up_after(60.0, ours.fileno()):
            theirs.sendall(b"a")
            assert ours.recv(1) == b"a"
        with pytest.raises(ConnectionResetError), hung_up_after(60.0, ours.fileno()):
            raise ConnectionResetError
        theirs.sendall(b"b")
        assert ours.recv(1) == b"b"
