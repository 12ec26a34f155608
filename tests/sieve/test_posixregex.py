"""Regular expressions of POSIX, and what is none."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from angarium.sieve.posixregex import RegexInvalid, compile_regex, quote_regex


@pytest.mark.parametrize(
    ("pattern", "text", "found"),
    [
        ("b+", "abbc", ("bb",)),
        ("^b", "ab", None),
        ("^b$", "a\r\nb\r\nc", ("b",)),
        ("a.c", "a\nc", None),
        ("(a)|(b)", "b", ("b", "", "b")),
        ("a{2}", "aaa", ("aa",)),
        ("a{2,}", "aaaa", ("aaaa",)),
        ("a{1,2}", "aaa", ("aa",)),
        ("x?y", "y", ("y",)),
        ("b|bcd|bc", "abcde", ("bcd",)),
        ("(b|bc)(cd|d)?", "abcd", ("bcd", "b", "cd")),
        ("[[:digit:]]+", "a12", ("12",)),
        ("[^[:alpha:]]", "a1", ("1",)),
        ("[]a]+", "x]a", ("]a",)),
        ("[^]a]", "]a-", ("-",)),
        ("[a-]+", "b-a", ("-a",)),
        ("[\\.]+", "a\\.b", ("\\.",)),
        ("[[.hyphen.][.space.]]+", "a- b", ("- ",)),
        ("[[.a.]-[.c.]]+", "xabcd", ("abc",)),
        ("[[=e=]]", "e", ("e",)),
        ("\\$\\@", "a$@", ("$@",)),
        ("\\{\\}", "{}", ("{}",)),
        ("é+", "caféé", ("éé",)),
        (".$", "è", ("è",)),
        ("[à-ü]", "é", ("é",)),
        ("", "x", ("",)),
        ("A", "a", None),
    ],
)
def test_a_pattern_finds_the_leftmost_longest_match(pattern: str, text: str, found: tuple[str, ...] | None) -> None:
    assert compile_regex(pattern).search(text) == found


@pytest.mark.parametrize(
    ("pattern", "text", "is_found"),
    [
        ("subject", "SUBJECT", True),
        ("[a-c]", "B", True),
        ("[X-b]", "Y", True),
        ("[X-b]", "y", True),
        ("[X-b]", "A", True),
        ("[X-b]", "c", False),
        ("[[:lower:]]", "A", True),
        ("[^a]", "A", False),
        ("[^[:upper:]]", "a", False),
        ("é", "É", False),
        ("k", "\u212a", False),
        ("s", "\u017f", False),
    ],
)
def test_letters_of_ascii_are_folded_and_no_others(pattern: str, text: str, is_found: bool) -> None:
    assert (compile_regex(pattern, fold_ascii=True).search(text) is not None) is is_found


def test_all_letters_are_folded_if_asked_for() -> None:
    assert compile_regex("é", fold_all=True).search("É") == ("É",)


@pytest.mark.parametrize(
    ("pattern", "reason"),
    [
        ("(a", 'a "(" is not closed'),
        ("a)", 'a ")" has no "("'),
        ("[a", 'a "[" is not closed'),
        ("[a-", 'a "[" is not closed'),
        ("[", 'a "[" is not closed'),
        ("*a", 'there is nothing that "*" could repeat'),
        ("a|+", 'there is nothing that "+" could repeat'),
        ("(?:a)", 'there is nothing that "?" could repeat'),
        ("a\\", 'there is nothing behind the last "\\"'),
        ("\\w", '"\\w" has no meaning; write [[:alnum:]_]'),
        ("\\1", '"\\1" has no meaning'),
        ("\\b", '"\\b" has no meaning'),
        ("a{", 'a "{" begins no count'),
        ("a{x}", 'a "{" begins no count'),
        ("a{3,2}", "{3,2} counts downwards"),
        ("a{256}", "{256} counts further than 255"),
        ("[z-a]", "the range z-a goes downwards"),
        ("[a-[:digit:]]", "[:digit:] cannot end a range"),
        ("[[:word:]]", "there is no class [:word:]"),
        ("[[.dash.]]", "there is no character of the name dash"),
        ("((a{100}){100}){100}", "bad repetition|invalid repetition|complicated"),
        ("\udcff", "it is not UTF-8"),
        ("a" * 4097, "it has more than 4096 characters"),
        (".{255}" * 100, "it is too complicated"),
    ],
)
def test_what_is_no_regular_expression_is_refused_with_its_reason(pattern: str, reason: str) -> None:
    with pytest.raises(RegexInvalid) as refused:
        compile_regex(pattern)
    assert reason in str(refused.value) or re.search(reason, str(refused.value))


@given(st.text(max_size=30), st.text(max_size=60))
def test_any_pattern_and_text_give_a_match_or_none_or_a_refusal(pattern: str, text: str) -> None:
    try:
        groups = compile_regex(pattern, fold_ascii=True).search(text)
    except RegexInvalid:
        return
    assert groups is None or all(group in text.replace("\r\n", "\n") for group in groups)


_PIECES = st.sampled_from(
    ["a", "b", "[ab]", "[^a]", ".", "a*", "b+", "(a)", "(a|b)", "(ab)*", "a{1,2}", "^", "$", "\\.", "[[:alpha:]]"]
)


@given(st.lists(_PIECES, max_size=6).map("".join), st.text("ab.", max_size=12))
def test_a_pattern_matches_wherever_the_library_of_python_says_so(pattern: str, text: str) -> None:
    usual = re.search(pattern.replace("[[:alpha:]]", "[a-z]"), text)
    found = compile_regex(pattern).search(text)
    assert (found is None) is (usual is None)
    if found is not None and usual is not None:
        assert len(found[0]) >= len(usual[0])


@given(st.text(max_size=30))
def test_a_quoted_text_matches_itself(text: str) -> None:
    text = text.replace("\r\n", "\n")
    assert compile_regex(f"^{quote_regex(text)}$").search(text) == (text,) or "\n" in text or "\r" in text


def test_what_takes_others_forever_is_done_at_once() -> None:
    assert compile_regex("(a*)*b").search("a" * 100_000) is None
