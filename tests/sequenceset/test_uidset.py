"""UidSet against Python's own sets."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from angarium.sequenceset import MAXIMUM_UID, UidSet

NUMBERS = st.sets(st.integers(1, 60), max_size=40)


@pytest.mark.parametrize(
    "ranges",
    [
        ((0, 1),),
        ((3, 2),),
        ((1, 2), (3, 4)),
        ((1, 5), (4, 8)),
        ((5, 6), (1, 2)),
        ((1, MAXIMUM_UID + 1),),
        ((-3, -1),),
    ],
)
def test_ranges_that_are_not_sorted_apart_and_in_bounds_are_refused(ranges: tuple[tuple[int, int], ...]) -> None:
    with pytest.raises(ValueError, match="UidSet"):
        UidSet(ranges)


@pytest.mark.parametrize(
    ("given_ranges", "kept"),
    [
        ([], ()),
        ([(4, 6)], ((4, 6),)),
        ([(1, 2), (3, 4)], ((1, 4),)),
        ([(5, 6), (1, 2)], ((1, 2), (5, 6))),
        ([(1, 9), (2, 3), (9, 10)], ((1, 10),)),
    ],
)
def test_ranges_are_sorted_and_coalesced(
    given_ranges: list[tuple[int, int]], kept: tuple[tuple[int, int], ...]
) -> None:
    assert UidSet.from_ranges(given_ranges).ranges == kept


@given(NUMBERS)
def test_a_set_holds_what_it_was_made_of(numbers: set[int]) -> None:
    uids = UidSet.from_numbers(numbers)
    assert list(uids) == sorted(numbers)
    assert len(uids) == len(numbers)
    assert bool(uids) == bool(numbers)
    assert [number for number in range(70) if number in uids] == sorted(numbers)
    assert UidSet.from_array(np.array(sorted(numbers), dtype=np.uint32)) == uids
    assert uids.to_array().tolist() == sorted(numbers)
    assert UidSet.of_runs(uids.ranges) == uids
    assert hash(UidSet.of_runs(uids.ranges)) == hash(uids)


@given(NUMBERS, NUMBERS)
def test_set_algebra_is_that_of_numbers(left: set[int], right: set[int]) -> None:
    a, b = UidSet.from_numbers(left), UidSet.from_numbers(right)
    assert a.union(b) == UidSet.from_numbers(left | right)
    assert a.intersect(b) == UidSet.from_numbers(left & right)
    assert a.difference(b) == UidSet.from_numbers(left - right)


@given(st.sets(st.integers(1, MAXIMUM_UID), min_size=1, max_size=20))
def test_a_set_parses_back(numbers: set[int]) -> None:
    uids = UidSet.from_numbers(numbers)
    assert UidSet.parse(uids.serialize()) == uids
    assert (uids.minimum, uids.maximum) == (min(numbers), max(numbers))


def test_the_form_is_short() -> None:
    assert UidSet.from_numbers([9, 1, 2, 3, 7]).serialize() == b"1:3,7,9"
    assert UidSet().serialize() == b""


@pytest.mark.parametrize("text", [b"", b"1:*", b"*", b"$", b"0", b"x"])
def test_what_is_no_set_of_numbers_is_refused(text: bytes) -> None:
    with pytest.raises(ValueError, match=r"sequence-set|numbers only"):
        UidSet.parse(text)


def test_the_empty_set_has_no_bounds() -> None:
    with pytest.raises(ValueError, match="minimum"):
        _ = UidSet().minimum
    with pytest.raises(ValueError, match="maximum"):
        _ = UidSet().maximum
    assert UidSet().to_array().size == 0


@given(NUMBERS, st.integers(1, 50), st.integers(1, 50))
def test_a_window_is_a_slice_of_the_numbers(numbers: set[int], first: int, last: int) -> None:
    window = UidSet.from_numbers(numbers).window(first, last)
    assert list(window) == sorted(numbers)[first - 1 : last]
