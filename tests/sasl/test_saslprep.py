import stringprep

import pytest
from hypothesis import given
from hypothesis import strategies as st

from angarium.errors import PreparationFailed
from angarium.sasl.saslprep import MAX_CHARACTERS, prepare


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        # RFC 4013 §3
        ("I\u00adX", "IX"),
        ("user", "user"),
        ("USER", "USER"),
        ("\u00aa", "a"),
        ("\u2168", "IX"),
        # and what it leaves to its rules
        ("a b", "a b"),
        ("a\u00a0b", "a b"),
        ("a\u3000b", "a b"),
        ("e\u0301", "é"),
        ("\ufb01sh", "fish"),
        ("\u200dx", "x"),
        ("\u200bx", " x"),  # in the tables of spaces and of nothing; a space, as elsewhere
        ("\u0627\u0628", "\u0627\u0628"),
        ("\u06271\u0628", "\u06271\u0628"),
    ],
)
def test_prepared_form(text: str, expected: str) -> None:
    assert prepare(text) == expected


@pytest.mark.parametrize(
    "text",
    [
        "",
        "\u00ad",  # nothing is left
        "\u0007",
        "a\x00b",
        "a\x7fb",
        "\u0080",
        "\ue000",  # private use
        "\ufdd0",  # a noncharacter
        "\ud800",
        "\ufff9",
        "\u2ff0",
        "\u202e",
        "\U000e0041",
        "\u06271",  # right to left must end so
        "1\u0627",
        "\u0627a\u0628",
    ],
)
def test_prohibited_text_is_refused(text: str) -> None:
    for allow_unassigned in (False, True):
        with pytest.raises(PreparationFailed):
            prepare(text, allow_unassigned=allow_unassigned)


def test_later_characters_are_for_comparison_only() -> None:
    assert prepare("\U0001f511", allow_unassigned=True) == "\U0001f511"
    with pytest.raises(PreparationFailed):
        prepare("\U0001f511")


@given(st.text(), st.booleans())
def test_preparing_twice_changes_nothing(text: str, allow_unassigned: bool) -> None:
    try:
        prepared = prepare(text, allow_unassigned=allow_unassigned)
    except PreparationFailed:
        return
    assert not any(stringprep.in_table_c21_c22(character) for character in prepared)
    assert prepare(prepared, allow_unassigned=allow_unassigned) == prepared


def test_text_that_is_too_long_is_refused_at_once() -> None:
    assert prepare("a" * (MAX_CHARACTERS + 1)) == "a" * (MAX_CHARACTERS + 1)
    assert prepare("\ufdfa" * MAX_CHARACTERS) == prepare("\ufdfa") * MAX_CHARACTERS
    for text in ("\xe4" * (MAX_CHARACTERS + 1), "a" + "\u0315\u0300" * 500_000):
        with pytest.raises(PreparationFailed, match="too long"):
            prepare(text, allow_unassigned=True)
