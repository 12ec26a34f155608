"""A worker process: one event loop that serves every service on the slots it is given.

It opens its program, says that it is ready, and from then on does what the master says. It ends when told to drain, or
when the master is gone. A SIGTERM of its own makes it ask to be replaced; it then drains when the replacement serves.
"""

import asyncio
import contextlib
import logging
import os
import signal
import socket
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import uvloop

from angarium.config import ServiceEntry, Settings
from angarium.connections import Pace
from angarium.errors import AngariumError, ConfigError, PermanentError
from angarium.worker.announcing import WorkerAnnouncer
from angarium.worker.certificatewatch import CertificateWatch
from angarium.worker.children import ChildRunner
from angarium.worker.collector import short_collections
from angarium.worker.control import (
    AddSockets,
    Adopt,
    ChildFinished,
    Drain,
    MasterMessage,
    OperationFinished,
    Ready,
    Release,
    Reload,
    Retire,
    RunOperation,
    StartFailed,
    receive_from_master,
    send_to_master,
)
from angarium.worker.listening import Endpoint, ListenerSockets, Listening
from angarium.worker.metrics import Metric, Metrics
from angarium.worker.services import OpenProgram, Program, WorkerContext
from angarium.worker.sessionfiles import SessionFiles
from angarium.worker.sessions import ServiceLimits, Sessions
from angarium.worker.sharedscores import SharedScores
from angarium.worker.sharedstate import SharedState
from angarium.worker.tls import ServiceTls, is_tls, tls_of_services
from angarium.worker.watchdog import Watchdog

log = logging.getLogger(__name__)

SWITCH_INTERVAL_S: Final = 0.0005
_ORPHAN_DRAIN_S: Final = 3.0
"""How long running commands may go on when the master has died: its successor waits for the lock meanwhile."""
_ABORTED_S: Final = 1.0
_FIRST_SLOT: Final = 0


@dataclass(frozen=True, slots=True)
class WorkerStart:
    """What a worker is forked with."""

    segment: int
    state: SharedState
    control: socket.socket
    run_directory: Path
    settings: Settings
    services: tuple[tuple[str, ServiceEntry], ...]
    """By listener."""
    listeners: dict[str, ListenerSockets]
    open_program: OpenProgram
    heartbeat_interval_s: float
    tls: dict[str, ServiceTls] | None
    """What `tls_of_services` has given to all workers, which so take each other's tickets; None: to be read here."""


def run_worker(start: WorkerStart) -> int:
    """Serve until told to end; gives the exit status. Called once in a forked process."""
    sys.setswitchinterval(SWITCH_INTERVAL_S)
    for ignored in (signal.SIGINT, signal.SIGHUP, signal.SIGQUIT):
        # Of a terminal's process group; the master speaks for all.
        signal.signal(ignored, signal.SIG_IGN)
    # Whoever forks gives us every signal's default, and that would be the end of all sessions where one client is gone.
    signal.signal(signal.SIGPIPE, signal.SIG_IGN)
    start.state.take_segment(start.segment, os.getpid())
    loop = uvloop.new_event_loop()
    asyncio.set_event_loop(loop)
    worker = _Worker(start, loop)
    watchdog = Watchdog(loop, on_stall=worker.count_stall)
    try:
        with short_collections():
            return loop.run_until_complete(worker.run(watchdog))
    finally:
        watchdog.stop()
        loop.run_until_complete(loop.shutdown_asyncgens())
        loop.run_until_complete(loop.shutdown_default_executor())
        loop.close()


