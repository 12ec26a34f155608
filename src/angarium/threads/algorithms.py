"""The threading algorithms by name.

Rows are places in the columns that are given, which are in the order of message numbers. Sent dates are those of
RFC 5256 §2.2: the internal date where a message has no other. Of two that are equal, the lower number is first. Each
algorithm yields after every few milliseconds of work.
"""

from collections.abc import Generator, Sequence
from enum import Enum

import numpy as np
from numpy.typing import NDArray

from .forest import Forest
from .links import MessageIds, link
from .subjects import gather_subjects
from .tree import DUMMY, Threads

_THREADS_AT_ONCE = 4_096


class ThreadAlgorithm(Enum):
    """RFC 5256 §3, and REFS of draft-ietf-morg-inthread as with Cyrus; the value is the algorithm's name."""

    ORDEREDSUBJECT = "ORDEREDSUBJECT"
    REFERENCES = "REFERENCES"
    REFS = "REFS"


def thread_by_subject(subject_ranks: NDArray[np.int64], sent_s: NDArray[np.int64]) -> Generator[None, None, Threads]:
    """ORDEREDSUBJECT (RFC 5256 §3): those of one base subject are children of the one that was sent first.

    Equal subjects have equal ranks.
    """
    count = len(sent_s)
    by_date = np.argsort(sent_s, kind="stable")
    yield
    rows = by_date[np.argsort(subject_ranks[by_date], kind="stable")]
    yield
    ranks = subject_ranks[rows]
    is_first = np.ones(count, np.bool_)
    is_first[1:] = ranks[1:] != ranks[:-1]
    starts = np.flatnonzero(is_first)
    sizes = np.diff(starts, append=count)
    first_rows = rows[starts]
    order = np.lexsort((first_rows, sent_s[first_rows]))
    yield
    starts, sizes = starts[order], sizes[order]
    new_starts = np.cumsum(sizes) - sizes
    moved = rows[np.arange(count) + np.repeat(starts - new_starts, sizes)]
    child_counts = np.zeros(count, np.int64)
    child_counts[new_starts] = sizes - 1
    yield
    return Threads(moved.tolist(), child_counts.tolist())


def thread_by_references(
    ids: MessageIds,
    *,
    subjects: Sequence[str],
    is_reply: Sequence[bool],
    sent_s: NDArray[np.int64],
) -> Generator[None, None, Threads]:
    """REFERENCES (RFC 5256 §3): threads by references, then those of one base subject together.

    `subjects` are base subjects in the form in which the active comparator compares them, `is_reply` is
    `mime.BaseSubject.is_reply`.
    """
    parents = yield from link(ids)
    forest = yield from Forest.of_links(parents, sent_s)
    yield from gather_subjects(forest, subjects, is_reply)
    return (yield from forest.threads())


def thread_by_refs(
    ids: MessageIds, *, sent_s: NDArray[np.int64], internal_s: NDArray[np.int64]
) -> Generator[None, None, Threads]:
    """REFS: REFERENCES without its step 5, and threads in the order of their latest internal dates, as Cyrus has it.

    A new message thus makes its thread the last one.
    """
    parents = yield from link(ids)
    forest = yield from Forest.of_links(parents, sent_s)
    threads = yield from forest.threads()
    return (yield from _by_latest(threads, internal_s))


def _by_latest(threads: Threads, internal_s: NDArray[np.int64]) -> Generator[None, None, Threads]:
    starts = np.array((yield from _starts(threads)), np.intp)
    if not len(starts):
        return threads
    rows = np.array(threads.rows, np.int64)
    yield
    latest = np.maximum.reduceat(np.where(rows == DUMMY, np.iinfo(np.int64).min, internal_s[rows]), starts)
    first_rows = np.where(rows[starts] == DUMMY, np.roll(rows, -1)[starts], rows[starts])
    yield
    order = np.lexsort((first_rows, latest))
    yield
    ends = np.append(starts[1:], len(rows))
    moved = Threads([], [])
    for done, (start, end) in enumerate(zip(starts[order].tolist(), ends[order].tolist(), strict=True)):
        moved.rows.extend(threads.rows[start:end])
        moved.child_counts.extend(threads.child_counts[start:end])
        if done % _THREADS_AT_ONCE == 0:
            yield
    return moved


def _starts(threads: Threads) -> Generator[None, None, list[int]]:
    """Where each thread begins."""
    starts: list[int] = []
    nodes_left = 0
    for place, children in enumerate(threads.child_counts):
        if not nodes_left:
            starts.append(place)
            nodes_left = 1
            if len(starts) % _THREADS_AT_ONCE == 0:
                yield
        nodes_left += children - 1
    return starts
