"""Putting named searches in the place of the keys that refer to them (RFC 5466 §3.1).

A filter stands for its whole search, as if that were in parentheses: NOT FILTER x finds what x does not find.
"""

from collections.abc import Callable
from typing import Final

from .searchkey import And, Filter, Not, Or, SearchKey

PASSES: Final = 10
"""How far filters may refer to filters; RFC 5466 §3.1 asks for three at least."""


class FilterUndefined(Exception):
    """There is no filter of that name, or it refers to itself, or refers too far."""

    def __init__(self, name: str) -> None:
        super().__init__(name)
        self.name = name


class SearchTooLarge(Exception):
    """With its filters the search has more keys, or deeper ones, than a command may have."""


def expand_filters(
    key: SearchKey, find: Callable[[str], SearchKey | None], *, keys_max: int, nesting_max: int
) -> SearchKey:
    """The search without any Filter; `find` gives the search of a name. FilterUndefined, SearchTooLarge."""
    return _Expansion(find, keys_max, nesting_max).expanded(key, (), 0)


class _Expansion:
    """Counts what it makes, since filters that refer to others twice each grow by powers of two."""

    def __init__(self, find: Callable[[str], SearchKey | None], keys_max: int, nesting_max: int) -> None:
        self._find = find
        self._keys_left = keys_max
        self._nesting_max = nesting_max

    def expanded(self, key: SearchKey, within: tuple[str, ...], depth: int) -> SearchKey:
        """`key`, which is in the filters `within`, the outermost first."""
        self._keys_left -= 1
        if self._keys_left < 0 or depth > self._nesting_max:
            raise SearchTooLarge
        match key:
            case And(keys):
                return And(tuple([self.expanded(inner, within, depth + 1) for inner in keys]))
            case Or(left, right):
                return Or(self.expanded(left, within, depth + 1), self.expanded(right, within, depth + 1))
            case Not(inner):
                return Not(self.expanded(inner, within, depth + 1))
            case Filter(name):
                return self._substituted(name, within, depth)
            case _:
                return key

    def _substituted(self, name: str, within: tuple[str, ...], depth: int) -> SearchKey:
        folded = name.lower()
        if folded in within or len(within) == PASSES:
            # It is as if the filter that was asked for were not there (RFC 5466 §3.1).
            raise FilterUndefined(within[0])
        found = self._find(name)
        if found is None:
            raise FilterUndefined(name)
        return self.expanded(found, (*within, folded), depth)
