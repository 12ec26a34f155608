"""Signals for a `selectors` loop: a handler only wakes the loop, which then asks what came."""

import contextlib
import signal
import socket
from types import TracebackType
from typing import Final, Self

HANDLED: Final = (signal.SIGTERM, signal.SIGQUIT, signal.SIGINT, signal.SIGHUP, signal.SIGCHLD)


class Signals:
    """Collects the numbers of signals while its context lasts."""

    def __init__(self) -> None:
        self.reader, self._writer = socket.socketpair()
        self.reader.setblocking(False)
        self._writer.setblocking(False)

    def __enter__(self) -> Self:
        self._wakeup_before = signal.set_wakeup_fd(self._writer.fileno(), warn_on_full_buffer=False)
        self._before = {number: signal.signal(number, _ignore) for number in HANDLED}
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        signal.set_wakeup_fd(self._wakeup_before)
        for number, handler in self._before.items():
            signal.signal(number, handler)
        self.close()

    def take(self) -> list[signal.Signals]:
        """What came since; a signal that came while it was pending counts once."""
        with contextlib.suppress(BlockingIOError):
            return [signal.Signals(number) for number in self.reader.recv(4096)]
        return []

    def close(self) -> None:
        """In a forked process: hear nothing of the master's signals."""
        self.reader.close()
        self._writer.close()


def _ignore(_number: int, _frame: object) -> None:
    """The wakeup descriptor tells; a handler must be there for it to be used."""
