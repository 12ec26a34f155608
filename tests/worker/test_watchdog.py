import asyncio
import logging
import sys
import threading
import time
from typing import cast

import pytest
import uvloop

from angarium.worker.watchdog import Watchdog


def stand_still() -> None:
    time.sleep(0.06)


def run(seconds_of_idling: float, *, stalls: bool, loop: asyncio.AbstractEventLoop) -> int:
    seen: list[int] = []
    told = threading.Event()

    def tell() -> None:
        seen.append(1)
        told.set()

    watchdog = Watchdog(loop, sys._getframe(), stall_s=0.02, on_stall=tell)
    watchdog.start()
    if stalls:
        loop.call_soon(stand_still)
    loop.run_until_complete(asyncio.sleep(seconds_of_idling))
    if stalls:
        assert told.wait(10)
    watchdog.stop()
    loop.close()
    return len(seen)


@pytest.mark.parametrize("plain", [False, True])
def test_a_stall_is_logged_with_its_stack(caplog: pytest.LogCaptureFixture, plain: bool) -> None:
    loop = asyncio.new_event_loop() if plain else cast("asyncio.AbstractEventLoop", uvloop.new_event_loop())
    with caplog.at_level(logging.WARNING):
        assert run(0.1, stalls=True, loop=loop) >= 1
    stacks = [record.__dict__["stack"] for record in caplog.records if record.message == "loop_stalled"]
    assert any("in stand_still" in stack for stack in stacks)
    assert all(record.__dict__["duration_ms"] >= 10 for record in caplog.records if record.message == "loop_stalled")


def test_an_idle_loop_is_not_probed() -> None:
    loop = cast("asyncio.AbstractEventLoop", uvloop.new_event_loop())
    watchdog = Watchdog(loop, sys._getframe(), stall_s=0.001)
    probes = []
    watchdog._probe = lambda: probes.append(1)  # type: ignore[method-assign]  # to see that it is not called
    watchdog.start()
    loop.run_until_complete(asyncio.sleep(0.1))
    watchdog.stop()
    loop.close()
    # The loop runs for an instant at its start and end.
    assert len(probes) <= 3
