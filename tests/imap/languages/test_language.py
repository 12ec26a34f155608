"""Templates, texts within texts, and prefixes."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from angarium.imap.languages import TAGS, find_language
from angarium.languages import Catalogue, Language, make_language

UPSIDE_DOWN = make_language(
    "x-updown",
    Catalogue(
        texts={
            "Completed": "pǝʇǝldɯoƆ",
            "Login failed: {reason}": "{reason} :pǝlᴉɐɟ uᴉƃo˥",
            "{text} SESSIONID=<{session}>": "<{session}>=SESSIONID {text}",
            "Completed ({seconds} secs)": "({seconds} s) pǝʇǝldɯoƆ",
            "Completed ({seconds} secs {calls} calls)": "({calls} sllɐɔ, {seconds} s) pǝʇǝldɯoƆ",
            "rename {names}": "{names} ǝɯɐuǝɹ",
        },
        prefixes={"Other Users": "sɹǝsႶ ɹǝɥʇO"},
    ),
)


@pytest.mark.parametrize(
    ("english", "text"),
    [
        ("Completed", "pǝʇǝldɯoƆ"),
        ("Completed (0.125 secs)", "(0.125 s) pǝʇǝldɯoƆ"),
        ("Completed (0.125 secs 7 calls)", "(7 sllɐɔ, 0.125 s) pǝʇǝldɯoƆ"),
        ("rename a b c d", "a b c d ǝɯɐuǝɹ"),
        ("rename Entw&APw-rfe {names}", "Entw&APw-rfe {names} ǝɯɐuǝɹ"),
        # A text within a text, known or not
        ("Login failed: Completed", "pǝʇǝldɯoƆ :pǝlᴉɐɟ uᴉƃo˥"),
        ("Login failed: no idea", "no idea :pǝlᴉɐɟ uᴉƃo˥"),
        ("Completed SESSIONID=<a-1>", "<a-1>=SESSIONID pǝʇǝldɯoƆ"),
    ],
)
def test_texts_are_translated(english: str, text: str) -> None:
    assert UPSIDE_DOWN.translate(english.encode()).decode() == text


@pytest.mark.parametrize("english", ["completed", "Completed ( secs)", "Completed (1 2 secs)", "", "rename "])
def test_what_is_not_known_stays(english: str) -> None:
    assert UPSIDE_DOWN.find(english.encode()) is None
    assert UPSIDE_DOWN.translate(english.encode()) == english.encode()


def test_prefixes_of_namespaces_are_translated_where_they_are_known() -> None:
    assert UPSIDE_DOWN.translate_prefix("Other Users/", "/") == "sɹǝsႶ ɹǝɥʇO/"
    assert UPSIDE_DOWN.translate_prefix("Other Users.", ".") == "sɹǝsႶ ɹǝɥʇO."
    for unknown in ("", "/", "Other Users", "other users/", "Other Users//", "Colleagues/"):
        assert UPSIDE_DOWN.translate_prefix(unknown, "/") is None


def _languages() -> list[Language]:
    return [language for tag in TAGS if (language := find_language(tag)) is not None]


@given(st.sampled_from(_languages()), st.text(st.characters(exclude_characters="\r\n", exclude_categories=["Cs"])))
def test_any_text_gives_a_line_of_utf8(language: Language, text: str) -> None:
    told = language.translate(text.encode()).decode()
    assert "\r" not in told
    assert "\n" not in told
    assert bool(told) is bool(text)


@given(st.sampled_from(_languages()), st.binary())
def test_no_octets_are_refused(language: Language, octets: bytes) -> None:
    assert isinstance(language.translate(octets), bytes)
