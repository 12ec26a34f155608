"""The languages that there are (RFC 5255 §3.2)."""

from functools import cache
from typing import Final

from angarium.languages import I_DEFAULT, Catalogue, Language, make_language

from . import dutch, french, german, italian, spanish

CATALOGUES: Final = {
    "de": german.CATALOGUE,
    # For those who ask for English by its name
    "en": Catalogue(texts={}, prefixes={}),
    "es": spanish.CATALOGUE,
    "fr": french.CATALOGUE,
    "it": italian.CATALOGUE,
    "nl": dutch.CATALOGUE,
}

TAGS: Final = (*CATALOGUES, I_DEFAULT)
"""As they are listed."""


@cache
def find_language(tag: str) -> Language | None:
    """The language of one of TAGS, always the same object; None for `i-default`."""
    return None if tag == I_DEFAULT else make_language(tag, CATALOGUES[tag])
