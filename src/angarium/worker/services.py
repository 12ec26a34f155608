"""What plugs into a worker: the program it runs, the services of that program, and what they are given.

A worker knows no protocol. Its program opens what all services share (the engine, say) around the worker's life, and
yields a factory for each kind of service and a handler for each internal command of cyrus.conf.
"""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass, field

from angarium.auth import LocalScores, Scores
from angarium.config import RunCommand, ServiceCommand, ServiceEntry, Settings
from angarium.connections import Pace
from angarium.worker.announcing import Announcer
from angarium.worker.children import ChildRunner
from angarium.worker.messagefiles import MessageFiles
from angarium.worker.metrics import Metrics
from angarium.worker.sessions import Sessions
from angarium.worker.telemetry import Telemetry
from angarium.worker.tls import ServiceTls, offers_starttls
from angarium.worker.tlstransport import StartTls


@dataclass(slots=True)
class WorkerContext:
    """What a worker offers to its program and services; one for each worker process."""

    settings: Settings
    """The newest settings. They are replaced whole at a reload, so a connection keeps those it began with."""
    sessions: Sessions
    """The door of every service, with its limits over all workers."""
    announcer: Announcer
    metrics: Metrics
    children: ChildRunner
    """Runs commands outside, forked by the master."""
    loop: asyncio.AbstractEventLoop
    pace: Pace
    """Of handshakes and logins."""
    alerts: MessageFiles = field(default_factory=MessageFiles)
    """What `motd` and `shutdown` say."""
    telemetry: Telemetry = field(default_factory=Telemetry)
    """Whose sessions are recorded."""
    scores: Scores = field(default_factory=LocalScores)
    """Of failed logins, over all workers."""
    tls: Mapping[str, ServiceTls] = field(default_factory=dict)
    """By name of service, where a certificate is configured; replaced whole at a reload."""
    services: tuple[ServiceEntry, ...] = ()
    """All services of the server; replaced whole at a reload."""

    def start_tls(self, service: ServiceEntry) -> StartTls | None:
        """What STARTTLS of the service does from now on; None where it is not offered."""
        tls = self.tls.get(service.name)
        if tls is None or not offers_starttls(service, self.settings):
            return None
        return StartTls(self.loop, tls, service.name, self.pace)


ServiceFactory = Callable[[WorkerContext, ServiceEntry], Callable[[], asyncio.Protocol]]
"""Gives what makes the protocol of each new connection to a service; called again for it at each reload."""

OperationHandler = Callable[[RunCommand], Awaitable[None]]
"""Runs an internal command of cyrus.conf; a refusal is logged."""


@dataclass(frozen=True, slots=True)
class Program:
    """What is open in a worker."""

    services: Mapping[type[ServiceCommand], ServiceFactory]
    """By kind of service: the class of its command (`ImapService`, `LmtpService`)."""
    operations: Mapping[type[RunCommand], OperationHandler]
    """By class of internal command (`CheckpointCommand`, `ExpireCommand`)."""


OpenProgram = Callable[[WorkerContext], AbstractAsyncContextManager[Program]]
"""Opens the program; leaving the context closes what it opened, after the last connection has gone."""
