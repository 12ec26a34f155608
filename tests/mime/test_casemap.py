import pytest
from hypothesis import given
from hypothesis import strategies as st

from angarium.mime.casemap import fold, merge_spaces


@pytest.mark.parametrize(
    ("one", "other"),
    [("Tea", "tEA"), ("Straße", "STRASSE"), ("É", "e\u0301"), ("ﬁ", "FI"), ("Ω", "ω"), ("Å", "Å")],
)
def test_what_differs_in_case_or_form_alone_is_equal(one: str, other: str) -> None:
    assert fold(one) == fold(other)


@given(st.text(max_size=50))
def test_folding_twice_changes_nothing_for_ascii_and_case(text: str) -> None:
    assert fold(text.upper().lower()) == fold(text.upper().lower().swapcase().lower()) or not text.isascii()
    assert fold(fold(text)) == fold(text) or "\u0345" in fold(text)


def test_long_text_and_long_runs_of_marks_are_folded_in_runs() -> None:
    assert fold("Ää" * 2000) == fold("Ää") * 2000
    assert len(fold("\u0301\u0316" * 5000)) == 10000


@pytest.mark.parametrize(
    ("text", "merged"),
    [("", ""), (" \t", " "), ("a\r\n\tb", "a b"), ("  a\u00a0\u2003b\r\n", " a b "), ("ab", "ab")],
)
def test_a_run_of_white_space_becomes_one_space(text: str, merged: str) -> None:
    assert merge_spaces(text) == merged


@given(st.text("ab \t\r\n\u00a0", max_size=20), st.text("ab \t\r\n\u00a0", max_size=20))
def test_pieces_can_be_merged_one_after_another(one: str, other: str) -> None:
    assert merge_spaces(merge_spaces(one) + other) == merge_spaces(one + other)
