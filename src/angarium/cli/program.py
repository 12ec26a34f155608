"""What a worker runs: the store, opened once, and the services and commands over it."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import replace
from functools import partial
from typing import Final

from angarium import __version__
from angarium.auth import (
    Authenticator,
    Groups,
    LoginPolicy,
    LoginThrottle,
    Passwords,
    StoreVerifier,
    VerifiedLogins,
    verifier_for,
)
from angarium.cli.awakening import awakening
from angarium.cli.door import CountingDoor
from angarium.cli.events import EventService
from angarium.cli.expireplan import AT_ONCE, expire_plan
from angarium.cli.imapsieve import imapsieve
from angarium.cli.localzone import local_zone
from angarium.cli.openengine import open_engine
from angarium.cli.outgoing import outgoing_mail
from angarium.cli.sessionlogins import SessionLogins
from angarium.config import (
    AuthSettings,
    CheckpointCommand,
    ExpireCommand,
    ExpungeMode,
    ImapService,
    LmtpService,
    RunCommand,
    ServiceEntry,
    Settings,
    SmmapService,
)
from angarium.engine.interface import OUTGOING, SITE
from angarium.engine.rows import AccountId
from angarium.engine.sources import SystemSources
from angarium.engine.sqlite import SqliteEngine
from angarium.errors import SessionLimitExceeded, StoreDamaged
from angarium.imap.factory import ImapFactory
from angarium.imap.services import ImapServices
from angarium.imap.watchers import Watchers
from angarium.lmtp import Backlog, Connection, LmtpHost, lmtp_protocols
from angarium.names import Namespace
from angarium.operations.care import ExpirePlan, checkpoint, expire
from angarium.operations.delivery import DeliveryContext, keep_returned
from angarium.operations.hooks import Annotator, VirusScanner
from angarium.operations.messages import MessageCache, MessageLimits
from angarium.operations.scripts import CheckedScripts
from angarium.smmap import SmmapHost, smmap_protocols
from angarium.store import Actor, Store, StorePolicy
from angarium.worker import Metric, Program, WorkerContext

PASSWORD_THREADS: Final = 2
"""In each worker: logins may take two cores, and the rest of the server goes on."""


@asynccontextmanager
async def open_program(context: WorkerContext) -> AsyncIterator[Program]:
    """Open the store for a worker's life."""
    policy = StorePolicy.from_settings(context.settings)
    sources = SystemSources()
    engine = await open_engine(context.settings, sources)
    passwords = Passwords(threads=PASSWORD_THREADS)
    try:
        program = _WorkerProgram(context, engine, Store(engine, policy, sources), passwords)
        end = program.announce()
        program.events.keep_to_settings()
        try:
            async with (
                outgoing_mail(
                    context, engine, sources, keep=partial(keep_returned, program.delivery(context, context.settings))
                ),
                awakening(context, program.store),
                imapsieve(context, program.delivery(context, context.settings), lambda: program.imap_services),
            ):
                yield Program(
                    services={ImapService: program.imap, LmtpService: program.lmtp, SmmapService: program.smmap},
                    operations={CheckpointCommand: program.checkpoint, ExpireCommand: program.expire},
                )
        finally:
            await program.events.close()
            end()
    finally:
        passwords.close()
        await engine.close()


