"""Match types over collations, against a reference that is slow and plain."""

import operator
from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from angarium.collation import ASCII_CASEMAP, ASCII_NUMERIC, OCTET, UNICODE_CASEMAP, Collation
from angarium.sieve.matching import Match, MatchInvalid, MatchType, Relation, matcher, weight

TEXTS = st.text("aAbBé É1?*\\", max_size=8)
KEYS = st.lists(TEXTS, min_size=1, max_size=3).map(tuple)
COMPARABLE = st.sampled_from([OCTET, ASCII_CASEMAP, UNICODE_CASEMAP])
OPERATORS: dict[Relation, Callable[[float, float], bool]] = {
    Relation.GREATER: operator.gt,
    Relation.GREATER_OR_EQUAL: operator.ge,
    Relation.LESS: operator.lt,
    Relation.LESS_OR_EQUAL: operator.le,
    Relation.EQUAL: operator.eq,
    Relation.NOT_EQUAL: operator.ne,
}


def captured(match_type: MatchType, collation: Collation, key: str, *values: str) -> tuple[str, ...] | None:
    found = matcher(match_type, collation, (key,), None)(values)
    return None if found is None else found.captures


@given(keys=KEYS, values=st.lists(TEXTS, max_size=3), collation=COMPARABLE)
def test_is_and_contains_hold_of_any_pair(keys: tuple[str, ...], values: list[str], collation: Collation) -> None:
    pairs = [(value, key) for value in values for key in keys]
    equal = any(collation.equal(value, key) for value, key in pairs)
    assert matcher(MatchType.IS, collation, keys, None)(values) == (Match(()) if equal else None)
    contained = any(collation.contains(value, key) for value, key in pairs)
    assert matcher(MatchType.CONTAINS, collation, keys, None)(values) == (Match(()) if contained else None)


@given(
    keys=st.lists(st.from_regex(r"0{0,2}[0-9]{0,3}x?", fullmatch=True), min_size=1, max_size=3).map(tuple),
    values=st.lists(st.from_regex(r"0{0,2}[0-9]{0,3}x?", fullmatch=True), max_size=3),
    relation=st.sampled_from(list(Relation)),
)
def test_numbers_stand_in_their_relation(keys: tuple[str, ...], values: list[str], relation: Relation) -> None:
    def number(text: str) -> float:
        digits = text.removesuffix("x")
        return int(digits) if digits else float("inf")

    held = OPERATORS[relation]
    expected = any(held(number(value), number(key)) for value in values for key in keys)
    assert (matcher(MatchType.VALUE, ASCII_NUMERIC, keys, relation)(values) is not None) is expected
    counted = any(held(len(values), number(key)) for key in keys)
    assert (matcher(MatchType.COUNT, ASCII_NUMERIC, keys, relation)(values) is not None) is counted


@given(value=TEXTS, start=st.integers(0, 8), end=st.integers(0, 8), collation=COMPARABLE)
def test_a_star_takes_the_place_of_what_was_cut_out(value: str, start: int, end: int, collation: Collation) -> None:
    start, end = sorted((min(start, len(value)), min(end, len(value))))
    quoted = [
        text.replace("\\", "\\\\").replace("*", "\\*").replace("?", "\\?") for text in (value[:start], value[end:])
    ]
    assert captured(MatchType.MATCHES, collation, "*".join(quoted), value) == (value, value[start:end])


@given(value=st.text(max_size=12), collation=COMPARABLE)
def test_what_wildcards_stand_for_is_the_value_again(value: str, collation: Collation) -> None:
    found = captured(MatchType.MATCHES, collation, "*", value)
    assert found == (value, value)
    found = captured(MatchType.MATCHES, collation, "*?", value)
    if value:
        assert found is not None
        joined = "".join(found[1:]).encode("utf-8", "surrogateescape").decode()
        assert joined == value or collation is UNICODE_CASEMAP
    else:
        assert found is None


