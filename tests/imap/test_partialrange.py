"""Windows of results against slices of lists (RFC 9394 §3.1)."""

from hypothesis import given
from hypothesis import strategies as st

from angarium.imap.commands import PartialRange
from angarium.sequenceset import UidSet


@given(st.sets(st.integers(1, 60), max_size=40), st.integers(1, 50), st.integers(0, 50), st.booleans())
def test_a_range_counts_from_the_oldest_or_the_newest(found: set[int], first: int, more: int, from_end: bool) -> None:
    window = PartialRange(first, first + more, from_end).of(UidSet.from_numbers(found))
    ordered = sorted(found, reverse=from_end)
    assert list(window) == sorted(ordered[first - 1 : first + more])
