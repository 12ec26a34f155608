"""What a worker runs: the store, opened once, and the services and commands over it."""

import asyncio
import logging
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import replace
from functools import partial
from typing import Final

from angarium import __version__
from angarium.auth import (
    AccessRules,
    Authenticator,
    CodeThrottle,
    Groups,
    GssAcceptor,
    HostDomains,
    LoginPolicy,
    LoginThrottle,
    Passwords,
    VerifiedLogins,
    Verifiers,
)
from angarium.cli.awakening import awakening
from angarium.cli.events import EventService
from angarium.cli.expireplan import AT_ONCE, expire_plan
from angarium.cli.imapsieve import imapsieve
from angarium.cli.localzone import local_zone
from angarium.cli.openengine import open_engine
from angarium.cli.outgoing import outgoing_mail
from angarium.cli.outsiders import Outsiders
from angarium.cli.sieveurl import sieve_url
from angarium.cli.verifierset import gss_acceptor, verifier_set
from angarium.config import (
    AuthSettings,
    CheckpointCommand,
    ExpireCommand,
    ExpungeMode,
    ImapService,
    LdapSettings,
    LmtpService,
    Pop3Service,
    RunCommand,
    ServiceEntry,
    Settings,
    SieveService,
    SmmapService,
    SqlSettings,
)
from angarium.connections import Connection
from angarium.engine.delivery import DispatchRow
from angarium.engine.interface import OUTGOING, SITE, MessageFile
from angarium.engine.rows import AccountId
from angarium.engine.sources import SystemSources
from angarium.engine.sqlite import SqliteEngine
from angarium.errors import SessionLimitExceeded, StoreDamaged
from angarium.imap.factory import ImapFactory
from angarium.imap.services import ImapServices
from angarium.imap.watchers import Watchers
from angarium.lmtp import Backlog, LmtpHost, lmtp_protocols
from angarium.managesieve import ManageSieveHost, managesieve_protocols
from angarium.names import Namespace, VirtDomains
from angarium.operations.care import ExpirePlan, checkpoint, expire
from angarium.operations.delivery import DeliveryContext, keep_returned
from angarium.operations.hooks import Annotator, VirusScanner
from angarium.operations.logins import ServiceLogins, may_act_for
from angarium.operations.messages import MessageCache, MessageLimits
from angarium.operations.scripts import CheckedScripts
from angarium.pop3 import Pop3Host, pop3_protocols
from angarium.smmap import SmmapHost, smmap_protocols
from angarium.store import Actor, Store, StorePolicy
from angarium.worker import Metric, Program, WorkerContext

log = logging.getLogger(__name__)

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
        seed = await engine.site_secret()
        program = _WorkerProgram(context, engine, Store(engine, policy, sources), passwords, seed)
        end = program.announce()
        program.events.keep_to_settings()

        def delivery() -> DeliveryContext:
            return program.delivery(context, context.settings)

        async def keep(account: AccountId, row: DispatchRow, file: MessageFile) -> None:
            await keep_returned(delivery(), account, row, file)

        try:
            async with (
                outgoing_mail(context, engine, sources, keep=keep),
                awakening(context, program.store),
                imapsieve(context, program.store, delivery, lambda: program.imap_services),
            ):
                yield Program(
                    services={
                        ImapService: program.imap,
                        LmtpService: program.lmtp,
                        Pop3Service: program.pop3,
                        SmmapService: program.smmap,
                        SieveService: program.managesieve,
                    },
                    operations={CheckpointCommand: program.checkpoint, ExpireCommand: program.expire},
                )
        finally:
            await program.outsiders.close()
            await program.events.close()
            end()
    finally:
        passwords.close()
        await engine.close()


