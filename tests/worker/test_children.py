import asyncio

import pytest

from angarium.errors import StoreBusy
from angarium.worker import ChildOutcome, ChildRunner
from angarium.worker.control import CheckPam, ChildFinished, RunChild


def commanded(message: RunChild | CheckPam) -> RunChild:
    assert isinstance(message, RunChild)
    return message


def test_an_outcome_comes_back_to_whoever_asked() -> None:
    async def check() -> None:
        sent: list[RunChild] = []
        runner = ChildRunner(lambda message: sent.append(commanded(message)))
        first = asyncio.ensure_future(runner.run(("a",)))
        second = asyncio.ensure_future(
            runner.run(("b",), stdin=b"x", stdin_path="/p", environment={"A": "1"}, timeout_s=2)
        )
        await asyncio.sleep(0)
        assert [(each.argv, each.stdin, each.timeout_s) for each in sent] == [(("a",), b"", 60.0), (("b",), b"x", 2)]
        assert (sent[1].stdin_path, sent[1].environment) == ("/p", (("A", "1"),))
        runner.finished(ChildFinished(sent[1].number, 3, b"out", timed_out=False, refused=False))
        assert await second == ChildOutcome(3, b"out", timed_out=False)
        runner.finished(ChildFinished(sent[0].number, 0, b"", timed_out=False, refused=True))
        with pytest.raises(StoreBusy):
            await first

    asyncio.run(check())


def test_an_outcome_that_nobody_waits_for_is_dropped() -> None:
    async def check() -> None:
        sent: list[RunChild] = []
        runner = ChildRunner(lambda message: sent.append(commanded(message)))
        task = asyncio.ensure_future(runner.run(("a",)))
        await asyncio.sleep(0)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        runner.finished(ChildFinished(sent[0].number, 0, b"", timed_out=False, refused=False))

    asyncio.run(check())


def test_a_master_that_takes_nothing_is_busy() -> None:
    def refuse(_message: RunChild | CheckPam) -> None:
        raise BlockingIOError

    async def check() -> None:
        with pytest.raises(StoreBusy):
            await ChildRunner(refuse).run(("a",))

    asyncio.run(check())


def test_what_pam_said_comes_back_to_whoever_asked() -> None:
    async def check() -> None:
        sent: list[RunChild | CheckPam] = []
        runner = ChildRunner(sent.append)
        tasks = [asyncio.ensure_future(runner.check_pam("imap", "alice", "secret", "")) for _ in range(3)]
        await asyncio.sleep(0)
        assert sent[0] == CheckPam(1, "imap", "alice", "secret", "")
        runner.finished(ChildFinished(3, 0, b"", timed_out=False, refused=True))
        runner.finished(ChildFinished(2, 0, b"", timed_out=True, refused=False))
        runner.finished(ChildFinished(1, 7, b"", timed_out=False, refused=False))
        assert await tasks[0] == 7
        for task in tasks[1:]:
            with pytest.raises(StoreBusy):
                await task

    asyncio.run(check())