class _WorkerProgram:
    def __init__(self, context: WorkerContext, engine: SqliteEngine, store: Store, passwords: Passwords) -> None:
        self._context = context
        self._engine = engine
        self.store = store
        self.events = EventService(context, engine, store.policy, store.sources)
        engine.on_full_quota(self.events.command_refused)
        store.quota_refusals.append(self.events.quota_refused)
        self._door = CountingDoor(context.sessions, context.metrics, self.events)
        self._cache = MessageCache(store, limits=MessageLimits.from_settings(context.settings.limits))
        announcer = context.announcer
        self._watchers = Watchers(on_first=announcer.watch, on_last=announcer.unwatch)
        self._backlog = Backlog()
        self._throttle = LoginThrottle()
        verified = VerifiedLogins(kept_s=context.settings.auth.verified_login_kept.total_seconds())
        self._verifier = StoreVerifier(engine, passwords, verified)
        self._groups: tuple[AuthSettings, Groups] | None = None
        self._is_hearing = False
        self.imap_services: set[str] = set()
        """Names of services whose users stand in change logs under them."""

    # Changes

    def announce(self) -> Callable[[], None]:
        """Tell other processes of changes made here, and hear of theirs; gives what ends it."""
        self._engine.remember_by(self._context.announcer.stamp)
        ends = [
            self._engine.subscribe(self._tell),
            self._watchers.listen_to(self._engine),
            self._context.announcer.listen(self._hear, lambda: (*self._watchers.accounts, OUTGOING, SITE)),
        ]

        def end() -> None:
            for each in ends:
                each()

        return end

    def _tell(self, account: AccountId) -> None:
        # What was heard is announced to this worker's sessions by the same engine, and must not go round.
        if not self._is_hearing:
            self._context.announcer.changed(account)

    def _hear(self, account: AccountId) -> None:
        self._is_hearing = True
        try:
            self._engine.announced(account)
        finally:
            self._is_hearing = False

    # Services

    def imap(self, context: WorkerContext, entry: ServiceEntry) -> Callable[[], asyncio.Protocol]:
        """`imapd`."""
        assert isinstance(entry.command, ImapService)
        self.imap_services.add(entry.name)
        self.events.keep_to_settings()
        settings = context.settings.for_service(entry.name)
        authenticator = Authenticator(
            verifier_for(settings.auth.sasl_pwcheck_method, self._verifier),
            self._throttle,
            groups=self._groups_by(context.settings.auth),
        )
        policy = LoginPolicy.from_settings(settings, self.store.policy.names)
        delivery = self.delivery(context, settings)
        services = ImapServices(
            store=self.store,
            cache=self._cache,
            logins=SessionLogins(
                self.store,
                authenticator,
                policy,
                context.metrics,
                autocreate=settings.autocreate,
                scripts=delivery.scripts,
            ),
            watchers=self._watchers,
            settings=settings,
            version=__version__,
            alerts=context.alerts,
            telemetry=context.telemetry,
            start_tls=context.start_tls(entry),
            annotator=Annotator(settings.hooks, context.children),
            delivery=delivery,
        )
        return ImapFactory(services, self._door, service=entry.name, is_tls=entry.command.tls)

    def _groups_by(self, settings: AuthSettings) -> Groups:
        """One for all services; another one after a reload with other options."""
        if self._groups is None or self._groups[0] != settings:
            names = replace(self.store.policy.names, username_tolower=settings.username_tolower)
            self._groups = (settings, Groups.from_settings(settings, names))
        return self._groups[1]

    def lmtp(self, context: WorkerContext, entry: ServiceEntry) -> Callable[[], asyncio.Protocol]:
        """`lmtpd`."""
        assert isinstance(entry.command, LmtpService)
        self.events.keep_to_settings()
        settings = context.settings.for_service(entry.name)
        host = LmtpHost(
            self.delivery(context, settings),
            backlog=self._backlog,
            admit=partial(self._admit, entry.name),
            count_delivery=lambda: context.metrics.raise_by(Metric.DELIVERIES),
            preauthorised=entry.command.preauthorised,
            serves_users=entry.command.serves_users,
            start_tls=context.start_tls(entry),
            shutdown_text=lambda: context.alerts.shutdown,
        )
        return lmtp_protocols(host)

    def delivery(self, context: WorkerContext, settings: Settings) -> DeliveryContext:
        """What deliveries of a service work with."""
        return DeliveryContext(
            store=self.store,
            settings=settings,
            scripts=CheckedScripts(settings.sieve),
            groups_of=self._groups_by(context.settings.auth).of,
            zone=local_zone(),
            scanner=VirusScanner(settings.hooks, context.children),
            annotator=Annotator(settings.hooks, context.children),
        )

    def smmap(self, context: WorkerContext, entry: ServiceEntry) -> Callable[[], asyncio.Protocol]:
        """`smmapd`."""
        assert isinstance(entry.command, SmmapService)
        host = SmmapHost(
            store=self.store,
            settings=context.settings.for_service(entry.name),
            admit=partial(self._admit, entry.name),
            shutdown_text=lambda: context.alerts.shutdown,
            ignores_subaddress=entry.command.ignores_subaddress,
        )
        return smmap_protocols(host)

    def _admit(self, service: str, address: str, connection: Connection, session: str) -> Callable[[], None] | None:
        try:
            return self._door.admit(service, address, connection, session=session).leave
        except SessionLimitExceeded:
            return None

    # Commands of cyrus.conf

    async def checkpoint(self, _command: RunCommand) -> None:
        """`ctl_cyrusdb -c`; it comes often enough to remove what `expunge_mode` does not keep."""
        await checkpoint(self.store, Actor.program("ctl_cyrusdb"))
        if self._context.settings.mailboxes.expunge_mode is not ExpungeMode.DELAYED:
            await self._expire(ExpirePlan(expunged_older_than=AT_ONCE))

    async def expire(self, command: RunCommand) -> None:
        """`cyr_expire`."""
        assert isinstance(command, ExpireCommand)
        plan = expire_plan(
            command,
            namespace=Namespace(self.store.policy.names, None, is_admin=True),
            change_log_retention=self._context.settings.engine.change_log_retention,
            expunge_mode=self._context.settings.mailboxes.expunge_mode,
        )
        await self._expire(plan)

    async def _expire(self, plan: ExpirePlan) -> None:
        expired = await expire(self.store, Actor.program("cyr_expire"), plan)
        if expired.failures:
            raise StoreDamaged("; ".join([f"{account}: {refusal}" for account, refusal in expired.failures]))
