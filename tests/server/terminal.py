"""A program at a terminal: what it shows is waited for, what a person would type is typed."""

import contextlib
import os
import pty
import re
import select
import subprocess
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Self

from tests.server.running import WAIT_S

_CONTROLS = re.compile(rb"\x1b\[[0-9;?]*[A-Za-z]|\x1b[()][A-Z0-9]|[\x00\x08]")


class Terminal:
    """Starts the program; a context manager that ends it."""

    def __init__(self, words: Sequence[str], *, home: Path, environment: Mapping[str, str] | None = None) -> None:
        self._screen, theirs = pty.openpty()
        self._process = subprocess.Popen(
            words,
            stdin=theirs,
            stdout=theirs,
            stderr=theirs,
            env={
                **os.environ,
                "HOME": str(home),
                "TERM": "linux",
                "LINES": "40",
                "COLUMNS": "120",
                **(environment or {}),
            },
            start_new_session=True,
        )
        os.close(theirs)
        self._shown = b""

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._process.kill()
        self._process.wait()
        os.close(self._screen)

    def expect(self, text: str) -> None:
        """Wait until this is shown, behind what was waited for before; a program draws only what changes."""
        wanted, deadline_s = text.encode(), time.monotonic() + WAIT_S
        while wanted not in self._shown:
            left_s = deadline_s - time.monotonic()
            readable, _, _ = select.select([self._screen], [], [], max(0.0, left_s))
            assert readable, f"{text!r} was not shown, but {self._shown[-2000:]!r}"
            self._shown += _CONTROLS.sub(b"", self._read())
        self._shown = self._shown.partition(wanted)[2]

    def type(self, text: str) -> None:
        os.write(self._screen, text.encode())

    def wait_ended(self) -> int:
        """Wait for the end; gives the exit status."""
        with contextlib.suppress(OSError):  # reading fails once nobody is at the other end
            while self._read():
                pass
        return self._process.wait(timeout=WAIT_S)

    def _read(self) -> bytes:
        readable, _, _ = select.select([self._screen], [], [], WAIT_S)
        return os.read(self._screen, 65_536) if readable else b""
