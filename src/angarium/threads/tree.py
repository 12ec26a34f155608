"""Trees of messages, and how THREAD sends them (RFC 5256 §4); nothing here recurses, for threads nest without limit."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

DUMMY = -1
"""In place of a row: a parent that is not among the messages; only at the top, and with two children or more."""

_PIECES_AT_ONCE = 4_096


@dataclass(frozen=True, slots=True)
class Threads:
    """All threads in order, each parent before its children, and these in order."""

    rows: list[int]
    """Places in the columns that were threaded, or DUMMY."""
    child_counts: list[int]
    """How many children each of `rows` has."""


def serialize_threads(threads: Threads, numbers: Sequence[int]) -> Iterator[bytes]:
    """The thread lists of a THREAD response, in pieces of some 20 KB; nothing where there are no threads.

    `numbers` are the message numbers or UIDs of the rows.
    """
    pieces: list[str] = []
    siblings_left: list[int] = []  # in each list of siblings that is open, outermost first
    is_only_child = False
    for row, children in zip(threads.rows, threads.child_counts, strict=True):
        if len(pieces) >= _PIECES_AT_ONCE:
            yield "".join(pieces).encode()
            pieces.clear()
        if not is_only_child:
            pieces.append("(")
        if row != DUMMY:
            pieces.append(f"{numbers[row]} " if children else str(numbers[row]))
        is_only_child = children == 1
        if children > 1:
            siblings_left.append(children)
        elif not children:
            pieces.append(")")
            while siblings_left:
                siblings_left[-1] -= 1
                if siblings_left[-1]:
                    break
                siblings_left.pop()
                pieces.append(")")
    if pieces:
        yield "".join(pieces).encode()
