"""Nothing that is said is left out of a language, and nothing that nobody says is in it."""

import re

import pytest

from angarium.languages import I_DEFAULT, make_language
from angarium.pop3 import replies
from angarium.pop3.languages import CATALOGUES, NAMES, find_language
from angarium.pop3.refusals import REFUSALS
from angarium.pop3.replies import Reply

BEFORE_A_SESSION = {replies.NOT_ADMITTED.text, replies.TOO_MANY_CONNECTIONS.text}
"""Said before there is a session that could have a language."""
MADE = {
    "{tag} Language changed",
    "Mailbox locked and ready SESSIONID=<{session}>",
    "Unable to open maildrop: {reason}",
    "Deleted messages were not removed",
    replies.TOO_SOON,
}
"""Texts that are put together where they are said."""


def spoken() -> set[str]:
    found = [value for value in vars(replies).values() if isinstance(value, Reply)]
    found += [*replies.PROBLEMS.values(), *replies.OVER.values(), *REFUSALS.values()]
    return ({reply.text for reply in found if reply.text} | MADE) - BEFORE_A_SESSION


TRANSLATED = sorted(set(CATALOGUES) - {"en"})


@pytest.mark.parametrize("tag", TRANSLATED)
def test_a_language_has_words_for_all_that_is_said_and_for_nothing_else(tag: str) -> None:
    assert set(CATALOGUES[tag].texts) == spoken()


@pytest.mark.parametrize("tag", TRANSLATED)
def test_what_is_put_in_stays_in(tag: str) -> None:
    for english, text in CATALOGUES[tag].texts.items():
        assert set(re.findall(r"\{[a-z]+\}", english)) == set(re.findall(r"\{[a-z]+\}", text))


def test_what_is_made_is_translated_in_whole() -> None:
    german = make_language("de", CATALOGUES["de"])
    text = german.translate(b"Unable to open maildrop: Mailbox does not exist").decode()
    assert text.startswith("Das Postfach lässt sich nicht öffnen: ")
    assert "Mailbox does" not in text
    assert german.translate(b"Logins must be at least 5 minutes apart").decode() == (
        "Zwischen zwei Anmeldungen müssen 5 Minuten liegen"
    )


def test_all_that_are_listed_can_be_chosen() -> None:
    assert set(NAMES) == {*CATALOGUES, I_DEFAULT}
    assert all(find_language(tag).tag == tag for tag in CATALOGUES)
