"""Patterns of annotation entries (RFC 5257 §4.1, and GETANNOTATION): `*` is any text, `%` any without a slash.

They come from clients and run on RE2, in linear time: a pattern of many stars would take an engine that goes back, and
with it the event loop, years.
"""

import re
from functools import lru_cache
from typing import Final

import re2

_WILDCARDS: Final = {"*": ".*", "%": "[^/]*"}
_MAX_CHARACTERS: Final = 4096
_MAX_MEMORY: Final = 1 << 20
_RUNS: Final = re.compile(r"[*%]*\*[*%]*|%+")


def is_entry_pattern(entry: str) -> bool:
    """Whether it has a wildcard."""
    return any(wildcard in entry for wildcard in _WILDCARDS)


class EntryPattern:
    """A pattern; with `below`, entries that are so many levels below a match, or with None any number, match too."""

    __slots__ = ("_compiled",)

    def __init__(self, pattern: str, *, below: int | None = 0) -> None:
        self._compiled = _compiled(pattern, below) if len(pattern) <= _MAX_CHARACTERS else None

    def matches(self, entry: str) -> bool:
        """Whether the whole of the entry matches; a pattern that is longer than any entry matches none."""
        return self._compiled is not None and self._compiled.fullmatch(entry) is not None


@lru_cache(maxsize=64)
def _compiled(pattern: str, below: int | None) -> "re2._Regexp[str]":
    simplified = _RUNS.sub(lambda run: "*" if "*" in run[0] else "%", pattern)
    text = "".join([_WILDCARDS.get(character) or re2.escape(character) for character in simplified])
    if below is None:
        text += "(?:/.*)?"
    elif below:
        text += "(?:/[^/]*)?"
    options = re2.Options()
    options.dot_nl = True
    options.max_mem = _MAX_MEMORY
    options.log_errors = False
    return re2.compile(text, options)
