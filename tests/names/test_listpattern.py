import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from angarium.names import ListPattern

NAMES = ["INBOX", "INBOX/sub", "INBOX/sub/deep", "INBOXES", "Work", "Work/2024", "Work/2024/Q1", "a", "été", "in*box"]


@pytest.mark.parametrize(
    ("reference", "pattern", "expected"),
    [
        ("", "*", NAMES),
        ("", "%", ["INBOX", "INBOXES", "Work", "a", "été", "in*box"]),
        ("", "**%", NAMES),
        ("", "", []),
        ("", "INBOX", ["INBOX"]),
        ("", "inbox", ["INBOX"]),
        ("", "inbox*", ["INBOX", "INBOX/sub", "INBOX/sub/deep"]),
        ("", "INBOX*", ["INBOX", "INBOX/sub", "INBOX/sub/deep", "INBOXES"]),
        ("", "iNbOx/%", ["INBOX/sub"]),
        ("", "%BOX", ["INBOX"]),
        ("", "%box", ["INBOX", "in*box"]),
        ("", "in%o%", ["INBOX", "in*box"]),
        ("", "*sub*", ["INBOX/sub", "INBOX/sub/deep"]),
        ("", "*SUB*", []),
        ("", "Work", ["Work"]),
        ("", "work", []),
        ("", "Work/%", ["Work/2024"]),
        ("", "Work/*", ["Work/2024", "Work/2024/Q1"]),
        ("Work/", "%", ["Work/2024"]),
        ("Work", "%", ["Work"]),
        ("Work/", "/%", ["Work/2024"]),
        ("Work", "/%/%", ["Work/2024/Q1"]),
        ("W%/", "2024", ["Work/2024"]),
        ("", "%/%", ["INBOX/sub", "Work/2024"]),
        ("", "*/%", ["INBOX/sub", "INBOX/sub/deep", "Work/2024", "Work/2024/Q1"]),
        ("", "*4", ["Work/2024"]),
        ("", "%4", []),
        ("", "e\u0301te\u0301", ["été"]),
        ("", "*e\u0301", ["été"]),
        ("", "nosuch", []),
    ],
)
def test_pattern_selects(reference: str, pattern: str, expected: list[str]) -> None:
    listed = ListPattern(reference, pattern, "/")
    assert [name for name in NAMES if listed.matches(name)] == expected


def test_separator_decides_what_a_level_is() -> None:
    assert ListPattern("", "INBOX.%", ".").matches("INBOX.a/b")
    assert not ListPattern("", "INBOX.%", ".").matches("INBOX.a.b")


@pytest.mark.parametrize(
    ("pattern", "prefix"), [("*", ""), ("Work/%", "Work/"), ("Work", "Work"), ("a%b", "a"), ("inbox*", "inbox")]
)
def test_literal_prefix_is_what_stands_before_the_first_wildcard(pattern: str, prefix: str) -> None:
    assert ListPattern("", pattern, "/").literal_prefix == prefix


@pytest.mark.parametrize(
    ("pattern", "name", "expected"),
    [
        ("%", "Shared Folders/board/x", ["Shared Folders"]),
        ("%/%", "Shared Folders/board/x", ["Shared Folders/board"]),
        ("*/%", "a/b/c/d", ["a/b", "a/b/c"]),
        ("%", "INBOX", []),
        ("*", "a/b", []),
        ("a", "a/b", []),
        ("%a", "a/b", []),
        ("inbox/%", "INBOX/a/b", ["INBOX/a"]),
    ],
)
def test_matching_parents_are_listed_for_a_last_percent_only(pattern: str, name: str, expected: list[str]) -> None:
    assert ListPattern("", pattern, "/").matching_parents(name) == expected


def test_cost_does_not_explode_with_wildcards() -> None:
    # A backtracking matcher would not come back from this before the test's time is up.
    assert not ListPattern("", "*a%" * 200 + "b", "/").matches("a" * 400)
    assert ListPattern("", "%a*" * 200 + "b", "/").matches("a" * 400 + "b")


def test_pattern_longer_than_any_name_matches_none() -> None:
    assert ListPattern("", "*" * 100_000, "/").matches("Work")
    assert not ListPattern("", "a%" * 50_000, "/").matches("a" * 50_000)


TEXTS = st.text("INBOXinbox/a%*", max_size=12)


@given(TEXTS, TEXTS)
def test_pattern_matches_as_the_same_regular_expression(pattern: str, name: str) -> None:
    inbox_led = re.match(r"INBOX(?:/|$)", name, re.IGNORECASE)
    expression = "".join({"*": ".*", "%": "[^/]*"}.get(element, re.escape(element)) for element in pattern)
    if not inbox_led:
        assert ListPattern("", pattern, "/").matches(name) == bool(re.fullmatch(expression, name))
    elif re.fullmatch(expression, name):
        assert ListPattern("", pattern, "/").matches("INBOX" + name[5:])


@given(TEXTS, st.text("abIN/x", max_size=8))
def test_inbox_matches_as_any_case_of_it_would(pattern: str, rest: str) -> None:
    folded = "".join({"*": ".*", "%": "[^/]*"}.get(element, re.escape(element)) for element in pattern.upper())
    listed = ListPattern("", pattern, "/")
    assert listed.matches("INBOX") == bool(re.fullmatch(folded, "INBOX"))
    if listed.matches("INBOX/" + rest):
        assert re.fullmatch(folded, "INBOX/" + rest.upper())


@given(TEXTS, TEXTS)
def test_matching_names_begin_with_the_literal_prefix(pattern: str, name: str) -> None:
    listed = ListPattern("", pattern, "/")
    if listed.matches(name):
        length = len(listed.literal_prefix)
        assert name[:length] == listed.literal_prefix or name[:5].upper() == "INBOX"


@given(TEXTS | st.text(max_size=4), st.lists(TEXTS | st.text("abKIN/x\u212a\u0301", max_size=8)))
def test_what_is_not_near_does_not_match(pattern: str, names: list[str]) -> None:
    listed = ListPattern("", pattern, "/")
    near = listed.near(names)
    assert [name for name in names if listed.matches(name)] == [name for name in near if listed.matches(name)]


def test_far_names_are_not_looked_at() -> None:
    names = ["Work", "Work/2026", "Home", "K\u00e4se", "\u212aelvin"]
    assert list(ListPattern("", "Work/*", "/").near(names)) == ["Work/2026", "K\u00e4se", "\u212aelvin"]
    assert [name for name in names if ListPattern("", "K*", "/").matches(name)] == ["K\u00e4se", "\u212aelvin"]
    assert list(ListPattern("", "in*", "/").near(names)) == names


@given(st.text(), st.text(), st.text(), st.sampled_from("./"))
def test_any_pattern_takes_any_name(reference: str, pattern: str, name: str, separator: str) -> None:
    listed = ListPattern(reference, pattern, separator)
    assert isinstance(listed.matches(name), bool)
    assert all(name.startswith(parent) for parent in listed.matching_parents(name))
