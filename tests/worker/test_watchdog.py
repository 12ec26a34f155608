import asyncio
import gc
import sys
import threading
import time
from types import FrameType
from typing import cast

import pytest
import uvloop

from angarium.worker import watchdog as module
from angarium.worker.watchdog import StallReports, Watchdog


@pytest.mark.parametrize("plain", [False, True])
def test_a_stall_is_logged_with_its_stack(
    caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch, plain: bool
) -> None:
    seen, told = threading.Event(), threading.Event()
    where = module._where

    def note(frame: FrameType) -> str:
        seen.set()
        return where(frame)

    def stand_still() -> None:
        assert seen.wait(30)
        end_s = time.thread_time() + 0.01
        while time.thread_time() < end_s:
            pass

    monkeypatch.setattr(module, "_where", note)
    loop = asyncio.new_event_loop() if plain else cast("asyncio.AbstractEventLoop", uvloop.new_event_loop())
    watchdog = Watchdog(loop, sys._getframe(), on_stall=told.set)
    watchdog.start()
    loop.call_soon(stand_still)
    loop.run_until_complete(asyncio.sleep(0))
    assert told.wait(30)
    watchdog.stop()
    loop.close()
    (record,) = caplog.records
    assert record.message == "loop_stalled"
    assert "in stand_still" in record.__dict__["stack"]
    assert record.__dict__["duration_ms"] >= record.__dict__["cpu_ms"] >= 10


def test_no_garbage_is_collected_while_frames_of_other_threads_are_looked_at(monkeypatch: pytest.MonkeyPatch) -> None:
    looks: list[tuple[str, bool]] = []
    told = threading.Event()
    frames, where = sys._current_frames, module._where

    def current_frames() -> dict[int, FrameType]:
        looks.append(("all", gc.isenabled()))
        return frames()

    def note(frame: FrameType) -> str:
        looks.append(("stack", gc.isenabled()))
        return where(frame)

    def stand_still() -> None:
        while ("stack", False) not in looks and ("stack", True) not in looks:
            pass

    monkeypatch.setattr(sys, "_current_frames", current_frames)
    monkeypatch.setattr(module, "_where", note)
    loop = asyncio.new_event_loop()
    watchdog = Watchdog(loop, sys._getframe(), on_stall=told.set)
    watchdog.start()
    loop.call_soon(stand_still)
    loop.run_until_complete(asyncio.sleep(0))
    assert told.wait(30)
    watchdog.stop()
    loop.close()
    assert set(looks) == {("all", False), ("stack", False)}
    assert gc.isenabled()


def records(caplog: pytest.LogCaptureFixture) -> list[tuple[float, int]]:
    return [(record.__dict__["duration_ms"], record.__dict__["not_reported"]) for record in caplog.records]


def test_one_stall_a_second_is_reported_and_the_others_are_counted(caplog: pytest.LogCaptureFixture) -> None:
    reports = StallReports()
    for number in range(25):
        reports.report(1 - 0.01 * number, "stack", cpu_s=0.0, now_s=1000 + number / 10)
    assert records(caplog) == [(1000.0, 0), (900.0, 9), (800.0, 9)]


def test_a_stall_that_is_longer_than_the_last_that_was_reported_is_reported_too(
    caplog: pytest.LogCaptureFixture,
) -> None:
    reports = StallReports()
    for duration_s in (0.01, 0.008, 0.02, 0.02, 0.03):
        reports.report(duration_s, "stack", cpu_s=0.0, now_s=1000.0)
    assert records(caplog) == [(10.0, 0), (20.0, 1), (30.0, 1)]


class Scripted(Watchdog):
    """A watchdog whose looks find what the test says, and whose rests take no time."""

    def __init__(self, loop: asyncio.AbstractEventLoop, looks: str) -> None:
        super().__init__(loop, sys._getframe())
        self.looks = iter(looks)
        self.rests: list[float] = []

    def _sleep(self, seconds: float) -> bool:
        self.rests.append(seconds)
        return False

    def _is_idle(self) -> bool:
        look = next(self.looks, "")
        if not look:
            self._stopped.set()
        return look != "b"

    def _probe(self) -> None:
        self.rests.append(0.0)


def rests_of(looks: str) -> list[float]:
    """How long each rest is, 0 for a probe, when looks find the loop idle (`.`) or busy (`b`)."""
    loop = asyncio.new_event_loop()
    watchdog = Scripted(loop, looks)
    watchdog._watch()
    loop.close()
    return watchdog.rests


def test_a_busy_loop_is_looked_at_every_few_milliseconds() -> None:
    assert rests_of("b.b") == [0.005, 0.0, 0.005, 0.005, 0.0, 0.005]


def test_an_idle_loop_is_looked_at_twice_a_second() -> None:
    assert rests_of("." * 141) == [0.005] * 41 + [0.5] * 51  # with a look before each rest, and one after


def test_a_loop_that_was_idle_is_looked_at_closely_again() -> None:
    assert rests_of("." * 41 + "...b..")[-4:] == [0.0, 0.005, 0.005, 0.005]


def test_a_task_that_begins_while_the_rest_begins_is_not_missed() -> None:
    assert rests_of("." * 41 + "bb")[-3:] == [0.005, 0.0, 0.005]


LONG_S = 3600.0


class Resting(Watchdog):
    """A watchdog that tells when it rests, which is for far longer than any test lasts."""

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        super().__init__(loop, sys._getframe(1))
        self.rests = threading.Event()

    def _sleep(self, seconds: float) -> bool:
        if seconds == LONG_S:
            self.rests.set()
        return super()._sleep(seconds)


@pytest.mark.parametrize("plain", [False, True])
def test_a_stall_of_the_first_command_after_a_silence_is_seen(
    caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch, plain: bool
) -> None:
    monkeypatch.setattr(module, "_IDLE_REST_S", LONG_S)
    seen = threading.Event()

    def note(frame: FrameType) -> str:
        seen.set()
        return frame.f_code.co_name

    monkeypatch.setattr(module, "_where", note)
    loop = asyncio.new_event_loop() if plain else cast("asyncio.AbstractEventLoop", uvloop.new_event_loop())

    async def command() -> bool:
        return seen.wait(30)

    async def idle_first() -> bool:
        await loop.run_in_executor(None, watchdog.rests.wait)
        return await asyncio.create_task(command())

    watchdog = Resting(loop)
    watchdog.start()
    try:
        assert loop.run_until_complete(idle_first())
    finally:
        watchdog.stop()
        loop.run_until_complete(loop.shutdown_default_executor())
        loop.close()
    assert len(caplog.records) == 1


def test_a_watchdog_that_rests_stops_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "_IDLE_LOOKS", 0)
    monkeypatch.setattr(module, "_IDLE_REST_S", LONG_S)
    loop = asyncio.new_event_loop()
    watchdog = Resting(loop)
    watchdog.start()
    loop.run_until_complete(loop.run_in_executor(None, watchdog.rests.wait))
    watchdog.stop()
    assert not watchdog._thread.is_alive()
    loop.run_until_complete(loop.shutdown_default_executor())
    loop.close()
