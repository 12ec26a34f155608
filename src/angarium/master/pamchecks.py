"""Passwords that PAM is asked for: each by a child of the master, with the master's own rights, root's mostly.

A worker has no say in what runs here, but for a user, a password and an address, and which of the services it is. The
child is a fork that executes nothing: it gives up all that it has of the master's, asks, and ends with PAM's return
code.
"""

import contextlib
import logging
import os
import resource
import signal
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final, NoReturn

from angarium.config import PwcheckMethod, Settings
from angarium.errors import StoreBusy
from angarium.master.pam import ask_pam
from angarium.master.spawn import fork_without_signals, place_descriptors
from angarium.worker.control import CheckPam

log = logging.getLogger(__name__)

RUNNING_MAX: Final = 64
TIMEOUT_S: Final = 10.0
_NICENESS: Final = 5
_FAILED: Final = 254
"""In place of PAM's return code, where the child came to no answer."""

WhenChecked = Callable[[int | None], None]
"""Told PAM's return code; None where the child died or was killed."""


def asks_pam(settings: Settings) -> bool:
    """Whether any service has its passwords checked by PAM; where none has, no worker may ask."""
    return any(PwcheckMethod.PAM in each.auth.sasl_pwcheck_method for each in (settings, *settings.services.values()))


@dataclass(slots=True)
class _Check:
    deadline_s: float
    when_checked: WhenChecked


class PamChecks:
    """Those that run. Its owner calls `reap` after SIGCHLD and `kill_overdue` in time for `next_deadline_s`."""

    def __init__(self, *, running_max: int = RUNNING_MAX, timeout_s: float = TIMEOUT_S) -> None:
        self._running_max = running_max
        self._timeout_s = timeout_s
        self._checks: dict[int, _Check] = {}

    def __len__(self) -> int:
        return len(self._checks)

    def start(self, question: CheckPam, when_checked: WhenChecked, *, service_prefix: str = "") -> None:
        """Ask. StoreBusy where as many are asked as may be, or nothing can be forked."""
        if len(self._checks) >= self._running_max:
            raise StoreBusy(f"PAM is asked {self._running_max} times already")
        try:
            pid = fork_without_signals()
        except OSError as error:
            raise StoreBusy("no process can be made") from error
        if pid == 0:
            _answer(question, service_prefix)
        self._checks[pid] = _Check(time.monotonic() + self._timeout_s, when_checked)

    @property
    def next_deadline_s(self) -> float | None:
        """By `time.monotonic`."""
        return min((each.deadline_s for each in self._checks.values()), default=None)

    def kill_overdue(self) -> None:
        """Kill those whose time is over, with what a module has started in their process group."""
        now_s = time.monotonic()
        for pid, check in self._checks.items():
            if check.deadline_s <= now_s:
                check.deadline_s = now_s + self._timeout_s
                log.warning("pam_timed_out", extra={"process_id": pid})
                _kill(pid)

    def kill_all(self) -> None:
        for pid in self._checks:
            _kill(pid)

    def reap(self) -> None:
        """Take the outcome of those that ended."""
        for pid in list(self._checks):
            reaped, status = os.waitpid(pid, os.WNOHANG)
            if reaped:
                check = self._checks.pop(pid)
                code = os.waitstatus_to_exitcode(status)
                check.when_checked(code if code >= 0 else None)


def _answer(question: CheckPam, service_prefix: str) -> NoReturn:
    """In the child; never returns."""
    code = _FAILED
    try:
        os.setpgid(0, 0)
        # A core file would hold the password.
        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
        nowhere = os.open(os.devnull, os.O_RDWR)
        place_descriptors({0: nowhere, 1: nowhere, 2: nowhere})
        # Hashes are made to be dear; sessions that are open come first.
        os.nice(_NICENESS)
        os.chdir("/")
        path = os.environ.get("PATH", os.defpath)
        os.environ.clear()
        os.environ["PATH"] = path
        code = ask_pam(service_prefix + question.service, question.user, question.password, question.address)
    finally:
        # Nothing of the master's may run here, its exit handlers included. Of a status one octet is left, and none must
        # become that of success.
        os._exit(code if 0 <= code <= 255 else _FAILED)


def _kill(pid: int) -> None:
    # The child makes its group as its first act; before that only the child itself is there.
    with contextlib.suppress(ProcessLookupError):
        try:
            os.killpg(pid, signal.SIGKILL)
        except ProcessLookupError:
            os.kill(pid, signal.SIGKILL)
