"""Searches whose results are kept up to date (RFC 5267 §4.3): what joins a result, and what leaves it.

Theory of operation. A context remembers its result, and the moment as of which it was right. Where time has gone by, it
looks only at messages of which another answer may be true: new ones, those that changed, if the key asks for anything
that can change, and those over which a moving bound has passed: the end of the mailbox (`*`) or an age. Message numbers
and `$` mean the messages that they meant when the search was made (RFC 5267 §4.3).

A sorted result is put in order anew where something joins it; that costs what the order of SORT does, and texts have
been ranked before. Positions count from 1, in the result as it is when the change before has been made.
"""

import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np

from angarium import searchkey
from angarium.collation import Comparator
from angarium.operations.messages.annotations import AnnotationCriterion
from angarium.operations.messages.cache import MessageCache
from angarium.operations.messages.search import matching_among
from angarium.operations.messages.sort import in_order
from angarium.searchkey import SearchKey, leaves, replace_leaves
from angarium.sequenceset import SequenceSet, UidSet
from angarium.sortcriteria import SortCriterion, SortKey
from angarium.store import Indexes, Mask, Moment, SelectedMailbox, Uids
from angarium.store.columns import union_of
from angarium.store.uidranges import UidRanges

PLACES_MAX: Final = 1_000
"""Where a sorted result changes at more places, it is told anew."""

_KEY_OCTETS: Final = 200
_RANGE_OCTETS: Final = 120

_CHANGEABLE: Final = searchkey.Flag | searchkey.Keyword | searchkey.ModSeq | searchkey.AnnotationText
"""Keys about what can change of a message that is there."""
_AGES: Final = searchkey.Younger | searchkey.Older

_NOTHING: Final = UidSet()
_NO_UIDS: Final[Uids] = np.empty(0, dtype=np.uint32)

Criteria = Sequence[SortCriterion | AnnotationCriterion]


@dataclass(frozen=True, slots=True)
class Placed:
    """UIDs that stand one after another in a result, from a position on; 0 where the result is in mailbox order."""

    position: int
    uids: Uids


@dataclass(frozen=True, slots=True)
class ContextChanges:
    """What a client has to do to its result, in this order: take out, and then put in."""

    removed: tuple[Placed, ...] = ()
    added: tuple[Placed, ...] = ()
    new: UidSet = _NOTHING
    """Those of what is added that are new in the mailbox."""

    def __bool__(self) -> bool:
        return bool(self.removed or self.added)


class SearchContext:
    """One search of one session in its selected mailbox; `begin` comes before the search itself is done."""

    def __init__(
        self,
        selected: SelectedMailbox,
        key: SearchKey,
        comparator: Comparator,
        criteria: Criteria | None = None,
    ) -> None:
        """Begins before the search, so that no change is missed; `start` gives it what that found."""
        self.key = replace_leaves(key, lambda leaf: _as_uids(selected, leaf))
        self._comparator = comparator
        self._criteria = criteria
        self._reached = Moment.of(selected)
        self._now_s = selected.store.sources.now_s()
        self.uids = _NO_UIDS
        """The result, in its order."""
        found = list(leaves(self.key))
        self._key_octets = sum(map(_octets, found))
        self._ages = [leaf for leaf in found if isinstance(leaf, _AGES)]
        self._open_ends = [leaf for leaf in found if isinstance(leaf, searchkey.Uids) and not leaf.uids.is_resolved]
        self._order_changes = any(map(_may_reorder, criteria or ()))
        self._changes = self._order_changes or any(isinstance(leaf, _CHANGEABLE) for leaf in found)
        self._by_modseq = any(isinstance(leaf, searchkey.ModSeq) for leaf in found) or any(
            isinstance(criterion, SortCriterion) and criterion.key is SortKey.MODSEQ for criterion in criteria or ()
        )

    def start(self, uids: Uids) -> None:
        """What the search has found, in its order, now."""
        self.uids = uids

    @property
    def octets(self) -> int:
        """About what it takes."""
        return self.uids.nbytes + self._key_octets

    def remove(self, gone: UidSet) -> ContextChanges:
        """Take out what is not there any more."""
        if not gone or not self.uids.size:
            return ContextChanges()
        return self._take(self.uids[~UidRanges(gone.to_array().astype(np.uint32)).contains(self.uids)])

    async def advance(self, cache: MessageCache, selected: SelectedMailbox) -> ContextChanges:
        """Go on to the last `refresh`, and to what the session was told until now."""
        moment, now_s = Moment.of(selected), selected.store.sources.now_s()
        if moment == self._reached and not self._ages:
            return ContextChanges()
        view = selected.view
        uids = self._still_there(selected)
        new = self._reached.newly_told(selected)
        candidates = union_of(view.uid.size, new, *self._doubtful(selected, now_s))
        joined, moved = _NO_UIDS, _NO_UIDS
        if candidates.size:
            matching = await matching_among(cache, selected, self.key, self._comparator.collation, candidates)
            looked_at, found = view.uid[candidates], view.uid[matching]
            was, now = np.isin(looked_at, uids), np.isin(looked_at, found)
            left, joined = looked_at[was & ~now], looked_at[now & ~was]
            if left.size:
                uids = uids[~np.isin(uids, left)]
            if joined.size or (self._order_changes and found.size):
                uids = await self._in_order(cache, selected, np.concatenate((uids, joined)))
                moved = looked_at
        changes = self._take(uids, moved)
        self._reached, self._now_s = moment, now_s
        return ContextChanges(changes.removed, changes.added, view.uids_at(new[np.isin(view.uid[new], joined)]))

    def _still_there(self, selected: SelectedMailbox) -> Uids:
        """What of the result was not expunged, told or not."""
        live = selected.view.live_ranges()
        if live is self._reached.told:
            return self.uids
        there = live.contains(self.uids)
        return self.uids if there.all() else self.uids[there]

    def _doubtful(self, selected: SelectedMailbox, now_s: int) -> Iterator[Indexes]:
        """Messages told before of which another answer than before may be true."""
        if self._changes:
            # The mod-sequences of all messages rise together with a reader's own seen state.
            all_change = self._by_modseq and selected.seen.own is not self._reached.seen
            yield selected.told_among(selected.view.live()) if all_change else self._reached.changed(selected)
        for leaf in self._open_ends:
            before, now = leaf.uids.resolve(self._reached.told.last), leaf.uids.resolve(selected.told_ranges.last)
            passed = before.difference(now).union(now.difference(before))
            yield selected.told_among(selected.view.indexes_of(passed))
        if self._ages and now_s != self._now_s:
            yield self._aged(selected, now_s)

    def _aged(self, selected: SelectedMailbox, now_s: int) -> Indexes:
        """Messages that grew older than one of the ages asked for."""
        date_s = selected.view.date_s
        passed: Mask = np.zeros(date_s.size, dtype=np.bool_)
        first_s, last_s = sorted((self._now_s, now_s))
        for leaf in self._ages:
            passed |= (date_s >= first_s - leaf.seconds) & (date_s <= last_s - leaf.seconds)
        return selected.told_among(np.flatnonzero(passed))

    async def _in_order(self, cache: MessageCache, selected: SelectedMailbox, uids: Uids) -> Uids:
        ascending = np.sort(uids, kind="stable")  # two runs of one order are merged
        if self._criteria is None:
            return ascending
        rows = selected.view.indexes_of_uids(ascending)
        return await in_order(cache, selected, self._criteria, rows, self._comparator)

    def _take(self, uids: Uids, moved: Uids = _NO_UIDS) -> ContextChanges:
        """The result is this from now on; what that means to who knows the old one."""
        if uids is self.uids or np.array_equal(uids, self.uids):
            return ContextChanges()
        old, self.uids = self.uids, uids
        if self._criteria is None:
            return ContextChanges(_anywhere(old[~np.isin(old, uids)]), _anywhere(uids[~np.isin(uids, old)]))
        return _reordered(old, uids, moved)


