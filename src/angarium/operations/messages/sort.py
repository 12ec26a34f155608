"""SORT (RFC 5256 §3): which messages, by a search; in which order, by columns of numbers."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from angarium.collation import DEFAULT_COMPARATOR, Comparator
from angarium.engine.rows import ModSeq
from angarium.operations.messages.annotations import AnnotationCriterion, annotation_texts
from angarium.operations.messages.cache import MessageCache
from angarium.operations.messages.ordercolumns import OrderColumns
from angarium.operations.messages.ordertexts import OrderTexts
from angarium.operations.messages.search import asks_modseq, highest_modseq, matching_rows
from angarium.operations.messages.searchtext import Progress, quietly
from angarium.operations.messages.slices import in_turns
from angarium.searchkey import SearchKey
from angarium.sortcriteria import SortColumn, SortCriterion, SortKey, order, ranks_in_slices
from angarium.store import Indexes, SelectedMailbox, Uids

_ORDERED_INLINE = 20_000
"""Messages whose order is found on the loop, in some 1 ms; more go to a thread."""

_KEYS_AT_ONCE = 1_024
"""Annotations whose sort keys are made between two turns of the loop; some 1 ms."""


@dataclass(frozen=True, slots=True)
class Sorted:
    """What a sort found."""

    uids: Uids
    """In the order asked for."""
    modseq: ModSeq | None
    """The greatest of those found, where the key asks for MODSEQ and something was found (RFC 7162 §3.1.6)."""


async def sort(
    cache: MessageCache,
    selected: SelectedMailbox,
    criteria: Sequence[SortCriterion | AnnotationCriterion],
    key: SearchKey,
    *,
    comparator: Comparator = DEFAULT_COMPARATOR,
    progress: Progress = quietly,
) -> Sorted:
    """The messages that `search` finds, in order; needs `r`. The first mail of a mailbox costs more than the next."""
    rows = await matching_rows(cache, selected, key, comparator.collation, progress)
    modseq = highest_modseq(selected, rows) if asks_modseq(key) else None
    return Sorted(await in_order(cache, selected, criteria, rows, comparator), modseq)


async def in_order(
    cache: MessageCache,
    selected: SelectedMailbox,
    criteria: Sequence[SortCriterion | AnnotationCriterion],
    rows: Indexes,
    comparator: Comparator,
) -> Uids:
    """The messages at these places in the view, in order."""
    view = selected.view
    ordering = _Ordering(cache, selected, rows, comparator)
    columns = [await ordering.column(criterion) for criterion in criteria]
    if rows.size <= _ORDERED_INLINE:
        places = order(columns)
    else:
        places = await asyncio.to_thread(order, columns)
    uids: Uids = view.uid[rows[places]]
    return uids


class _Ordering:
    """Columns over the rows that are sorted."""

    def __init__(self, cache: MessageCache, selected: SelectedMailbox, rows: Indexes, comparator: Comparator) -> None:
        self._cache = cache
        self._selected = selected
        self._mailbox = selected.mailbox
        self._view = selected.view
        self._seen = selected.seen
        self._rows = rows
        self._comparator = comparator

    async def column(self, criterion: SortCriterion | AnnotationCriterion) -> SortColumn:
        """What one criterion compares."""
        if isinstance(criterion, AnnotationCriterion):
            return await self._annotations(criterion)
        if not criterion.key.is_text:
            return SortColumn(await self._numbers(criterion.key), criterion.is_reverse)
        texts = OrderTexts(self._cache, self._mailbox, self._view, await self._columns())
        ranks = await texts.ranks(criterion.key, self._comparator.collation)
        return SortColumn(ranks[self._rows], criterion.is_reverse != self._comparator.is_descending)

    async def _annotations(self, criterion: AnnotationCriterion) -> SortColumn:
        texts = await annotation_texts(self._selected, self._rows, criterion.entry, is_shared=criterion.is_shared)
        keys: list[str] = []
        while len(keys) < len(texts):
            keys += self._comparator.collation.sort_keys(texts[len(keys) : len(keys) + _KEYS_AT_ONCE])
            await asyncio.sleep(0)
        return SortColumn(await in_turns(ranks_in_slices(keys)), criterion.is_reverse != self._comparator.is_descending)

    async def _numbers(self, key: SortKey) -> NDArray[np.integer]:
        view, rows = self._view, self._rows
        match key:
            case SortKey.ARRIVAL:
                return view.date_s[rows]
            case SortKey.DATE:
                return (await self._columns()).sent_s(rows, view.date_s[rows])
            case SortKey.SIZE:
                return view.size_octets[rows]
            case SortKey.MODSEQ:
                return self._seen.modseqs(view, rows)
            case _:
                assert key is SortKey.UID, f"{key} is no number"
                return view.uid[rows]

    async def _columns(self) -> OrderColumns:
        return await self._cache.order_columns(self._mailbox.account, self._view)
