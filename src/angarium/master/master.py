"""The master: the one process that forks, binds, and may be root (DESIGN §2).

It reads no client's octet and opens no database; it has one thread and no event loop but a selector. Its loop waits for
signals, words of workers, output of commands and the next moment at which something is due.
"""

import contextlib
import gc
import heapq
import itertools
import logging
import os
import resource
import selectors
import signal
import socket
import time
from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import Final

from angarium.config import CommandEntry, EventEntry, kept_until_restart
from angarium.errors import AngariumError, ConfigError, StoreBusy, StoreInUse, TemporaryError
from angarium.master.children import Children, Exit
from angarium.master.configuration import Configuration, Server
from angarium.master.daemonising import NO_STARTER, Starter, daemonise
from angarium.master.directories import make_directories, remove_file, write_new_file
from angarium.master.identity import identity_for
from angarium.master.listeners import Listener, open_listeners
from angarium.master.pamchecks import PamChecks, asks_pam
from angarium.master.serverlock import take_server_lock
from angarium.master.signals import Signals
from angarium.master.spawn import EX_CANNOT_EXEC, fork_without_signals
from angarium.master.startup import CommandRunner, Daemons, Startup
from angarium.master.timetable import Timetable
from angarium.master.workers import Worker, Workers
from angarium.master.workertimes import WorkerTimes
from angarium.mime import load_codecs
from angarium.worker import ServiceTls, SharedState, WorkerStart, run_directory, run_worker, tls_of_services
from angarium.worker.control import SOCKETS_MAX, AddSockets, CheckPam, ChildFinished, Reload, RunChild, StartFailed
from angarium.worker.sharedstate import STATE_FILE

log = logging.getLogger(__name__)

_KILLED_CHILDREN_S: Final = 2.0
"""Between SIGTERM and SIGKILL of the commands that still run at the end."""
_TERMINATION: Final = frozenset({signal.SIGTERM, signal.SIGQUIT, signal.SIGINT})
_FAREST: Final = 3600.0
_DESCRIPTORS_MAX: Final = 1 << 20


def exit_status(error: AngariumError) -> int:
    """The exit status of a start that failed (sysexits)."""
    match error:
        case StoreInUse():
            return os.EX_UNAVAILABLE
        case ConfigError():
            return os.EX_CONFIG
        case TemporaryError():
            return os.EX_TEMPFAIL
        case _:
            return os.EX_SOFTWARE


def serve(server: Server) -> int:
    """Run a server until it is told to stop; gives the exit status. A start that fails raises AngariumError, and leaves
    nothing behind; as a daemon it has told whoever started it."""
    starter = daemonise() if server.daemonise else NO_STARTER
    load_codecs()  # for workers, once
    try:
        with contextlib.ExitStack() as stack:
            return _Master(server, starter, stack).run()
    except AngariumError as error:
        if server.daemonise:
            # In the foreground, whoever called this tells of it where the log is read.
            log.error("start_failed", extra={"reason": str(error)})
        starter.failed(exit_status(error), str(error))
        raise


