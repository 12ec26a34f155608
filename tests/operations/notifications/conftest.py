"""The worlds of the tests of the store, for tests of what is told of them."""

import asyncio
from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.store.world import ENGINES, World


@pytest.fixture(params=sorted(ENGINES))
def world(request: pytest.FixtureRequest, runner: asyncio.Runner, tmp_path: Path) -> Iterator[World]:
    """Users alice and bob, over each engine."""
    world = runner.run(World.open(request.param, tmp_path))
    yield world
    runner.run(world.engine.close())


@pytest.fixture
def plain_world(runner: asyncio.Runner, tmp_path: Path) -> Iterator[World]:
    """Users alice and bob, in memory."""
    world = runner.run(World.open("memory", tmp_path))
    yield world
    runner.run(world.engine.close())
