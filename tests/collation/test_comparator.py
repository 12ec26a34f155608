import pytest
from hypothesis import given
from hypothesis import strategies as st

from angarium.collation import (
    ASCII_CASEMAP,
    ASCII_NUMERIC,
    COLLATIONS,
    OCTET,
    UNICODE_CASEMAP,
    Collation,
    Comparator,
    ComparatorInvalid,
    find_collation,
    select_comparator,
)

ALL = list(COLLATIONS)


@pytest.mark.parametrize(
    ("orders", "name", "matching"),
    [
        (["i;octet"], "i;octet", [OCTET]),
        (["I;OCTET"], "i;octet", [OCTET]),
        (["+i;octet"], "i;octet", [OCTET]),
        (["-i;octet"], "-i;octet", [OCTET]),
        (["default"], "i;unicode-casemap", [UNICODE_CASEMAP]),
        (["-default"], "-i;unicode-casemap", [UNICODE_CASEMAP]),
        (["*"], "i;unicode-casemap", ALL),
        (["i;*"], "i;unicode-casemap", ALL),
        (["i*casemap"], "i;unicode-casemap", [UNICODE_CASEMAP, ASCII_CASEMAP]),
        (["*;ascii-*"], "i;ascii-casemap", [ASCII_CASEMAP, ASCII_NUMERIC]),
        (["-*;ascii-n*"], "-i;ascii-numeric", [ASCII_NUMERIC]),
        # RFC 5255 §4.7: the first argument wins that matches any
        (["cz;*", "i;basic", "i;octet", "default"], "i;octet", [OCTET, UNICODE_CASEMAP]),
        (["i;octet", "i;*"], "i;octet", [OCTET, UNICODE_CASEMAP, ASCII_CASEMAP, ASCII_NUMERIC]),
    ],
)
def test_arguments_select(orders: list[str], name: str, matching: list[Collation]) -> None:
    selection = select_comparator(orders)
    assert selection is not None
    assert selection.active.name == name
    assert list(selection.matching) == matching


@pytest.mark.parametrize("orders", [["cz;*"], ["i;basic", "octet"], [], ["i;octet;x=1"]])
def test_what_no_collation_matches_selects_none(orders: list[str]) -> None:
    assert select_comparator(orders) is None


@pytest.mark.parametrize(
    "order", ["", "+", "-", "**", "i;**", "i;oct?t", "[i];octet", ";octet", "--a", "a b", "ı", "a" * 255]
)
def test_what_breaks_the_grammar_is_refused(order: str) -> None:
    with pytest.raises(ComparatorInvalid):
        select_comparator(["i;octet", order])


def test_another_default_and_fewer_collations_can_be_installed() -> None:
    default = Comparator(OCTET, is_descending=True)
    selection = select_comparator(["-default", "i;*"], default=default, installed=[OCTET, ASCII_CASEMAP])
    assert selection is not None
    assert selection.active.name == "i;octet"
    assert selection.matching == (OCTET, ASCII_CASEMAP)


def test_the_longest_pattern_of_wildcards_is_matched_at_once() -> None:
    assert select_comparator(["*i" * 127]) is None


@pytest.mark.parametrize(
    ("name", "collation"),
    [("i;octet", OCTET), ("i;ASCII-casemap", ASCII_CASEMAP), ("i;*", None), ("-i;octet", None), ("", None)],
)
def test_a_collation_is_found_by_its_identifier_alone(name: str, collation: Collation | None) -> None:
    assert find_collation(name) is collation


@given(st.lists(st.text(st.sampled_from("*iI;-+octe.=9 "), max_size=10), max_size=4))
def test_any_arguments_select_or_raise_their_own_error(orders: list[str]) -> None:
    try:
        selection = select_comparator(orders)
    except ComparatorInvalid:
        return
    assert selection is None or selection.active.collation in selection.matching
