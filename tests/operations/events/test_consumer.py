"""One sink and its position: at least once, in order, and nobody waits for it."""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Iterator
from pathlib import Path

import pytest
from tests.engine.contract.conftest import AUTHOR, START_S, Draft, Site
from tests.operations.events.sites import EVERYTHING, FakeSink

from angarium.engine.commands import PruneChanges, Subscribe
from angarium.engine.disk import SystemDisk
from angarium.engine.rows import AccountId, ChangeRow, ModSeq
from angarium.engine.sqlite.feedledger import FeedLedger, Progress
from angarium.errors import DiskFailed
from angarium.operations.events.consumer import Consumer
from angarium.operations.events.notification import Notification

WAIT_S = 10.0


@pytest.fixture
def ledger(tmp_path: Path) -> Iterator[FeedLedger]:
    (tmp_path / "ledger").mkdir()
    ledger = FeedLedger(str(tmp_path / "ledger"), SystemDisk())
    ledger.begin(["fake"], START_S)
    yield ledger
    ledger.close()


def consumer_of(site: Site, sink: FakeSink, ledger: FeedLedger, *, queue_max: int = 100) -> Consumer:
    return Consumer(
        sink,
        site.engine,
        EVERYTHING,
        ledger,
        began_s=START_S,
        now_s=site.sources.now_s,
        queue_max=queue_max,
        first_wait_s=0.001,
    )


async def until(condition: Callable[[], bool]) -> None:
    async with asyncio.timeout(WAIT_S):
        while not condition():  # noqa: ASYNC110 - of others
            await asyncio.sleep(0.001)


async def running(consumer: Consumer, while_it_runs: Callable[[], Awaitable[None]]) -> None:
    task = asyncio.create_task(consumer.run())
    try:
        await while_it_runs()
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


async def tell_all(consumer: Consumer, *accounts: AccountId) -> None:
    """Run until everything is told."""
    for account in accounts:
        consumer.heard(account)
    await running(consumer, lambda: until(lambda: consumer.is_idle))


def save(consumer: Consumer, ledger: FeedLedger) -> None:
    ledger.save({consumer.sink.name: consumer.take_progress()})
    consumer.saved()


async def test_what_happened_is_told_once_and_in_order(site: Site, ledger: FeedLedger) -> None:
    sink = FakeSink()
    consumer = consumer_of(site, sink, ledger)
    await site.add(site.inbox, Draft(), Draft())
    await tell_all(consumer, site.account, site.account)
    assert sink.names == ["MailboxCreate", "MessageAppend", "MessageAppend"]
    await site.add(site.inbox, Draft())
    await tell_all(consumer, site.account)
    assert sink.names[3:] == ["MessageAppend"]
    assert len(set(sink.ids)) == 4


async def test_who_comes_after_a_crash_tells_again_what_was_not_noted_under_the_same_ids(
    site: Site, ledger: FeedLedger
) -> None:
    first, second, third = FakeSink(), FakeSink(), FakeSink()
    await site.add(site.inbox, Draft())
    await tell_all(consumer_of(site, first, ledger), site.account)
    consumer = consumer_of(site, second, ledger)
    await tell_all(consumer, site.account)
    assert second.ids == first.ids
    save(consumer, ledger)
    await site.add(site.inbox, Draft())
    await tell_all(consumer_of(site, third, ledger), site.account)
    assert third.names == ["MessageAppend"]
    assert not set(third.ids) & set(second.ids)


async def test_a_sink_that_fails_is_tried_again_and_misses_nothing(
    site: Site, ledger: FeedLedger, caplog: pytest.LogCaptureFixture
) -> None:
    sink = FakeSink(failures=4)
    with caplog.at_level(logging.INFO):
        await tell_all(consumer_of(site, sink, ledger), site.account)
    assert sink.names == ["MailboxCreate"]
    failed = [record for record in caplog.records if record.message == "event_sink_failed"]
    assert [record.__dict__["failures"] for record in failed] == [1, 2, 3, 4]
    assert [record.message for record in caplog.records][-1] == "event_sink_recovered"


async def test_an_event_that_will_never_be_taken_holds_up_no_other(site: Site, ledger: FeedLedger) -> None:
    sink = FakeSink(refused=frozenset({"MailboxCreate"}))
    await site.add(site.inbox, Draft())
    await tell_all(consumer_of(site, sink, ledger), site.account)
    assert sink.names == ["MessageAppend"]


