import asyncio
import threading
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import TypeVar

import pytest

from angarium.engine.sqlite.crew import Crew

SIZE = 2


Item = TypeVar("Item")


async def take(heard: asyncio.Queue[Item], count: int) -> list[Item]:
    async with asyncio.timeout(10):
        return [await heard.get() for _ in range(count)]


def test_every_item_is_worked_on_in_order_and_told_on_the_loop() -> None:
    async def check(executor: ThreadPoolExecutor) -> None:
        heard: asyncio.Queue[tuple[int, int]] = asyncio.Queue()

        def work(item: int) -> bool:
            crew.tell(lambda: heard.put_nowait((item, threading.get_ident())))
            return False

        crew: Crew[int] = Crew(executor, 1, work)
        for item in range(100):
            crew.put(item)
        assert await take(heard, 100) == [(item, threading.get_ident()) for item in range(100)]

    with ThreadPoolExecutor(1) as executor:
        asyncio.run(check(executor))


def test_an_item_that_is_unfinished_comes_again_behind_the_others() -> None:
    async def check(executor: ThreadPoolExecutor) -> None:
        worked: list[str] = []
        heard: asyncio.Queue[str] = asyncio.Queue()
        gate = threading.Event()

        def work(item: str) -> bool:
            gate.wait(10)
            worked.append(item)
            crew.tell(partial(heard.put_nowait, item))
            return worked.count("long") < 3 and item == "long"

        crew: Crew[str] = Crew(executor, 1, work)
        for item in ("long", "one", "two"):
            crew.put(item)
        gate.set()
        assert await take(heard, 5) == ["long", "one", "two", "long", "long"]

    with ThreadPoolExecutor(1) as executor:
        asyncio.run(check(executor))


def test_items_are_worked_on_at_once_by_as_many_threads_as_there_are() -> None:
    async def check(executor: ThreadPoolExecutor) -> None:
        all_there = threading.Barrier(SIZE, timeout=10)
        heard: asyncio.Queue[int] = asyncio.Queue()

        def work(item: int) -> bool:
            all_there.wait()
            crew.tell(partial(heard.put_nowait, item))
            return False

        crew: Crew[int] = Crew(executor, SIZE, work)
        for item in range(2 * SIZE):
            crew.put(item)
        assert sorted(await take(heard, 2 * SIZE)) == [*range(2 * SIZE)]

    with ThreadPoolExecutor(SIZE) as executor:
        asyncio.run(check(executor))


def test_what_is_told_is_heard_within_a_turn_that_wakes_the_loop() -> None:
    async def check(executor: ThreadPoolExecutor) -> None:
        heard = asyncio.Event()
        is_heard = threading.Event()
        ended: asyncio.Queue[bool] = asyncio.Queue()

        def work(_item: int) -> bool:
            crew.tell(heard.set)
            crew.wake_loop()
            in_time = is_heard.wait(10)
            crew.tell(lambda: ended.put_nowait(in_time))
            return False

        crew: Crew[int] = Crew(executor, 1, work)
        crew.put(0)
        async with asyncio.timeout(10):
            await heard.wait()
        is_heard.set()
        assert await take(ended, 1) == [True]

    with ThreadPoolExecutor(1) as executor:
        asyncio.run(check(executor))


def test_a_turn_and_an_outcome_that_fail_stop_nobody(caplog: pytest.LogCaptureFixture) -> None:
    async def check(executor: ThreadPoolExecutor) -> None:
        heard: asyncio.Queue[int] = asyncio.Queue()

        def fail() -> None:
            raise ValueError

        def work(item: int) -> bool:
            if item == 0:
                raise ValueError
            crew.tell(fail)
            crew.tell(partial(heard.put_nowait, item))
            return False

        crew: Crew[int] = Crew(executor, 1, work)
        for item in range(3):
            crew.put(item)
        assert await take(heard, 2) == [1, 2]

    with ThreadPoolExecutor(1) as executor:
        asyncio.run(check(executor))
    assert caplog.messages == ["writer_failed"] * 3
