"""Asking for a collation by name, wildcard and direction (RFC 4790 §3, RFC 5255 §4.7)."""

import fnmatch
import re
from collections.abc import Sequence
from dataclasses import dataclass

from .collation import COLLATIONS, UNICODE_CASEMAP, Collation

_MAX_LENGTH = 254
_WILD = re.compile(r"(?:\*|[A-Za-z]\*?)(?:[A-Za-z0-9;=.-]\*?)*+")
_DEFAULT = "default"


class ComparatorInvalid(ValueError):
    """Not the syntax of a collation identifier or pattern."""


@dataclass(frozen=True, slots=True)
class Comparator:
    """A collation with the direction in which it orders."""

    collation: Collation
    is_descending: bool = False

    @property
    def name(self) -> str:
        """As a server tells it (RFC 4790 §3.3, collation-selected)."""
        return f"-{self.collation.name}" if self.is_descending else self.collation.name


DEFAULT_COMPARATOR = Comparator(UNICODE_CASEMAP)


@dataclass(frozen=True, slots=True)
class ComparatorSelection:
    """What the arguments of COMPARATOR select (RFC 5255 §4.7)."""

    active: Comparator
    matching: tuple[Collation, ...]
    """All that any argument matched; the answer lists them where there are several (RFC 5255 §4.8)."""


def find_collation(name: str) -> Collation | None:
    """The collation of that identifier, in any case; no wildcards, no direction."""
    wanted = name.lower()
    return next((collation for collation in COLLATIONS if collation.name == wanted), None)


def select_comparator(
    orders: Sequence[str],
    *,
    default: Comparator = DEFAULT_COMPARATOR,
    installed: Sequence[Collation] = COLLATIONS,
) -> ComparatorSelection | None:
    """What is asked for by `orders` (RFC 4790 §3.3, collation-order), best first; None where nothing matches.

    Raises ComparatorInvalid where one of them breaks the grammar.
    """
    found: list[tuple[Comparator, list[Collation]]] = []
    for order in orders:
        is_descending, pattern = _parse_order(order)
        if pattern == _DEFAULT:
            active = Comparator(default.collation, default.is_descending != is_descending)
            found.append((active, [default.collation]))
            continue
        matching = [collation for collation in installed if fnmatch.fnmatchcase(collation.name, pattern)]
        if matching:
            found.append((Comparator(matching[0], is_descending), matching))
    if not found:
        return None
    matched = dict.fromkeys(collation for _, matching in found for collation in matching)
    return ComparatorSelection(found[0][0], tuple(matched))


def _parse_order(order: str) -> tuple[bool, str]:
    pattern = order[1:] if order[:1] in ("+", "-") else order
    if len(pattern) > _MAX_LENGTH or not _WILD.fullmatch(pattern):
        raise ComparatorInvalid(f"not a collation: {order[:_MAX_LENGTH]!r}")
    return order.startswith("-"), pattern.lower()
