"""The worker processes: who serves which slot, who is replaced, who is to be killed (DESIGN §2).

Each slot has a worker of its own. Where that worker is dead, draining or not ready yet, another one serves the slot
too; `_assign` brings what is served in line with who is there, and is called after every change. A worker that asks to
retire goes on serving until its replacement is ready.
"""

import errno
import logging
import os
import selectors
import signal
import socket
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from enum import Enum, auto
from typing import Final

from angarium.config import CommandEntry
from angarium.master.workertimes import WorkerTimes
from angarium.worker.control import (
    Adopt,
    CheckPam,
    ControlError,
    Drain,
    MasterMessage,
    OperationFinished,
    Ready,
    Release,
    Retire,
    RunChild,
    RunOperation,
    StartFailed,
    control_pair,
    receive_from_worker,
    send_to_worker,
)
from angarium.worker.sharedstate import SharedState

log = logging.getLogger(__name__)

Fork = Callable[[int, socket.socket, socket.socket], int]
"""Forks a worker with a segment, our end and its end of the control pair; gives the pid, in the master only. The worker
closes our end, or it would never see us die."""

MESSAGES_A_TURN: Final = 100


class Phase(Enum):
    """The life of a worker, in this order."""

    STARTING = auto()
    READY = auto()
    RETIRING = auto()
    DRAINING = auto()


@dataclass(slots=True, eq=False)
class Worker:
    """One worker process."""

    pid: int
    slot: int
    segment: int
    control: socket.socket
    started_s: float
    phase: Phase = Phase.STARTING
    drain_deadline_s: float | None = None
    operations: dict[int, Callable[[bool], None]] = field(default_factory=dict)
    is_killed: bool = False

    @property
    def serves(self) -> bool:
        return self.phase in (Phase.READY, Phase.RETIRING) and not self.is_killed


@dataclass(slots=True)
class _Backoff:
    failures: int = 0
    not_before_s: float = 0.0


