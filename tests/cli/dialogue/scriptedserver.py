"""A server that says what it was told to say, at a unix socket."""

import contextlib
import socket
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from angarium.cli.dialogue import Address

WAIT_S = 10.0


@contextmanager
def scripted_server(directory: Path, greeting: bytes, *answers: bytes) -> Iterator[tuple[Address, list[bytes]]]:
    """Sends the greeting, and one answer for each line that comes, then closes. Gives where it is, and the lines."""
    path = directory / "s"
    listener = socket.socket(socket.AF_UNIX)
    listener.settimeout(WAIT_S)
    listener.bind(str(path))
    listener.listen(1)
    lines: list[bytes] = []
    thread = threading.Thread(target=_serve, args=(listener, (greeting, *answers), lines))
    thread.start()
    try:
        yield Address(str(path), "0"), lines
    finally:
        thread.join(WAIT_S)
        listener.close()
        path.unlink()


def _serve(listener: socket.socket, answers: Sequence[bytes], lines: list[bytes]) -> None:
    connection, _ = listener.accept()
    connection.settimeout(WAIT_S)
    # A client that has seen enough goes away.
    with contextlib.suppress(ConnectionError), connection, connection.makefile("rb") as incoming:
        connection.sendall(answers[0])
        for answer in answers[1:]:
            line = incoming.readline()
            if not line:
                return
            lines.append(line.removesuffix(b"\r\n"))
            connection.sendall(answer)
        connection.shutdown(socket.SHUT_WR)
        lines += [line.removesuffix(b"\r\n") for line in incoming]
