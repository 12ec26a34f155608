"""Match types (RFC 5228 §2.7.1, RFC 5231 §4, draft-murchison-sieve-regex) over collations, prepared once for
their keys.

`matcher` gives a function of the values of a test. Keys are brought into the form in which their collation compares
them when it is made, values when they are compared. The first value that matches decides, and of the keys for it the
first (RFC 5229 §3.2 leaves the order to us).

Texts are `str`; octets that are no UTF-8, which a script may make by `encoded-character`, are in them as lone
surrogates, as Python's error handler `surrogateescape` has them.
"""

import enum
import operator
import re
import unicodedata
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Final

from angarium.collation import ASCII_CASEMAP, UNICODE_CASEMAP, Collation
from angarium.mime import fold
from angarium.sieve.posixregex import Regex, RegexInvalid, compile_regex
from angarium.sieve.wildcard import PatternInvalid, Wildcards, parse_wildcards

_STEPS_OF_LETTERS = 700
"""To find 1,024 letters of a value in its form."""
_CHARACTERS_AT_ONCE = 4096
_STARTS = r"\0-\x7f\u03b1-\u03c9\u0430-\u044f\u1100-\u115f\u3041-\u3096\u30a1-\u30fa\u4e00-\u9fff"
_PIECES = re.compile(rf".{{1,{_CHARACTERS_AT_ONCE}}}(?=[{_STARTS}])|.{{1,{_CHARACTERS_AT_ONCE}}}", re.DOTALL)
"""Cut before a character that makes no letter with the one before it, where there is one."""
_CACHED = 128
_CACHED_CHARACTERS = 2048
"""Of all keys; what longer ones need is made anew."""


class MatchType(enum.Enum):
    """How keys are compared with values."""

    IS = "is"
    CONTAINS = "contains"
    MATCHES = "matches"
    REGEX = "regex"
    COUNT = "count"
    VALUE = "value"


class Relation(enum.Enum):
    """What a value has to be to a key (RFC 5231 §4)."""

    GREATER = "gt"
    GREATER_OR_EQUAL = "ge"
    LESS = "lt"
    LESS_OR_EQUAL = "le"
    EQUAL = "eq"
    NOT_EQUAL = "ne"


class MatchInvalid(ValueError):
    """A match type, collation and keys that do not go together; `str()` says why, without a full stop."""


@dataclass(frozen=True, slots=True)
class Match:
    """What matched."""

    captures: tuple[str, ...]
    """${0}, ${1} and so on; empty where the match type sets none, and so leaves those of earlier tests."""


Matcher = Callable[[Sequence[str]], Match | None]
"""Of all values of a test; None where none matches."""

_MATCH: Final = Match(())

_OPERATORS: Final[dict[Relation, Callable[[str, str], bool]]] = {
    Relation.GREATER: operator.gt,
    Relation.GREATER_OR_EQUAL: operator.ge,
    Relation.LESS: operator.lt,
    Relation.LESS_OR_EQUAL: operator.le,
    Relation.EQUAL: operator.eq,
    Relation.NOT_EQUAL: operator.ne,
}


def matcher(match_type: MatchType, collation: Collation, keys: tuple[str, ...], relation: Relation | None) -> Matcher:
    """The comparison with any of the keys. `relation` is for `:count` and `:value`, and None for the others.

    Raises MatchInvalid.
    """
    if sum(map(len, keys)) <= _CACHED_CHARACTERS:
        return _cached_matcher(match_type, collation, keys, relation)
    return _matcher(match_type, collation, keys, relation)


def _matcher(match_type: MatchType, collation: Collation, keys: tuple[str, ...], relation: Relation | None) -> Matcher:
    match match_type:
        case MatchType.IS:
            return _is(collation, keys)
        case MatchType.CONTAINS:
            return _contains(collation, keys)
        case MatchType.MATCHES:
            return _matches(collation, keys)
        case MatchType.REGEX:
            return _regex(collation, keys)
        case MatchType.COUNT | MatchType.VALUE:
            if relation is None:
                raise MatchInvalid(f":{match_type.value} needs a relation")
            return _relational(match_type, collation, keys, relation)


_cached_matcher = lru_cache(maxsize=_CACHED)(_matcher)


