"""The collations of this server (RFC 4790 §9, RFC 5051), as values.

A collation here is two functions. `form` gives a text as the collation compares it: texts are equal where their forms
are, and one holds another where its form does. `_key` gives the order from the form. Forms and keys are `str`: their
order by code points is that of their UTF-8 octets (RFC 4790 §9.3.1), and they are sorted faster than `bytes`.

Text comes decoded (RFC 5255 §4.6), so no input is invalid and no operation is ever undefined. What was in no known
charset was decoded by guess; it is collated among the rest.
"""

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass

from angarium.mime import fold

from .titlecase import titlecase

_DIGITS = re.compile("0*([0-9]*)")
_INFINITY = "~"
"""Sorts after every digit."""


class SubstringNotSupported(ValueError):
    """The collation has no substring operation, so it cannot search (RFC 5255 §4.4)."""


@dataclass(frozen=True, slots=True)
class Collation:
    """One collation by its identifier (RFC 4790 §3.1)."""

    name: str
    form: Callable[[str], str]
    """A text as it is compared; the form of a form is that form."""
    _key: Callable[[str], str]
    has_substring: bool = True

    def equal(self, one: str, other: str) -> bool:
        """RFC 4790 §4.2.2."""
        return self.form(one) == self.form(other)

    def contains(self, text: str, part: str) -> bool:
        """Whether `part` is a substring of `text` (RFC 4790 §4.2.3); raises SubstringNotSupported."""
        if not self.has_substring:
            raise SubstringNotSupported(self.name)
        return self.form(part) in self.form(text)

    def sort_key(self, text: str) -> str:
        """What orders `text` among others (RFC 4790 §4.2.4, §4.3); equal where the texts are."""
        return self._key(self.form(text))

    def sort_keys(self, texts: Iterable[str]) -> list[str]:
        """`sort_key` of each."""
        form, key = self.form, self._key
        return [key(form(text)) for text in texts]

    def sort_keys_of_forms(self, forms: Iterable[str]) -> list[str]:
        """`sort_keys` of texts whose `form` is at hand, as an index keeps it."""
        return [*map(self._key, forms)]


def _identity(text: str) -> str:
    return text


def _ascii_upper(text: str) -> str:
    # bytes.upper changes the letters of ASCII alone.
    if text.isascii():
        return text.upper()
    return text.encode("utf-8", "surrogatepass").upper().decode("utf-8", "surrogatepass")


def _number(text: str) -> str:
    """The leading number without zeros before it; `~`, for infinity, where there is none (RFC 4790 §9.1.1)."""
    digits = _DIGITS.match(text)
    if digits is None or digits.end() == 0:
        return _INFINITY
    return digits[1] or "0"


def _number_key(number: str) -> str:
    """Longer numbers are larger ones, of any length."""
    return number if number == _INFINITY else f"{len(number):012}{number}"


UNICODE_CASEMAP = Collation("i;unicode-casemap", fold, titlecase)
"""RFC 5051, with full case folding besides: "straße" equals "STRASSE", and a ligature or a letter of another width
equals the small letter too, where the RFC's mapping leaves each equal to one case only."""
ASCII_CASEMAP = Collation("i;ascii-casemap", _ascii_upper, _identity)
OCTET = Collation("i;octet", _identity, _identity)
ASCII_NUMERIC = Collation("i;ascii-numeric", _number, _number_key, has_substring=False)

COLLATIONS = (UNICODE_CASEMAP, ASCII_CASEMAP, OCTET, ASCII_NUMERIC)
"""The most widely useful first: a wildcard takes the first it matches (RFC 4790 §3.2)."""
