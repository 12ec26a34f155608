import asyncio
import os
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from tests.cli.stores import make_store
from tests.cli.test_program import FakeAnnouncer
from tests.operations.outgoing.smtpserver import SmtpServer

from angarium.cli.outgoing import LOCK_FILE, outgoing_mail
from angarium.config import load_settings
from angarium.connections import Pace
from angarium.engine.commands import Deliver
from angarium.engine.delivery import Dispatch
from angarium.engine.disk import FileLock
from angarium.engine.interface import OUTGOING
from angarium.engine.rows import AccountId
from angarium.engine.sources import SystemSources
from angarium.engine.sqlite import SqliteEngine, SqliteOptions
from angarium.operations.outgoing.runner import AUTHOR
from angarium.worker import ChildRunner, Metric, Metrics, Sessions, SharedState, WorkerContext, read_metrics
from angarium.worker.control import CheckPam, ChildFinished, RunChild

DAY_S = 86_400


class World:
    """A worker's context over a store, whose master runs no programs but says how they ended."""

    def __init__(self, store: Path, engine: SqliteEngine) -> None:
        self.store = store
        self.engine = engine
        self.asked: list[RunChild] = []
        self.state = SharedState.create(store / "shared", segments=1, sessions_max=8)
        self.state.take_segment(1, os.getpid())
        self.announcer = FakeAnnouncer()
        self.context = WorkerContext(
            load_settings(store / "imapd.conf").settings,
            Sessions(self.state, 1),
            self.announcer,
            Metrics(self.state, 1),
            ChildRunner(self._run),
            asyncio.get_running_loop(),
            Pace(asyncio.get_running_loop()),
        )

    def _run(self, message: RunChild | CheckPam) -> None:
        assert isinstance(message, RunChild)
        self.asked.append(message)
        ended = ChildFinished(message.number, os.EX_OK, b"", timed_out=False, refused=False)
        self.context.loop.call_soon(self.context.children.finished, ended)

    async def put(self) -> AccountId:
        account = await self.engine.account_id("user.alice") or await self.engine.create_account("user.alice")
        expires_at_s = SystemSources().now_s() + DAY_S
        mail = Dispatch("a@b.c", ("bob@example.com",), b"X: y\r\n\r\n", "vacation", "1@x", expires_at_s)
        await self.engine.write(account, Deliver(AUTHOR, dispatches=(mail,)))
        return account

    async def emptied(self, account: AccountId) -> None:
        async with asyncio.timeout(20):
            while await self.engine.dispatches(account):  # noqa: ASYNC110 - no event tells of it
                await asyncio.sleep(0.01)


@asynccontextmanager
async def opened(store: Path) -> AsyncIterator[World]:
    settings = load_settings(store / "imapd.conf").settings
    partitions = {"default": str(store / "mail")}
    (store / "mail").mkdir(exist_ok=True)
    options = SqliteOptions(str(settings.directories.configdirectory), partitions)
    engine = await SqliteEngine.open(options, SystemSources())
    try:
        yield World(store, engine)
    finally:
        await engine.close()


def append(path: Path, text: str) -> None:
    path.write_text(path.read_text() + text)


def test_mail_goes_through_the_program_until_the_settings_say_otherwise(tmp_path: Path) -> None:
    make_store(tmp_path, f"sendmail: {sys.executable}\nsendmail_auth_id: WHO\n")

    async def check() -> None:
        async with opened(tmp_path) as world, outgoing_mail(world.context, world.engine, SystemSources()):
            assert world.announcer.waited_for == {OUTGOING}
            account = await world.put()
            await world.emptied(account)
            (asked,) = world.asked
            assert asked.argv == (sys.executable, "-i", "-f", "a@b.c", "--", "bob@example.com")
            assert asked.environment == (("WHO", "alice"),)
            with SmtpServer() as relay:
                append(tmp_path / "imapd.conf", f"smtp_backend: smtp\nsmtp_host: 127.0.0.1:{relay.port}\n")
                world.context.settings = load_settings(tmp_path / "imapd.conf").settings
                await world.put()
                await world.emptied(account)
            assert relay.heard[0].data == b"X: y\r\n\r\n"
            assert len(world.asked) == 1
        assert world.announcer.waited_for == set()
        assert read_metrics(world.state)[Metric.MAILS_SENT] == 2

    asyncio.run(check())


def test_a_worker_that_is_not_the_first_waits(tmp_path: Path) -> None:
    make_store(tmp_path, f"sendmail: {sys.executable}\n")

    async def check() -> None:
        async with opened(tmp_path) as world:
            lock = FileLock(str(world.context.settings.directories.configdirectory / LOCK_FILE))
            assert lock.take_at_once()
            async with outgoing_mail(world.context, world.engine, SystemSources()):
                await world.put()
                await asyncio.sleep(0.1)
                assert world.asked == []
            lock.close()
            async with outgoing_mail(world.context, world.engine, SystemSources()):
                await world.emptied(await world.put())
            assert len(world.asked) == 2

    asyncio.run(check())


def test_a_store_that_takes_no_writes_keeps_its_mail(tmp_path: Path) -> None:
    make_store(tmp_path, f"sendmail: {sys.executable}\nreadonly: yes\n")

    async def check() -> None:
        async with opened(tmp_path) as world:
            async with outgoing_mail(world.context, world.engine, SystemSources()):
                await world.put()
                await asyncio.sleep(0.1)
            assert world.asked == []
            assert world.announcer.waited_for == set()
            assert not (world.context.settings.directories.configdirectory / LOCK_FILE).exists()

    asyncio.run(check())
