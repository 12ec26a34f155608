"""A site with users, boards and quotas, in memory."""

import asyncio
from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.store.world import World


@pytest.fixture
def world(runner: asyncio.Runner, tmp_path: Path) -> Iterator[World]:
    """Users alice and bob, and some boards."""
    world = runner.run(World.open("memory", tmp_path))
    runner.run(_furnish(world))
    yield world
    runner.run(world.engine.close())


async def _furnish(world: World) -> None:
    await world.create("user.alice.open", "alice lrswipkxtean anyone p")
    await world.create("user.alice.private", "alice lrswipkxtean")
    await world.create("board", "anyone lrp")
    await world.create("board.Topic", "anyone lrp")
    await world.create("notice", "anyone lr")
    await world.create("secret", "alice lrswip")
    await world.create("user.jürgen", "jürgen lrswipkxtean")
