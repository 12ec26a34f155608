"""What a filter that saw a message before says of it in a header field, for spamtest and virustest (RFC 5235 §3.1)."""

import enum
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Final

from angarium.sieve.posixregex import Regex, compile_regex

_NUMBER: Final = re.compile(r"\s*([-+]?[0-9]{1,9}(?:\.[0-9]{1,9})?)", re.ASCII)


class StatusKind(enum.Enum):
    """How a filter writes what it has found."""

    SCORE = "score"
    """A number."""
    LENGTH = "strlen"
    """As many characters."""
    TEXT = "text"
    """One of some words."""


@dataclass(frozen=True, slots=True)
class FilterStatus:
    """Where a filter writes, and what it means. Whoever lets users rely on it sees to it that nobody else can write
    there (RFC 5235 §4). Making one raises RegexInvalid."""

    header: str
    """A field's name in lower case; of several the first counts, which came last."""
    pattern: str = ""
    """A regular expression as of `:regex`, in any case, whose first group is the status, or what it matches where it
    has none; empty: the whole value."""
    kind: StatusKind = StatusKind.SCORE
    worst: float = 10
    """The score or length, and all above it, that means certainty; nothing and less means that there is nothing."""
    texts: Mapping[str, int] = field(default_factory=dict)
    """For TEXT: the result of the test by what is written, from 1 to 10 for spam, from 1 to 5 for viruses."""

    def __post_init__(self) -> None:
        if self.pattern:
            _compiled(self.pattern)

    def level(self, values: Sequence[str], highest: int) -> int | None:
        """The result from 1 to `highest`; None where it cannot be told whether any test was done."""
        status = self._status(values)
        if status is not None and self.kind is StatusKind.TEXT:
            level = self.texts.get(status)
            return None if level is None else min(max(level, 1), highest)
        share = self._share(status)
        return None if share is None else 1 + _steps(share, highest - 1)

    def percentage(self, values: Sequence[str], highest: int) -> int | None:
        """The same from 0 to 100, where `highest` is the highest level of texts."""
        if self.kind is StatusKind.TEXT:
            level = self.level(values, highest)
            return None if level is None else _steps((level - 1) / (highest - 1), 100)
        share = self._share(self._status(values))
        return None if share is None else _steps(share, 100)

    def _status(self, values: Sequence[str]) -> str | None:
        if not values or not self.pattern:
            return values[0] if values else None
        groups = _compiled(self.pattern).search(values[0])
        return None if groups is None else groups[min(1, len(groups) - 1)]

    def _share(self, status: str | None) -> float | None:
        """From 0 to 1."""
        if status is None:
            return None
        if self.kind is StatusKind.LENGTH:
            return min(len(status) / self.worst, 1.0)
        number = _NUMBER.match(status)
        return None if number is None else min(max(float(number[1]) / self.worst, 0.0), 1.0)


def _steps(share: float, steps: int) -> int:
    """How many of them are done; a share that is a hair less for how numbers are kept counts in full."""
    return int(share * steps + 0.001)


@lru_cache(maxsize=16)
def _compiled(pattern: str) -> Regex:
    return compile_regex(pattern, fold_ascii=True)
