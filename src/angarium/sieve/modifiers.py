"""What changes a value before a variable takes it (RFC 5229 §4.1), for `set` and `extracttext`."""

import re
from collections.abc import Callable
from urllib.parse import quote

from angarium.sieve.arguments import Arguments
from angarium.sieve.posixregex import quote_regex
from angarium.sieve.specification import Tag

MODIFIER_TAGS = (
    Tag("lower", group="case"),
    Tag("upper", group="case"),
    Tag("lowerfirst", group="case of the first letter"),
    Tag("upperfirst", group="case of the first letter"),
    Tag("quotewildcard", group="quoting"),
    Tag("quoteregex", ("regex",), group="quoting"),
    Tag("encodeurl", ("enotify",)),
    Tag("length"),
)

_WILDCARD = re.compile(r"([*?\\])")

Modifier = Callable[[str], str]


def _lower(text: str) -> str:
    return text.lower() if text.isascii() else text.encode().lower().decode()


def _upper(text: str) -> str:
    return text.upper() if text.isascii() else text.encode().upper().decode()


def _lower_first(text: str) -> str:
    return _lower(text[:1]) + text[1:]


def _upper_first(text: str) -> str:
    return _upper(text[:1]) + text[1:]


def _quote_wildcards(text: str) -> str:
    return _WILDCARD.sub(r"\\\1", text)


def _encode_url(text: str) -> str:
    return quote(text, safe="", errors="replace")


def _length(text: str) -> str:
    return str(len(text))


_MODIFIERS: dict[str, Modifier] = {
    "lower": _lower,
    "upper": _upper,
    "lowerfirst": _lower_first,
    "upperfirst": _upper_first,
    "quotewildcard": _quote_wildcards,
    "quoteregex": quote_regex,
    "encodeurl": _encode_url,
    "length": _length,
}
"""In the order in which they are applied; of those of one group a script gives one at most."""


def modifiers(arguments: Arguments) -> tuple[Modifier, ...]:
    """Those that a command gives, in the order in which they are applied."""
    return tuple([modifier for tag, modifier in _MODIFIERS.items() if arguments.has(tag)])
