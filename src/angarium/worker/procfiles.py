"""`proc_path`: one small file a session, named by session id, for scripts and eyes; `angarium who` does not need them.

A file is one line: service, client, user, mailbox, command and process id, with tabs between. The first five stand as
Cyrus has them, where the process id is the file's name; the command is always empty. A file is written when its session
has lasted for a while, so that short ones cost nothing, and again when the user or the mailbox has changed.
"""

import contextlib
import logging
import os
import re
from collections.abc import Container, Iterable
from pathlib import Path
from typing import Final

from angarium.worker.sessions import Seat

log = logging.getLogger(__name__)

_PID_FIELD: Final = 5
_TEMPORARY: Final = re.compile(r"\.(\d+)\.new", re.ASCII)
_LINE_OCTETS_MAX: Final = 4096


class ProcFiles:
    """The files of one worker's sessions; for one thread, which may wait for the disk."""

    def __init__(self, directory: Path, pid: int) -> None:
        self._directory = directory
        self._temporary = directory / f".{pid}.new"
        """A dot file is nobody's session, and a reader never sees half a line."""
        self._pid = pid
        self._is_failing = False

    def remove_leftovers(self, living: Container[int]) -> None:
        """Remove the files of processes that are not among the living."""
        try:
            names = os.listdir(self._directory)
        except OSError:
            return  # nobody has written here yet
        for name in names:
            path = self._directory / name
            temporary = _TEMPORARY.fullmatch(name)
            pid = int(temporary[1]) if temporary is not None else _pid_of(path)
            if pid is not None and (pid == self._pid or pid not in living):
                _remove(path)

    def update(self, changed: set[Seat]) -> None:
        """Take each seat out of `changed`, and make its file say what the seat does; who has left has no file."""
        while changed:
            seat = changed.pop()
            if not seat.session:
                continue
            if not seat.has_left:
                seat.has_proc_file = self._write(seat) or seat.has_proc_file
            elif seat.has_proc_file:
                _remove(self._directory / seat.session)

    def _line(self, seat: Seat) -> str:
        record = seat.record
        client = f"[{record.address}]" if record.address else "[unix socket]"
        fields = (record.service, client, record.user, record.mailbox, "", str(self._pid))
        return "\t".join([field if field.isprintable() else _printable(field) for field in fields]) + "\n"

    def remove(self, seats: Iterable[Seat]) -> None:
        """Remove the files of these sessions."""
        for seat in seats:
            if seat.has_proc_file:
                _remove(self._directory / seat.session)

    def _write(self, seat: Seat) -> bool:
        line = self._line(seat)
        try:
            try:
                _write_file(self._temporary, line)
            except FileNotFoundError:
                self._directory.mkdir(mode=0o755, parents=True, exist_ok=True)
                _write_file(self._temporary, line)
            os.rename(self._temporary, self._directory / seat.session)
        except OSError as error:
            if not self._is_failing:
                log.warning("proc_file_not_written", extra={"path": str(self._directory), "reason": error.strerror})
            self._is_failing = True
            _remove(self._temporary)
            return False
        self._is_failing = False
        return True


def _printable(text: str) -> str:
    return "".join([character for character in text if character.isprintable()])


def _write_file(path: Path, line: str) -> None:
    flags = os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_NOFOLLOW | os.O_CLOEXEC
    descriptor = os.open(path, flags, 0o644)
    try:
        os.write(descriptor, line.encode("utf-8", "replace"))
    finally:
        os.close(descriptor)


def _pid_of(path: Path) -> int | None:
    """Whose file it is; None for one that is not ours at all."""
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
    except OSError:
        return None
    try:
        fields = os.read(descriptor, _LINE_OCTETS_MAX).split(b"\t")
    except OSError:
        return None
    finally:
        os.close(descriptor)
    return int(fields[_PID_FIELD]) if len(fields) > _PID_FIELD and fields[_PID_FIELD].strip().isdigit() else None


def _remove(path: Path) -> None:
    with contextlib.suppress(OSError):
        os.unlink(path)
