import asyncio
import os
from collections.abc import Callable
from pathlib import Path
from typing import Self

import pytest

from angarium.engine.rows import AccountId
from angarium.worker import SharedState, WorkerAnnouncer, tool_announcer
from angarium.worker.announcing import change_slot

ACCOUNTS = [AccountId(f"account{number}") for number in range(100)]
NEVER_S = 3600.0


class Listener:
    def __init__(self, watched: list[AccountId]) -> None:
        self.heard: asyncio.Queue[AccountId] = asyncio.Queue()
        self.watched = watched

    def attach(self, announcer: WorkerAnnouncer) -> Callable[[], None]:
        for account in {*ACCOUNTS, *self.watched}:
            announcer.watch(account)
        return announcer.listen(self.heard.put_nowait, lambda: self.watched)

    async def next(self) -> AccountId:
        async with asyncio.timeout(10):
            return await self.heard.get()


class Pair:
    """Two workers that hear each other."""

    def __init__(self, state: SharedState, run_directory: Path, interval_s: float) -> None:
        self.first = WorkerAnnouncer(state, 1, run_directory)
        self.second = WorkerAnnouncer(state, 2, run_directory)
        self.interval_s = interval_s

    async def __aenter__(self) -> Self:
        for each in (self.first, self.second):
            each.start(asyncio.get_running_loop(), compare_interval_s=self.interval_s)
        return self

    async def __aexit__(self, *_: object) -> None:
        self.first.close()
        self.second.close()


def test_a_datagram_tells_the_others_and_not_oneself(state: SharedState, run_directory: Path) -> None:
    async def check() -> None:
        async with Pair(state, run_directory, NEVER_S) as pair:
            mine, theirs = Listener(ACCOUNTS), Listener([])
            mine.attach(pair.first)
            theirs.attach(pair.second)
            pair.first.changed(ACCOUNTS[0])
            assert await theirs.next() == ACCOUNTS[0]
            # The counter has been accounted for, so comparing finds nothing more.
            pair.first.compare()
            pair.second.compare()
            assert mine.heard.empty()
            assert theirs.heard.empty()

    asyncio.run(check())


def test_who_hears_all_is_told_of_accounts_that_nobody_watches(state: SharedState, run_directory: Path) -> None:
    async def check() -> None:
        async with Pair(state, run_directory, NEVER_S) as pair:
            gaps: list[None] = []
            listener = Listener([])
            pair.second.listen(listener.heard.put_nowait, list)
            end = pair.second.hear_all(lambda: gaps.append(None))
            pair.first.changed(ACCOUNTS[5])
            assert await listener.next() == ACCOUNTS[5]
            pair.second.compare()
            pair.second.compare()
            assert gaps == []
            end()
            pair.first.changed(ACCOUNTS[5])
            pair.first.changed(ACCOUNTS[6])
            pair.second.watch(ACCOUNTS[7])
            pair.first.changed(ACCOUNTS[7])
            assert await listener.next() == ACCOUNTS[7]

    asyncio.run(check())


def test_a_lost_datagram_is_a_gap_and_one_on_its_way_is_none(state: SharedState, run_directory: Path) -> None:
    async def check() -> None:
        async with Pair(state, run_directory, NEVER_S) as pair:
            gaps: list[None] = []
            listener = Listener([])
            pair.second.listen(listener.heard.put_nowait, list)
            pair.second.hear_all(lambda: gaps.append(None))
            pair.first.changed(ACCOUNTS[1])
            pair.second.compare()  # before the datagram has come
            assert await listener.next() == ACCOUNTS[1]
            for _ in range(3):
                pair.second.compare()
            assert gaps == []
            state.raise_change_slot(1, change_slot(ACCOUNTS[2]))
            pair.second.compare()
            assert gaps == []
            pair.second.compare()
            assert gaps == [None]
            pair.second.compare()
            assert gaps == [None]

    asyncio.run(check())


def test_nobody_is_sent_a_datagram_of_an_account_that_nobody_there_waits_for(
    state: SharedState, run_directory: Path
) -> None:
    async def check() -> None:
        async with Pair(state, run_directory, NEVER_S) as pair:
            listener = Listener(ACCOUNTS)
            end = pair.second.listen(listener.heard.put_nowait, lambda: ACCOUNTS)
            pair.second.watch(ACCOUNTS[2])
            pair.second.watch(ACCOUNTS[3])
            pair.second.unwatch(ACCOUNTS[2])
            for account in ACCOUNTS[:4]:
                pair.first.changed(account)
            assert await listener.next() == ACCOUNTS[3]
            assert listener.heard.empty()
            # The counters tell of the others.
            pair.second.compare()
            assert {listener.heard.get_nowait() for _ in range(3)} == set(ACCOUNTS[:3])
            end()

    asyncio.run(check())


