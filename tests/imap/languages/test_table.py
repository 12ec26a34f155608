"""Which language a client means (RFC 5255 §3.2, RFC 4647 §3.4)."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from angarium.imap.languages import I_DEFAULT, TAGS, RangeInvalid, choose_tag, find_language


@pytest.mark.parametrize(
    ("ranges", "tag"),
    [
        ("de", "de"),
        ("DE", "de"),
        ("de-AT", "de"),
        ("de-Latn-AT-1996", "de"),
        ("fr-CA en-CA", "fr"),
        ("pt-BR en-CA", "en"),
        ("nl-x-more", "nl"),
        ("zh-a-x-b pt it", "it"),
        ("i-default", I_DEFAULT),
        ("I-DEFAULT", I_DEFAULT),
        ("i-default-x", I_DEFAULT),
        ("default", "es"),
        ("Default fr", "es"),
        ("mul default", "es"),
        # RFC 4647 §3.4: what follows `*` says more
        ("*", "es"),
        ("* fr", "fr"),
        ("pt *", "es"),
        # No language alone
        ("mul", None),
        ("i", None),
        ("i-klingon", None),
        ("d", None),
        ("deu", None),
        ("x-de", None),
        ("pt zh", None),
    ],
)
def test_the_first_that_there_is_is_chosen(ranges: str, tag: str | None) -> None:
    assert choose_tag(ranges.split(" "), preferred="es") == tag


@pytest.mark.parametrize(
    "wrong", ["", "de_DE", "de-", "-de", "1", "abcdefghi", "de-abcdefghi", "d e", "de\n", "*-DE", "é"]
)
def test_what_is_no_range_is_refused_wherever_it_stands(wrong: str) -> None:
    for ranges in ([wrong], ["de", wrong]):
        with pytest.raises(RangeInvalid):
            choose_tag(ranges, preferred="es")


@given(st.lists(st.from_regex(r"[A-Za-z]{1,8}(-[A-Za-z0-9]{1,8}){0,6}", fullmatch=True), max_size=5))
def test_any_ranges_choose_what_there_is_or_nothing(ranges: list[str]) -> None:
    assert choose_tag(ranges, preferred="fr") in (*TAGS, None)


@given(st.lists(st.text(max_size=20), max_size=5))
def test_any_texts_are_ranges_or_not(texts: list[str]) -> None:
    try:
        assert choose_tag(texts, preferred="fr") in (*TAGS, None)
    except RangeInvalid:
        pass


@pytest.mark.parametrize("tag", TAGS)
def test_there_is_one_object_for_each_language(tag: str) -> None:
    language = find_language(tag)
    assert find_language(tag) is language
    assert (language is None) is (tag == I_DEFAULT)
    assert language is None or language.tag == tag
    assert choose_tag([tag], preferred="fr") == tag


def test_english_is_what_stands_in_the_code() -> None:
    english = find_language("en")
    assert english is not None
    assert english.translate(b"Completed") == b"Completed"
    assert english.translate_prefix("Other Users/", "/") is None
