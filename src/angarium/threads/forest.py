"""Threads while they are made: steps 2, 3, 4 and 6 of REFERENCES (RFC 5256 §3).

A child knows its parent, and nothing else is kept. Lists of siblings are made at the end, by one pass over the messages
in the order of their dates, which leaves every list sorted.
"""

from collections.abc import Generator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from .links import NO_PARENT, UNKNOWN_PARENT
from .tree import DUMMY, Threads

_NODES_AT_ONCE = 8_192


@dataclass(frozen=True, slots=True)
class Roots:
    """What is at the top, by date, a dummy by that of its first child (step 4); lists of one length."""

    nodes: list[int]
    """Rows and dummies."""
    first_rows: list[int]
    """The row itself, or the first child of the dummy."""


class Forest:
    """Messages under one another, or at the top, or under a dummy that is at the top.

    `parents[row]` is a row, NO_PARENT, or the number of a dummy, which is `count` or more. Dummies have two children or
    more.
    """

    __slots__ = ("_dummies", "by_date", "count", "members", "parents")

    def __init__(self, parents: list[int], by_date: list[int], members: dict[int, list[int]], dummies: int) -> None:
        self.count = len(by_date)
        self.parents = parents
        self.by_date = by_date
        """All rows, in the order of their sent dates."""
        self.members = members
        """The children of each dummy, in no order."""
        self._dummies = dummies

    @classmethod
    def of_links(cls, links: list[int], sent_s: NDArray[np.int64]) -> Generator[None, None, "Forest"]:
        """The forest of `links`, as `link` gives them, dummies pruned (step 3)."""
        count = len(sent_s)
        by_date = np.argsort(sent_s, kind="stable")
        yield
        parents = links[:count]
        above = _DummyAncestors(links, count)
        members: dict[int, list[int]] = {}
        for row in range(count):
            if parents[row] >= count:
                parent = parents[row] = above.of(parents[row])
                if parent >= count:
                    members.setdefault(parent, []).append(row)
            elif parents[row] == UNKNOWN_PARENT:
                parents[row] = NO_PARENT
            if row % _NODES_AT_ONCE == 0:
                yield
        # A dummy at the top stays only where it holds several together.
        for dummy in [dummy for dummy, rows in members.items() if len(rows) == 1]:
            parents[members.pop(dummy)[0]] = NO_PARENT
        return cls(parents, by_date.tolist(), members, len(links))

    def roots(self) -> Generator[None, None, Roots]:
        """What is at the top now."""
        roots = Roots([], [])
        seen: set[int] = set()
        for place, row in enumerate(self.by_date):
            parent = self.parents[row]
            if parent == NO_PARENT:
                roots.nodes.append(row)
                roots.first_rows.append(row)
            elif parent >= self.count and parent not in seen:
                seen.add(parent)
                roots.nodes.append(parent)
                roots.first_rows.append(row)
            if place % _NODES_AT_ONCE == 0:
                yield
        return roots

    def add_dummy(self, rows: list[int]) -> int:
        """A new dummy at the top, over these rows."""
        dummy = self._dummies
        self._dummies += 1
        self.members[dummy] = []
        self.adopt(dummy, rows)
        return dummy

    def adopt(self, parent: int, rows: list[int]) -> None:
        """Makes rows the children of a row or of a dummy."""
        for row in rows:
            self.parents[row] = parent
        if parent >= self.count:
            self.members[parent].extend(rows)

    def threads(self) -> Generator[None, None, Threads]:
        """All threads, siblings by date (step 6)."""
        # Each node knows its first child and its next sibling, as numbers: a list of children for each would set the
        # garbage collector off.
        first_child = [NO_PARENT] * self._dummies
        next_sibling = [NO_PARENT] * self.count
        child_counts = [0] * self._dummies
        tops: list[int] = []
        for place, row in enumerate(reversed(self.by_date)):
            parent = self.parents[row]
            if parent == NO_PARENT:
                tops.append(row)
            else:
                next_sibling[row] = first_child[parent]
                first_child[parent] = row
                child_counts[parent] += 1
                if parent >= self.count and child_counts[parent] == len(self.members[parent]):
                    tops.append(parent)  # in the place of what came last, its first child
            if place % _NODES_AT_ONCE == 0:
                yield
        rows: list[int] = []
        counts: list[int] = []
        while tops:
            node = tops.pop()
            if node < self.count:
                rows.append(node)
                if next_sibling[node] != NO_PARENT:
                    tops.append(next_sibling[node])
            else:
                rows.append(DUMMY)
            counts.append(child_counts[node])
            if first_child[node] != NO_PARENT:
                tops.append(first_child[node])
            if len(rows) % _NODES_AT_ONCE == 0:
                yield
        return Threads(rows, counts)


class _DummyAncestors:
    """What stands above dummies once those between are pruned: a row, or the topmost dummy."""

    __slots__ = ("_count", "_found", "_links")

    def __init__(self, links: list[int], count: int) -> None:
        self._links = links
        self._count = count
        self._found: dict[int, int] = {}

    def of(self, dummy: int) -> int:
        """Chains are walked once, however long and often asked for."""
        chain: list[int] = []
        node = dummy
        while node >= self._count and node not in self._found:
            chain.append(node)
            above = self._links[node]
            if above < 0:  # NO_PARENT or UNKNOWN_PARENT
                break
            node = above
        result = self._found.get(node, node)
        for passed in chain:
            self._found[passed] = result
        return result
