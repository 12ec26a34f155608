"""Worlds of the store's tests with ManageSieve in front."""

import asyncio
from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.managesieve.office import Office, settings
from tests.store.world import World


@pytest.fixture
def world(runner: asyncio.Runner, tmp_path: Path) -> Iterator[World]:
    """Users alice and bob, in memory."""
    world = runner.run(World.open("memory", tmp_path))
    yield world
    runner.run(world.engine.close())


@pytest.fixture
def office(world: World) -> Office:
    """ManageSieve with default options."""
    return Office(world, settings())
