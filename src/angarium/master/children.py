"""Commands that the master runs: bounded in number, time and output, and their output logged (DESIGN §2)."""

import contextlib
import logging
import os
import selectors
import signal
import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from typing import Final

from angarium.errors import ConfigError, StoreBusy
from angarium.master.identity import Identity
from angarium.master.spawn import spawn

log = logging.getLogger(__name__)

OUTPUT_OCTETS_MAX: Final = 64 * 1024
RUNNING_MAX: Final = 32
_READ_OCTETS: Final = 16 * 1024
_LINE_OCTETS_MAX: Final = 4096


@dataclass(frozen=True, slots=True)
class Exit:
    """How a command ended."""

    status: int
    """As shells count: 128 plus the signal where one ended it."""
    output: bytes
    timed_out: bool


WhenFinished = Callable[[Exit], None]


@dataclass(slots=True, eq=False)
class _Child:
    name: str
    pid: int
    output: int
    """Our end of a pipe, -1 when it is closed."""
    stdin: int
    unsent: memoryview
    deadline_s: float | None
    when_finished: WhenFinished
    is_daemon: bool
    collected: bytearray = field(default_factory=bytearray)
    line: bytearray = field(default_factory=bytearray)
    status: int | None = None
    timed_out: bool = False


class Children:
    """The commands that run. Its owner calls `reap` after SIGCHLD and `kill_overdue` in time for `next_deadline_s`."""

    def __init__(self, selector: selectors.BaseSelector, identity: Identity, *, running_max: int = RUNNING_MAX) -> None:
        self._selector = selector
        self._identity = identity
        self._running_max = running_max
        self._children: dict[int, _Child] = {}

    def __len__(self) -> int:
        return len(self._children)

    def start(
        self,
        name: str,
        argv: tuple[str, ...],
        *,
        when_finished: WhenFinished,
        stdin: bytes = b"",
        stdin_path: str = "",
        environment: Sequence[tuple[str, str]] = (),
        timeout_s: float | None = None,
        notify: int | None = None,
        is_daemon: bool = False,
    ) -> int:
        """Run a command; `notify` becomes its descriptor 3, and the file of `stdin_path` its standard input rather than
        `stdin`. A daemon is not counted, and all that it writes is logged. Gives the pid.

        StoreBusy where as many run as may, ConfigError where there is no such program.
        """
        if not is_daemon and sum(not each.is_daemon for each in self._children.values()) >= self._running_max:
            raise StoreBusy(f"{self._running_max} commands run already")
        our_output, their_output = os.pipe2(os.O_CLOEXEC)
        their_stdin, our_stdin = os.pipe2(os.O_CLOEXEC)
        descriptors = {0: their_stdin, 1: their_output, 2: their_output}
        if notify is not None:
            descriptors[3] = notify
        try:
            pid = spawn(argv, self._identity, descriptors, stdin_path=stdin_path, further=environment)
        except (OSError, ConfigError) as error:
            os.close(our_output)
            os.close(our_stdin)
            raise ConfigError(str(error)) from error
        finally:
            os.close(their_output)
            os.close(their_stdin)
        deadline_s = time.monotonic() + timeout_s if timeout_s is not None else None
        child = _Child(name, pid, our_output, our_stdin, memoryview(stdin), deadline_s, when_finished, is_daemon)
        self._children[pid] = child
        os.set_blocking(our_output, False)
        os.set_blocking(our_stdin, False)
        self._selector.register(our_output, selectors.EVENT_READ, lambda: self._read(child))
        self._selector.register(our_stdin, selectors.EVENT_WRITE, lambda: self._write(child))
        return pid

    @property
    def next_deadline_s(self) -> float | None:
        """By `time.monotonic`."""
        return min((each.deadline_s for each in self._children.values() if each.deadline_s is not None), default=None)

    def kill_overdue(self) -> None:
        """Kill those whose time is over, with all that they started."""
        now_s = time.monotonic()
        for child in self._children.values():
            if child.deadline_s is not None and child.deadline_s <= now_s:
                child.deadline_s = None
                child.timed_out = True
                log.warning("command_timed_out", extra={"command": child.name, "process_id": child.pid})
                _signal_group(child.pid, signal.SIGKILL)

    def reap(self) -> None:
        """Take the status of those that ended."""
        for child in list(self._children.values()):
            pid, status = os.waitpid(child.pid, os.WNOHANG)
            if pid:
                code = os.waitstatus_to_exitcode(status)
                child.status = code if code >= 0 else 128 - code
                # What it left in the pipe; a grandchild that holds the other end is not waited for.
                self._read(child)
                self._finish(child)

    def signal_some(self, pids: Iterable[int], number: signal.Signals) -> None:
        """Send a signal to some, and to what they started."""
        for pid in pids:
            if pid in self._children:
                _signal_group(pid, number)

    def signal_all(self, number: signal.Signals) -> None:
        """Send a signal to all, and to what they started."""
        for child in self._children.values():
            _signal_group(child.pid, number)

    def _write(self, child: _Child) -> None:
        try:
            sent = os.write(child.stdin, child.unsent[:_READ_OCTETS])
        except BlockingIOError:
            return
        except OSError:
            sent = len(child.unsent)
        child.unsent = child.unsent[sent:]
        if not child.unsent:
            self._close_stdin(child)

    def _read(self, child: _Child) -> None:
        while child.output >= 0:
            try:
                data = os.read(child.output, _READ_OCTETS)
            except BlockingIOError:
                return
            if not data:
                self._close_output(child)
                return
            room = max(0, OUTPUT_OCTETS_MAX - len(child.collected))
            child.collected += data[:room]
            self._log_lines(child, data if child.is_daemon else data[:room])

    def _log_lines(self, child: _Child, data: bytes) -> None:
        *lines, rest = (bytes(child.line) + data).split(b"\n")
        if len(rest) > _LINE_OCTETS_MAX:
            lines.append(rest)
            rest = b""
        child.line = bytearray(rest)
        for line in lines:
            text = line.decode(errors="replace").rstrip()
            log.info("command_output", extra={"command": child.name, "process_id": child.pid, "line": text})

    def _finish(self, child: _Child) -> None:
        self._close_output(child)
        self._close_stdin(child)
        del self._children[child.pid]
        assert child.status is not None
        if child.line:
            self._log_lines(child, b"\n")
        level = logging.INFO if child.status == 0 else logging.WARNING
        log.log(
            level,
            "command_finished",
            extra={"command": child.name, "process_id": child.pid, "status": child.status},
        )
        child.when_finished(Exit(child.status, bytes(child.collected), child.timed_out))

    def _close_stdin(self, child: _Child) -> None:
        if child.stdin >= 0:
            self._selector.unregister(child.stdin)
            os.close(child.stdin)
            child.stdin = -1

    def _close_output(self, child: _Child) -> None:
        if child.output >= 0:
            self._selector.unregister(child.output)
            os.close(child.output)
            child.output = -1


def _signal_group(pid: int, number: signal.Signals) -> None:
    # The child makes its group as its first act; before that only the child itself is there.
    with contextlib.suppress(ProcessLookupError):
        try:
            os.killpg(pid, number)
        except ProcessLookupError:
            os.kill(pid, number)
