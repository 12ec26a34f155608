"""Worlds of the store's tests with POP3 in front."""

import asyncio
from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.pop3.office import Office
from tests.store.world import World


@pytest.fixture(params=["memory", "sqlite"])
def office(request: pytest.FixtureRequest, runner: asyncio.Runner, tmp_path: Path) -> Iterator[Office]:
    """Users alice and bob, over each engine."""
    world = runner.run(World.open(request.param, tmp_path))
    yield Office(world)
    runner.run(world.engine.close())


@pytest.fixture
def plain_office(runner: asyncio.Runner, tmp_path: Path) -> Iterator[Office]:
    """Users alice and bob, in memory."""
    world = runner.run(World.open("memory", tmp_path))
    yield Office(world)
    runner.run(world.engine.close())
