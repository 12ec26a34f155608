"""Annotations of the server: shared ones of the administrators', each user's own, files and facts."""

from pathlib import Path

import pytest
from tests.store.world import World

from angarium.errors import AnnotationInvalid, DiskFailed, PermissionDenied, PrivateAnnotationsUnsupported
from angarium.operations.metadata import (
    MetadataQuery,
    MetadataValue,
    ServerPlaces,
    get_server_metadata,
    set_server_metadata,
)
from angarium.store import Actor

ADMIN = Actor.program("test")
VENDOR = "/shared/vendor/cmu/cyrus-imapd"


def places_in(directory: Path) -> ServerPlaces:
    (directory / "msg").mkdir(exist_ok=True)
    return ServerPlaces(directory / "msg", {"default": directory, "gone": directory / "nowhere"})


async def read(world: World, actor: Actor, places: ServerPlaces, *entries: str) -> list[bytes | None]:
    found = await get_server_metadata(world.store, actor, places, MetadataQuery(entries))
    values = {each.entry: each.value for each in found.values}
    return [values[entry] for entry in entries]


async def test_motd_and_shutdown_are_files(world: World, tmp_path: Path) -> None:
    places = places_in(tmp_path)
    motd, shutdown = "/shared/motd", f"{VENDOR}/shutdown"
    await set_server_metadata(
        world.store, ADMIN, places, [MetadataValue(motd, b"hello there"), MetadataValue(shutdown, b"going down")]
    )
    assert (tmp_path / "msg" / "motd").read_bytes() == b"hello there\n"
    assert await read(world, world.user("bob"), places, motd, shutdown) == [b"hello there", b"going down"]
    await set_server_metadata(world.store, ADMIN, places, [MetadataValue(shutdown, None)])
    assert not (tmp_path / "msg" / "shutdown").exists()
    assert await read(world, ADMIN, places, motd, shutdown) == [b"hello there", None]


async def test_a_directory_that_is_not_there_refuses_a_file(world: World, tmp_path: Path) -> None:
    places = ServerPlaces(tmp_path / "nowhere", {})
    with pytest.raises(DiskFailed):
        await set_server_metadata(world.store, ADMIN, places, [MetadataValue("/shared/motd", b"x")])
    assert await read(world, ADMIN, places, "/shared/motd", f"{VENDOR}/freespace") == [None, None]


async def test_free_space_is_that_of_the_partitions_that_are_there(world: World, tmp_path: Path) -> None:
    places = places_in(tmp_path)
    entries = (f"{VENDOR}/freespace", f"{VENDOR}/freespace/total", f"{VENDOR}/freespace/percent/most")
    free, total, most = await read(world, world.user("bob"), places, *entries)
    assert free is not None
    assert total is not None
    assert most is not None
    assert int(free) <= int(total.split(b";")[1])
    assert len(most.split(b";")) == 2


async def test_all_or_nothing_is_set(world: World, tmp_path: Path) -> None:
    places = places_in(tmp_path)
    values = [MetadataValue("/private/comment", b"x"), MetadataValue("/shared/comment", b"x")]
    with pytest.raises(PermissionDenied):
        await set_server_metadata(world.store, world.user("alice"), places, values)
    assert await read(world, world.user("alice"), places, "/private/comment", "/shared/comment") == [None, None]
    with pytest.raises(PrivateAnnotationsUnsupported):
        await set_server_metadata(world.store, ADMIN, places, list(reversed(values)))
    assert await read(world, ADMIN, places, "/shared/comment") == [None]


async def test_a_users_own_are_nobody_elses(world: World, tmp_path: Path) -> None:
    places = places_in(tmp_path)
    alice, bob = world.user("alice"), world.user("bob")
    await set_server_metadata(world.store, alice, places, [MetadataValue("/private/Comment", b"hers")])
    assert await read(world, alice, places, "/private/comment") == [b"hers"]
    assert await read(world, bob, places, "/private/comment") == [None]
    (modseq,) = await read(world, alice, places, "/private/vendor/cmu/cyrus-imapd/usermodseq")
    assert alice.account is not None
    assert modseq == b"%d" % (await world.engine.state(alice.account)).modseq


async def test_the_script_of_events_is_the_administrators(world: World, tmp_path: Path) -> None:
    places, entry = places_in(tmp_path), "/shared/imapsieve/script"
    with pytest.raises(PermissionDenied):
        await set_server_metadata(world.store, world.user("bob"), places, [MetadataValue(entry, b"evil")])
    with pytest.raises(AnnotationInvalid):
        await set_server_metadata(world.store, ADMIN, places, [MetadataValue(entry, b"\xff")])
    await set_server_metadata(world.store, ADMIN, places, [MetadataValue(entry, b"main")])
    assert await read(world, world.user("bob"), places, entry) == [b"main"]
    assert (await world.engine.server_annotations())["/imapsieve/script"] == b"main"
