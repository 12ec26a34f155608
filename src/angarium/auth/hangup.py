"""A bound of time for libraries that wait for an answer as long as it takes, or for each piece of it anew."""

import contextlib
import os
import socket
import threading
from collections.abc import Iterator


@contextlib.contextmanager
def hung_up_after(time_s: float, descriptor: int) -> Iterator[None]:
    """Once the time is over, the connection of this descriptor is shut down, so that whoever waits for it here is told
    that it has ended: TimeoutError, whatever that one makes of it. A connection that was in time can be used on."""
    is_over = False
    # A descriptor of its own, so that it never is another's by the time that it is needed.
    connection = socket.socket(fileno=os.dup(descriptor))

    def hang_up() -> None:
        nonlocal is_over
        is_over = True
        with contextlib.suppress(OSError):
            connection.shutdown(socket.SHUT_RDWR)

    timer = threading.Timer(time_s, hang_up)
    timer.daemon = True
    timer.start()
    reason = f"no whole answer within {time_s:g} seconds"
    try:
        yield
    except Exception as error:
        if is_over:
            raise TimeoutError(reason) from error
        raise
    else:
        if is_over:
            raise TimeoutError(reason)
    finally:
        timer.cancel()
        connection.close()