class _WorkerProgram:
    def __init__(
        self, context: WorkerContext, engine: SqliteEngine, store: Store, passwords: Passwords, seed: bytes
    ) -> None:
        self._context = context
        self._engine = engine
        self.store = store
        self.events = EventService(context, engine, store.policy, store.sources)
        engine.on_full_quota(self.events.command_refused)
        store.quota_refusals.append(self.events.quota_refused)
        context.sessions.tell(self.events)
        self._door = context.sessions
        self._cache = MessageCache(store, limits=MessageLimits.from_settings(context.settings.limits))
        announcer = context.announcer
        self._watchers = Watchers(on_first=announcer.watch, on_last=announcer.unwatch)
        self._backlog = Backlog()
        self._throttle = LoginThrottle(context.scores)
        self._codes = CodeThrottle(context.scores)
        self._host_domains = HostDomains()
        self._passwords = passwords
        self._seed = seed
        self.outsiders = Outsiders()
        self._groups: tuple[tuple[AuthSettings, LdapSettings, SqlSettings], Groups] | None = None
        self._gss: tuple[Settings, GssAcceptor | None] | None = None
        self._logins: dict[str, ServiceLogins] = {}
        """By name of the service, as its settings are now."""
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
        delivery = self.delivery(context, settings)
        services = ImapServices(
            store=self.store,
            cache=self._cache,
            logins=self.logins(context, settings, entry.name),
            watchers=self._watchers,
            settings=settings,
            version=__version__,
            alerts=context.alerts,
            telemetry=context.telemetry,
            start_tls=context.start_tls(entry),
            annotator=Annotator(settings.hooks, context.children),
            delivery=delivery,
            pace=context.pace,
            sieve_url=sieve_url(context.services, host=settings.server.servername),
        )
        return ImapFactory(services, self._door, service=entry.name, is_tls=entry.command.tls)

    def logins(
        self, context: WorkerContext, settings: Settings, service: str, *, admins_only: bool = False
    ) -> ServiceLogins:
        """Those of a service with these settings; from here on its older sessions obey them too."""
        policy = LoginPolicy.from_settings(settings, self.store.policy.names)
        self.outsiders.keep_to(context.settings)
        verified = VerifiedLogins(kept_s=context.settings.auth.verified_login_kept.total_seconds())
        verifiers = Verifiers(
            self._engine,
            verifier_set(
                settings,
                self._engine,
                self._passwords,
                context.children,
                seed=self._seed,
                codes=self._codes,
                gss=self._gss_by(context.settings),
                outsiders=self.outsiders,
            ),
            verified,
        )
        logins = ServiceLogins(
            self.store,
            Authenticator(
                verifiers,
                self._throttle,
                groups=self._groups_by(context.settings),
                may_act_for=partial(may_act_for, self.store),
                access=AccessRules.read(
                    settings.auth.access_rules, settings.auth.hosts_allow, settings.auth.hosts_deny, policy.names
                ),
            ),
            replace(policy, admins_only=admins_only),
            host=settings.server.servername,
            autocreate=settings.autocreate,
            scripts=CheckedScripts(settings.sieve),
            count_failure=lambda: context.metrics.raise_by(Metric.LOGINS_FAILED),
            host_domains=self._host_domains if policy.names.virtdomains is VirtDomains.ON else None,
            latest=lambda: self._logins[service],
        )
        self._logins[service] = logins
        for mechanism, reason in logins.not_offered():
            log.warning("mechanism_not_offered", extra={"mechanism": mechanism, "reason": reason})
        return logins

    def _gss_by(self, settings: Settings) -> GssAcceptor | None:
        """One for all services; looked for anew after each reload."""
        if self._gss is None or self._gss[0] is not settings:
            self._gss = (settings, gss_acceptor(settings))
        return self._gss[1]

    def _groups_by(self, settings: Settings) -> Groups:
        """One for all services; another one after a reload with other options."""
        wanted = (settings.auth, settings.ldap, settings.sql)
        if self._groups is None or self._groups[0] != wanted:
            names = replace(self.store.policy.names, username_tolower=settings.auth.username_tolower)
            self._groups = (wanted, self.outsiders.groups(settings, names))
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
            logins=self.logins(context, settings, entry.name, admins_only=True),
            service=entry.name,
        )
        return lmtp_protocols(host)

    def delivery(self, context: WorkerContext, settings: Settings) -> DeliveryContext:
        """What deliveries of a service work with."""
        return DeliveryContext(
            store=self.store,
            settings=settings,
            scripts=CheckedScripts(settings.sieve),
            groups_of=self._groups_by(context.settings).of,
            zone=local_zone(),
            scanner=VirusScanner(settings.hooks, context.children),
            annotator=Annotator(settings.hooks, context.children),
        )

    def pop3(self, context: WorkerContext, entry: ServiceEntry) -> Callable[[], asyncio.Protocol]:
        """`pop3d`."""
        assert isinstance(entry.command, Pop3Service)
        self.events.keep_to_settings()
        settings = context.settings.for_service(entry.name)
        host = Pop3Host(
            store=self.store,
            logins=self.logins(context, settings, entry.name),
            settings=settings,
            version=__version__,
            service=entry.name,
            door=self._door,
            alerts=context.alerts,
            telemetry=context.telemetry,
            is_tls=entry.command.tls,
            start_tls=context.start_tls(entry),
            pace=context.pace,
        )
        return pop3_protocols(host)

    def smmap(self, context: WorkerContext, entry: ServiceEntry) -> Callable[[], asyncio.Protocol]:
        """`smmapd`."""
        assert isinstance(entry.command, SmmapService)
        host = SmmapHost(
            store=self.store,
            settings=context.settings.for_service(entry.name),
            admit=partial(self._admit, entry.name),
            shutdown_text=lambda: context.alerts.shutdown,
            groups_of=self._groups_by(context.settings).of,
            ignores_subaddress=entry.command.ignores_subaddress,
        )
        return smmap_protocols(host)

    def managesieve(self, context: WorkerContext, entry: ServiceEntry) -> Callable[[], asyncio.Protocol]:
        """`timsieved`."""
        assert isinstance(entry.command, SieveService)
        settings = context.settings.for_service(entry.name)
        host = ManageSieveHost(
            service=entry.name,
            store=self.store,
            settings=settings,
            logins=self.logins(context, settings, entry.name),
            scripts=CheckedScripts(settings.sieve),
            door=self._door,
            alerts=context.alerts,
            telemetry=context.telemetry,
            start_tls=context.start_tls(entry),
            pace=context.pace,
        )
        return managesieve_protocols(host)

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
