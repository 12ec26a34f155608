"""What filters have written, as results of tests."""

import pytest

from angarium.sieve.filterstatus import FilterStatus, StatusKind
from angarium.sieve.posixregex import RegexInvalid

SCORE = FilterStatus("x-spam-status", "score=(-?[0-9.]+)", worst=5)
LENGTH = FilterStatus("x-spam-level", "\\*+", StatusKind.LENGTH, worst=10)
TEXT = FilterStatus("x-virus", "", StatusKind.TEXT, texts={"clean": 1, "infected": 5, "absurd": 99})


@pytest.mark.parametrize(
    ("status", "value", "level", "percentage"),
    [
        (SCORE, "Yes, score=5.0 required=5.0", 10, 100),
        (SCORE, "Yes, score=55", 10, 100),
        (SCORE, "No, SCORE=0.0", 1, 0),
        (SCORE, "No, score=-3.2", 1, 0),
        (SCORE, "No, score=2.5", 5, 50),
        (SCORE, "No, score=0.05", 1, 1),
        (SCORE, "No, score=.", None, None),
        (SCORE, "No", None, None),
        (LENGTH, "***", 3, 30),
        (LENGTH, "************", 10, 100),
        (LENGTH, "", None, None),
        (FilterStatus("x", worst=10), "  7 of 10", 7, 70),
        (FilterStatus("x", worst=10), "seven", None, None),
    ],
)
def test_a_status_becomes_a_level_and_a_percentage(
    status: FilterStatus, value: str, level: int | None, percentage: int | None
) -> None:
    assert status.level((value,), 10) == level
    assert status.percentage((value,), 10) == percentage


def test_words_stand_for_levels() -> None:
    assert [TEXT.level((word,), 5) for word in ("clean", "infected", "absurd", "else")] == [1, 5, 5, None]
    assert [TEXT.percentage((word,), 5) for word in ("clean", "infected", "else")] == [0, 100, None]


def test_only_the_first_field_counts_and_none_is_no_test() -> None:
    assert SCORE.level(("score=5", "score=0"), 10) == 10
    assert SCORE.level(("none", "score=5"), 10) is None
    assert SCORE.level((), 10) is None


def test_a_pattern_that_is_none_is_refused_at_once() -> None:
    with pytest.raises(RegexInvalid):
        FilterStatus("x", "(")