@pytest.mark.parametrize(
    ("collation", "key", "value", "captures"),
    [
        (ASCII_CASEMAP, "[*] *", "[acme-users] [fwd] version 1.0", ("acme-users", "[fwd] version 1.0")),
        (ASCII_CASEMAP, "coyote@**.com", "coyote@ACME.Example.COM", ("", "ACME.Example")),
        (ASCII_CASEMAP, "*<*@*", "Joe <joe@example.com>", ("Joe ", "joe", "example.com>")),
        (ASCII_CASEMAP, "A*", "a", ("",)),
        (OCTET, "A*", "a", None),
        (ASCII_CASEMAP, "?", "é", None),
        (ASCII_CASEMAP, "??", "é", ("\udcc3", "\udca9")),
        (OCTET, "caf??", "café", ("\udcc3", "\udca9")),
        (UNICODE_CASEMAP, "CAF?", "café", ("é",)),
        (UNICODE_CASEMAP, "CAF?", "cafe\u0301", ("e\u0301",)),
        (UNICODE_CASEMAP, "*E", "STRAßE", ("STRAß",)),
        (UNICODE_CASEMAP, "STRA*E", "straßE", ("ß",)),
        (UNICODE_CASEMAP, "*\uff0a*", "a*b", ("a", "b")),
        (UNICODE_CASEMAP, "\u1112\u1161?", "\u1112\u1161\u11ab!", None),
        (UNICODE_CASEMAP, "\ud55c*", "\u1112\u1161\u11ab!", ("!",)),
    ],
)
def test_wildcards_stand_for_what_the_collation_calls_characters(
    collation: Collation, key: str, value: str, captures: tuple[str, ...] | None
) -> None:
    expected = None if captures is None else (value, *captures)
    assert captured(MatchType.MATCHES, collation, key, value) == expected


def test_the_first_value_decides_and_the_first_key_for_it() -> None:
    match = matcher(MatchType.MATCHES, ASCII_CASEMAP, ("*b", "a*"), None)
    assert match(("ab", "b")) == Match(("ab", "a"))
    assert match(("x", "ac")) == Match(("ac", "c"))
    assert match(("x",)) is None


def test_a_regular_expression_captures_its_groups() -> None:
    assert captured(MatchType.REGEX, ASCII_CASEMAP, "(re|fwd): (.*)", "RE: lunch") == ("RE: lunch", "RE", "lunch")
    assert captured(MatchType.REGEX, OCTET, "(re|fwd): (.*)", "RE: lunch") is None
    assert captured(MatchType.REGEX, UNICODE_CASEMAP, "É+", "éé") == ("éé",)


@pytest.mark.parametrize("match_type", [MatchType.CONTAINS, MatchType.MATCHES, MatchType.REGEX])
def test_a_collation_without_substrings_goes_with_no_match_type_that_needs_them(match_type: MatchType) -> None:
    with pytest.raises(MatchInvalid, match=f'"i;ascii-numeric" cannot be used with :{match_type.value}'):
        matcher(match_type, ASCII_NUMERIC, ("1",), None)


def test_what_cannot_be_prepared_says_why() -> None:
    with pytest.raises(MatchInvalid, match='"\\(" is not a regular expression: a "\\(" is not closed'):
        matcher(MatchType.REGEX, OCTET, ("(",), None)
    with pytest.raises(MatchInvalid, match="64"):
        matcher(MatchType.MATCHES, OCTET, ("a?" * 65,), None)
    with pytest.raises(MatchInvalid, match=":count needs a relation"):
        matcher(MatchType.COUNT, OCTET, ("1",), None)


def test_long_keys_are_prepared_anew() -> None:
    for length in (10, 10_000):
        key = "a" * length
        one, other = (matcher(MatchType.CONTAINS, OCTET, (key,), None) for _ in range(2))
        assert (one is other) is (length == 10)
        assert one((f"b{key}",)) == Match(())


def test_a_comparison_weighs_more_the_more_it_may_try() -> None:
    assert weight(MatchType.IS, OCTET, ("a", "b")) == 2
    assert weight(MatchType.MATCHES, OCTET, ("*a*",)) < weight(MatchType.MATCHES, OCTET, ("*a?a?a*",))
    assert weight(MatchType.REGEX, OCTET, ("a",)) < weight(MatchType.REGEX, OCTET, (".{200}",))


@given(st.text(max_size=20), st.text(max_size=20), st.sampled_from([*MatchType]), COMPARABLE)
def test_lone_surrogates_are_compared_as_anything_else(
    key: str, value: str, match_type: MatchType, collation: Collation
) -> None:
    try:
        match = matcher(match_type, collation, (key + "\udcff",), Relation.EQUAL)
    except MatchInvalid:
        return
    match((value + "\udc80",))