class _Worker:
    def __init__(self, start: WorkerStart, loop: asyncio.AbstractEventLoop) -> None:
        self._start = start
        self._loop = loop
        self._control = start.control
        self._messages: asyncio.Queue[MasterMessage | None] = asyncio.Queue()
        self._announcer = WorkerAnnouncer(start.state, start.segment, start.run_directory)
        self._children = ChildRunner(lambda message: send_to_master(self._control, message))
        self._metrics = Metrics(start.state, start.segment)
        self._sessions = Sessions(start.state, start.segment)
        pace = Pace(loop)
        self._listening = Listening(loop, start.listeners, pace)
        self._context = WorkerContext(
            start.settings,
            self._sessions,
            self._announcer,
            self._metrics,
            self._children,
            loop,
            pace,
            scores=SharedScores(start.state.score_areas(), start.segment, start.state.secret),
        )
        self._files = SessionFiles(
            start.settings.directories.configdirectory,
            start.settings.directories.proc_path,
            sessions=self._sessions,
            state=start.state,
            messages=self._context.alerts,
            telemetry=self._context.telemetry,
        )
        self._certificates = CertificateWatch(
            loop, lambda: self._context.tls, lambda: self._listening.serves(_FIRST_SLOT)
        )
        self._operations: set[asyncio.Task[None]] = set()
        self._served: tuple[tuple[str, ServiceEntry], ...] = ()
        """By listener."""

    def count_stall(self) -> None:
        self._metrics.raise_by(Metric.LOOP_STALLS)

    async def run(self, watchdog: Watchdog) -> int:
        self._loop.add_reader(self._control.fileno(), self._receive)
        self._loop.add_signal_handler(signal.SIGTERM, self._retire)
        self._announcer.start(self._loop)
        self._announcer.on_end_sessions(self._sessions.end_sessions)
        self._beat()
        try:
            async with contextlib.AsyncExitStack() as stack:
                try:
                    program = await stack.enter_async_context(self._start.open_program(self._context))
                    settings, services, tls = self._start.settings, self._start.services, self._start.tls
                    if tls is None:
                        tls = tls_of_services(_entries(services), settings)
                    # Here and now: what the program runs beside the services takes it that they are there.
                    await self._apply(program, settings, services, tls)
                except AngariumError as error:
                    return self._fail(str(error), is_configuration=isinstance(error, PermanentError))
                self._files.start(self._loop)
                send_to_master(self._control, Ready())
                watchdog.start()  # only now: opening the store and reading certificates keeps nobody waiting
                await self._serve(program)
        except Exception as error:
            log.exception("worker_failed")
            return self._fail(f"{type(error).__name__}: {error}", is_configuration=False)
        finally:
            self._files.stop()
            self._certificates.stop()
            self._announcer.close()
            self._loop.remove_reader(self._control.fileno())
        return 0

    def _fail(self, text: str, *, is_configuration: bool) -> int:
        with contextlib.suppress(OSError):
            send_to_master(self._control, StartFailed(text, is_configuration))
        return 1

    async def _serve(self, program: Program) -> None:
        while True:
            match await self._messages.get():
                case Adopt(slot):
                    await self._listening.adopt(slot)
                    if slot == _FIRST_SLOT:
                        self._certificates.begin()
                case Release(slot):
                    self._listening.release(slot)
                case Reload(settings, services):
                    await self._reload(program, settings, services)
                case RunOperation() as message:
                    task = self._loop.create_task(self._run_operation(program, message))
                    self._operations.add(task)
                    task.add_done_callback(self._operations.discard)
                case Drain(timeout_s):
                    return await self._drain(timeout_s)
                case None:
                    log.error("master_gone")
                    return await self._drain(_ORPHAN_DRAIN_S)

    # Settings

    async def _reload(
        self, program: Program, settings: Settings, services: tuple[tuple[str, ServiceEntry], ...]
    ) -> None:
        try:
            tls = await asyncio.to_thread(tls_of_services, _entries(services), settings)
            await self._apply(program, settings, services, tls)
        except AngariumError as error:
            log.error("reload_failed", extra={"reason": str(error)})
        else:
            log.info("reloaded")
            self._certificates.begin()

    async def _apply(
        self,
        program: Program,
        settings: Settings,
        services: tuple[tuple[str, ServiceEntry], ...],
        tls: dict[str, ServiceTls],
    ) -> None:
        """Everything that can be refused is made before anything is changed."""
        entries = _entries(services)
        for service in entries:
            if type(service.command) not in program.services:
                raise ConfigError(f"service {service.name}: {type(service.command).__name__} has no front end")
        context = self._context
        before = (context.settings, context.tls, context.services, self._served)
        try:
            context.settings, context.tls, context.services, self._served = settings, tls, entries, services
            endpoints = self._endpoints(program)
        except AngariumError:
            context.settings, context.tls, context.services, self._served = before
            # So that the sessions of those that were made already obey the old settings again.
            self._endpoints(program)
            raise
        self._sessions.set_limits({service.name: _limits(service, settings) for service in entries})
        await self._listening.set_endpoints(endpoints)

    def _endpoints(self, program: Program) -> dict[str, Endpoint]:
        return {listener: self._endpoint(program, service) for listener, service in self._served}

    def _endpoint(self, program: Program, service: ServiceEntry) -> Endpoint:
        make_protocol = program.services[type(service.command)](self._context, service)
        tls = self._context.tls[service.name] if is_tls(service) else None
        proxies = self._context.settings.for_service(service.name).server.proxy_protocol_from
        return Endpoint(service, make_protocol, tls, proxies)

    # Messages

    def _receive(self) -> None:
        while True:
            try:
                received = receive_from_master(self._control)
            except BlockingIOError:
                return
            except OSError:
                received = None
            if received is None:
                self._loop.remove_reader(self._control.fileno())
                self._messages.put_nowait(None)
                return
            message, sockets = received
            match message:
                case ChildFinished():
                    self._children.finished(message)
                case AddSockets(listener, is_shared):
                    self._listening.add_sockets(listener, sockets, is_shared=is_shared)
                case _:
                    self._messages.put_nowait(message)

    def _retire(self) -> None:
        with contextlib.suppress(OSError):
            send_to_master(self._control, Retire())

    def _beat(self) -> None:
        self._start.state.beat(self._start.segment)
        self._loop.call_later(self._start.heartbeat_interval_s, self._beat)

    async def _run_operation(self, program: Program, message: RunOperation) -> None:
        fields = {"command": message.name, "cmd": message.cmd}
        succeeded = False
        try:
            await program.operations[type(message.command)](message.command)
            succeeded = True
        except AngariumError as error:
            log.error("operation_finished", extra={**fields, "outcome": "failed", "reason": str(error)})
        except Exception:
            log.exception("operation_finished", extra={**fields, "outcome": "failed"})
        else:
            log.info("operation_finished", extra={**fields, "outcome": "ok"})
        with contextlib.suppress(OSError):
            send_to_master(self._control, OperationFinished(message.number, succeeded))

    # The end

    async def _drain(self, timeout_s: float) -> None:
        self._listening.close()
        self._sessions.begin_drain()
        try:
            async with asyncio.timeout(timeout_s):
                await self._sessions.emptied()
        except TimeoutError:
            log.warning("drain_timed_out", extra={"sessions": len(self._sessions)})
            self._sessions.abort_all()
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(_ABORTED_S):
                    await self._sessions.emptied()
        for task in tuple(self._operations):
            task.cancel()
        await asyncio.gather(*self._operations, return_exceptions=True)


def _entries(services: tuple[tuple[str, ServiceEntry], ...]) -> tuple[ServiceEntry, ...]:
    return tuple([service for _, service in services])


def _limits(service: ServiceEntry, settings: Settings) -> ServiceLimits:
    own = settings.for_service(service.name)
    return ServiceLimits(
        connections_max=service.maxchild or 0,
        per_address_max=own.limits.max_connections_per_host,
        logins_per_address_max=own.auth.maxlogins_per_host,
        logins_per_user_max=own.auth.maxlogins_per_user,
    )
