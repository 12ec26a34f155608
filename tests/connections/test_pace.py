"""Some of what all want in each turn of the loop."""

import asyncio
from functools import partial

import pytest

from angarium.connections import Pace


async def _done_in_turns(pieces: int) -> list[list[int]]:
    """What is done at once, and in each turn that follows."""
    loop = asyncio.get_running_loop()
    pace, done = Pace(loop), list[list[int]]([[]])

    def work(number: int) -> None:
        done[-1].append(number)

    at_once = [pace.do(partial(work, number)) for number in range(pieces)]
    assert at_once == [number in done[0] for number in range(pieces)]
    while sum(map(len, done)) < pieces:
        done.append([])
        await asyncio.sleep(0)
        assert len(done) <= pieces + 2, "it goes on"
    return done


@pytest.mark.parametrize("pieces", [1, 4, 5, 23])
def test_all_is_done_in_its_order_and_a_few_pieces_in_a_turn(pieces: int) -> None:
    done = asyncio.run(_done_in_turns(pieces))
    assert [number for turn in done for number in turn] == list(range(pieces))
    assert max(map(len, done)) <= 4
    assert len(done) <= pieces // 4 + 3


def test_tasks_wait_for_their_turn() -> None:
    async def check() -> None:
        pace, done = Pace(asyncio.get_running_loop()), list[int]()

        async def work(number: int) -> None:
            await pace.turn()
            done.append(number)

        async with asyncio.TaskGroup() as group:
            tasks = [group.create_task(work(number)) for number in range(23)]
            await asyncio.sleep(0)
            assert done == [0, 1, 2, 3]
            tasks[7].cancel()
        assert done == [number for number in range(23) if number != 7]

    asyncio.run(check())


def test_a_turn_that_is_over_counts_no_more() -> None:
    async def check() -> None:
        pace, done = Pace(asyncio.get_running_loop()), list[int]()
        for number in range(4):
            assert pace.do(lambda: done.append(number))  # noqa: B023  done at once
        await asyncio.sleep(0)
        assert pace.do(lambda: done.append(4))
        assert done == [0, 1, 2, 3, 4]

    asyncio.run(check())


def test_what_is_brought_while_others_wait_waits_behind_them() -> None:
    async def check() -> None:
        pace, done = Pace(asyncio.get_running_loop()), list[str]()
        for _ in range(6):
            pace.do(lambda: done.append("first"))
        assert not pace.do(lambda: done.append("second"))
        for _ in range(3):
            await asyncio.sleep(0)
        assert done == ["first"] * 6 + ["second"]

    asyncio.run(check())


def test_a_fault_in_one_piece_is_nothing_to_the_others() -> None:
    async def check() -> None:
        loop, faults = asyncio.get_running_loop(), list[object]()
        loop.set_exception_handler(lambda _, context: faults.append(context["exception"]))
        pace, done = Pace(loop), list[int]()

        def work(number: int) -> None:
            done.append(number)
            if number == 5:
                raise ValueError(number)

        for number in range(10):
            pace.do(partial(work, number))
        for _ in range(4):
            await asyncio.sleep(0)
        assert done == list(range(10))
        assert [str(fault) for fault in faults] == ["5"]

    asyncio.run(check())
