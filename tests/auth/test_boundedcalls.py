import asyncio
from functools import partial

import pytest

from angarium.auth.boundedcalls import BoundedCalls
from angarium.errors import AuthenticationUnavailable


def test_few_are_asked_at_a_time_and_the_others_wait() -> None:
    async def check() -> None:
        calls = BoundedCalls(at_once=2, waiting_max=10)
        asked: list[int] = []
        answer = asyncio.Event()

        async def ask(number: int) -> int:
            asked.append(number)
            await answer.wait()
            return number

        tasks = [asyncio.ensure_future(calls.run(partial(ask, number))) for number in range(5)]
        for _ in range(10):
            await asyncio.sleep(0)
        assert asked == [0, 1]
        answer.set()
        assert await asyncio.gather(*tasks) == [0, 1, 2, 3, 4]

    asyncio.run(check())


def test_who_would_wait_behind_too_many_is_refused_at_once() -> None:
    async def check() -> None:
        calls = BoundedCalls(at_once=1, waiting_max=1)
        answer = asyncio.Event()
        tasks = [asyncio.ensure_future(calls.run(answer.wait)) for _ in range(2)]
        await asyncio.sleep(0)
        with pytest.raises(AuthenticationUnavailable, match="too many"):
            await calls.run(answer.wait)
        answer.set()
        await asyncio.gather(*tasks)
        assert await calls.run(answer.wait)

    asyncio.run(check())


def test_who_has_no_turn_in_time_is_refused() -> None:
    async def check() -> None:
        calls = BoundedCalls(at_once=1, wait_s=0.01)
        answer = asyncio.Event()
        first = asyncio.ensure_future(calls.run(answer.wait))
        await asyncio.sleep(0)
        with pytest.raises(AuthenticationUnavailable, match="no turn"):
            await calls.run(answer.wait)
        answer.set()
        assert await first
        assert await calls.run(answer.wait)

    asyncio.run(check())


def test_silence_is_no_answer_and_gives_the_place_back() -> None:
    async def check() -> None:
        calls = BoundedCalls(at_once=1, waiting_max=5, timeout_s=0.02)
        never = asyncio.Event()
        answers = await asyncio.gather(*(calls.run(never.wait) for _ in range(3)), return_exceptions=True)
        assert [type(each) for each in answers] == [AuthenticationUnavailable] * 3
        never.set()
        assert await calls.run(never.wait)

    asyncio.run(check())
