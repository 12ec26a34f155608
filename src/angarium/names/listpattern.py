"""The patterns of LIST and LSUB (RFC 3501 §6.3.8; RFC 9051 §6.3.9).

Matching simulates an automaton whose states are the bits of an integer, so that its cost is at most the length of the
name times that of the pattern in words, whatever a client sends. Patterns that end in their only wildcard, which are
nearly all, need no automaton.
"""

import enum
from collections.abc import Sequence

from angarium.names.rules import is_inbox, nfc

_INBOX_LENGTH = 5
_MAX_PATTERN_LENGTH = 4096  # far above the longest name with a wildcard between any two of its characters


class _Tail(enum.Enum):
    """What follows the literal beginning of a pattern."""

    NOTHING = enum.auto()
    ONE_LEVEL = enum.auto()
    ALL_LEVELS = enum.auto()
    MIXED = enum.auto()


class ListPattern:
    """A reference and a pattern, put together; names are the external ones of whoever asks.

    The name INBOX, and as first component of what is below it, matches in any case of the pattern's letters.
    """

    __slots__ = ("_automaton", "_inbox_prefix", "_pattern", "_prefix", "_separator", "_tail", "lists_parents")

    def __init__(self, reference: str, pattern: str, separator: str) -> None:
        # "Work/" and "/x" mean Work/x; Cyrus puts reference and pattern together in the same way.
        if reference.endswith(separator) and pattern.startswith(separator):
            pattern = pattern[1:]
        simplified = _simplified(nfc(reference + pattern))
        # What is longer than any name matches none, as the empty pattern does, and is not worth an automaton.
        self._pattern = simplified if len(simplified) <= _MAX_PATTERN_LENGTH else ""
        self.lists_parents = self._pattern.endswith("%")
        """Whether levels above a name are listed as well; see `matching_parents`."""
        self._separator = separator
        self._prefix = _literal_prefix(self._pattern)
        self._inbox_prefix = self._prefix[:_INBOX_LENGTH].upper() + self._prefix[_INBOX_LENGTH:]
        self._tail = _tail(self._pattern[len(self._prefix) :])
        self._automaton = _Automaton(self._pattern, separator) if self._tail is _Tail.MIXED else None

    @property
    def literal_prefix(self) -> str:
        """What every matching name begins with (where it is INBOX, in any case), for scans of a range."""
        return self._prefix

    def near(self, names: Sequence[str]) -> Sequence[str]:
        """`names` without some that the pattern does not ask for, by how it begins; cheaper than to ask for each."""
        prefix = self._prefix
        # INBOX is asked for in any case of its letters; and NFC changes what is not ASCII, in a few cases to ASCII.
        if not prefix or not prefix.isascii() or "INBOX".startswith(prefix[:_INBOX_LENGTH].upper()):
            return names
        return [name for name in names if name.startswith(prefix) or not name.isascii()]

    def matches(self, name: str) -> bool:
        """Whether `name` is one that the pattern asks for."""
        if self._pattern == "*":
            return True
        name = nfc(name)
        folded = self._begins_with_inbox(name)
        if self._automaton is not None:
            return self._automaton.accepts(name, _INBOX_LENGTH if folded else 0)
        prefix = self._inbox_prefix if folded else self._prefix
        if self._tail is _Tail.NOTHING:
            return name == prefix
        if not name.startswith(prefix):
            return False
        return self._tail is _Tail.ALL_LEVELS or self._separator not in name[len(prefix) :]

    def matching_parents(self, name: str) -> list[str]:
        """The names above `name` that a pattern ending in `%` asks for, the topmost first.

        They are listed whether they exist or not (RFC 9051 §6.3.9); no other pattern lists what does not exist.
        """
        if not self.lists_parents:
            return []
        levels = name.split(self._separator)
        parents = (self._separator.join(levels[:depth]) for depth in range(1, len(levels)))
        return [parent for parent in parents if self.matches(parent)]

    def _begins_with_inbox(self, name: str) -> bool:
        return is_inbox(name[:_INBOX_LENGTH]) and name[_INBOX_LENGTH : _INBOX_LENGTH + 1] in ("", self._separator)


class _Automaton:
    """State j is the bit of "the first j elements of the pattern have been matched"."""

    __slots__ = ("_final", "_literal", "_separator", "_star", "_wild")

    def __init__(self, pattern: str, separator: str) -> None:
        self._literal: dict[str, int] = {}
        self._star = self._wild = 0
        self._separator = separator
        self._final = 1 << len(pattern)
        for index, element in enumerate(pattern):
            if element in "*%":
                self._wild |= 1 << index
                self._star |= (1 << index) if element == "*" else 0
            else:
                self._literal[element] = self._literal.get(element, 0) | 1 << index

    def accepts(self, name: str, folded: int) -> bool:
        """Whether all of `name` is matched; its first `folded` characters match in upper and lower case."""
        states = self._skip_wildcards(1)
        for index, character in enumerate(name):
            advancing = self._literal.get(character, 0)
            if index < folded:
                advancing = self._literal.get(character.upper(), 0) | self._literal.get(character.lower(), 0)
            staying = self._star if character == self._separator else self._wild
            states = self._skip_wildcards((states & advancing) << 1 | states & staying)
            if not states:
                return False
        return bool(states & self._final)

    def _skip_wildcards(self, states: int) -> int:
        # One step is enough: a simplified pattern has no two wildcards side by side.
        return states | (states & self._wild) << 1


def _simplified(pattern: str) -> str:
    """`pattern` with each run of wildcards as the one that means the same."""
    elements: list[str] = []
    for element in pattern:
        if element in "*%" and elements and elements[-1] in "*%":
            elements[-1] = "*" if "*" in (element, elements[-1]) else "%"
        else:
            elements.append(element)
    return "".join(elements)


def _literal_prefix(pattern: str) -> str:
    for index, element in enumerate(pattern):
        if element in "*%":
            return pattern[:index]
    return pattern


def _tail(rest: str) -> _Tail:
    match rest:
        case "":
            return _Tail.NOTHING
        case "*":
            return _Tail.ALL_LEVELS
        case "%":
            return _Tail.ONE_LEVEL
        case _:
            return _Tail.MIXED
