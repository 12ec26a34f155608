"""What is kept from a client that does not want to be told of it, until it does."""

import pytest
from tests.store.world import World

from angarium.sequenceset import UidSet
from angarium.store import ALL_UPDATES, SelectedMailbox, UpdateKind, Updates

NEW, EXPUNGED, CHANGED = UpdateKind.NEW, UpdateKind.EXPUNGED, UpdateKind.CHANGED


def uids(*numbers: int) -> UidSet:
    return UidSet.from_numbers(numbers)


async def poll(selected: SelectedMailbox, *, allow_expunge: bool = True) -> Updates:
    await selected.refresh()
    return selected.updates(allow_expunge=allow_expunge)


@pytest.mark.parametrize(
    ("wanted", "told"),
    [
        (ALL_UPDATES, Updates((1,), uids(1), 3, 1, None, uids(2))),
        (NEW | EXPUNGED, Updates((1,), uids(1), 3, 1)),
        (NEW, Updates((), UidSet(), 4, 1)),
        (EXPUNGED, Updates((1,), uids(1))),
        (CHANGED, Updates(changed=uids(2))),
        (UpdateKind(0), Updates()),
    ],
    ids=str,
)
async def test_what_is_not_wanted_waits(world: World, wanted: UpdateKind, told: Updates) -> None:
    await world.add("user.alice", (), (), ())
    selected = await world.select("user.alice")
    await poll(selected)
    selected.wanted = wanted
    await world.expunge("user.alice", "1")
    await world.flag("user.alice", "2", "\\Flagged")
    await world.add("user.alice", ())
    first = await poll(selected)
    assert (first.expunged, first.vanished, first.exists, first.changed) == (
        told.expunged,
        told.vanished,
        told.exists,
        told.changed,
    )
    assert first.new == (uids(4) if NEW in wanted else UidSet())
    assert selected.withholds is (wanted != ALL_UPDATES)
    assert selected.is_up_to_date
    assert not await poll(selected)
    # Once it is wanted it is told, and all together is what there was to tell.
    selected.wanted = ALL_UPDATES
    rest = await poll(selected)
    assert first.vanished.union(rest.vanished) == uids(1)
    assert first.changed.union(rest.changed).intersect(uids(1, 2, 3)) == uids(2)
    assert selected.told() == uids(2, 3, 4)
    assert not selected.withholds
    assert not await poll(selected)


async def test_what_waits_is_not_vouched_for(world: World) -> None:
    await world.add("user.alice", (), ())
    selected = await world.select("user.alice")
    before = selected.told_modseq
    selected.wanted = UpdateKind(0)
    await world.flag("user.alice", "1", "\\Flagged")
    await poll(selected)
    assert selected.told_modseq == before
    selected.wanted = ALL_UPDATES
    await poll(selected)
    assert selected.told_modseq == selected.view.modseq > before


async def test_ones_own_expunge_is_told_whatever_is_wanted(world: World) -> None:
    await world.add("user.alice", (), (), ())
    selected = await world.select("user.alice")
    selected.wanted = NEW
    await world.expunge("user.alice", "1")
    assert not await poll(selected)
    await world.expunge("user.alice", "2")
    selected.expunged(uids(2))
    assert not await poll(selected, allow_expunge=False)
    updates = await poll(selected)
    assert (updates.expunged, updates.vanished) == ((2,), uids(2))
    assert selected.told() == uids(1, 3)
    assert not selected.expunges_wait
    selected.wanted = ALL_UPDATES
    assert (await poll(selected)).expunged == (1,)


async def test_expunges_wait_for_a_command_only_where_they_are_wanted(world: World) -> None:
    await world.add("user.alice", (), ())
    selected = await world.select("user.alice")
    await world.expunge("user.alice", "1")
    await poll(selected, allow_expunge=False)
    assert (selected.expunges_wait, selected.withholds) == (True, True)
    selected.wanted = NEW
    await poll(selected, allow_expunge=False)
    assert (selected.expunges_wait, selected.withholds) == (False, True)


async def test_updates_say_from_when_on_they_are(world: World) -> None:
    selected = await world.select("user.alice")
    selected.wanted = NEW
    await world.add("user.alice", ())
    first = await poll(selected)
    await world.add("user.alice", ())
    second = await poll(selected)
    assert (first.new, second.new) == (uids(1), uids(2))
    assert second.since > first.since
