"""Telemetry: where `configdirectory/log/USER` is a directory, the sessions of that user are recorded in it.

The loop queues what goes over the wire; a thread writes it, for it may wait for the disk (`sessionfiles`). What a disk
takes too slowly is left out and counted; what it does not take at all ends the recording, and never the session.

A file is named by service and session id. It begins with a line that names user and time; then everything follows as it
went over the wire, `<TIME<` before what the client sent, `>TIME>` before what it was sent.
"""

import logging
import os
import time
from collections import deque
from collections.abc import Callable
from pathlib import Path
from typing import Final

log = logging.getLogger(__name__)

_QUEUE_OCTETS_MAX: Final = 4 * 1024 * 1024
"""Of one session, while they wait to be written."""
_HURRY_OCTETS: Final = 256 * 1024
_FRESH_S: Final = 2.0
"""A directory that changed less than this ago may change once more without another time of change."""


class Recording:
    """One session's record. The loop queues, the thread writes; each has its own count of octets."""

    __slots__ = (
        "_elapsed",
        "_hurry",
        "_lost_octets",
        "_marked_s",
        "_octets_max",
        "_path",
        "_queue",
        "_queued_octets",
        "_session",
        "_taken_octets",
        "_written_octets",
        "is_closed",
        "is_over",
    )

    def __init__(
        self, path: Path, user: str, *, session: str, octets_max: int, elapsed: bool, hurry: Callable[[], None]
    ) -> None:
        self._path = path
        self._session = session
        self._octets_max = octets_max
        self._elapsed = elapsed
        self._hurry = hurry
        self._queue: deque[bytes] = deque()
        self._queued_octets = 0
        self._taken_octets = 0
        self._written_octets = 0
        self._lost_octets = 0
        self._marked_s = time.time()
        self.is_closed = False
        """The loop has no more to queue."""
        self.is_over = False
        """The thread takes no more."""
        self._add(f"---------- {user} {time.ctime(self._marked_s)}\n\n".encode("utf-8", "replace"))

    def received(self, data: bytes) -> None:
        """The client sent this."""
        self._add(b"<%b<%b" % (self._mark(), data))

    def sent(self, data: bytes) -> None:
        """The client is sent this."""
        self._add(b">%b>%b" % (self._mark(), data))

    def close(self) -> None:
        """There is no more; what is queued is still written."""
        self.is_closed = True

    def _mark(self) -> bytes:
        now_s = time.time()
        before_s, self._marked_s = self._marked_s, now_s
        return b"%.3f" % max(0.0, now_s - before_s) if self._elapsed else b"%d" % now_s

    def _add(self, data: bytes) -> None:
        if self.is_over:
            return
        waiting_octets = self._queued_octets - self._taken_octets
        if waiting_octets + len(data) > _QUEUE_OCTETS_MAX:
            self._lost_octets += len(data)
            return
        if self._lost_octets:
            data = b"\n---------- %d octets not recorded\n" % self._lost_octets + data
            self._lost_octets = 0
        self._queue.append(data)
        self._queued_octets += len(data)
        if waiting_octets < _HURRY_OCTETS <= waiting_octets + len(data):
            self._hurry()

    # The thread

    def write(self) -> None:
        """Write what is queued; raises nothing."""
        gathered = []
        while self._queue:
            gathered.append(self._queue.popleft())
        data = b"".join(gathered)
        if not data or self.is_over:
            return
        self._taken_octets += len(data)
        room_octets = self._octets_max - self._written_octets
        if len(data) > room_octets:
            data = data[:room_octets] + b"\n---------- the end: telemetry_max_size\n"
            self.is_over = True
        try:
            _append(self._path, data)
        except FileNotFoundError:
            self.is_over = True  # the directory was removed, as one does to end this
        except OSError as error:
            self.is_over = True
            log.warning(
                "telemetry_stopped",
                extra={"session": self._session, "path": str(self._path), "reason": error.strerror},
            )
        self._written_octets += len(data)


class Telemetry:
    """The recordings of one worker."""

    def __init__(self) -> None:
        self.users: frozenset[str] = frozenset()
        """Whose sessions are recorded."""
        self.hurry: Callable[[], None] = _nobody_hurries
        """Has the thread write soon."""
        self._directory = Path()
        self._listed_at: tuple[int, int] | None = None
        self._recordings: set[Recording] = set()

    def record(self, user: str, *, service: str, session: str, octets_max: int, elapsed: bool) -> Recording:
        """Begin a recording of at most so many octets; `user` is one of `users`, so the name is that of a directory.
        Its marks tell the seconds since the mark before (`elapsed`) or the time."""
        path = self._directory / user / f"{service}-{session}"
        recording = Recording(path, user, session=session, octets_max=octets_max, elapsed=elapsed, hurry=self.hurry)
        self._recordings.add(recording)
        return recording

    # The thread

    def look(self, directory: Path) -> frozenset[str]:
        """See whose sessions are recorded from now on; gives the users for whom that changed."""
        before = self.users
        self._directory = directory
        try:
            found = os.stat(directory)
            at = (found.st_mtime_ns, found.st_ino)
            if at == self._listed_at and time.time() - found.st_mtime > _FRESH_S:
                return frozenset()
            with os.scandir(directory) as entries:
                self.users = frozenset([entry.name for entry in entries if entry.is_dir()])
            self._listed_at = at
        except OSError:
            self.users, self._listed_at = frozenset(), None
        return before ^ self.users

    def write(self) -> None:
        """Write what has been queued for all files."""
        for recording in tuple(self._recordings):
            is_closed = recording.is_closed
            recording.write()
            if is_closed:
                self._recordings.discard(recording)


def _nobody_hurries() -> None:
    """Before there is a thread."""


def _append(path: Path, data: bytes) -> None:
    flags = os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC
    descriptor = os.open(path, flags, 0o600)
    try:
        rest = memoryview(data)
        while rest:
            rest = rest[os.write(descriptor, rest) :]
    finally:
        os.close(descriptor)
