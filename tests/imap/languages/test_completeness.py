"""Nothing that is said is left out of a language, and nothing that nobody says is in it."""

import re
import unicodedata
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import pytest
from tests.imap.languages.spokentexts import NO_TEXTS, VALUE, is_text, spoken_texts

from angarium.config.options.imap import LanguageTag
from angarium.imap.errors import ANSWERS, SERVER_BUG
from angarium.imap.languages import CATALOGUES, TAGS, find_language
from angarium.languages import Catalogue, make_language

TRANSLATED: Final = {tag: catalogue for tag, catalogue in CATALOGUES.items() if tag != "en"}
SPOKEN: Final = spoken_texts()
TRANSCRIPTS: Final = Path(__file__).parents[1] / "transcripts"

_STATUS: Final = re.compile(r"S[2-9]?: \S+ (?:OK|NO|BAD|BYE) (?:\[.*\] )?(.*)")
_NOT_OURS: Final = re.compile(r".* server ready|Ok|(?:\[[A-Z]+ )?<\.\.\.>")
"""The greeting, what is the same in all languages, and what transcripts leave out."""
_NOT_SEEN: Final = frozenset({"idling", "{text} SESSIONID=<{session}>"})
"""Texts that do not look like one in the source."""


def _placeholders(text: str) -> set[str]:
    return set(re.findall(r"\{([a-z]+)\}", text))


def _filled(text: str) -> bytes:
    return re.sub(r"\{[a-z]+\}", VALUE.decode(), text).encode()


def _lines() -> Iterator[tuple[str, bytes]]:
    """What transcripts have servers say."""
    for path in sorted(TRANSCRIPTS.glob("*.txt")):
        if path.stem.startswith("language"):
            continue
        for line in path.read_text(encoding="utf-8").splitlines():
            match = _STATUS.fullmatch(line)
            if match and not _NOT_OURS.fullmatch(match[1]):
                yield path.stem, match[1].encode()


def test_texts_are_found_in_the_source() -> None:
    assert len(SPOKEN) > 150
    assert {b"Completed", b"Invalid 17 modifier 17", b"Login failed: 17"} < SPOKEN


@pytest.mark.parametrize(
    ("octets", "expected"),
    [(b"Completed", True), (b"go ahead", True), (b"* %d EXISTS\r\n", False), (b"NIL", False), (b"(%b %b)", False)],
)
def test_texts_are_told_from_syntax(octets: bytes, expected: bool) -> None:
    assert is_text(octets) is expected


@pytest.mark.parametrize("tag", TRANSLATED)
def test_a_language_has_words_for_all_that_is_said(tag: str) -> None:
    language = find_language(tag)
    assert language is not None
    answers = {answer.text for answer in (*ANSWERS.values(), SERVER_BUG)}
    assert sorted(text for text in SPOKEN | answers if language.find(text) is None) == []


@pytest.mark.parametrize("tag", TRANSLATED)
def test_a_language_has_words_for_what_transcripts_say(tag: str) -> None:
    language = find_language(tag)
    assert language is not None
    said = {text: name for name, text in _lines()}
    assert {text: name for text, name in said.items() if language.find(text) is None} == {}


@pytest.mark.parametrize("tag", TRANSLATED)
def test_a_language_has_words_for_nothing_else(tag: str) -> None:
    for english, text in TRANSLATED[tag].texts.items():
        alone = make_language(tag, Catalogue(texts={english: text}, prefixes={}))
        assert english in _NOT_SEEN or any(alone.find(spoken) is not None for spoken in SPOKEN), english


def test_what_is_no_text_is_in_the_source() -> None:
    source = "".join([path.read_text() for path in TRANSCRIPTS.parents[2].glob("src/angarium/imap/**/*.py")])
    assert [text for text in NO_TEXTS if repr(text)[2:-1] not in source] == []


@pytest.mark.parametrize("tag", TRANSLATED)
def test_all_languages_have_the_same_texts(tag: str) -> None:
    first = next(iter(TRANSLATED.values()))
    assert list(TRANSLATED[tag].texts) == list(first.texts)
    assert list(TRANSLATED[tag].prefixes) == list(first.prefixes)


@pytest.mark.parametrize("tag", TRANSLATED)
def test_placeholders_are_those_of_the_english_text(tag: str) -> None:
    texts = TRANSLATED[tag].texts
    assert [english for english, text in texts.items() if _placeholders(text) != _placeholders(english)] == []
    braces = re.compile(r"[{}]")
    assert [text for text in texts.values() if braces.search(re.sub(r"\{[a-z]+\}", "", text))] == []


@pytest.mark.parametrize("tag", TRANSLATED)
def test_no_template_takes_what_is_anothers(tag: str) -> None:
    language = find_language(tag)
    assert language is not None
    for english, text in TRANSLATED[tag].texts.items():
        assert language.find(_filled(english)) == _filled(text), english


@pytest.mark.parametrize("tag", TRANSLATED)
def test_translations_can_be_texts_of_a_response(tag: str) -> None:
    """`resp-text` of RFC 5255 §3.5, in NFC; and of a length that can be shown."""
    for text in TRANSLATED[tag].texts.values():
        assert text.isprintable()
        assert not text.startswith(("[", " "))
        assert not text.endswith((" ", "."))
        assert text == unicodedata.normalize("NFC", text)
        assert len(text) <= 80


def test_languages_differ() -> None:
    first, *others = [set(catalogue.texts.values()) for catalogue in TRANSLATED.values()]
    for other in others:
        assert len(first & other) < 5


def test_the_option_knows_the_same_languages() -> None:
    assert tuple(LanguageTag) == TAGS
