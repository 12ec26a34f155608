import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from angarium.names import EntryPattern, is_entry_pattern


@pytest.mark.parametrize(
    ("pattern", "below", "entry", "matches"),
    [
        ("/comment", 0, "/comment", True),
        ("/comment", 0, "/comment/x", False),
        ("/comment", 1, "/comment/x", True),
        ("/comment", 1, "/comment/x/y", False),
        ("/comment", None, "/comment/x/y", True),
        ("/comment", None, "/comments", False),
        ("/%", 0, "/comment", True),
        ("/%", 0, "/vendor/x", False),
        ("/*", 0, "/vendor/x", True),
        ("/%*%/x", 0, "/vendor/a/x", True),
        ("/a.c", 0, "/abc", False),
        ("/a\nb*", 0, "/a\nb\nc", True),
        ("*", 0, "", True),
    ],
)
def test_a_pattern_matches_whole_entries(pattern: str, below: int | None, entry: str, matches: bool) -> None:
    assert EntryPattern(pattern, below=below).matches(entry) is matches


@pytest.mark.parametrize("pattern", ["*a" * 40 + "*b", "%a" * 40 + "%b", "*" * 4000 + "b", "%*" * 2000 + "b"])
def test_many_stars_take_no_longer_than_few(pattern: str) -> None:
    assert not EntryPattern(pattern, below=None).matches("a" * 60)


def test_what_is_longer_than_any_entry_matches_none() -> None:
    assert not EntryPattern("*" * 5000).matches("/comment")


def test_a_wildcard_makes_a_pattern() -> None:
    assert [is_entry_pattern(text) for text in ("/comment", "/%", "/*", "")] == [False, True, True, False]


@given(st.text("ab/*%", max_size=8), st.text("ab/", max_size=8), st.sampled_from([0, 1, None]))
def test_it_is_the_regular_expression_that_it_stands_for(pattern: str, entry: str, below: int | None) -> None:
    text = pattern.replace("*", ".*").replace("%", "[^/]*") + {0: "", 1: "(?:/[^/]*)?", None: "(?:/.*)?"}[below]
    assert EntryPattern(pattern, below=below).matches(entry) is (re.fullmatch(text, entry, re.DOTALL) is not None)
