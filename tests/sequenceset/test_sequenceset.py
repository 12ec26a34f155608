"""Sequence sets of RFC 9051 §9."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from angarium.sequenceset import MAXIMUM_UID, SequenceSet, SequenceSetInvalid, UidSet

STAR = 0


@pytest.mark.parametrize(
    ("text", "ranges"),
    [
        (b"1", ((1, 1),)),
        (b"1:3,7", ((1, 3), (7, 7))),
        (b"4:2", ((2, 4),)),
        (b"*", ((STAR, STAR),)),
        (b"1:*", ((1, STAR),)),
        (b"*:4,5:7", ((STAR, 4), (5, 7))),
        (b"2,4:7,9,12:*", ((2, 2), (4, 7), (9, 9), (12, STAR))),
        (b"4294967295", ((MAXIMUM_UID, MAXIMUM_UID),)),
    ],
)
def test_a_sequence_set_keeps_what_was_written(text: bytes, ranges: tuple[tuple[int, int], ...]) -> None:
    assert SequenceSet.parse(text).ranges == ranges


@pytest.mark.parametrize(
    "text",
    [
        *(b"", b"0", b"0:3", b"1:0", b"1,,2", b",1", b"1,", b"1:", b":1", b"1:2:3", b"a", b"-1", b"+1", b"01"),
        *(b"4294967296", b"1:4294967296", b"99999999999", b"1 ,2", b"1\n", b"**", b"$,1", b"1,$", b"\xd9\xa1"),
    ],
)
def test_what_is_no_sequence_set_is_refused(text: bytes) -> None:
    with pytest.raises(SequenceSetInvalid):
        SequenceSet.parse(text)


@pytest.mark.parametrize(
    ("text", "maximum", "ranges"),
    [
        (b"2,4:7,9,12:*", 15, ((2, 2), (4, 7), (9, 9), (12, 15))),
        (b"*:4,5:7", 10, ((4, 10),)),
        (b"3291:*", 100, ((100, 3291),)),
        (b"*", 7, ((7, 7),)),
        (b"5,5,4:6", 9, ((4, 6),)),
        (b"1:*", 0, ()),
        (b"*", 0, ()),
        (b"3,*", 0, ((3, 3),)),
        (b"90", 5, ((90, 90),)),
    ],
)
def test_the_star_is_the_largest_number_in_use(text: bytes, maximum: int, ranges: tuple[tuple[int, int], ...]) -> None:
    assert SequenceSet.parse(text).resolve(maximum).ranges == ranges


def test_a_saved_result_is_not_resolved_here() -> None:
    saved = SequenceSet.parse(b"$")
    assert saved.is_saved_result
    assert not saved.is_resolved
    assert saved.serialize() == b"$"
    with pytest.raises(ValueError, match="saved"):
        saved.resolve(5)


@pytest.mark.parametrize(("text", "expected"), [(b"1:3", True), (b"1:*", False), (b"*", False)])
def test_a_set_with_a_star_depends_on_the_mailbox(text: bytes, expected: bool) -> None:
    assert SequenceSet.parse(text).is_resolved is expected


_NUMBER = st.integers(STAR, MAXIMUM_UID).map(lambda number: b"*" if number == STAR else b"%d" % number)
_ELEMENT = _NUMBER | st.tuples(_NUMBER, _NUMBER).map(b":".join)
_TEXT = st.lists(_ELEMENT, min_size=1, max_size=8).map(b",".join)


@given(_TEXT, st.integers(0, MAXIMUM_UID))
def test_serialized_sets_mean_the_same(text: bytes, maximum: int) -> None:
    parsed = SequenceSet.parse(text)
    again = SequenceSet.parse(parsed.serialize())
    assert again == parsed
    assert again.resolve(maximum) == parsed.resolve(maximum)


@given(st.binary(max_size=12) | st.text("0123456789:,*$ ", max_size=12).map(str.encode))
def test_any_octets_are_a_set_or_refused(octets: bytes) -> None:
    try:
        parsed = SequenceSet.parse(octets)
    except SequenceSetInvalid:
        return
    assert parsed.is_saved_result or isinstance(parsed.resolve(9), UidSet)
