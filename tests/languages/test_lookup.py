"""Which language a client means (RFC 5255 §3.2, RFC 4647 §3.4)."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from angarium.languages import I_DEFAULT, RangeInvalid, choose_tag

TAGS = ("de", "en", "es", "fr", "it", "nl", I_DEFAULT)


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
    assert choose_tag(ranges.split(" "), TAGS, preferred="es") == tag


@pytest.mark.parametrize(
    "wrong", ["", "de_DE", "de-", "-de", "1", "abcdefghi", "de-abcdefghi", "d e", "de\n", "*-DE", "é"]
)
def test_what_is_no_range_is_refused_wherever_it_stands(wrong: str) -> None:
    for ranges in ([wrong], ["de", wrong]):
        with pytest.raises(RangeInvalid):
            choose_tag(ranges, TAGS, preferred="es")


@given(st.lists(st.from_regex(r"[A-Za-z]{1,8}(-[A-Za-z0-9]{1,8}){0,6}", fullmatch=True), max_size=5))
def test_any_ranges_choose_what_there_is_or_nothing(ranges: list[str]) -> None:
    assert choose_tag(ranges, TAGS, preferred="fr") in (*TAGS, None)


@given(st.lists(st.text(max_size=20), max_size=5))
def test_any_texts_are_ranges_or_not(texts: list[str]) -> None:
    try:
        assert choose_tag(texts, TAGS, preferred="fr") in (*TAGS, None)
    except RangeInvalid:
        pass


@pytest.mark.parametrize("tag", TAGS)
def test_a_tag_chooses_itself(tag: str) -> None:
    assert choose_tag([tag], TAGS, preferred="fr") == tag
