"""The keys of a search that are not made of others: finding them, and putting others in their place.

How deep keys are nested is bounded by who makes them (the parser, `expand_filters`).
"""

from collections.abc import Callable, Iterator

from .searchkey import And, Not, Or, SearchKey


def leaves(key: SearchKey) -> Iterator[SearchKey]:
    """The keys that are not made of others."""
    match key:
        case And(keys):
            for inner in keys:
                yield from leaves(inner)
        case Or(left, right):
            yield from leaves(left)
            yield from leaves(right)
        case Not(inner):
            yield from leaves(inner)
        case _:
            yield key


def replace_leaves(key: SearchKey, replacement: Callable[[SearchKey], SearchKey]) -> SearchKey:
    """The same search with what `replacement` gives for each of its leaves."""
    match key:
        case And(keys):
            return And(tuple([replace_leaves(inner, replacement) for inner in keys]))
        case Or(left, right):
            return Or(replace_leaves(left, replacement), replace_leaves(right, replacement))
        case Not(inner):
            return Not(replace_leaves(inner, replacement))
        case _:
            return replacement(key)
