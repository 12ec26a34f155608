"""Checkpoints."""

import pytest
from tests.operations.messages.conftest import World

from angarium.errors import PermissionDenied
from angarium.operations.care import checkpoint
from angarium.store import Actor


async def test_an_administrator_may(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    made = []
    engine_checkpoint = world.engine.checkpoint

    async def note() -> None:
        await engine_checkpoint()
        made.append("checkpoint")

    monkeypatch.setattr(world.engine, "checkpoint", note)
    await checkpoint(world.store, Actor.program("ctl_cyrusdb"))
    assert made == ["checkpoint"]


async def test_others_may_not(memory_world: World) -> None:
    with pytest.raises(PermissionDenied):
        await checkpoint(memory_world.store, memory_world.alice)
