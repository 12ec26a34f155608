import asyncio
import logging
import signal
import time
from collections.abc import Callable, Coroutine, Iterator
from typing import Any, cast

import pytest
import uvloop

from angarium.worker import watchdog as module
from angarium.worker.watchdog import StallReports, Watchdog


@pytest.fixture(params=["asyncio", "uvloop"])
def loop(request: pytest.FixtureRequest) -> Iterator[asyncio.AbstractEventLoop]:
    is_plain = request.param == "asyncio"
    loop = asyncio.new_event_loop() if is_plain else cast("asyncio.AbstractEventLoop", uvloop.new_event_loop())
    yield loop
    loop.close()


LONG_S = 3600.0


class Resting(Watchdog):
    """A watchdog that tells when it rests, which is for far longer than any test lasts."""

    def __init__(self, loop: asyncio.AbstractEventLoop, *, on_stall: Callable[[], None]) -> None:
        super().__init__(loop, on_stall=on_stall)
        self.rests = asyncio.Event()

    def _look_in(self, wait_s: float, now_s: float, cpu_now_s: float) -> None:
        super()._look_in(wait_s, now_s, cpu_now_s)
        if wait_s == LONG_S:
            self.rests.set()


def stand_still(watchdog: Watchdog) -> None:
    """Keep the loop until the signal has come, and some milliseconds longer."""
    while not watchdog._stack:
        pass
    end_s = time.thread_time() + 0.01
    while time.thread_time() < end_s:
        pass


def watched(
    caplog: pytest.LogCaptureFixture,
    loop: asyncio.AbstractEventLoop,
    work: Callable[[Resting], Coroutine[Any, Any, None]],
) -> logging.LogRecord:
    """What the log says of the stall that the work brings about; a busy machine may bring about others."""

    def found() -> list[logging.LogRecord]:
        return [each for each in caplog.records if "in stand_still" in each.__dict__["stack"]]

    async def check() -> None:
        told = asyncio.Event()
        watchdog = Resting(loop, on_stall=told.set)
        watchdog.start()
        try:
            async with asyncio.timeout(60):
                await work(watchdog)
                while not found():
                    await told.wait()
                    told.clear()
        finally:
            watchdog.stop()

    loop.run_until_complete(check())
    return found()[0]


@pytest.fixture
def all_reported(monkeypatch: pytest.MonkeyPatch) -> None:
    """However many stalls there are."""
    monkeypatch.setattr(module, "_REPORT_INTERVAL_S", 0.0)


@pytest.mark.usefixtures("all_reported")
def test_a_stall_is_logged_with_its_stack(caplog: pytest.LogCaptureFixture, loop: asyncio.AbstractEventLoop) -> None:
    async def work(watchdog: Resting) -> None:
        loop.call_soon(stand_still, watchdog)

    record = watched(caplog, loop, work)
    assert record.getMessage() == "loop_stalled"
    assert record.__dict__["duration_ms"] >= record.__dict__["cpu_ms"] >= 10


@pytest.mark.usefixtures("all_reported")
def test_a_stall_of_the_first_command_after_a_silence_is_seen(
    caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch, loop: asyncio.AbstractEventLoop
) -> None:
    monkeypatch.setattr(module, "_IDLE_LOOKS", 0)
    monkeypatch.setattr(module, "_IDLE_REST_S", LONG_S)

    async def command(watchdog: Resting) -> None:
        stand_still(watchdog)

    async def work(watchdog: Resting) -> None:
        await watchdog.rests.wait()
        await asyncio.create_task(command(watchdog))

    watched(caplog, loop, work)


def test_nothing_is_left_behind_when_the_watch_is_over(loop: asyncio.AbstractEventLoop) -> None:
    before = signal.getsignal(signal.SIGALRM)
    watchdog = Watchdog(loop)
    watchdog.stop()
    watchdog.start()
    assert signal.getitimer(signal.ITIMER_REAL)[0] > 0
    watchdog.stop()
    watchdog.stop()
    assert signal.getitimer(signal.ITIMER_REAL) == (0.0, 0.0)
    assert signal.getsignal(signal.SIGALRM) == before
    assert loop.get_task_factory() is None


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


class Scripted:
    """A loop, a clock and the processor time of a thread, of which looks find what the test says."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.now_s = self.cpu_s = 0.0
        self.waits: list[float] = []
        self.look: Callable[[], None] = lambda: None
        monkeypatch.setattr(time, "monotonic", lambda: self.now_s)
        monkeypatch.setattr(time, "thread_time", lambda: self.cpu_s)
        monkeypatch.setattr(signal, "setitimer", self.set_timer)
        self.timers: list[float] = []

    def set_task_factory(self, _: object) -> None: ...

    def set_timer(self, _: int, seconds: float) -> None:
        self.timers.append(seconds)

    def call_later(self, wait_s: float, look: Callable[[], None]) -> "Scripted":
        self.waits.append(wait_s)
        self.look = look
        return self

    def cancel(self) -> None: ...

    def waits_of(self, looks: str) -> list[float]:
        """What is waited for each look, when they find that a task began (`t`), that something was computed (`c`), or
        that the loop was idle (`.`)."""
        watchdog = Watchdog(cast("asyncio.AbstractEventLoop", self))
        watchdog._watch_closely()
        for each in looks:
            self.now_s += self.waits[-1]
            self.cpu_s += self.waits[-1] * (0.1 if each == "c" else 0.01)
            watchdog._task_began = each == "t"
            self.look()
        return self.waits


@pytest.fixture
def scripted(monkeypatch: pytest.MonkeyPatch) -> Scripted:
    return Scripted(monkeypatch)


@pytest.mark.parametrize("looks", ["t.t", "c.c", ".t."])
def test_a_busy_loop_looks_every_few_milliseconds(scripted: Scripted, looks: str) -> None:
    assert scripted.waits_of(looks) == [0.005] * 4


def test_an_idle_loop_looks_twice_a_second(scripted: Scripted) -> None:
    assert scripted.waits_of("." * 60) == [0.005] * 41 + [0.5] * 20


@pytest.mark.parametrize("busy", ["t", "c"])
def test_a_loop_that_was_idle_looks_closely_again(scripted: Scripted, busy: str) -> None:
    assert scripted.waits_of("." * 42 + busy + "..")[-4:] == [0.5, 0.005, 0.005, 0.005]


def test_the_signal_comes_where_a_look_is_late_by_a_stall(scripted: Scripted) -> None:
    scripted.waits_of("." * 60)
    assert scripted.timers == [wait_s + 0.005 for wait_s in scripted.waits]


@pytest.mark.parametrize(("late_ms", "told"), [(4.9, []), (5.1, [(5.1, 0)]), (300, [(300.0, 0)])])
def test_a_look_that_comes_late_is_a_stall(
    caplog: pytest.LogCaptureFixture, scripted: Scripted, late_ms: float, told: list[tuple[float, int]]
) -> None:
    scripted.waits_of("tt")
    scripted.now_s += 0.005 + late_ms / 1000
    scripted.look()
    assert records(caplog) == told
