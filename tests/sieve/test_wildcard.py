"""Patterns with wildcards, against a matcher that tries everything."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from angarium.sieve.wildcard import PatternInvalid, parse_wildcards


def tried(pattern: str, text: str, place: int = 0) -> list[tuple[int, int]] | None:
    """What the wildcards of a pattern without backslashes stand for: the shortest first, all else after."""
    if not pattern:
        return [] if place == len(text) else None
    head, rest = pattern[0], pattern[1:]
    if head == "*":
        for end in range(place, len(text) + 1):
            spans = tried(rest, text, end)
            if spans is not None:
                return [(place, end), *spans]
        return None
    if place == len(text) or head not in ("?", text[place]):
        return None
    spans = tried(rest, text, place + 1)
    if spans is None:
        return None
    return [(place, place + 1), *spans] if head == "?" else spans


def identity(text: str) -> str:
    return text


@given(pattern=st.text("ab?*", max_size=9), text=st.text("ab", max_size=9))
def test_wildcards_match_as_little_as_possible(pattern: str, text: str) -> None:
    wildcards = parse_wildcards(pattern, identity)
    expected = tried(pattern, text)
    assert wildcards.spans(text) == expected
    captures = None if expected is None else (text, *[text[start:end] for start, end in expected])
    assert wildcards.captures(text, text) == captures


@given(text=st.text("ab?*\\", max_size=9), other=st.text("ab?*\\", max_size=9))
def test_a_pattern_that_is_escaped_matches_itself_alone(text: str, other: str) -> None:
    escaped = "".join("\\" + char if char in "?*\\" else char for char in text)
    wildcards = parse_wildcards(escaped, identity)
    assert wildcards.spans(text) == []
    assert (wildcards.spans(other) is not None) is (other == text)


@pytest.mark.parametrize(("pattern", "text"), [("a\\", "a\\"), ("\\a", "a"), ("\\\\", "\\"), ("\\\\*", "\\x")])
def test_a_backslash_before_any_character_stands_for_it_and_a_last_one_for_itself(pattern: str, text: str) -> None:
    assert parse_wildcards(pattern, identity).spans(text) is not None


def test_a_form_is_taken_of_what_stands_for_itself_and_never_makes_a_wildcard() -> None:
    wildcards = parse_wildcards("\uff0a?b", lambda text: text.replace("\uff0a", "*"))
    assert wildcards.spans("*xb") == [(1, 2)]
    assert wildcards.spans("xxb") is None


def test_a_long_text_is_matched_in_no_time_by_many_stars() -> None:
    wildcards = parse_wildcards("*a" * 200 + "*b", identity)
    assert wildcards.spans("a" * 200_000) is None
    assert wildcards.spans("a" * 200_000 + "b") is not None


def test_more_texts_between_question_marks_than_can_be_paid_for_are_refused() -> None:
    parse_wildcards("a?" * 64, identity)
    with pytest.raises(PatternInvalid, match="64"):
        parse_wildcards("a?" * 65, identity)
    parse_wildcards("?" * 1000, identity)


def test_more_wildcards_than_anybody_needs_are_refused() -> None:
    parse_wildcards("*" * 2000, identity)
    with pytest.raises(PatternInvalid, match="2000"):
        parse_wildcards("*" * 2001, identity)
