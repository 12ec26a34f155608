import asyncio
import os
from collections.abc import AsyncIterator, Callable, Iterable
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from tests.cli.stores import write_configuration

from angarium.auth import CredentialStamp
from angarium.cli.program import open_program
from angarium.config import (
    CheckpointCommand,
    ExpireCommand,
    ImapService,
    LmtpService,
    Pop3Service,
    SieveService,
    SmmapService,
    load_cyrus_conf,
    load_settings,
)
from angarium.connections import Pace
from angarium.engine.interface import NAMES, SITE
from angarium.engine.rows import AccountId
from angarium.engine.sources import Sources, SystemSources
from angarium.engine.sqlite import SqliteEngine, SqliteOptions
from angarium.errors import ConfigError, MailboxNameInvalid
from angarium.imap.connection import ImapConnection
from angarium.lmtp import LmtpProtocol
from angarium.managesieve import ManageSieveConnection
from angarium.names import UserId
from angarium.operations.logins import Over, Peer, ServiceLogins
from angarium.operations.mailboxes import create_user
from angarium.pop3 import Pop3Protocol
from angarium.store import Actor, Store, StorePolicy
from angarium.worker import ChildRunner, Metrics, Program, Sessions, SharedState, WorkerContext


class FakeAnnouncer:
    """What would be told to other processes, and a way to hear of theirs."""

    def __init__(self) -> None:
        self.told: list[AccountId] = []
        self.waited_for: set[AccountId] = set()
        self.hear: Callable[[AccountId], None] | None = None

    def changed(self, account: AccountId) -> None:
        self.told.append(account)

    def listen(
        self, listener: Callable[[AccountId], None], _watched: Callable[[], Iterable[AccountId]]
    ) -> Callable[[], None]:
        self.hear = listener

        def end() -> None:
            self.hear = None

        return end

    def hear_all(self, _on_gap: Callable[[], None]) -> Callable[[], None]:
        return lambda: None

    def watch(self, account: AccountId) -> None:
        self.waited_for.add(account)

    def unwatch(self, account: AccountId) -> None:
        self.waited_for.remove(account)

    def stamp(self, _account: AccountId) -> tuple[int, int] | None:
        return len(self.told), 0


@asynccontextmanager
async def opened(store: Path, announcer: FakeAnnouncer) -> AsyncIterator[tuple[Program, WorkerContext]]:
    state = SharedState.create(store / "shared", segments=1, sessions_max=8)
    state.take_segment(1, os.getpid())
    context = WorkerContext(
        load_settings(store / "imapd.conf").settings,
        Sessions(state, 1),
        announcer,
        Metrics(state, 1),
        ChildRunner(lambda _: None),
        asyncio.get_running_loop(),
        Pace(asyncio.get_running_loop()),
    )
    async with open_program(context) as program:
        yield program, context


def test_every_service_of_the_first_configuration_is_served(store: Path) -> None:
    async def check() -> None:
        async with opened(store, FakeAnnouncer()) as (program, context):
            kinds = {}
            for entry in load_cyrus_conf(store / "cyrus.conf").services:
                protocol = program.services[type(entry.command)](context, entry)()
                kinds[entry.name] = type(protocol)
            assert kinds == {
                "imap": ImapConnection,
                "imaps": ImapConnection,
                "lmtp": LmtpProtocol,
                "lmtpunix": LmtpProtocol,
                "pop3": Pop3Protocol,
                "pop3s": Pop3Protocol,
                "sieve": ManageSieveConnection,
            }
            assert set(program.services) == {ImapService, LmtpService, Pop3Service, SieveService, SmmapService}

    asyncio.run(check())


def test_events_of_the_first_configuration_are_run(store: Path) -> None:
    async def check() -> None:
        async with opened(store, FakeAnnouncer()) as (program, _):
            for event in load_cyrus_conf(store / "cyrus.conf").events:
                await program.operations[type(event.command)](event.command)
            await program.operations[CheckpointCommand](CheckpointCommand())
            with pytest.raises(MailboxNameInvalid):
                await program.operations[ExpireCommand](ExpireCommand(prefix="a%b"))

    asyncio.run(check())


def test_what_was_heard_does_not_go_round(store: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    heard: list[AccountId] = []
    monkeypatch.setattr("angarium.cli.program.Watchers.announced", lambda _, account: heard.append(account))

    async def check() -> None:
        announcer = FakeAnnouncer()
        async with opened(store, announcer):
            assert announcer.hear is not None
            announcer.hear(AccountId("other"))
            assert (heard, announcer.told) == (["other"], [])
        assert announcer.hear is None

    asyncio.run(check())


def test_what_changes_here_is_told_to_others(store: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    engines: list[SqliteEngine] = []
    open_engine = SqliteEngine.open

    async def open_and_keep(options: SqliteOptions, sources: Sources) -> SqliteEngine:
        engines.append(await open_engine(options, sources))
        return engines[-1]

    monkeypatch.setattr(SqliteEngine, "open", open_and_keep)

    async def check() -> None:
        announcer = FakeAnnouncer()
        async with opened(store, announcer):
            account = await create_user(
                Store(engines[0], StorePolicy(), SystemSources()), Actor.program("test"), UserId("alice")
            )
            assert set(announcer.told) == {account, SITE, NAMES}

    asyncio.run(check())


def test_sessions_of_before_a_reload_obey_the_settings_of_now(store: Path) -> None:
    async def check() -> None:
        conf = store / "imapd.conf"
        (entry,) = [each for each in load_cyrus_conf(store / "cyrus.conf").services if each.name == "imap"]
        async with opened(store, FakeAnnouncer()) as (program, context):
            connection = program.services[ImapService](context, entry)()
            assert isinstance(connection, ImapConnection)
            logins = connection._services.logins
            assert isinstance(logins, ServiceLogins)
            where = logins.context(Peer("192.0.2.7", "imap", "s1"))
            user = await logins.authenticator.authorize(UserId("admin"), CredentialStamp("admin"), "alice", where)
            actor = (await logins.admit(user, where, "PLAIN")).actor
            assert await logins.why_over(actor) is None
            conf.write_text(conf.read_text().replace("admins: admin", "admins: root"))
            context.settings = load_settings(conf).settings
            assert await logins.why_over(actor) is None
            program.services[ImapService](context, entry)
            assert await logins.why_over(actor) is Over.ACCESS_WITHDRAWN

    asyncio.run(check())


def test_an_administrator_who_cannot_be_stops_a_service(tmp_path: Path) -> None:
    write_configuration(tmp_path)
    conf = tmp_path / "imapd.conf"
    conf.write_text(conf.read_text().replace("admins: admin", "admins: anyone"))

    async def check() -> None:
        async with opened(tmp_path, FakeAnnouncer()) as (program, context):
            entry = load_cyrus_conf(tmp_path / "cyrus.conf").services[0]
            with pytest.raises(ConfigError, match="anyone"):
                program.services[ImapService](context, entry)

    asyncio.run(check())
