"""The queue of outgoing mail in a worker: its runner, and the transport that the settings name."""

from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager

from angarium import __version__
from angarium.config import OutgoingSettings, ServerSettings, Settings, SmtpBackend
from angarium.engine.interface import OUTGOING, Engine
from angarium.engine.lease import Lease
from angarium.engine.sources import Sources
from angarium.operations.outgoing import (
    Counters,
    Keep,
    Login,
    QueueOptions,
    QueueRunner,
    SendmailTransport,
    SmtpTransport,
    Transport,
    queue_options,
)
from angarium.worker import ChildOutcome, Metric, WorkerContext

LOCK_FILE = "outgoing.lock"


@asynccontextmanager
async def outgoing_mail(
    context: WorkerContext, engine: Engine, sources: Sources, *, keep: Keep | None = None
) -> AsyncIterator[None]:
    """Have outgoing mail sent for a worker's life; a store that takes no writes keeps it. `keep` takes what was to be
    sent on, could not be, and has nobody who can be told."""
    if context.settings.mailboxes.readonly:
        yield
        return
    queue = _OutgoingMail(context, engine, sources, keep)
    queue.start()
    try:
        yield
    finally:
        await queue.close()


class _OutgoingMail:
    """Runs from `start` to `close`; only one of the workers does the work at a time."""

    def __init__(self, context: WorkerContext, engine: Engine, sources: Sources, keep: Keep | None) -> None:
        self._context = context
        self._engine = engine
        self._made: tuple[OutgoingSettings, Transport] | None = None
        metrics = context.metrics
        self._end_announcements: Callable[[], None] = lambda: None
        self._runner = QueueRunner(
            engine,
            self._transport,
            sources,
            self._options,
            lease=Lease(str(context.settings.directories.configdirectory / LOCK_FILE)),
            counters=Counters(
                sent=lambda: metrics.raise_by(Metric.MAILS_SENT),
                postponed=lambda: metrics.raise_by(Metric.MAILS_POSTPONED),
                failed=lambda: metrics.raise_by(Metric.MAILS_FAILED),
            ),
            keep=keep,
        )

    def start(self) -> None:
        """Begin to send, or to wait until another worker ends."""
        self._end_announcements = self._engine.subscribe(self._runner.announced)
        self._context.announcer.watch(OUTGOING)
        self._runner.start()

    async def close(self) -> None:
        """What is being sent has a moment to be taken."""
        self._context.announcer.unwatch(OUTGOING)
        self._end_announcements()
        await self._runner.close()
        if self._made is not None:
            self._made[1].close()

    def _options(self) -> QueueOptions:
        settings = self._context.settings
        return queue_options(settings.outgoing, settings.server, version=__version__)

    def _transport(self) -> Transport:
        """Another one after a reload with other options."""
        settings = self._context.settings
        if self._made is None or self._made[0] != settings.outgoing:
            self._made = (settings.outgoing, self._make(settings))
        return self._made[1]

    def _make(self, settings: Settings) -> Transport:
        outgoing = settings.outgoing
        if outgoing.smtp_backend is not SmtpBackend.SENDMAIL:
            return smtp_transport(outgoing, settings.server)
        return SendmailTransport(
            self._engine,
            self._run,
            program=outgoing.sendmail,
            partition=settings.directories.defaultpartition,
            user_variable=outgoing.sendmail_auth_id,
            takes_dsn=outgoing.sendmail_dsn,
        )

    async def _run(
        self, argv: tuple[str, ...], *, stdin_path: str, environment: Mapping[str, str], timeout_s: float
    ) -> ChildOutcome:
        return await self._context.children.run(
            argv, stdin_path=stdin_path, environment=environment, timeout_s=timeout_s
        )


def smtp_transport(outgoing: OutgoingSettings, server: ServerSettings) -> SmtpTransport:
    """The relay of `smtp_host`."""
    name, password = outgoing.smtp_auth_authname, outgoing.smtp_auth_password
    return SmtpTransport(
        outgoing.smtp_host,
        login=Login(name, password) if name is not None and password is not None else None,
        own_name=server.servername,
        threads=outgoing.queue_parallel,
    )
