"""What must be done in order before connections are served: START of cyrus.conf, then DAEMON entries that are waited
for. Each step says when it is done; no step is a wait of the master's loop.
"""

import logging
import os
import selectors
from collections import deque
from collections.abc import Callable, Iterable
from typing import Final

from angarium.config import CommandEntry, CyrusConf, DaemonEntry, ExternalCommand, RecoverCommand, StartEntry
from angarium.errors import ConfigError, StoreBusy
from angarium.master.children import Children, Exit

log = logging.getLogger(__name__)

RunInternal = Callable[[CommandEntry, Callable[[bool], None]], None]
_NOTIFY_OCTETS_MAX: Final = 64
_COMMAND_S: Final = 86_400.0
"""How long a command of START or EVENTS may run; what is meant to run on is a DAEMON."""


class CommandRunner:
    """Runs commands of cyrus.conf: outside as children, inside in a worker."""

    def __init__(self, children: Children, run_internal: RunInternal) -> None:
        self._children = children
        self._run_internal = run_internal

    def run(self, entry: CommandEntry, when_finished: Callable[[bool], None]) -> None:
        """Run it; `when_finished` hears whether it succeeded."""
        match entry.command:
            case RecoverCommand():
                log.info("recover_not_needed", extra={"command": entry.name})
                when_finished(True)
            case ExternalCommand(argv):
                self._run_external(entry.name, argv, when_finished)
            case _:
                self._run_internal(entry, when_finished)

    def _run_external(self, name: str, argv: tuple[str, ...], when_finished: Callable[[bool], None]) -> None:
        def finished(outcome: Exit) -> None:
            when_finished(outcome.status == 0)

        try:
            self._children.start(name, argv, when_finished=finished, timeout_s=_COMMAND_S)
        except (ConfigError, StoreBusy) as error:
            log.error("command_refused", extra={"command": name, "reason": str(error)})
            when_finished(False)


class Startup:
    """The steps of one start; `advance` begins, and each step that ends goes on with the next."""

    def __init__(
        self, conf: CyrusConf, runner: CommandRunner, daemons: "Daemons", *, when_done: Callable[[], None]
    ) -> None:
        self._steps: deque[StartEntry | DaemonEntry] = deque([*conf.start, *conf.daemons])
        self._runner = runner
        self._daemons = daemons
        self._when_done = when_done

    def advance(self) -> None:
        """Take the next step."""
        if not self._steps:
            self._when_done()
            return
        match self._steps.popleft():
            case StartEntry(name) as entry:
                self._runner.run(entry, lambda succeeded: self._go_on(name, succeeded=succeeded))
            case DaemonEntry() as entry:
                self._daemons.start(entry, self.advance)

    def stop(self) -> None:
        """Take no further step."""
        self._steps.clear()

    def _go_on(self, name: str, *, succeeded: bool) -> None:
        # As with Cyrus, a START command that fails does not stop the server.
        if not succeeded:
            log.error("start_command_failed", extra={"command": name})
        self.advance()


class Daemons:
    """The commands of DAEMON, which are started again when they end."""

    def __init__(
        self,
        selector: selectors.BaseSelector,
        children: Children,
        *,
        call_later: Callable[[float, Callable[[], None]], None],
    ) -> None:
        self._selector = selector
        self._children = children
        self._call_later = call_later
        self._wanted: set[DaemonEntry] = set()
        self._running: dict[DaemonEntry, int] = {}
        self._failures: dict[DaemonEntry, int] = {}

    def start(self, entry: DaemonEntry, when_started: Callable[[], None]) -> None:
        """Start a daemon; `when_started` is called when it is up, or at once where it is not waited for, or when it
        cannot be."""
        self._wanted.add(entry)
        if not entry.wait:
            self._spawn(entry, None)
            when_started()
            return
        reader, writer = os.pipe2(os.O_CLOEXEC)
        os.set_blocking(reader, False)

        def notified() -> None:
            self._selector.unregister(reader)
            words = os.read(reader, _NOTIFY_OCTETS_MAX)
            os.close(reader)
            if not words.startswith(b"ok"):
                log.error("daemon_not_started", extra={"command": entry.name})
            when_started()

        self._selector.register(reader, selectors.EVENT_READ, notified)
        self._spawn(entry, writer)
        os.close(writer)

    def replace(self, entries: Iterable[DaemonEntry]) -> list[int]:
        """Start what is new; gives the pids of those that are no longer wanted."""
        wanted = set(entries)
        gone = [pid for entry, pid in self._running.items() if entry not in wanted]
        new = [entry for entry in wanted if entry not in self._wanted]
        self._wanted = wanted
        for entry in new:
            self._spawn(entry, None)
        return gone

    def stop(self) -> None:
        """Start none again."""
        self._wanted.clear()

    def _spawn(self, entry: DaemonEntry, notify: int | None) -> None:
        if entry not in self._wanted:
            return
        try:
            self._running[entry] = self._children.start(
                entry.name,
                entry.command.argv,
                when_finished=lambda _: self._ended(entry),
                notify=notify,
                is_daemon=True,
            )
        except (ConfigError, StoreBusy) as error:
            log.error("command_refused", extra={"command": entry.name, "reason": str(error)})

    def _ended(self, entry: DaemonEntry) -> None:
        self._running.pop(entry, None)
        if entry in self._wanted:
            failures = self._failures.get(entry, 0)
            self._failures[entry] = min(failures + 1, 6)
            self._call_later(0.5 * 2**failures, lambda: self._spawn(entry, None))
