"""A world of the store's tests, for logins."""

import asyncio
from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.store.world import World


@pytest.fixture
def plain_world(runner: asyncio.Runner, tmp_path: Path) -> Iterator[World]:
    """Users alice and bob, in memory."""
    world = runner.run(World.open("memory", tmp_path))
    yield world
    runner.run(world.engine.close())
