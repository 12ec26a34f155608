"""Who is told of events, by the settings: sinks, the runner that reads the change logs, and what is told directly."""

import asyncio
import contextlib
import logging
from collections.abc import Callable
from typing import Final, Protocol, runtime_checkable

from angarium import __version__
from angarium.config import EventNotifier, EventSettings
from angarium.engine.commands import AddMessages, Command, CopyMessages, Deliver, ReplaceMessage, SetAnnotations
from angarium.engine.disk import SystemDisk
from angarium.engine.interface import Engine
from angarium.engine.lease import Lease
from angarium.engine.rows import AccountId, MailboxId
from angarium.engine.sources import Sources
from angarium.engine.sqlite.feedledger import FeedLedger
from angarium.errors import AngariumError
from angarium.names import MailboxName
from angarium.operations.events import (
    AccessEvents,
    Connection,
    DatagramSink,
    EventPolicy,
    EventRunner,
    ExternalSink,
    ProgramEnd,
    RunProgram,
    Sink,
    WebhookSink,
)
from angarium.store import StorePolicy
from angarium.store.tree import full_name
from angarium.worker import ChildRunner, Seat, WorkerContext

log = logging.getLogger(__name__)

_AGAIN_S: Final = 30.0
"""After a failure of the runner itself."""
_FAREWELL_S: Final = 1.0


class EventService:
    """One to a worker; does nothing while nobody is to be told."""

    def __init__(self, context: WorkerContext, engine: Engine, policy: StorePolicy, sources: Sources) -> None:
        self._context = context
        self._engine = engine
        self._policy = policy
        self._sources = sources
        self._settings: EventSettings | None = None
        self._task: asyncio.Task[None] | None = None
        self._access: AccessEvents | None = None
        self._refused: set[asyncio.Task[None]] = set()

    def keep_to_settings(self) -> None:
        """Begin, or go on by other settings, where these have changed."""
        settings = self._context.settings.events
        if settings == self._settings:
            return
        self._settings = settings
        before = self._task
        self._access = None
        self._task = None
        if before is not None or any(each in _MAKERS for each in settings.event_notifier):
            self._task = self._context.loop.create_task(self._replace(before))

    async def close(self) -> None:
        """End; what came last has a moment to be sent."""
        if self._access is not None:
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(_FAREWELL_S):
                    await self._access.emptied()
        await _cancel(self._task)
        await asyncio.gather(*self._refused, return_exceptions=True)

    # What is told directly

    def came(self, seat: Seat) -> None:
        """Login."""
        if self._access is not None:
            self._access.logged_in(seat.record.user, _connection(seat))

    def went(self, seat: Seat) -> None:
        """Logout."""
        if self._access is not None:
            self._access.logged_out(seat.record.user, _connection(seat))

    def command_refused(self, account: AccountId, command: Command) -> None:
        """QuotaExceed, of a mailbox that the command would have put something into."""
        match command:
            case AddMessages(mailbox=mailbox) | SetAnnotations(mailbox=str(mailbox)):
                self.quota_refused(account, mailbox)
            case CopyMessages(target=mailbox) | ReplaceMessage(add=AddMessages(mailbox=mailbox)):
                self.quota_refused(account, mailbox)
            case Deliver(deposits=[deposit, *_]):
                self.quota_refused(account, deposit.mailbox)

    def quota_refused(self, account: AccountId, mailbox: MailboxId) -> None:
        """QuotaExceed."""
        if self._access is not None:
            task = self._context.loop.create_task(self._tell_of_quota(self._access, account, mailbox))
            self._refused.add(task)
            task.add_done_callback(self._refused.discard)

    async def _tell_of_quota(self, access: AccessEvents, account: AccountId, mailbox: MailboxId) -> None:
        with contextlib.suppress(AngariumError):
            row = await self._engine.mailbox(account, mailbox)
            account_name = MailboxName.from_internal(await self._engine.account_name(account))
            if row is None:
                return
            prefix = self._policy.names.deletedprefix
            name = full_name(account_name, row.name, deleted_at_s=row.deleted_at_s, deletedprefix=prefix)
            for quota in await self._engine.quotas(account):
                if quota.root == row.quota_root:
                    access.quota_exceeded(name, quota)

    # Running

    async def _replace(self, before: asyncio.Task[None] | None) -> None:
        await _cancel(before)
        while True:
            try:
                await self._run()
            except (AngariumError, OSError) as error:
                log.error("events_not_led", extra={"reason": str(error)})
            except Exception:
                # A fault of ours ends no runner: it begins anew where its positions stand.
                log.exception("events_not_led")
            await asyncio.sleep(_AGAIN_S)

    async def _run(self) -> None:
        settings = self._context.settings
        policy = EventPolicy.from_settings(settings, self._policy.names)
        sinks = [
            _MAKERS[each](self._context, self._sources) for each in settings.events.event_notifier if each in _MAKERS
        ]
        if not sinks or not policy.events:
            await asyncio.Event().wait()
        directory = str(settings.directories.configdirectory)
        runner = EventRunner(
            self._engine,
            policy,
            sinks,
            lease=Lease(f"{directory}/events.lock"),
            open_ledger=lambda: FeedLedger(directory, SystemDisk()),
            announcements=self._context.announcer,
            now_s=self._sources.now_s,
        )
        access = AccessEvents(policy, sinks, self._sources)
        self._access = access
        try:
            async with asyncio.TaskGroup() as tasks:
                tasks.create_task(access.run())
                tasks.create_task(runner.run())
        finally:
            self._access = None
            for sink in sinks:
                await sink.close()


def _external(context: WorkerContext, _sources: Sources) -> Sink:
    settings = context.settings.events
    timeout_s = settings.event_timeout.total_seconds()
    return ExternalSink(str(settings.notify_external), _runs_by(context.children), timeout_s=timeout_s)


def _runs_by(children: ChildRunner) -> RunProgram:
    async def run(argv: tuple[str, ...], stdin: bytes, timeout_s: float) -> ProgramEnd:
        outcome = await children.run(argv, stdin=stdin, timeout_s=timeout_s)
        return ProgramEnd(outcome.status, outcome.timed_out)

    return run


def _socket(context: WorkerContext, _sources: Sources) -> Sink:
    settings = context.settings.events
    return DatagramSink(str(settings.notifysocket), settings.event_socket_format)


def _webhook(context: WorkerContext, sources: Sources) -> Sink:
    settings = context.settings.events
    assert settings.event_webhook is not None, "the options are checked"
    return WebhookSink(
        settings.event_webhook,
        settings.event_webhook_secret,
        timeout_s=settings.event_timeout.total_seconds(),
        version=__version__,
        now_s=sources.now_s,
    )


_MAKERS: Final[dict[EventNotifier, Callable[[WorkerContext, Sources], Sink]]] = {
    EventNotifier.EXTERNAL: _external,
    EventNotifier.SOCKET: _socket,
    EventNotifier.WEBHOOK: _webhook,
}


@runtime_checkable
class _Located(Protocol):
    """A connection that knows where its client has come in."""

    @property
    def server_address(self) -> tuple[str, int] | None: ...


def _connection(seat: Seat) -> Connection:
    record = seat.record
    address = seat.connection.server_address if isinstance(seat.connection, _Located) else None
    host, port = address or ("", None)
    return Connection(record.service, record.address, host, port, seat.session)


async def _cancel(task: asyncio.Task[None] | None) -> None:
    if task is not None:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