def test_a_stamp_is_another_one_after_each_change_and_each_comparison(state: SharedState, run_directory: Path) -> None:
    async def check() -> None:
        first = WorkerAnnouncer(state, 1, run_directory)
        assert first.stamp(ACCOUNTS[0]) is None  # it does not compare yet, and may miss what a dying process did
        first.close()
        async with Pair(state, run_directory, NEVER_S) as pair:
            before = pair.first.stamp(ACCOUNTS[0])
            assert before is not None
            changes, comparisons = before
            assert pair.first.stamp(ACCOUNTS[0]) == before
            pair.first.changed(ACCOUNTS[0])
            assert pair.first.stamp(ACCOUNTS[0]) == (changes + 1, comparisons)
            pair.second.changed(ACCOUNTS[0])
            with tool_announcer(run_directory) as tool:
                tool.changed(ACCOUNTS[0])
            assert pair.first.stamp(ACCOUNTS[0]) == (changes + 3, comparisons)
            pair.first.changed(ACCOUNTS[1])
            assert pair.first.stamp(ACCOUNTS[0]) == (changes + 3, comparisons)
            pair.first.compare()
            assert pair.first.stamp(ACCOUNTS[0]) == (changes + 3, comparisons + 1)

    asyncio.run(check())


def test_what_a_worker_waited_for_is_forgotten_with_it(state: SharedState, run_directory: Path) -> None:
    announcer = WorkerAnnouncer(state, 1, run_directory)
    announcer.watch(ACCOUNTS[0])
    assert state.is_watched(1, change_slot(ACCOUNTS[0]))
    state.take_segment(1, os.getpid())
    assert not state.is_watched(1, change_slot(ACCOUNTS[0]))
    announcer.close()


def test_a_lost_datagram_is_found_by_the_counters(state: SharedState, run_directory: Path) -> None:
    async def check() -> None:
        async with Pair(state, run_directory, 0.01) as pair:
            listener = Listener(ACCOUNTS)
            listener.attach(pair.second)
            os.unlink(run_directory / "worker2")
            pair.first.changed(ACCOUNTS[7])
            heard = await listener.next()
            assert change_slot(heard) == change_slot(ACCOUNTS[7])

    asyncio.run(check())


def test_a_lost_datagram_is_found_beside_one_of_the_same_hash_that_arrived(
    state: SharedState, run_directory: Path
) -> None:
    async def check() -> None:
        async with Pair(state, run_directory, NEVER_S) as pair:
            same = [AccountId(str(n)) for n in range(100_000) if change_slot(AccountId(str(n))) == 3][:2]
            listener = Listener(same)
            listener.attach(pair.second)
            pair.first.changed(same[0])
            state.raise_change_slot(1, 3)
            assert await listener.next() == same[0]
            pair.second.compare()
            assert {await listener.next(), await listener.next()} == set(same)

    asyncio.run(check())


def test_whoever_stopped_listening_hears_nothing(state: SharedState, run_directory: Path) -> None:
    async def check() -> None:
        async with Pair(state, run_directory, NEVER_S) as pair:
            ended, going = Listener(ACCOUNTS), Listener(ACCOUNTS)
            end = ended.attach(pair.second)
            going.attach(pair.second)
            end()
            pair.first.changed(ACCOUNTS[0])
            await going.next()
            assert ended.heard.empty()

    asyncio.run(check())


def test_all_accounts_of_a_turn_are_told_however_many_they_are(state: SharedState, run_directory: Path) -> None:
    async def check() -> None:
        async with Pair(state, run_directory, NEVER_S) as pair:
            theirs = Listener([])
            theirs.attach(pair.second)
            for account in ACCOUNTS:
                pair.first.changed(account)
            assert [await theirs.next() for _ in ACCOUNTS] == ACCOUNTS
            pair.second.compare()
            assert theirs.heard.empty()

    asyncio.run(check())


def test_what_changed_last_is_told_when_the_worker_ends(state: SharedState, run_directory: Path) -> None:
    async def check() -> None:
        async with Pair(state, run_directory, NEVER_S) as pair:
            theirs = Listener([])
            theirs.attach(pair.second)
            third = WorkerAnnouncer(state, 3, run_directory)
            third.start(asyncio.get_running_loop(), compare_interval_s=NEVER_S)
            third.changed(ACCOUNTS[0])
            third.close()
            assert await theirs.next() == ACCOUNTS[0]

    asyncio.run(check())


def test_a_failing_listener_does_not_keep_the_news_from_others(
    state: SharedState, run_directory: Path, caplog: pytest.LogCaptureFixture
) -> None:
    async def check() -> None:
        async with Pair(state, run_directory, NEVER_S) as pair:
            listener = Listener(ACCOUNTS)

            def fail(_account: AccountId) -> None:
                raise ValueError

            pair.second.listen(fail, list)
            listener.attach(pair.second)
            pair.first.changed(ACCOUNTS[0])
            assert await listener.next() == ACCOUNTS[0]

    asyncio.run(check())
    assert "announcement_failed" in caplog.messages


def test_a_tool_announces_and_ends_sessions(state: SharedState, run_directory: Path) -> None:
    async def check() -> None:
        async with Pair(state, run_directory, NEVER_S) as pair:
            listener = Listener([])
            listener.attach(pair.second)
            ended: asyncio.Queue[str] = asyncio.Queue()
            pair.second.on_end_sessions(ended.put_nowait)
            with tool_announcer(run_directory) as tool:
                tool.changed(ACCOUNTS[1])
                tool.end_sessions("ann")
            assert await listener.next() == ACCOUNTS[1]
            async with asyncio.timeout(10):
                assert await ended.get() == "ann"
            assert state.change_sums()[change_slot(ACCOUNTS[1])] == 1

    asyncio.run(check())


def test_a_tool_without_a_server_does_nothing(tmp_path: Path) -> None:
    with tool_announcer(tmp_path) as tool:
        tool.changed(ACCOUNTS[1])
        tool.end_sessions("ann")
        assert tool.sessions() == []