async def test_what_happens_while_an_account_is_told_of_is_told_too(site: Site, ledger: FeedLedger) -> None:
    class Slow(FakeSink):
        async def send(self, notification: Notification) -> None:
            if not self.told:
                await site.add(site.inbox, Draft())
                consumer.heard(site.account)
            await FakeSink.send(self, notification)

    sink = Slow()
    consumer = consumer_of(site, sink, ledger)
    await tell_all(consumer, site.account)
    assert sink.names == ["MailboxCreate", "MessageAppend"]


async def test_lost_lines_are_told_as_a_new_start(site: Site, ledger: FeedLedger) -> None:
    sink = FakeSink()
    consumer = consumer_of(site, sink, ledger)
    await tell_all(consumer, site.account)
    await site.add(site.inbox, Draft())
    site.sources.time_s += 10
    await site.add(site.inbox, Draft())
    await site.engine.write(site.account, PruneChanges(START_S + 5))
    await tell_all(consumer, site.account)
    assert sink.names == ["MailboxCreate", "vnd.angarium.StartAnew", "MessageAppend"]
    await tell_all(consumer, site.account)
    assert len(sink.told) == 3


async def test_an_account_that_is_gone_is_forgotten(site: Site, ledger: FeedLedger) -> None:
    sink = FakeSink()
    consumer = consumer_of(site, sink, ledger)
    gone = AccountId("g" * 24)
    ledger.save({"fake": Progress(positions={gone: ModSeq(3)})})
    await tell_all(consumer, gone)
    save(consumer, ledger)
    assert ledger.position("fake", gone) is None


async def test_accounts_beyond_the_queue_wait_in_the_ledger(site: Site, ledger: FeedLedger) -> None:
    sink = FakeSink()
    consumer = consumer_of(site, sink, ledger, queue_max=4)
    accounts = [site.account, *[await _account(site, number) for number in range(20)]]
    for account in accounts:
        consumer.heard(account)
    assert consumer.waits_to_note == 17

    async def work() -> None:
        async with asyncio.timeout(WAIT_S):
            while len(sink.told) < 21:
                save(consumer, ledger)
                if consumer.wants_noted():
                    consumer.take_noted()
                await asyncio.sleep(0.001)

    await running(consumer, work)
    assert sorted({each.split(".")[0] for each in sink.ids}) == sorted(accounts)
    for _ in range(3):
        save(consumer, ledger)
        if consumer.wants_noted():
            consumer.take_noted()
    assert ledger.noted("fake", after="", limit=100) == []


async def test_what_waits_at_a_look_is_found_after_a_crash(site: Site, ledger: FeedLedger) -> None:
    sink = FakeSink()
    before = consumer_of(site, sink, ledger)
    before.heard(site.account)
    before.note_waiting()
    save(before, ledger)
    after = consumer_of(site, sink, ledger)
    assert after.wants_noted()
    after.take_noted()
    await running(after, lambda: until(lambda: bool(sink.told)))
    assert sink.names == ["MailboxCreate"]


@pytest.mark.parametrize("failure", [DiskFailed("read error"), ValueError("a fault")])
async def test_an_account_that_was_put_off_is_found_after_a_crash(
    site: Site, ledger: FeedLedger, monkeypatch: pytest.MonkeyPatch, failure: Exception
) -> None:
    sink = FakeSink()
    before = consumer_of(site, sink, ledger)
    asked: list[AccountId] = []

    async def fail(account: AccountId, **_: object) -> list[ChangeRow]:
        asked.append(account)
        raise failure

    with monkeypatch.context() as patched:
        patched.setattr(site.engine, "changes", fail)
        before.heard(site.account)
        await running(before, lambda: until(lambda: bool(asked)))
    assert not before.is_idle
    before.note_waiting()
    save(before, ledger)
    after = consumer_of(site, sink, ledger)
    after.take_noted()
    await running(after, lambda: until(lambda: bool(sink.told)))
    assert sink.names == ["MailboxCreate"]


async def test_progress_that_could_not_be_saved_is_saved_the_next_time(site: Site, ledger: FeedLedger) -> None:
    sink = FakeSink()
    consumer = consumer_of(site, sink, ledger)
    await tell_all(consumer, site.account)
    consumer.take_progress()
    consumer.not_saved()
    await site.engine.write(site.account, Subscribe("board", AUTHOR))
    await tell_all(consumer, site.account)
    save(consumer, ledger)
    assert ledger.position("fake", site.account) == (await site.engine.state(site.account)).modseq


async def _account(site: Site, number: int) -> AccountId:
    account = await site.engine.create_account(f"user.u{number}")
    await site.engine.write(account, Subscribe("board", AUTHOR))
    return account
