"""Which filters somebody may use."""

from pathlib import Path

import pytest
from tests.store.world import World

from angarium.errors import AnnotationInvalid, AnnotationLimitExceeded, PermissionDenied, PrivateAnnotationsUnsupported
from angarium.operations.metadata import (
    MetadataValue,
    ServerPlaces,
    filter_values,
    is_filter_value,
    set_server_metadata,
)
from angarium.store import Actor

ADMIN = Actor.program("test")
NOWHERE = ServerPlaces(Path("/nonexistent"), {})


async def put(world: World, actor: Actor, name: str, value: bytes | None) -> None:
    await set_server_metadata(world.store, actor, NOWHERE, [MetadataValue(name, value)])


async def test_ones_own_go_before_those_that_all_share(world: World) -> None:
    alice, bob = world.user("alice"), world.user("bob")
    await put(world, ADMIN, "/shared/filters/values/New", b"UNSEEN")
    await put(world, ADMIN, "/shared/filters/values/old", b"SEEN")
    await put(world, alice, "/private/filters/values/new", b"RECENT")
    await put(world, alice, "/private/filters/descriptions/new", b"What is new")
    await put(world, alice, "/private/comment", b"x")
    assert await filter_values(world.store, alice) == {"new": b"RECENT", "old": b"SEEN"}
    assert await filter_values(world.store, bob) == {"new": b"UNSEEN", "old": b"SEEN"}
    assert await filter_values(world.store, world.anonymous) == {"new": b"UNSEEN", "old": b"SEEN"}
    await put(world, alice, "/private/filters/values/new", None)
    assert await filter_values(world.store, alice) == {"new": b"UNSEEN", "old": b"SEEN"}


async def test_who_may_store_them(world: World) -> None:
    with pytest.raises(PermissionDenied):
        await put(world, world.user("alice"), "/shared/filters/values/new", b"UNSEEN")
    with pytest.raises(PrivateAnnotationsUnsupported):
        await put(world, world.anonymous, "/private/filters/values/new", b"UNSEEN")
    with pytest.raises(PermissionDenied):
        await put(world, world.anonymous, "/shared/filters/values/new", b"UNSEEN")


async def test_they_are_utf8(world: World) -> None:
    for kind in ("values", "descriptions"):
        with pytest.raises(AnnotationInvalid):
            await put(world, world.user("alice"), f"/private/filters/{kind}/x", b"SUBJECT \xff")


async def test_they_are_counted_among_ones_annotations(world: World) -> None:
    alice = world.user("alice")
    for number in range(100):
        await put(world, alice, f"/private/filters/values/x{number}", b"SEEN")
    with pytest.raises(AnnotationLimitExceeded):
        await put(world, alice, "/private/filters/values/another", b"SEEN")


@pytest.mark.parametrize(
    ("name", "is_one"),
    [
        ("/private/filters/values/x", True),
        ("/Shared/FILTERS/values/x", True),
        ("/private/filters/descriptions/x", False),
        ("/private/filters/values", False),
        ("/private/comment", False),
    ],
)
def test_which_entries_hold_searches(name: str, is_one: bool) -> None:
    assert is_filter_value(name) is is_one
