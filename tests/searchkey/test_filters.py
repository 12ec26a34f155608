"""Named searches in the place of their names: a table, and that nothing grows without end."""

from collections.abc import Mapping

import pytest

from angarium.searchkey import (
    And,
    Filter,
    FilterUndefined,
    Keyword,
    Not,
    Or,
    SearchKey,
    SearchTooLarge,
    expand_filters,
)

A, B = Keyword("a"), Keyword("b")
BOTH = And((A, B))


def expand(
    key: SearchKey, filters: Mapping[str, SearchKey] | None = None, *, keys_max: int = 100, nesting_max: int = 20
) -> SearchKey:
    return expand_filters(key, (filters or {}).get, keys_max=keys_max, nesting_max=nesting_max)


@pytest.mark.parametrize(
    ("key", "expanded"),
    [
        (A, A),
        (Filter("x"), BOTH),
        (And((Filter("x"), A)), And((BOTH, A))),
        (Not(Filter("x")), Not(BOTH)),  # all of the filter, as if it were in parentheses
        (Or(A, Filter("x")), Or(A, BOTH)),
        (Or(Filter("y"), Filter("y")), Or(Not(BOTH), Not(BOTH))),
    ],
)
def test_a_filter_stands_for_its_search(key: SearchKey, expanded: SearchKey) -> None:
    assert expand(key, {"x": BOTH, "y": Not(Filter("x"))}) == expanded


@pytest.mark.parametrize(
    ("filters", "missing"),
    [
        ({}, "x"),
        ({"x": Filter("y")}, "y"),
        ({"x": Filter("X")}, "x"),
        ({"x": And((A, Filter("y"))), "y": Not(Filter("x")), "X": A}, "x"),
    ],
)
def test_what_is_not_there_and_what_goes_round_is_undefined(filters: Mapping[str, SearchKey], missing: str) -> None:
    with pytest.raises(FilterUndefined) as refusal:
        expand(Filter("x"), filters)
    assert refusal.value.name == missing


def _chain(length: int) -> dict[str, SearchKey]:
    return {**{f"f{number}": Filter(f"f{number + 1}") for number in range(1, length)}, f"f{length}": A}


def test_filters_refer_to_filters_ten_deep() -> None:
    assert expand(Filter("f1"), _chain(10)) == A
    with pytest.raises(FilterUndefined):
        expand(Filter("f1"), _chain(11))


def test_a_search_does_not_grow_without_end() -> None:
    doubling = {f"f{number}": Or(Filter(f"f{number + 1}"), Filter(f"f{number + 1}")) for number in range(1, 9)}
    with pytest.raises(SearchTooLarge):
        expand(Filter("f1"), {**doubling, "f9": A}, keys_max=1021)
    expand(Filter("f1"), {**doubling, "f9": A}, keys_max=1022)


def test_filters_are_no_way_around_the_limit_of_nesting() -> None:
    nots = {"x": Not(Not(Not(Filter("y")))), "y": Not(Not(Not(A)))}
    assert expand(Filter("x"), nots, nesting_max=6) == Not(Not(Not(Not(Not(Not(A))))))
    with pytest.raises(SearchTooLarge):
        expand(Filter("x"), nots, nesting_max=5)
