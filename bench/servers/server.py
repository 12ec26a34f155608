"""A running server: where it listens, who may log in, and its end."""

import os
import shutil
import signal
import socket
import subprocess
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from bench.errors import BenchError

LOOPBACK: Final = "127.0.0.1"
_START_S: Final = 30.0
_STOP_S: Final = 15.0


@dataclass(frozen=True, slots=True)
class Users:
    """Who is made in each server; all have an INBOX, those of `logins` may log in, and one of these has a script."""

    logins: tuple[str, ...]
    recipients: tuple[str, ...]
    filtered: str


@dataclass(frozen=True, slots=True)
class Server:
    """Addresses are ports of loopback; LMTP needs no login."""

    name: str
    version: str
    process: subprocess.Popen[bytes]
    directory: Path
    imap: int
    imaps: int
    lmtp: int
    passwords: Mapping[str, str]
    pop3: int = 0
    """0 where it is not set up."""
    python: Path | None = None
    """The interpreter that runs it, if one does."""

    @property
    def pid(self) -> int:
        return self.process.pid

    def stop(self) -> None:
        """End it and all that it started, and remove its directory."""
        stop(self.process)
        shutil.rmtree(self.directory, ignore_errors=True)


def run(command: Sequence[str | Path], *, log: Path, user: str | None = None) -> subprocess.Popen[bytes]:
    """Start a server in a session of its own; what it says goes to the log."""
    with log.open("ab") as output:
        return subprocess.Popen(
            command, stdin=subprocess.DEVNULL, stdout=output, stderr=output, start_new_session=True, user=user
        )


def stop(process: subprocess.Popen[bytes]) -> None:
    """TERM, and KILL for the whole session where that is not enough."""
    process.terminate()
    try:
        process.wait(_STOP_S)
    except subprocess.TimeoutExpired:
        pass
    try:
        os.killpg(process.pid, signal.SIGKILL)
    except ProcessLookupError:
        pass
    process.wait()


def wait_until(is_ready: Callable[[], bool], process: subprocess.Popen[bytes], log: Path) -> None:
    """BenchError with the end of the log where the server dies or takes too long."""
    deadline = time.monotonic() + _START_S
    while not is_ready():
        if process.poll() is not None or time.monotonic() > deadline:
            said = log.read_text(errors="replace")[-2000:] if log.exists() else ""
            raise BenchError(f"{process.args!r} does not serve: {said}")
        time.sleep(0.05)


def listens(port: int) -> bool:
    """Whether something greets at this port."""
    try:
        with socket.create_connection((LOOPBACK, port), timeout=5) as connection:
            return bool(connection.recv(1))
    except OSError:
        return False


def free_ports(count: int) -> list[int]:
    """Different ports that nobody listens on now."""
    with ExitStack() as stack:
        probes = [stack.enter_context(socket.socket()) for _ in range(count)]
        for probe in probes:
            probe.bind((LOOPBACK, 0))
        return [int(probe.getsockname()[1]) for probe in probes]


def give(directory: Path, user: str) -> None:
    """Make a directory tree this user's."""
    for parent, directories, files in os.walk(directory):
        for each in (parent, *(os.path.join(parent, name) for name in (*directories, *files))):
            shutil.chown(each, user, "mail")
