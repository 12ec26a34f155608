"""The languages that there are, and which of them a client means (RFC 5255 §3.2)."""

import re
from collections.abc import Sequence
from functools import cache
from typing import Final

from . import dutch, french, german, italian, spanish
from .language import Catalogue, Language, make_language

I_DEFAULT: Final = "i-default"
"""English for those who have not said what they speak (RFC 2277 §4.5): a session without a Language."""

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

_FOLDED: Final = {tag.lower(): tag for tag in TAGS}
_RANGE: Final = re.compile(r"[a-z]{1,8}(?:-[a-z0-9]{1,8})*|\*", re.IGNORECASE)


class RangeInvalid(ValueError):
    """What should be a language range is none (RFC 4647 §2.1)."""


@cache
def find_language(tag: str) -> Language | None:
    """The language of one of TAGS, always the same object; None for `i-default`."""
    return None if tag == I_DEFAULT else make_language(tag, CATALOGUES[tag])


def choose_tag(ranges: Sequence[str], *, preferred: str) -> str | None:
    """The tag of the first range that there is a language for, None where there is none for any. RangeInvalid.

    `de-AT` finds `de` where nothing closer is there: the lookup of RFC 4647 §3.4, as in RFC 5255's examples. `default`
    stands for `preferred`, and so does a last `*`.
    """
    for each in ranges:
        if _RANGE.fullmatch(each) is None:
            raise RangeInvalid(each)
    for index, each in enumerate(ranges):
        stands_for_any = each == "*" and index == len(ranges) - 1
        tag = preferred if stands_for_any or each.lower() == "default" else _look_up(each)
        if tag is not None:
            return tag
    return None


def _look_up(language_range: str) -> str | None:
    subtags = language_range.lower().split("-")
    while subtags:
        tag = _FOLDED.get("-".join(subtags))
        if tag is not None:
            return tag
        subtags.pop()
        if subtags and len(subtags[-1]) == 1:
            subtags.pop()  # it only begins what has just gone
    return None