class Workers:
    """All workers of a server. The owner calls `reap` after SIGCHLD and `tick` in time for `next_wakeup_s`."""

    def __init__(
        self,
        selector: selectors.BaseSelector,
        state: SharedState,
        slots: int,
        times: WorkerTimes,
        *,
        fork: Fork,
        on_ready: Callable[[], None],
        on_start_failed: Callable[[Worker, StartFailed], None],
        on_run_child: Callable[[Worker, RunChild], None],
        on_check_pam: Callable[[Worker, CheckPam], None],
    ) -> None:
        self._selector = selector
        self._state = state
        self._slots = slots
        self._times = times
        self._fork = fork
        self._on_ready = on_ready
        self._on_start_failed = on_start_failed
        self._on_run_child = on_run_child
        self._on_check_pam = on_check_pam
        self._workers: dict[int, Worker] = {}
        self._serving: dict[int, Worker] = {}
        self._backoff = [_Backoff() for _ in range(slots)]
        self._free_segments = list(range(state.segments - 1, 0, -1))
        self._last_operation = 0
        self._last_tick_s = time.monotonic()
        self._is_open = False
        self._is_stopping = False

    def __len__(self) -> int:
        return len(self._workers)

    @property
    def pids(self) -> list[int]:
        return list(self._workers)

    @property
    def all_ready(self) -> bool:
        """Whether each slot is served by its own worker."""
        return all(self._own_worker(slot) is not None for slot in range(self._slots))

    @property
    def any_ready(self) -> bool:
        return any(worker.serves for worker in self._workers.values())

    def start(self) -> None:
        """Fork what is missing, where back-off allows."""
        if self._is_stopping:
            return
        now_s = time.monotonic()
        replaced = {worker.slot for worker in self._workers.values() if worker.phase in (Phase.STARTING, Phase.READY)}
        for slot in range(self._slots):
            if slot not in replaced and self._backoff[slot].not_before_s <= now_s and self._free_segments:
                self._start_worker(slot)

    def open(self) -> None:
        """Have connections served from now on."""
        self._is_open = True
        self._assign()

    def broadcast(self, message: MasterMessage, sockets: Sequence[socket.socket] = ()) -> None:
        """Send to all that serve or will."""
        for worker in list(self._workers.values()):
            if worker.phase is not Phase.DRAINING:
                self.send(worker, message, sockets)

    def send(self, worker: Worker, message: MasterMessage, sockets: Sequence[socket.socket] = ()) -> None:
        """Send; a worker that hears nothing any more is killed."""
        if worker.pid not in self._workers or worker.is_killed:
            return
        try:
            send_to_worker(worker.control, message, sockets)
        except OSError as error:
            if error.errno == errno.EMSGSIZE:
                log.error("message_too_large", extra={"message_kind": type(message).__name__})
                return
            self._kill(worker, "unreachable")

    def run_operation(self, entry: CommandEntry, when_finished: Callable[[bool], None]) -> bool:
        """Have a worker run an internal command; False where no worker is ready. `when_finished` hears whether it
        succeeded, and of a worker that died."""
        able = [worker for worker in self._workers.values() if worker.phase is Phase.READY and not worker.is_killed]
        if not able:
            return False
        worker = min(able, key=lambda each: len(each.operations))
        self._last_operation += 1
        worker.operations[self._last_operation] = when_finished
        self.send(worker, RunOperation(self._last_operation, entry.name, entry.cmd, entry.command))
        return True

    def close_controls(self) -> None:
        """In a forked process: the ends of the others are the master's alone."""
        for worker in self._workers.values():
            worker.control.close()

    # Time

    @property
    def next_wakeup_s(self) -> float:
        """By `time.monotonic`."""
        moments = [self._last_tick_s + self._times.tick_s]
        moments += [each.not_before_s for each in self._backoff if each.not_before_s > self._last_tick_s]
        moments += [each.drain_deadline_s for each in self._workers.values() if each.drain_deadline_s is not None]
        return min(moments)

    def tick(self) -> None:
        """Kill the silent and those that drain too long, fork what is missing."""
        now_s = time.monotonic()
        was_asleep = now_s - self._last_tick_s > self._times.silence_max_s / 2
        self._last_tick_s = now_s
        for worker in list(self._workers.values()):
            if worker.drain_deadline_s is not None and worker.drain_deadline_s <= now_s:
                self._kill(worker, "drain_timed_out")
            # Where the master was stopped itself, the workers may have been too.
            elif not was_asleep and self._state.silent_s(worker.segment) > self._times.silence_max_s:
                self._kill(worker, "silent")
        self.start()

    # The end

    def drain_all(self, timeout_s: float) -> None:
        """Let all end; none is replaced from here on."""
        self._is_stopping = True
        for worker in list(self._workers.values()):
            self._drain(worker, timeout_s)

    def kill_all(self) -> None:
        """End all at once."""
        self._is_stopping = True
        for worker in self._workers.values():
            self._kill(worker, "stopped")

    def reap(self) -> None:
        """Take the status of those that ended, and have their slots served."""
        for worker in list(self._workers.values()):
            pid, status = os.waitpid(worker.pid, os.WNOHANG)
            if pid:
                self._take_messages(worker)
                self._forget(worker, os.waitstatus_to_exitcode(status))
        self._assign()
        self.start()

    # Inside

    def _start_worker(self, slot: int) -> None:
        ours, theirs = control_pair()
        segment = self._free_segments.pop()
        # So that the heartbeat counts from the fork on.
        self._state.beat(segment)
        with theirs:
            pid = self._fork(segment, ours, theirs)
        worker = Worker(pid, slot, segment, ours, time.monotonic())
        self._workers[pid] = worker
        self._selector.register(ours, selectors.EVENT_READ, lambda: self._take_messages(worker))
        log.debug("worker_started", extra={"worker": pid, "slot": slot})

    def _forget(self, worker: Worker, exit_code: int) -> None:
        del self._workers[worker.pid]
        self._close_control(worker)
        self._state.drop_segment(worker.segment)
        self._free_segments.append(worker.segment)
        self._serving = {slot: each for slot, each in self._serving.items() if each is not worker}
        for when_finished in worker.operations.values():
            when_finished(False)
        if worker.phase is not Phase.DRAINING and not self._is_stopping:
            self._back_off(worker)
            fields: dict[str, object] = {"worker": worker.pid, "slot": worker.slot}
            fields |= {"signal": -exit_code} if exit_code < 0 else {"status": exit_code}
            log.error("worker_exited", extra=fields)
        else:
            log.debug("worker_drained", extra={"worker": worker.pid, "slot": worker.slot})

    def _back_off(self, worker: Worker) -> None:
        backoff = self._backoff[worker.slot]
        now_s = time.monotonic()
        if now_s - worker.started_s > self._times.healthy_s:
            backoff.failures = 0
        # The first replacement comes at once.
        delay_s = self._times.backoff_s * 2 ** (backoff.failures - 1) if backoff.failures else 0.0
        backoff.not_before_s = now_s + min(delay_s, self._times.backoff_max_s)
        backoff.failures = min(backoff.failures + 1, 30)

    def _take_messages(self, worker: Worker) -> None:
        for _ in range(MESSAGES_A_TURN):
            if worker.control.fileno() < 0:
                return
            try:
                message = receive_from_worker(worker.control)
            except BlockingIOError:
                return
            except ControlError:
                self._kill(worker, "nonsense")
                return
            except OSError:
                message = None
            if message is None:
                self._close_control(worker)
                return
            self._take(worker, message)

    def _take(self, worker: Worker, message: object) -> None:
        match message:
            case Ready() if worker.phase is Phase.STARTING:
                worker.phase = Phase.READY
                self._assign()
                self._on_ready()
            case StartFailed() if worker.phase is Phase.STARTING:
                self._on_start_failed(worker, message)
            case Retire() if worker.phase is Phase.READY:
                worker.phase = Phase.RETIRING
                log.info("worker_retiring", extra={"worker": worker.pid, "slot": worker.slot})
                self.start()
            case RunChild():
                self._on_run_child(worker, message)
            case CheckPam():
                self._on_check_pam(worker, message)
            case OperationFinished(number, succeeded):
                when_finished = worker.operations.pop(number, None)
                if when_finished is not None:
                    when_finished(succeeded)

    def _assign(self) -> None:
        if not self._is_open or self._is_stopping:
            return
        for slot in range(self._slots):
            wanted = self._own_worker(slot) or self._stand_in(slot)
            serving = self._serving.get(slot)
            if wanted is None or wanted is serving:
                continue
            self._serving[slot] = wanted
            self.send(wanted, Adopt(slot))
            if serving is not None and serving.serves:
                self.send(serving, Release(slot))
        for worker in list(self._workers.values()):
            if worker.phase is Phase.RETIRING and worker not in self._serving.values():
                self._drain(worker, self._times.retire_s)

    def _own_worker(self, slot: int) -> Worker | None:
        for worker in self._workers.values():
            if worker.slot == slot and worker.phase is Phase.READY and not worker.is_killed:
                return worker
        return None

    def _stand_in(self, slot: int) -> Worker | None:
        serving = self._serving.get(slot)
        if serving is not None and serving.serves:
            return serving
        served = list(self._serving.values())
        able = [worker for worker in self._workers.values() if worker.serves]
        return min(able, key=served.count, default=None)

    def _drain(self, worker: Worker, timeout_s: float) -> None:
        worker.phase = Phase.DRAINING
        worker.drain_deadline_s = time.monotonic() + timeout_s + self._times.drain_grace_s
        self.send(worker, Drain(timeout_s))

    def _kill(self, worker: Worker, reason: str) -> None:
        if not worker.is_killed:
            worker.is_killed = True
            worker.drain_deadline_s = None
            if not self._is_stopping:
                log.error("worker_killed", extra={"worker": worker.pid, "slot": worker.slot, "reason": reason})
            os.kill(worker.pid, signal.SIGKILL)

    def _close_control(self, worker: Worker) -> None:
        if worker.control.fileno() >= 0:
            self._selector.unregister(worker.control)
            worker.control.close()
