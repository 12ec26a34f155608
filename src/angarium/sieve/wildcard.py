"""Patterns of `:matches` (RFC 5228 §2.7.1), and what their wildcards stand for (RFC 5229 §3.2).

A pattern is cut at its `*` into segments. The first is at the beginning of a text and the last at its end; each of the
others is put where it is first found behind the one before. That is what wildcards that match as little as possible
do, and nothing is ever tried twice.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass

_TOKEN = re.compile(r"\\(.)|([*?])|[^\\*?]+|\\", re.DOTALL)
_MAX_WILDCARDS = 2000
_MAX_TEXTS = 64
"""With `?` between them."""
_MAX_SOUGHT = 256
"""Characters between two `*` with a `?` among them: what looking for them costs is at the worst the product of their
count and the length of a value."""


class PatternInvalid(ValueError):
    """A pattern that is too complicated; `str()` says why."""


@dataclass(frozen=True, slots=True)
class _Segment:
    """What stands between two `*`."""

    literal: str
    """Where there is no `?` in it."""
    pattern: re.Pattern[str] | None
    length: int
    gaps: tuple[int, ...]
    """Where its `?` are."""

    def find(self, text: str, start: int, end: int) -> int:
        """Where it first is between these; -1 where it is not."""
        if self.pattern is None:
            return text.find(self.literal, start, end)
        found = self.pattern.search(text, start, end)
        return found.start() if found else -1

    def is_at(self, text: str, start: int) -> bool:
        """Whether it is there."""
        if self.pattern is None:
            return text.startswith(self.literal, start)
        return self.pattern.match(text, start) is not None


@dataclass(frozen=True, slots=True)
class Wildcards:
    """A pattern, ready to match."""

    first: _Segment
    middle: tuple[_Segment, ...]
    last: _Segment | None
    """None: there is no `*`."""
    has_single: bool
    """Whether there is a `?` in it."""

    def captures(self, text: str, value: str) -> tuple[str, ...] | None:
        """`value`, and what each wildcard stands for in it, in their order; None where `text` does not match, which is
        its form and has the same length."""
        if not self.has_single and self.last is not None:
            return self._captures_of_stars(text, value, self.last)
        spans = self.spans(text)
        return None if spans is None else (value, *[value[start:end] for start, end in spans])

    def _captures_of_stars(self, text: str, value: str, last: _Segment) -> tuple[str, ...] | None:
        """The usual pattern in the fewest steps."""
        if not (text.startswith(self.first.literal) and text.endswith(last.literal)):
            return None
        captures = [value]
        position = self.first.length
        end = len(text) - last.length
        for segment in self.middle:
            start = text.find(segment.literal, position, end)
            if start < 0:
                return None
            captures.append(value[position:start])
            position = start + segment.length
        if end < position:
            return None
        captures.append(value[position:end])
        return tuple(captures)

    def spans(self, text: str) -> list[tuple[int, int]] | None:
        """Start and end of what each wildcard stands for; None where the text does not match."""
        first, last = self.first, self.last
        position = first.length
        if not first.is_at(text, 0):
            return None
        spans = [(place, place + 1) for place in first.gaps]
        if last is None:
            return spans if position == len(text) else None
        end = len(text) - last.length
        if end < position or not last.is_at(text, end):
            return None
        for segment in self.middle:
            start = segment.find(text, position, end)
            if start < 0:
                return None
            spans.append((position, start))
            spans.extend([(start + place, start + place + 1) for place in segment.gaps])
            position = start + segment.length
        spans.append((position, end))
        spans.extend([(end + place, end + place + 1) for place in last.gaps])
        return spans


def parse_wildcards(pattern: str, form: Callable[[str], str]) -> Wildcards:
    """The pattern, with `form` of all that stands for itself; a backslash has the character behind it do so. Raises
    PatternInvalid."""
    if sum(map(pattern.count, "*?\\")) > _MAX_WILDCARDS:
        raise PatternInvalid(f'":matches" cannot have more than {_MAX_WILDCARDS} wildcards and backslashes')
    first, *others = [_segment(pieces) for pieces in _split(pattern, form)]
    if any(segment.gaps and segment.length > _MAX_SOUGHT for segment in others[:-1]):
        raise PatternInvalid(f'":matches" cannot have more than {_MAX_SOUGHT} characters with "?" between two "*"')
    has_single = any(segment.gaps for segment in (first, *others))
    return Wildcards(first, tuple(others[:-1]), others[-1] if others else None, has_single)


def _split(pattern: str, form: Callable[[str], str]) -> list[list[str | None]]:
    """What stands between the `*`: texts, and None for each `?`."""
    segments: list[list[str | None]] = [[]]
    literal = ""
    for token in _TOKEN.finditer(pattern):
        if token[2] is None:
            literal += token[1] or token[0]
            continue
        segments[-1].append(form(literal))
        literal = ""
        if token[2] == "?":
            segments[-1].append(None)
        else:
            segments.append([])
    segments[-1].append(form(literal))
    return segments


def _segment(pieces: list[str | None]) -> _Segment:
    gaps: list[int] = []
    length = 0
    for piece in pieces:
        if piece is None:
            gaps.append(length)
        length += 1 if piece is None else len(piece)
    if not gaps:
        return _Segment("".join(filter(None, pieces)), None, length, ())
    if sum(1 for piece in pieces if piece) > _MAX_TEXTS:
        raise PatternInvalid(f'":matches" cannot have more than {_MAX_TEXTS} texts with "?" between them')
    return _Segment("", _compile(pieces), length, tuple(gaps))


def _compile(pieces: list[str | None]) -> re.Pattern[str]:
    """Of a fixed length and without choices, so that `re` has nothing to go back to."""
    written = ["." if piece is None else re.escape(piece) for piece in pieces]
    return re.compile("".join(written), re.DOTALL)
