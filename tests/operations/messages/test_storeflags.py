"""STORE and its rights."""

import pytest
from tests.operations.messages.conftest import World, uid_set

from angarium.engine.commands import FlagOperation, FlagsStored
from angarium.errors import AngariumError, MailboxNotFound, PermissionDenied
from angarium.flags import Flags
from angarium.operations.messages import slices, store_flags
from angarium.sequenceset import UidSet
from angarium.store import SelectedMailbox

ADD, REMOVE, REPLACE = FlagOperation.ADD, FlagOperation.REMOVE, FlagOperation.REPLACE


async def store(
    world: World, selected: SelectedMailbox, uids: UidSet, operation: FlagOperation, *names: str
) -> FlagsStored:
    return await store_flags(world.store, selected.actor, selected, uids, operation, Flags.of(names))


async def test_flags_are_added_removed_and_replaced(world: World) -> None:
    for _ in range(3):
        await world.append("user.alice", flags=["\\Flagged"])
    selected = await world.select("user.alice")
    stored = await store(world, selected, uid_set(1, 2, 9), ADD, "\\Seen", "Work")
    assert stored.changed == uid_set(1, 2)
    await store(world, selected, uid_set(1), REMOVE, "\\Flagged")
    await store(world, selected, uid_set(3), REPLACE, "\\Draft")
    assert await world.flags("user.alice") == {
        1: {"\\Seen", "Work"},
        2: {"\\Seen", "\\Flagged", "Work"},
        3: {"\\Draft"},
    }
    assert (await store(world, selected, uid_set(3), ADD, "\\Draft")).modseq is None


async def test_what_changed_since_is_left_alone_and_reported(world: World) -> None:
    await world.append("user.alice")
    await world.append("user.alice")
    selected = await world.select("user.alice")
    since = selected.view.modseq
    await store(world, selected, uid_set(2), ADD, "\\Flagged")
    stored = await store_flags(
        world.store, world.alice, selected, uid_set(1, 2), ADD, Flags.of(["\\Seen"]), unchanged_since=since
    )
    assert stored.changed == uid_set(1)
    assert stored.refused == uid_set(2)


async def test_very_many_messages_are_changed_in_pieces(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(slices, "WRITTEN_AT_ONCE", 2)
    for _ in range(5):
        await world.append("user.alice")
    selected = await world.select("user.alice")
    stored = await store(world, selected, uid_set(1, 2, 3, 4, 5), ADD, "\\Seen")
    assert stored.changed == uid_set(1, 2, 3, 4, 5)
    assert stored.modseq == (await world.select("user.alice")).view.modseq


@pytest.mark.parametrize(
    ("rights", "operation", "names", "outcome"),
    [
        ("lr", ADD, ("\\Flagged",), PermissionDenied),
        ("lr", REPLACE, (), PermissionDenied),
        ("lrw", ADD, ("\\Deleted",), PermissionDenied),
        ("lrw", ADD, ("\\Deleted", "\\Answered"), {"\\Flagged", "\\Answered"}),
        ("lrw", REPLACE, ("Work",), {"Work"}),
        ("lrt", REPLACE, ("\\Deleted", "Work"), {"\\Flagged", "\\Deleted"}),
        ("lrt", ADD, ("Work",), PermissionDenied),
        ("lrs", ADD, ("\\Seen",), {"\\Flagged"}),
        ("r", ADD, ("\\Seen",), PermissionDenied),
        ("l", ADD, ("\\Seen",), PermissionDenied),
        ("t", ADD, ("\\Deleted",), MailboxNotFound),
    ],
)
async def test_rights_of_others(
    memory_world: World,
    rights: str,
    operation: FlagOperation,
    names: tuple[str, ...],
    outcome: set[str] | type[AngariumError],
) -> None:
    world = memory_world
    await world.set_acl("user.alice", "alice\tlrswipkxtea\tbob\tlrswte\t")
    await world.append("user.alice", flags=["\\Flagged"])
    selected = await world.select("user.alice", world.bob)
    await world.set_acl("user.alice", f"alice\tlrswipkxtea\tbob\t{rights}\t")
    if isinstance(outcome, set):
        await store(world, selected, uid_set(1), operation, *names)
        assert await world.flags("user.alice") == {1: outcome}
    else:
        with pytest.raises(outcome):
            await store(world, selected, uid_set(1), operation, *names)


async def test_seen_of_another_is_her_own(world: World) -> None:
    await world.append("board", actor=world.alice)
    selected = await world.select("board", world.bob)
    await store(world, selected, uid_set(1), ADD, "\\Seen")
    await selected.refresh()
    assert selected.seen.seen_mask(selected.view).tolist() == [True]
    others = await world.select("board", world.alice)
    assert others.seen.seen_mask(others.view).tolist() == [False]


async def test_an_examined_mailbox_is_read_only(world: World) -> None:
    await world.append("user.alice")
    selected = await world.select("user.alice", examine=True)
    with pytest.raises(PermissionDenied):
        await store(world, selected, uid_set(1), ADD, "\\Seen")
