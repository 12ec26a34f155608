"""The thread that looks after small files about sessions once a second, so that the loop never waits for them.

It reads `msg/motd` and `msg/shutdown`, sees whose sessions are to be recorded, writes the recordings, and keeps the
files below `proc_path`. Idle sessions cost it nothing: it is told what changed, and wakes those concerned.
"""

import asyncio
import logging
import os
import threading
from collections.abc import Callable, Collection
from pathlib import Path
from typing import Final

from angarium.worker.messagefiles import MessageFiles
from angarium.worker.procfiles import ProcFiles
from angarium.worker.sessions import Seat, Sessions
from angarium.worker.sharedstate import SharedState
from angarium.worker.telemetry import Telemetry

log = logging.getLogger(__name__)

_INTERVAL_S: Final = 1.0


class SessionFiles:
    """The thread and what it does; `start` and `stop` are called on the loop."""

    def __init__(
        self,
        configdirectory: Path,
        proc_path: Path,
        *,
        sessions: Sessions,
        state: SharedState,
        messages: MessageFiles,
        telemetry: Telemetry,
    ) -> None:
        self._messages_directory = configdirectory / "msg"
        self._telemetry_directory = configdirectory / "log"
        self._sessions = sessions
        self._state = state
        self._messages = messages
        self._telemetry = telemetry
        self._proc = ProcFiles(proc_path, os.getpid())
        self._ripe: set[Seat] = set()
        self._loop: asyncio.AbstractEventLoop | None = None
        self._due = threading.Event()
        self._is_stopping = False
        self._thread = threading.Thread(target=self._run, name="session files", daemon=True)

    def start(self, loop: asyncio.AbstractEventLoop) -> None:
        """What the files say holds when this returns."""
        self._messages.read(self._messages_directory)
        self._telemetry.look(self._telemetry_directory)
        self._telemetry.hurry = self._due.set
        self._loop = loop
        self._thread.start()

    def stop(self) -> None:
        """Write what is left, and end; sessions that are gone have no files when this returns."""
        self._is_stopping = True
        self._due.set()
        if self._thread.ident is not None:
            self._thread.join()

    def _run(self) -> None:
        self._attempt(lambda: self._proc.remove_leftovers({record.pid for record in self._state.sessions()}))
        while not self._is_stopping:
            hurries = self._due.wait(_INTERVAL_S)
            self._due.clear()
            self._attempt(self._telemetry.write if hurries else self._work)
        self._attempt(self._telemetry.write)
        self._proc.remove([*self._ripe, *self._sessions.take_changed(), *self._sessions])

    def _attempt(self, work: Callable[[], None]) -> None:
        try:
            work()
        except Exception:
            # The next turn has other work; sessions go on in any case.
            log.exception("session_files_failed")

    def _work(self) -> None:
        self._telemetry.write()
        if self._messages.read(self._messages_directory) and self._messages.shutdown is not None:
            self._wake(None)
        changed_users = self._telemetry.look(self._telemetry_directory)
        if changed_users:
            self._wake(changed_users)
        # What changed is written one turn later: who has left by then never had a file.
        self._proc.update(self._ripe)
        self._ripe = self._sessions.take_changed()

    def _wake(self, users: Collection[str] | None) -> None:
        assert self._loop is not None
        self._loop.call_soon_threadsafe(self._sessions.wake, users)
