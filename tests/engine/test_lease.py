import asyncio
from pathlib import Path

from angarium.engine.disk import FileLock
from angarium.engine.lease import Lease


async def test_one_has_it_at_a_time_and_the_next_takes_it_over(runner: asyncio.Runner, tmp_path: Path) -> None:
    path = str(tmp_path / "lock")
    order: list[str] = []

    async def hold(name: str, until: asyncio.Event) -> None:
        async with Lease(path, look_s=0.001).held():
            order.append(name)
            await until.wait()

    first_ends, second_ends = asyncio.Event(), asyncio.Event()
    first = asyncio.create_task(hold("first", first_ends))
    await asyncio.sleep(0)
    second = asyncio.create_task(hold("second", second_ends))
    await asyncio.sleep(0.01)  # nothing tells that somebody goes on waiting
    assert order == ["first"]
    first_ends.set()
    second_ends.set()
    async with asyncio.timeout(10):
        await asyncio.gather(first, second)
    assert order == ["first", "second"]


async def test_who_stops_waiting_has_nothing(runner: asyncio.Runner, tmp_path: Path) -> None:
    path = str(tmp_path / "lock")
    held = FileLock(path)
    assert held.take_at_once()
    entered: list[None] = []

    async def hold() -> None:
        async with Lease(path, look_s=0.001).held():
            entered.append(None)

    waiting = asyncio.create_task(hold())
    await asyncio.sleep(0.01)  # nothing tells that somebody goes on waiting
    waiting.cancel()
    await asyncio.gather(waiting, return_exceptions=True)
    assert entered == []
    held.close()
    async with asyncio.timeout(10):
        await hold()
    assert entered == [None]
