"""What may be another than at an earlier moment."""

import numpy as np
import pytest
from tests.store.world import World

from angarium.engine.commands import FlagOperation
from angarium.store import Indexes, Moment, SelectedMailbox
from angarium.store.columns import union_of


def uids_at(selected: SelectedMailbox, rows: Indexes) -> list[int]:
    return [int(uid) for uid in selected.view.uid[rows]]


async def go_on(selected: SelectedMailbox, *, allow_expunge: bool = True) -> None:
    await selected.refresh()
    selected.updates(allow_expunge=allow_expunge)


async def test_nothing_changes_while_nothing_happens(world: World) -> None:
    await world.add("user.alice", [], ["\\Seen"])
    selected = await world.select("user.alice")
    moment = Moment.of(selected)
    await go_on(selected)
    assert Moment.of(selected) == moment
    assert not moment.newly_told(selected).size
    assert not moment.changed(selected).size


@pytest.mark.parametrize("here", [True, False])
async def test_flags_change_what_is_there(world: World, here: bool) -> None:
    await world.add("user.alice", [], [], [])
    selected = await world.select("user.alice")
    moment = Moment.of(selected)
    await world.flag("user.alice", "1,3", "\\Seen", here=here)
    await world.expunge("user.alice", "3")
    await go_on(selected)
    assert uids_at(selected, moment.changed(selected)) == [1]
    assert not moment.newly_told(selected).size
    assert Moment.of(selected) != moment


async def test_what_is_new_counts_once_it_is_told(world: World) -> None:
    await world.add("user.alice", [])
    selected = await world.select("user.alice")
    moment = Moment.of(selected)
    await world.add("user.alice", [], [])
    await selected.refresh()
    assert not moment.newly_told(selected).size
    assert not moment.changed(selected).size
    between = Moment.of(selected)
    selected.updates(allow_expunge=True)
    for each in (moment, between):
        assert uids_at(selected, each.newly_told(selected)) == [2, 3]
    assert not between.changed(selected).size


async def test_what_is_told_last_may_have_gone(world: World) -> None:
    await world.add("user.alice", [], [])
    selected = await world.select("user.alice")
    await world.expunge("user.alice", "2")
    await go_on(selected)
    moment = Moment.of(selected)
    await world.add("user.alice", [], [])
    await world.expunge("user.alice", "3")
    await go_on(selected, allow_expunge=False)
    assert uids_at(selected, moment.newly_told(selected)) == [4]


async def test_a_readers_own_seen_state_changes_those_in_which_it_differs(world: World) -> None:
    await world.create("board", "anyone lrs")
    await world.add("board", [], [], [])
    bob = world.user("bob")
    await world.flag("board", "1:2", "\\Seen", seen_account=bob.account)
    selected = await world.select("board", "bob")
    moment = Moment.of(selected)
    operation = FlagOperation.REMOVE
    await world.flag("board", "1", "\\Seen", operation=operation, seen_account=bob.account)
    await world.flag("board", "3", "\\Seen", seen_account=bob.account)
    await go_on(selected)
    assert uids_at(selected, moment.changed(selected)) == [1, 3]


def test_a_union_has_each_place_once() -> None:
    assert union_of(6, np.array([2, 4]), np.array([1, 2, 3])).tolist() == [1, 2, 3, 4]
    assert union_of(6).tolist() == []
