"""A world, and ports that nobody serves."""

import asyncio
import socket
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest
from tests.store.world import World


@pytest.fixture
def plain_world(runner: asyncio.Runner, tmp_path: Path) -> Iterator[World]:
    """Users alice and bob, in memory."""
    world = runner.run(World.open("memory", tmp_path))
    yield world
    runner.run(world.engine.close())


@pytest.fixture
def unused_tcp() -> Iterator[Callable[[], int]]:
    """A port that is taken, and where nobody listens."""
    with ExitStack() as stack:

        def port() -> int:
            taken = stack.enter_context(socket.socket())
            taken.bind(("127.0.0.1", 0))
            number: int = taken.getsockname()[1]
            return number

        yield port