def _as_uids(selected: SelectedMailbox, leaf: SearchKey) -> SearchKey:
    """Message numbers and the saved result as the messages that they mean now."""
    match leaf:
        case searchkey.SequenceNumbers(numbers):
            return searchkey.Uids(SequenceSet(selected.known_uids_of(numbers).ranges))
        case searchkey.Uids(uids) if uids.is_saved_result:
            return searchkey.Uids(SequenceSet(selected.uids_from(uids).ranges))
        case _:
            return leaf


def _octets(leaf: SearchKey) -> int:
    """About what a key takes."""
    match leaf:
        case searchkey.Uids(uids):
            return _KEY_OCTETS + _RANGE_OCTETS * len(uids.ranges)
        case searchkey.FieldText(_, text) | searchkey.Header(_, text):
            return _KEY_OCTETS + sys.getsizeof(text)
        case _:
            return _KEY_OCTETS


def _may_reorder(criterion: SortCriterion | AnnotationCriterion) -> bool:
    """Whether the place of a message by this criterion can become another one."""
    return isinstance(criterion, AnnotationCriterion) or criterion.key is SortKey.MODSEQ


def _anywhere(uids: Uids) -> tuple[Placed, ...]:
    return (Placed(0, uids),) if uids.size else ()


def _reordered(old: Uids, new: Uids, moved: Uids) -> ContextChanges:
    """How to make the new result of the old one; where what stays has another order, `moved` is taken out and put in
    again, and at worst all is."""
    for apart in (_NO_UIDS, moved):
        stays = np.isin(old, new) & ~np.isin(old, apart)
        stayed = np.isin(new, old) & ~np.isin(new, apart)
        removed, added = _runs(~stays), _runs(~stayed)
        if len(removed) + len(added) <= PLACES_MAX and np.array_equal(old[stays], new[stayed]):
            # From the end, so that the positions of the others stay; and put in from the beginning.
            return ContextChanges(
                tuple([Placed(first + 1, old[first:end]) for first, end in reversed(removed)]),
                tuple([Placed(first + 1, new[first:end]) for first, end in added]),
            )
    return ContextChanges(_whole(old), _whole(new))


def _whole(uids: Uids) -> tuple[Placed, ...]:
    return (Placed(1, uids),) if uids.size else ()


def _runs(mask: Mask) -> list[tuple[int, int]]:
    """Where the mask is true without a gap: the first place of each run and the one behind its last."""
    edges = np.flatnonzero(np.diff(np.concatenate(([False], mask, [False])).astype(np.int8)))
    return list(zip(edges[::2].tolist(), edges[1::2].tolist(), strict=True))
