"""Which message answers which, by message ids: step 1 of REFERENCES (RFC 5256 §3).

A node is a number. Messages are 0 to n-1, in the order of message numbers; those that are mentioned and not among the
messages, the RFC's dummies, follow as they are met. A missing one that is mentioned once has one child at most and so
would be pruned in step 3: it gets no node. But where it is the parent, nothing else may become that: UNKNOWN_PARENT.
"""

from collections import Counter
from collections.abc import Generator, Sequence
from dataclasses import dataclass
from itertools import filterfalse

NO_PARENT = -1
UNKNOWN_PARENT = -2
"""At the top as with NO_PARENT, but the references of others do not move it from there."""

_WORK_AT_ONCE = 8_192
"""Message ids and ancestors looked at between two yields: some 2 ms."""
_STEPS_A_MESSAGE = 64
_STEPS_AT_LEAST = 100_000


@dataclass(frozen=True, slots=True)
class MessageIds:
    """Two columns of one length, in the order of message numbers; ids as `mime.parse_message_ids` gives them."""

    own: Sequence[str]
    """`""` where a message has none."""
    references: Sequence[Sequence[str]]
    """The ids of References, oldest first, or the first one of In-Reply-To."""


def link(ids: MessageIds) -> Generator[None, None, list[int]]:
    """The parent of each node, or NO_PARENT or UNKNOWN_PARENT; never a loop.

    Yields after every few milliseconds of work.
    """
    count = len(ids.own)
    node_of: dict[str, int] = {}
    for node in range(count - 1, -1, -1):  # backwards, for the first message of an id is the one that has it
        node_of[ids.own[node]] = node
        if node % _WORK_AT_ONCE == 0:
            yield
    node_of.pop("", None)
    missing = yield from _missing(ids.references, node_of)
    links = _Links(count)
    parents = links.parents
    work = 0
    for node in range(count):
        references = ids.references[node]
        parent = NO_PARENT
        for reference in references:
            mentioned = node_of.get(reference, NO_PARENT)
            if mentioned == NO_PARENT:
                if missing[reference] == 1:
                    if parent == NO_PARENT:
                        parent = UNKNOWN_PARENT
                    continue
                mentioned = node_of[reference] = links.add_dummy()
            if parent != NO_PARENT and parents[mentioned] == NO_PARENT:
                links.connect(mentioned, parent)
            parent = mentioned
        if parents[node] != parent:
            # Its own last reference is better than what the references of others said of it (step 1.B).
            parents[node] = NO_PARENT
            if parent != NO_PARENT:
                links.connect(node, parent)
        work += 1 + len(references)
        if work + links.steps_taken >= _WORK_AT_ONCE:
            work = links.steps_taken = 0
            yield
    return parents


def _missing(references: Sequence[Sequence[str]], node_of: dict[str, int]) -> Generator[None, None, Counter[str]]:
    """The ids that no message has, and how often each is mentioned."""
    missing: Counter[str] = Counter()
    waiting: list[str] = []
    for mentioned in references:
        waiting += mentioned
        if len(waiting) >= _WORK_AT_ONCE:
            missing.update(filterfalse(node_of.__contains__, waiting))
            waiting.clear()
            yield
    missing.update(filterfalse(node_of.__contains__, waiting))
    return missing


class _Links:
    """Parents of nodes.

    A link that would close a loop is not made. To know, the ancestors of the parent are looked at, if the child has
    children at all. Mail could be made up for which that takes time by the square; so the looking is limited, far
    above what mail needs that people wrote, and beyond the limit nothing is linked that has to be looked at.
    """

    __slots__ = ("_has_child", "_steps_left", "parents", "steps_taken")

    def __init__(self, count: int) -> None:
        self.parents = [NO_PARENT] * count
        self.steps_taken = 0
        self._has_child = bytearray(count)
        """False only where a node never had one."""
        self._steps_left = max(_STEPS_AT_LEAST, _STEPS_A_MESSAGE * count)

    def add_dummy(self) -> int:
        self.parents.append(NO_PARENT)
        self._has_child.append(False)
        return len(self.parents) - 1

    def connect(self, child: int, parent: int) -> None:
        """Links a node without a parent, unless that would close a loop."""
        if parent == UNKNOWN_PARENT:
            self.parents[child] = UNKNOWN_PARENT
        elif child != parent and not (self._has_child[child] and self._may_be_above(child, parent)):
            self.parents[child] = parent
            self._has_child[parent] = True

    def _may_be_above(self, node: int, below: int) -> bool:
        parents = self.parents
        steps = 0
        while below >= 0 and steps < self._steps_left:
            if below == node:
                break
            below = parents[below]
            steps += 1
        self._steps_left -= steps
        self.steps_taken += steps
        return below >= 0
