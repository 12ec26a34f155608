"""Who leads, and what is found that nobody heard of."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path

from tests.engine.contract.conftest import AUTHOR, START_S, Draft, Site, TestSources, open_engine, open_site
from tests.operations.events.sites import EVERYTHING, FakeSink, NoAnnouncements

from angarium.engine.commands import Subscribe
from angarium.engine.disk import FileLock, SystemDisk
from angarium.engine.lease import Lease
from angarium.engine.sqlite.feedledger import FeedLedger
from angarium.operations.events.runner import EventRunner

WAIT_S = 10.0


async def until(condition: Callable[[], bool]) -> None:
    async with asyncio.timeout(WAIT_S):
        while not condition():  # noqa: ASYNC110 - of others
            await asyncio.sleep(0.002)


@asynccontextmanager
async def leading(
    site: Site, directory: Path, *sinks: FakeSink, announcements: NoAnnouncements | None = None, look_s: float = 900.0
) -> AsyncIterator[None]:
    runner = EventRunner(
        site.engine,
        EVERYTHING,
        sinks,
        lease=Lease(str(directory / "events.lock"), look_s=0.005),
        open_ledger=lambda: FeedLedger(str(directory), SystemDisk()),
        announcements=announcements or NoAnnouncements(),
        now_s=site.sources.now_s,
        look_s=look_s,
    )
    task = asyncio.create_task(runner.run())
    try:
        yield
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


async def test_what_happens_from_now_on_is_told(site: Site, tmp_path: Path) -> None:
    sink = FakeSink()
    announcements = NoAnnouncements()
    site.sources.time_s += 10
    async with leading(site, tmp_path, sink, announcements=announcements):
        await until(lambda: bool(announcements.gaps))
        await site.add(site.inbox, Draft())
        await until(lambda: bool(sink.told))
    assert sink.names == ["MessageAppend"]
    assert announcements.gaps == []


async def test_what_happened_while_nobody_led_is_found(site: Site, tmp_path: Path) -> None:
    first, second = FakeSink(), FakeSink()
    async with leading(site, tmp_path, first):
        await until(lambda: bool(first.told))
    await site.add(site.inbox, Draft())
    async with leading(site, tmp_path, second):
        await until(lambda: bool(second.told))
    assert second.names == ["MessageAppend"]


async def test_a_new_sink_is_told_from_its_beginning_on(site: Site, tmp_path: Path) -> None:
    first, second = FakeSink("first"), FakeSink("second")
    async with leading(site, tmp_path, first):
        await until(lambda: bool(first.told))
    site.sources.time_s += 10
    async with leading(site, tmp_path, first, second):
        await site.add(site.inbox, Draft())
        await until(lambda: bool(second.told))
        await until(lambda: len(first.told) == 2)
    assert second.names == ["MessageAppend"]


async def test_a_dead_sink_holds_up_no_other(site: Site, tmp_path: Path) -> None:
    dead, alive = FakeSink("dead", failures=1_000_000), FakeSink("alive")
    async with leading(site, tmp_path, dead, alive):
        await until(lambda: bool(alive.told))
        await site.add(site.inbox, Draft())
        await until(lambda: len(alive.told) == 2)
    dead.failures = 0
    async with leading(site, tmp_path, dead, alive):
        await until(lambda: len(dead.told) == 2)
    assert dead.ids == alive.ids


async def test_a_gap_in_the_announcements_makes_it_look(site: Site, tmp_path: Path) -> None:
    sink = FakeSink()
    announcements = NoAnnouncements()
    silent = Silent(site)
    async with leading(silent.site, tmp_path, sink, announcements=announcements):
        await until(lambda: len(sink.told) == 1)
        await site.engine.write(site.account, Subscribe("board", AUTHOR))
        for on_gap in announcements.gaps:
            assert callable(on_gap)
            on_gap()
        await until(lambda: len(sink.told) == 2)


async def test_from_time_to_time_it_looks_of_itself(site: Site, tmp_path: Path) -> None:
    sink = FakeSink()
    async with leading(Silent(site).site, tmp_path, sink, look_s=0.02):
        await until(lambda: len(sink.told) == 1)
        await site.engine.write(site.account, Subscribe("board", AUTHOR))
        await until(lambda: len(sink.told) == 2)


async def test_one_leads_at_a_time_and_another_takes_over(tmp_path: Path, runner: asyncio.Runner) -> None:
    sources = TestSources()
    site = await open_site(await open_engine("memory", tmp_path, sources), sources)
    sink = FakeSink()
    lock = FileLock(str(tmp_path / "events.lock"))
    assert lock.take_at_once()
    async with leading(site, tmp_path, sink):
        await asyncio.sleep(0.02)
        assert not (tmp_path / "events.db").exists()
        lock.close()
        await until(lambda: bool(sink.told))
    assert sink.names == ["MailboxCreate"]
    assert sources.time_s == START_S


class Silent:
    """A site whose engine announces nothing."""

    def __init__(self, site: Site) -> None:
        engine = site.engine

        class Engine:
            def __getattr__(self, name: str) -> object:
                return getattr(engine, name)

            def subscribe(self, _listener: object) -> Callable[[], None]:
                return lambda: None

        self.site = Site(Engine(), site.sources, site.account, site.inbox)  # type: ignore[arg-type] # it is the same
