"""The wrapper that suspends at every call."""

import asyncio

from angarium.engine.memory import MemoryEngine, Suspending
from angarium.engine.sources import SystemSources


def test_other_tasks_run_before_and_after_each_call() -> None:
    async def scenario() -> list[str]:
        inner = MemoryEngine(["default"], SystemSources())
        engine = Suspending(inner)
        order: list[str] = []

        async def create() -> None:
            order.append("asks")
            await engine.create_account("board")
            order.append("has its answer")

        async def look() -> None:
            order.append(f"before: {await inner.account_id('board') is not None}")
            await asyncio.sleep(0)
            order.append(f"after: {await inner.account_id('board') is not None}")

        async with asyncio.TaskGroup() as group:
            group.create_task(create())
            group.create_task(look())
        return order

    assert asyncio.run(scenario()) == ["asks", "before: False", "after: True", "has its answer"]


def test_without_it_a_call_gives_way_to_nobody() -> None:
    async def scenario() -> list[str]:
        engine = MemoryEngine(["default"], SystemSources())
        order: list[str] = []

        async def create() -> None:
            await engine.create_account("board")
            order.append("has its answer")

        async def look() -> None:
            order.append("looks")

        async with asyncio.TaskGroup() as group:
            group.create_task(create())
            group.create_task(look())
        return order

    assert asyncio.run(scenario()) == ["has its answer", "looks"]
