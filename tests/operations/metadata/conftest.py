"""The worlds of the tests of the store, for tests of annotations in them."""

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
