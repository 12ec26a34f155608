"""UIDs as ranges against plain lists."""

import asyncio

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from angarium.sequenceset import UidSet
from angarium.store.uidranges import UidRanges, uid_set_in_turns, uid_set_of

uid_lists = st.sets(st.integers(1, 60), max_size=40).map(sorted) | st.sets(st.integers(1, 0xFFFFFFFF), max_size=10).map(
    sorted
)


def _array(uids: list[int]) -> "np.ndarray[tuple[int], np.dtype[np.uint32]]":
    return np.array(uids, dtype=np.uint32)


@given(uid_lists)
def test_ranges_hold_what_they_were_made_of(uids: list[int]) -> None:
    ranges = UidRanges(_array(uids))
    assert ranges.to_array().tolist() == uids
    assert list(ranges.uid_set) == uids
    assert list(uid_set_of(_array(uids))) == uids
    assert len(ranges) == len(uids)
    assert ranges.last == max(uids, default=0)


@pytest.mark.parametrize("count", [0, 1, 5000, 5001, 12_000])
async def test_a_set_with_many_gaps_is_made_while_others_have_their_turn(runner: asyncio.Runner, count: int) -> None:
    uids = np.arange(1, 2 * count + 1, 2, dtype=np.uint32)
    making = asyncio.ensure_future(uid_set_in_turns(uids))
    turns = 0
    while not making.done():
        turns += 1
        await asyncio.sleep(0)
    assert making.result() == uid_set_of(uids) == UidSet(tuple((uid, uid) for uid in uids.tolist()))
    assert turns == max(1, -(-count // 5000))


@given(uid_lists, uid_lists)
def test_sequence_numbers_are_places(uids: list[int], asked: list[int]) -> None:
    ranges = UidRanges(_array(uids))
    assert ranges.numbers_of(_array(asked)).tolist() == [uids.index(uid) + 1 for uid in asked if uid in uids]
    assert ranges.contains(_array(asked)).tolist() == [uid in uids for uid in asked]


@given(uid_lists, st.sets(st.integers(1, 400), max_size=30))
def test_what_is_here_of_a_set(uids: list[int], asked: set[int]) -> None:
    # Many gaps, which are looked up, and few, which are looked through
    for there in (uids, sorted({*uids, *range(70, 340, 3)})):
        ranges = UidRanges(_array(there))
        for wanted in (asked, set(range(min(asked, default=1), max(asked, default=0) + 1))):
            found = ranges.intersect(UidSet.from_numbers(wanted))
            assert list(found) == sorted(wanted.intersection(there))
            assert found == UidSet.from_numbers(found)


@given(uid_lists, st.data())
def test_uids_at_sequence_numbers(uids: list[int], data: st.DataObject) -> None:
    numbers = data.draw(st.sets(st.integers(1, len(uids)))) if uids else set[int]()
    found = UidRanges(_array(uids)).uids_of(UidSet.from_numbers(numbers))
    assert list(found) == [uids[number - 1] for number in sorted(numbers)]


@pytest.mark.parametrize(("uids", "number"), [([], 1), ([5], 2), ([5, 7, 8], 4), ([5], 0xFFFFFFFF)])
def test_number_beyond_the_last_is_refused(uids: list[int], number: int) -> None:
    with pytest.raises(ValueError, match="no message"):
        UidRanges(_array(uids)).uids_of(UidSet(((1, number),)))
