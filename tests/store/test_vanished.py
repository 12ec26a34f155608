"""What vanished while a client was away, exactly or more than that."""

import pytest
from tests.store.world import World

from angarium.engine.commands import PurgeMessages
from angarium.engine.rows import ModSeq
from angarium.sequenceset import UidSet
from angarium.store import known_up_to, vanished_since

ALL = UidSet(((1, 900),))


def uids(*numbers: int) -> UidSet:
    return UidSet.from_numbers(numbers)


async def test_expunges_since_are_told_and_no_others(world: World) -> None:
    await world.add("user.alice", *[[]] * 6)
    await world.expunge("user.alice", "2")
    before = (await world.select("user.alice")).highestmodseq
    await world.expunge("user.alice", "3,5")
    for forgets in (False, True):
        if forgets:
            world.store.views.drop_all()
        selected = await world.select("user.alice")
        assert await vanished_since(selected, before, ALL) == uids(3, 5)
        assert await vanished_since(selected, before, uids(1, 2, 3)) == uids(3)
        assert await vanished_since(selected, ModSeq(1), ALL) == uids(2, 3, 5)


async def test_what_may_have_been_forgotten_is_over_reported(world: World) -> None:
    await world.add("user.alice", *[[]] * 6)
    await world.expunge("user.alice", "2")
    before = (await world.select("user.alice")).highestmodseq
    await world.expunge("user.alice", "3,6")
    await world.do("user.alice", PurgeMessages((await world.found("user.alice")).id, 1 << 40))
    world.store.views.drop_all()
    selected = await world.select("user.alice")
    assert await vanished_since(selected, before, ALL) == uids(2, 3, 6)
    assert not await vanished_since(selected, selected.highestmodseq, ALL)


async def test_what_the_session_was_told_is_there_goes_with_its_updates(world: World) -> None:
    await world.add("user.alice", [], [])
    selected = await world.select("user.alice")
    before = selected.highestmodseq
    await world.expunge("user.alice", "1")
    await world.add("user.alice", [])
    await selected.refresh()
    assert not await vanished_since(selected, before, ALL)
    assert selected.updates(allow_expunge=True).vanished == uids(1)
    assert await vanished_since(selected, before, ALL) == uids(1)


@pytest.mark.parametrize(
    ("numbers", "claimed", "confirmed"),
    [
        (uids(1, 2), uids(1, 3), 3),
        (uids(1, 2), uids(1, 2), 1),
        (uids(2, 3), uids(2, 4), 4),
        (uids(1, 2), uids(1), 0),
        (UidSet(((1, 1 << 31),)), UidSet(((1, 1 << 31),)), 1),
        (uids(9), uids(4), 0),
    ],
)
async def test_pairs_confirm_up_to_the_last_that_is_right(
    plain_world: World, numbers: UidSet, claimed: UidSet, confirmed: int
) -> None:
    await plain_world.add("user.alice", *[[]] * 5)
    await plain_world.expunge("user.alice", "2,5")
    assert known_up_to(await plain_world.select("user.alice"), numbers, claimed) == confirmed
