"""Lists as Cyrus and annotators write them."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from angarium.operations.hooks.dlist import (
    Atom,
    DlistIncomplete,
    DlistInvalid,
    Item,
    parse_dlist,
    serialize_dlist,
)

CASES = [
    (b"()", []),
    (b"(+FLAGS \\Flagged)", [Atom(b"+FLAGS"), Atom(b"\\Flagged")]),
    (b"(+FLAGS (\\Flagged a))", [Atom(b"+FLAGS"), [Atom(b"\\Flagged"), Atom(b"a")]]),
    (b'("a\\"b\\\\" NIL 12)', [b'a"b\\', Atom(b"NIL"), Atom(b"12")]),
    (b'(a {3}\r\n"\r\n b)', [Atom(b"a"), b'"\r\n', Atom(b"b")]),
    (b"({0}\r\n)", [b""]),
    (b"({2+}\r\n\xff\x00 ~{1}\r\nx)", [b"\xff\x00", b"x"]),
    (b'((a)(b) "MIXED" (c) (d))', [[Atom(b"a")], [Atom(b"b")], b"MIXED", [Atom(b"c")], [Atom(b"d")]]),
]


@pytest.mark.parametrize(("octets", "items"), CASES)
def test_lists_are_read(octets: bytes, items: list[Item]) -> None:
    assert parse_dlist(octets) == items
    assert parse_dlist(b"\r\n " + octets + b"\n(more") == items


@pytest.mark.parametrize(("octets", "items"), CASES)
def test_a_beginning_is_told_from_what_is_no_list(octets: bytes, items: list[Item]) -> None:
    for end in range(len(octets)):
        with pytest.raises(DlistIncomplete):
            parse_dlist(octets[:end])


@pytest.mark.parametrize(
    "octets", [b"a", b")", b"{1}\r\nx", b'("a\0")', b"(\0)", b'("a\r\nb")', b"({x}\r\n)", b"({3} )", b"(" * 1000]
)
def test_other_octets_are_refused(octets: bytes) -> None:
    with pytest.raises(DlistInvalid):
        parse_dlist(octets)


ITEMS = st.recursive(
    st.one_of(st.binary(max_size=20), st.from_regex(rb"[!#-'*-z|~]{1,10}", fullmatch=True).map(Atom)),
    lambda items: st.lists(items, max_size=5),
    max_leaves=20,
)


@given(st.lists(ITEMS, max_size=6))
def test_what_is_written_is_read(items: list[Item]) -> None:
    assert parse_dlist(serialize_dlist(items)) == items


@given(st.binary(max_size=200))
def test_no_octets_give_another_error(octets: bytes) -> None:
    try:
        parse_dlist(b"(" + octets)
    except (DlistInvalid, DlistIncomplete):
        pass
