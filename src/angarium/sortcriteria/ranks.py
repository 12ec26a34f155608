"""Texts as numbers of the same order, so that they are compared once and sorted often."""

from bisect import bisect_right
from collections.abc import Generator, Sequence

import numpy as np
from numpy.typing import NDArray

_AT_ONCE = 4_096
"""Texts that are sorted, or numbered, between two yields: some 1 ms."""


def ranks(keys: Sequence[str]) -> NDArray[np.int64]:
    """The place of each key among the distinct ones, ascending from 0; equal keys have equal ranks."""
    distinct = sorted(set(keys))
    rank_of = dict(zip(distinct, range(len(distinct)), strict=True))
    return np.fromiter(map(rank_of.__getitem__, keys), np.int64, len(keys))


def ranks_in_slices(keys: Sequence[str]) -> Generator[None, None, NDArray[np.int64]]:
    """`ranks` that yields after every few milliseconds of work, at about twice the cost in all.

    Sorting cannot be interrupted, so the distinct keys are first dealt out to buckets, each of which holds a range.
    """
    distinct: dict[str, None] = {}
    for start in _starts(keys):
        distinct.update(dict.fromkeys(keys[start : start + _AT_ONCE]))
        yield
    texts = [*distinct]
    bounds = sorted(texts[:: _AT_ONCE // 16])[15::16]
    buckets: list[list[str]] = [[] for _ in range(len(bounds) + 1)]
    for start in _starts(texts):
        for text in texts[start : start + _AT_ONCE]:
            buckets[bisect_right(bounds, text)].append(text)
        yield
    for bucket in buckets:
        bucket.sort()
        yield
    rank_of: dict[str, int] = {}
    for bucket in buckets:
        rank_of.update(zip(bucket, range(len(rank_of), len(rank_of) + len(bucket)), strict=True))
        yield
    found = np.empty(len(keys), np.int64)
    for start in _starts(keys):
        part = keys[start : start + _AT_ONCE]
        found[start : start + len(part)] = np.fromiter(map(rank_of.__getitem__, part), np.int64, len(part))
        yield
    return found


def _starts(texts: Sequence[str]) -> range:
    return range(0, len(texts), _AT_ONCE)