class _Master:
    def __init__(self, server: Server, starter: Starter, stack: contextlib.ExitStack) -> None:
        self._server = server
        self._starter = starter
        self._configuration = server.configuration
        settings = server.configuration.settings
        self._identity = identity_for(settings.server)
        self._run_directory = run_directory(settings)
        self._slots = settings.server.workers
        _raise_descriptor_limit()
        os.umask(settings.server.umask)
        directories = settings.directories
        stores = [directories.configdirectory, self._run_directory, *directories.partitions.values()]
        make_directories(stores, self._identity)
        for each in (directories.configdirectory / "log", directories.configdirectory / "msg", directories.proc_path):
            with contextlib.suppress(ConfigError):  # mail goes without them, and workers tell of it
                make_directories([each], self._identity, is_ours=False)
        files = [directories.master_pid_file, directories.master_ready_file]
        make_directories([file.parent for file in files], self._identity, is_ours=False)
        lock = take_server_lock(self._run_directory, self._identity)
        stack.callback(os.close, lock)
        self._signals = stack.enter_context(Signals())
        self._selector = stack.enter_context(selectors.DefaultSelector())
        self._selector.register(self._signals.reader, selectors.EVENT_READ, self._take_signals)
        self._listeners = open_listeners(self._configuration.conf.services, self._slots, self._identity)
        stack.callback(self._close_listeners)
        with self._identity.acting():
            self._tls: dict[str, ServiceTls] | None = tls_of_services(self._configuration.conf.services, settings)
        """What workers are forked with until the first HUP; from then on each reads what is on disk."""
        self._state = self._create_state(stack)
        silence_max = server.worker_silence_max or settings.server.worker_silence_max
        self._times = WorkerTimes(
            silence_max_s=silence_max.total_seconds(), retire_s=settings.server.shutdown_timeout.total_seconds()
        )
        self._workers = Workers(
            self._selector,
            self._state,
            self._slots,
            self._times,
            fork=self._fork_worker,
            on_ready=self._worker_ready,
            on_start_failed=self._worker_start_failed,
            on_run_child=self._run_child,
            on_check_pam=self._check_pam,
        )
        self._children = Children(self._selector, self._identity)
        self._pam = PamChecks()
        self._runner = CommandRunner(self._children, self._run_internal)
        self._daemons = Daemons(self._selector, self._children, call_later=self._call_later)
        self._startup = Startup(self._configuration.conf, self._runner, self._daemons, when_done=self._started)
        self._waiting_operations: list[tuple[CommandEntry, Callable[[bool], None]]] = []
        self._timetable = Timetable((), datetime.now().astimezone())
        self._running_events: set[str] = set()
        self._timers: list[tuple[float, int, Callable[[], None]]] = []
        self._timer_numbers = itertools.count()
        self._is_started = False
        self._is_serving = False
        self._is_stopping = False
        self._children_deadline_s: float | None = None
        self._failure: AngariumError | None = None
        self._write_status(directories.master_pid_file)
        stack.callback(remove_file, directories.master_pid_file)
        stack.callback(remove_file, directories.master_ready_file)

    def run(self) -> int:
        """Start, serve, stop."""
        self._startup.advance()
        while not self._is_finished():
            timeout_s = max(0.0, self._next_wakeup_s() - time.monotonic())
            for key, _ in self._selector.select(timeout_s):
                self._attempt(key.data)
            self._attempt(self._do_what_is_due)
        if self._failure is not None:
            raise self._failure
        log.info("server_stopped")
        return os.EX_OK

    def _attempt(self, action: Callable[[], None]) -> None:
        try:
            action()
        except Exception:
            # A fault of ours in one turn must not end the server; the workers go on serving.
            log.exception("master_fault")

    # The start

    def _create_state(self, stack: contextlib.ExitStack) -> SharedState:
        path = self._run_directory / STATE_FILE
        try:
            # A worker that drains has a segment as well as the one in its place.
            with self._identity.acting():
                state = SharedState.create(path, segments=2 * self._slots)
        except OSError as error:
            raise ConfigError(f"{path}: cannot be made: {error.strerror}") from error
        stack.callback(state.close)
        stack.callback(remove_file, path)
        return state

    def _started(self) -> None:
        if not self._is_stopping:
            self._is_started = True
            self._workers.start()
            self._workers.open()
            self._announce_serving()

    def _worker_ready(self) -> None:
        waiting, self._waiting_operations = self._waiting_operations, []
        for entry, when_finished in waiting:
            self._run_internal(entry, when_finished)
        self._announce_serving()

    def _announce_serving(self) -> None:
        if self._is_started and not self._is_serving and not self._is_stopping and self._workers.all_ready:
            self._is_serving = True
            self._timetable = Timetable(self._configuration.conf.events, datetime.now().astimezone())
            try:
                self._server.when_serving(self._listeners)
                self._write_status(self._configuration.settings.directories.master_ready_file)
            except AngariumError as error:
                self._failure = error
                self._stop_now()
                return
            self._starter.succeeded()
            log.info("server_ready", extra={"workers": self._slots, "services": len(self._listeners)})

    def _write_status(self, path: Path) -> None:
        try:
            write_new_file(path, f"{os.getpid()}\n", self._identity)
        except OSError as error:
            raise ConfigError(f"{path}: cannot be written: {error.strerror}") from error

    def _worker_start_failed(self, worker: Worker, message: StartFailed) -> None:
        if self._is_serving:
            log.error("worker_start_failed", extra={"worker": worker.pid, "reason": message.text})
        elif self._failure is None:
            # Before the server has served, nobody is helped by further attempts.
            self._failure = ConfigError(message.text) if message.is_configuration else TemporaryError(message.text)
            self._stop_now()

    def _fork_worker(self, segment: int, ours: socket.socket, theirs: socket.socket) -> int:
        gc.freeze()
        pid = fork_without_signals()
        if pid:
            return pid
        status = os.EX_SOFTWARE
        try:
            ours.close()
            status = self._be_worker(segment, theirs)
        except BaseException:
            log.exception("worker_failed")
        finally:
            logging.shutdown()
            os._exit(status)

    def _be_worker(self, segment: int, control: socket.socket) -> int:
        self._signals.close()
        # Without unregistering: the kernel's table is the master's too.
        self._selector.close()
        self._workers.close_controls()
        self._identity.become()
        return run_worker(
            WorkerStart(
                segment=segment,
                state=self._state,
                control=control,
                run_directory=self._run_directory,
                settings=self._configuration.settings,
                services=tuple((listener.key, listener.service) for listener in self._listeners),
                listeners={listener.key: listener.sockets for listener in self._listeners},
                open_program=self._server.open_program,
                heartbeat_interval_s=self._times.heartbeat_s,
                tls=self._tls,
            )
        )

    # Commands

    def _run_internal(self, entry: CommandEntry, when_finished: Callable[[bool], None]) -> None:
        if not self._workers.run_operation(entry, when_finished):
            self._waiting_operations.append((entry, when_finished))
            self._workers.start()

    def _run_child(self, worker: Worker, message: RunChild) -> None:
        def finished(outcome: Exit) -> None:
            answer = ChildFinished(message.number, outcome.status, outcome.output, outcome.timed_out, refused=False)
            self._workers.send(worker, answer)

        try:
            self._children.start(
                message.argv[0],
                message.argv,
                when_finished=finished,
                stdin=message.stdin,
                stdin_path=message.stdin_path,
                environment=message.environment,
                timeout_s=message.timeout_s,
            )
        except StoreBusy:
            self._workers.send(worker, ChildFinished(message.number, 0, b"", timed_out=False, refused=True))
        except ConfigError as error:
            finished(Exit(EX_CANNOT_EXEC, str(error).encode(), timed_out=False))

    def _check_pam(self, worker: Worker, message: CheckPam) -> None:
        def checked(code: int | None) -> None:
            self._workers.send(worker, ChildFinished(message.number, code or 0, b"", code is None, refused=False))

        settings = self._configuration.settings
        try:
            if not asks_pam(settings):
                raise StoreBusy("pam is no method of sasl_pwcheck_method")
            self._pam.start(message, checked, service_prefix=settings.verifiers.pam_service_prefix)
        except StoreBusy as error:
            log.warning("pam_not_asked", extra={"worker": worker.pid, "reason": str(error)})
            self._workers.send(worker, ChildFinished(message.number, 0, b"", timed_out=False, refused=True))

    def _run_event(self, entry: EventEntry) -> None:
        if entry.name in self._running_events:
            log.warning("event_still_running", extra={"command": entry.name})
            return

        def finished(_succeeded: bool) -> None:
            self._running_events.discard(entry.name)

        self._running_events.add(entry.name)
        self._runner.run(entry, finished)

    # Time

    def _call_later(self, delay_s: float, action: Callable[[], None]) -> None:
        heapq.heappush(self._timers, (time.monotonic() + delay_s, next(self._timer_numbers), action))

    def _next_wakeup_s(self) -> float:
        now_s = time.monotonic()
        moments = [now_s + _FAREST, self._workers.next_wakeup_s]
        deadlines = (self._children.next_deadline_s, self._children_deadline_s, self._pam.next_deadline_s)
        moments += [each for each in deadlines if each is not None]
        moments += [moment for moment, _, _ in self._timers[:1]]
        due = self._timetable.next_due
        if due is not None and not self._is_stopping:
            moments.append(now_s + (due - datetime.now().astimezone()).total_seconds())
        return min(moments)

    def _do_what_is_due(self) -> None:
        now_s = time.monotonic()
        while self._timers and self._timers[0][0] <= now_s:
            heapq.heappop(self._timers)[2]()
        self._children.kill_overdue()
        self._pam.kill_overdue()
        if self._workers.next_wakeup_s <= now_s and (self._is_started or len(self._workers)):
            self._workers.tick()
        if self._is_stopping:
            self._end_children()
            return
        for entry in self._timetable.take_due(datetime.now().astimezone()):
            self._run_event(entry)

    # Signals

    def _take_signals(self) -> None:
        for number in self._signals.take():
            match number:
                case signal.SIGCHLD:
                    self._workers.reap()
                    self._children.reap()
                    self._pam.reap()
                case signal.SIGHUP:
                    self._reload()
                case _ if number in _TERMINATION:
                    self._stop()

    def _reload(self) -> None:
        if self._is_stopping:
            return
        try:
            configuration = self._allowed(self._server.load())
            listeners = open_listeners(configuration.conf.services, self._slots, self._identity, kept=self._listeners)
        except AngariumError as error:
            log.error("reload_refused", extra={"reason": str(error)})
            return
        old, self._listeners, self._configuration = self._listeners, listeners, configuration
        self._tls = None
        old_keys = {listener.key for listener in old}
        for listener in listeners:
            if listener.key not in old_keys:
                self._hand_out(listener)
        services = tuple((listener.key, listener.service) for listener in listeners)
        self._workers.broadcast(Reload(configuration.settings, services))
        keys = {listener.key for listener in listeners}
        for listener in old:
            if listener.key not in keys:
                listener.close()
        now = datetime.now().astimezone()
        if self._is_serving:
            self._timetable = self._timetable.replaced(configuration.conf.events, now)
            self._children.signal_some(self._daemons.replace(configuration.conf.daemons), signal.SIGTERM)
        log.info("server_reloaded", extra={"services": len(listeners)})

    def _allowed(self, read: Configuration) -> Configuration:
        """What of it a running server can take; workers that are replaced later are forked with nothing else."""
        if run_directory(read.settings) != self._run_directory:
            raise ConfigError("configdirectory: cannot change while the server runs")
        settings, waiting = kept_until_restart(read.settings, self._configuration.settings)
        for option in waiting:
            log.warning("option_needs_restart", extra={"option": option})
        return replace(read, settings=settings)

    def _hand_out(self, listener: Listener) -> None:
        sockets: Sequence[socket.socket] = listener.sockets.sockets
        for start in range(0, len(sockets), SOCKETS_MAX):
            message = AddSockets(listener.key, listener.sockets.is_shared)
            self._workers.broadcast(message, sockets[start : start + SOCKETS_MAX])

    # The end

    def _stop(self) -> None:
        if self._is_stopping:
            log.info("server_stopping_at_once")
            self._stop_now()
            return
        timeout_s = self._configuration.settings.server.shutdown_timeout.total_seconds()
        log.info("server_stopping", extra={"sessions": self._state.sessions_total()})
        self._begin_stopping()
        self._workers.drain_all(timeout_s)

    def _stop_now(self) -> None:
        self._begin_stopping()
        self._workers.kill_all()
        self._children.signal_all(signal.SIGKILL)
        self._pam.kill_all()

    def _begin_stopping(self) -> None:
        self._is_stopping = True
        self._startup.stop()
        self._daemons.stop()
        self._timers.clear()
        remove_file(self._configuration.settings.directories.master_ready_file)
        # The workers have the sockets too, until each has heard.
        self._close_listeners()

    def _end_children(self) -> None:
        """Once the workers, which may wait for them, are gone."""
        if len(self._workers):
            return
        self._pam.kill_all()
        if not len(self._children):
            return
        now_s = time.monotonic()
        if self._children_deadline_s is None:
            self._children_deadline_s = now_s + _KILLED_CHILDREN_S
            self._children.signal_all(signal.SIGTERM)
        elif self._children_deadline_s <= now_s:
            self._children_deadline_s = now_s + _KILLED_CHILDREN_S
            self._children.signal_all(signal.SIGKILL)

    def _is_finished(self) -> bool:
        return self._is_stopping and not (len(self._workers) or len(self._children) or len(self._pam))

    def _close_listeners(self) -> None:
        for listener in self._listeners:
            listener.close()
        self._listeners = []


def _raise_descriptor_limit() -> None:
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = _DESCRIPTORS_MAX if hard == resource.RLIM_INFINITY else min(hard, _DESCRIPTORS_MAX)
    resource.setrlimit(resource.RLIMIT_NOFILE, (max(soft, wanted), hard))
