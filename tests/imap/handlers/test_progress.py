"""How far a command has come."""

import asyncio
from collections.abc import Sequence
from pathlib import Path

import pytest
from tests.imap.transcript import log_in, open_services

from angarium.imap.handlers.progress import INTERVAL_S, Progress


@pytest.mark.parametrize(
    ("steps", "told"),
    [
        ([(0.0, 5, 10)], []),
        ([(INTERVAL_S - 0.1, 5, 10)], []),
        ([(INTERVAL_S, 5, 10)], ['* OK [INPROGRESS ("a" 5 10)] Processed 50% of the messages']),
        (
            [(11.0, 454, 1000), (12.0, 500, 1000), (22.0, 999, 1000)],
            [
                '* OK [INPROGRESS ("a" 454 1000)] Processed 45% of the messages',
                '* OK [INPROGRESS ("a" 999 1000)] Processed 99% of the messages',
            ],
        ),
        # The goal is reached, the next look is at fewer messages, and what is less than before is not told.
        (
            [(10.0, 10, 10), (20.0, 3, 10), (30.0, 4, 5), (40.0, 2, 10), (50.0, 4, 10)],
            [
                '* OK [INPROGRESS ("a" NIL NIL)] Still searching',
                '* OK [INPROGRESS ("a" 3 10)] Processed 30% of the messages',
                '* OK [INPROGRESS ("a" NIL NIL)] Still searching',
                '* OK [INPROGRESS ("a" NIL NIL)] Still searching',
                '* OK [INPROGRESS ("a" 4 10)] Processed 40% of the messages',
            ],
        ),
    ],
)
def test_it_is_told_now_and_then(steps: Sequence[tuple[float, int, int]], told: list[str], tmp_path: Path) -> None:
    async def scenario() -> None:
        async with open_services("memory", tmp_path) as services:
            connection = await log_in(services, "alice")
            connection.session.tag = b"a"
            clock = [0.0]
            progress = Progress(connection.session, lambda: clock[0])
            lines: list[str] = []
            for now_s, done, goal in steps:
                clock[0] = now_s
                progress(done, goal)
                while (line := connection.pending_line()) is not None:
                    lines.append(line)
            assert lines == told
            await connection.close()

    asyncio.run(scenario())


def test_nothing_is_told_where_the_capability_is_hidden(tmp_path: Path) -> None:
    async def scenario() -> None:
        async with open_services("memory", tmp_path, "suppress_capabilities: INPROGRESS") as services:
            connection = await log_in(services, "alice")
            clock = [0.0]
            progress = Progress(connection.session, lambda: clock[0])
            clock[0] = INTERVAL_S
            progress(5, 10)
            assert connection.pending_lines() == []

    asyncio.run(scenario())
