"""EXPUNGE and its rights."""

import pytest
from tests.operations.messages.conftest import World, uid_set

from angarium.errors import PermissionDenied
from angarium.operations.messages import expunge, slices


async def test_only_deleted_messages_go_and_only_those_asked_for(world: World) -> None:
    for flags in (["\\Deleted"], [], ["\\Deleted"], ["\\Deleted"]):
        await world.append("user.alice", flags=flags)
    selected = await world.select("user.alice")
    gone = await expunge(world.store, world.alice, selected, uid_set(2, 3))
    assert gone.uids == uid_set(3)
    assert gone.modseq is not None
    assert (await expunge(world.store, world.alice, selected)).uids == uid_set(1, 4)
    nothing = await expunge(world.store, world.alice, selected)
    assert (nothing.uids, nothing.modseq) == (uid_set(), None)
    assert set(await world.flags("user.alice")) == {2}


async def test_very_many_go_in_pieces(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(slices, "WRITTEN_AT_ONCE", 2)
    for _ in range(5):
        await world.append("user.alice", flags=["\\Deleted"])
    selected = await world.select("user.alice")
    assert (await expunge(world.store, world.alice, selected)).uids == uid_set(1, 2, 3, 4, 5)


async def test_it_needs_the_right_and_a_mailbox_that_is_not_read_only(world: World) -> None:
    await world.set_acl("user.alice", "alice\tlrswipkxtea\tbob\tlrwt\t")
    await world.append("user.alice", flags=["\\Deleted"])
    with pytest.raises(PermissionDenied):
        await expunge(world.store, world.bob, await world.select("user.alice", world.bob))
    with pytest.raises(PermissionDenied):
        await expunge(world.store, world.alice, await world.select("user.alice", examine=True))
    assert set(await world.flags("user.alice")) == {1}
