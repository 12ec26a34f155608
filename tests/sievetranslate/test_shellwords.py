import pytest
from hypothesis import given
from hypothesis import strategies as st

from angarium.sievetranslate.shellwords import ValueUnknown, Variables, split_words

KNOWN = Variables({"A": "x", "B": "y z", "E": "", "U": None, "D": "a.b"})


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("a  b\tc", ["a", "b", "c"]),
        ("'a b' c", ["a b", "c"]),
        ('"a $A" b', ["a x", "b"]),
        ("'$A'", ["$A"]),
        (r"a\ b", ["a b"]),
        ("$A/${A}b", ["x/xb"]),
        ("$B", ["y z"]),
        ("''", [""]),
        ("${N:-d}", ["d"]),
        ("${N-d}", ["d"]),
        ("${A:-d}", ["x"]),
        (r'"a\"b"', ['a"b']),
        ("a$", ["a$"]),
        ("a#b # c\nd", ["a#b", "d"]),
        ("", []),
    ],
)
def test_words_are_as_the_shell_has_them(text: str, words: list[str]) -> None:
    assert split_words(text, KNOWN) == words


@pytest.mark.parametrize(
    "text", ["$N", "${N}", "$U", "${U:-x}", "`date`", "a`date`", '"`date`"', "'a", '"a', "$1", "$$", "$@"]
)
def test_what_nobody_knows_is_refused(text: str) -> None:
    with pytest.raises(ValueUnknown):
        split_words(text, KNOWN)


def test_conditions_can_have_values_that_stand_for_themselves() -> None:
    assert KNOWN.substituted(r"^X: $\D$D$") == r"^X: a\.ba.b$"


def test_what_has_changed_is_told() -> None:
    later = KNOWN.copy()
    later.assign("A", "other")
    later.assign("NEW", "1")
    assert later.names_changed_since(KNOWN) == {"A", "NEW"}
    later.forget({"A"})
    assert later.get("A") is None
    assert KNOWN.get("A") == "x"


def test_values_do_not_grow_for_ever() -> None:
    variables = Variables({"A": "x" * 10_000})
    with pytest.raises(ValueUnknown, match="too long"):
        split_words("$A$A", variables)


@given(st.text("ab $\\'\"`{}:-A1", max_size=20))
def test_any_text_is_words_or_a_refusal(text: str) -> None:
    try:
        split_words(text, KNOWN)
    except ValueUnknown:
        return
