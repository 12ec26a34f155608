"""The languages that there are."""

from functools import cache
from typing import Final

from angarium.languages import I_DEFAULT, Catalogue, Language, make_language
from angarium.pop3.languages import dutch, french, german, italian, spanish

CATALOGUES: Final = {
    "de": german.CATALOGUE,
    # For those who ask for English by its name
    "en": Catalogue(texts={}, prefixes={}),
    "es": spanish.CATALOGUE,
    "fr": french.CATALOGUE,
    "it": italian.CATALOGUE,
    "nl": dutch.CATALOGUE,
}

NAMES: Final = {
    "de": "Deutsch",
    "en": "English",
    "es": "Español",
    "fr": "Français",
    "it": "Italiano",
    "nl": "Nederlands",
    I_DEFAULT: "English",
}
"""As they are listed: each by its tag, in words of its own."""


@cache
def find_language(tag: str) -> Language:
    """One of CATALOGUES, always the same object."""
    return make_language(tag, CATALOGUES[tag])
