"""Becoming a daemon. The process that was started stays until the server is ready or has failed, so that its exit
status tells which."""

import os
import signal
import sys
from typing import Final

_OUTCOME_OCTETS_MAX: Final = 4096


class Starter:
    """The way to the process that waits for the start."""

    def __init__(self, descriptor: int | None) -> None:
        self._descriptor = descriptor

    def succeeded(self) -> None:
        """Let it end with 0, and close the terminal."""
        self._tell(b"\0")

    def failed(self, status: int, text: str) -> None:
        """Let it print `text` and end with `status`."""
        self._tell(bytes([status]) + text.encode()[: _OUTCOME_OCTETS_MAX - 1])

    def _tell(self, outcome: bytes) -> None:
        if self._descriptor is not None:
            os.write(self._descriptor, outcome)
            os.close(self._descriptor)
            self._descriptor = None


NO_STARTER: Final = Starter(None)
"""For a server in the foreground."""


def daemonise() -> Starter:
    """Go on in a process without a terminal; only that one returns. Call it before anything is opened or locked."""
    reader, writer = os.pipe2(os.O_CLOEXEC)
    if os.fork():
        os.close(writer)
        _await_outcome(reader)
    os.close(reader)
    os.setsid()
    if os.fork():
        # A session leader could get a terminal by opening one.
        os._exit(0)
    null = os.open(os.devnull, os.O_RDWR)
    for standard in (0, 1, 2):
        os.dup2(null, standard)
    if null > 2:
        os.close(null)
    os.chdir("/")
    return Starter(writer)


def _await_outcome(reader: int) -> None:
    signal.signal(signal.SIGINT, signal.SIG_DFL)
    outcome = os.read(reader, _OUTCOME_OCTETS_MAX)
    # No outcome: the server died without a word.
    status, text = (outcome[0], outcome[1:].decode(errors="replace")) if outcome else (os.EX_SOFTWARE, "")
    sys.stderr.writelines([f"angarium: {line}\n" for line in text.splitlines()])
    sys.stderr.flush()
    os._exit(status)