def weight(match_type: MatchType, collation: Collation, keys: tuple[str, ...]) -> int:
    """What 1,024 characters of values cost in such a comparison, in steps of a few microseconds at the worst; raises
    MatchInvalid."""
    match match_type:
        case MatchType.MATCHES:
            steps = _STEPS_OF_LETTERS if collation is UNICODE_CASEMAP else 0
            return steps + sum(1 + (len(key) if "?" in key else 0) for key in keys)
        case MatchType.REGEX:
            return sum(1 + regex.size // 4 for regex in _regexes(collation, keys))
        case _:
            return len(keys)


def _is(collation: Collation, keys: tuple[str, ...]) -> Matcher:
    form = collation.form
    wanted = frozenset(map(form, keys))

    def match(values: Sequence[str]) -> Match | None:
        for value in values:
            if form(value) in wanted:
                return _MATCH
        return None

    return match


def _contains(collation: Collation, keys: tuple[str, ...]) -> Matcher:
    _require_substring(MatchType.CONTAINS, collation)
    form = collation.form
    wanted = tuple(map(form, keys))

    def match_one(values: Sequence[str]) -> Match | None:
        for value in values:
            if key in form(value):
                return _MATCH
        return None

    def match_any(values: Sequence[str]) -> Match | None:
        for value in values:
            text = form(value)
            for key in wanted:
                if key in text:
                    return _MATCH
        return None

    if len(wanted) != 1:
        return match_any
    (key,) = wanted
    return match_one


def _relational(match_type: MatchType, collation: Collation, keys: tuple[str, ...], relation: Relation) -> Matcher:
    compare = _OPERATORS[relation]
    sort_key = collation.sort_key
    wanted = [sort_key(key) for key in keys]

    def match_value(values: Sequence[str]) -> Match | None:
        for value in values:
            left = sort_key(value)
            for right in wanted:
                if compare(left, right):
                    return _MATCH
        return None

    def match_count(values: Sequence[str]) -> Match | None:
        return match_value((str(len(values)),))

    return match_count if match_type is MatchType.COUNT else match_value


def _regex(collation: Collation, keys: tuple[str, ...]) -> Matcher:
    regexes = _regexes(collation, keys)

    def match(values: Sequence[str]) -> Match | None:
        for value in values:
            for regex in regexes:
                groups = regex.search(value)
                if groups is not None:
                    return Match(groups)
        return None

    return match


def _regexes(collation: Collation, keys: tuple[str, ...]) -> tuple[Regex, ...]:
    _require_substring(MatchType.REGEX, collation)
    return tuple([_compiled(collation, key) for key in keys])


@lru_cache(maxsize=_CACHED)
def _compiled(collation: Collation, key: str) -> Regex:
    try:
        return compile_regex(key, fold_ascii=collation is ASCII_CASEMAP, fold_all=collation is UNICODE_CASEMAP)
    except RegexInvalid as error:
        raise MatchInvalid(f'"{key[:100]}" is not a regular expression: {error}') from error


def _require_substring(match_type: MatchType, collation: Collation) -> None:
    if not collation.has_substring:
        raise MatchInvalid(f'the comparator "{collation.name}" cannot be used with :{match_type.value}')


# :matches. Wildcards stand for pieces of the value as it is, which are found by their offsets in its form. What a
# character is depends on the collation: of i;octet and i;ascii-casemap it is an octet, as only `?` can tell.


def _matches(collation: Collation, keys: tuple[str, ...]) -> Matcher:
    _require_substring(MatchType.MATCHES, collation)
    if collation is UNICODE_CASEMAP:
        return _matches_composed(_patterns(keys, _composed_form))
    form = collation.form
    patterns = _patterns(keys, form)
    if any(pattern.has_single for pattern in patterns):
        octet_patterns = _patterns(keys, lambda text: _octet_view(form(text)))
    else:
        octet_patterns = ()

    def match(values: Sequence[str]) -> Match | None:
        for value in values:
            text = form(value)
            if octet_patterns and not value.isascii():
                found = _match_octets(octet_patterns, text, value)
                if found is not None:
                    return found
                continue
            for pattern in patterns:
                captures = pattern.captures(text, value)
                if captures is not None:
                    return Match(captures)
        return None

    return match


def _patterns(keys: tuple[str, ...], form: Callable[[str], str]) -> tuple[Wildcards, ...]:
    try:
        return tuple([parse_wildcards(key, form) for key in keys])
    except PatternInvalid as error:
        raise MatchInvalid(str(error)) from error


def _octet_view(text: str) -> str:
    """One character for each octet of the UTF-8."""
    return text.encode("utf-8", "surrogateescape").decode("latin-1")


def _match_octets(patterns: tuple[Wildcards, ...], text: str, value: str) -> Match | None:
    view = _octet_view(text)
    for pattern in patterns:
        spans = pattern.spans(view)
        if spans is not None:
            octets = value.encode("utf-8", "surrogateescape")
            return Match((value, *[octets[start:end].decode("utf-8", "surrogateescape") for start, end in spans]))
    return None


def _composed_form(text: str) -> str:
    """The form of i;unicode-casemap with letters and their marks in one, so that `?` stands for both."""
    folded = fold(text)
    if folded.isascii():
        return folded
    if len(folded) <= _CHARACTERS_AT_ONCE:
        return unicodedata.normalize("NFC", folded)
    # Nobody else has a turn while one call lasts.
    return "".join([unicodedata.normalize("NFC", piece) for piece in _PIECES.findall(folded)])


def _matches_composed(patterns: tuple[Wildcards, ...]) -> Matcher:
    def match(values: Sequence[str]) -> Match | None:
        for value in values:
            text = _composed_form(value)
            for pattern in patterns:
                spans = pattern.spans(text)
                if spans is not None:
                    return Match((value, *_originals(value, text, spans)))
        return None

    return match


def _originals(value: str, text: str, spans: list[tuple[int, int]]) -> list[str]:
    """The pieces of `value` that have become these of its form."""
    if value.isascii():
        return [value[start:end] for start, end in spans]
    origins: list[int] = []  # by offset in the form
    forms: list[str] = []
    known: dict[str, str] = {}
    for start, end in _letters(value):
        letter = value[start:end]
        form = known.get(letter)
        if form is None:
            form = known[letter] = _composed_form(letter)
        forms.append(form)
        origins.extend([start] * len(form))
    origins.append(len(value))
    if "".join(forms) != text:  # letters that have become one with their neighbours, as those of Korean may
        return [text[start:end] for start, end in spans]
    return [value[origins[start] : origins[end]] for start, end in spans]


def _letters(value: str) -> Iterator[tuple[int, int]]:
    """Where each character with the marks that combine with it starts and ends."""
    start = 0
    for place in range(1, len(value) + 1):
        if place == len(value) or not unicodedata.combining(value[place]):
            yield start, place
            start = place
