"""SEARCH (RFC 9051 §6.4.4): keys over the mailbox view, cheap ones first, and files only where nothing else decides."""

from dataclasses import dataclass
from datetime import date

import numpy as np
from numpy.typing import NDArray

from angarium import searchkey
from angarium.collation import UNICODE_CASEMAP, Collation, SubstringNotSupported
from angarium.engine.rows import ModSeq
from angarium.flags import SystemFlags
from angarium.operations.messages.annotations import annotated_mask
from angarium.operations.messages.cache import MessageCache
from angarium.operations.messages.searchtext import Progress, TextSearch, quietly
from angarium.operations.messages.sentdays import SentDays
from angarium.rights import Right
from angarium.searchkey import SearchedField, SearchKey
from angarium.sequenceset import UidSet
from angarium.store import Indexes, Mask, SelectedMailbox
from angarium.store.acl import require
from angarium.store.objectids import parse_email_id, parse_thread_id

_DAY_S = 86_400
_EPOCH = date(1970, 1, 1).toordinal()


@dataclass(frozen=True, slots=True)
class Found:
    """What a search found."""

    uids: UidSet
    modseq: ModSeq | None
    """The greatest of those found, where the key asks for MODSEQ and something was found (RFC 7162 §3.1.5)."""


async def search(
    cache: MessageCache,
    selected: SelectedMailbox,
    key: SearchKey,
    *,
    collation: Collation = UNICODE_CASEMAP,
    progress: Progress = quietly,
) -> Found:
    """Those of the messages that the session was told of, and that are still there, which match `key`; needs `r`.

    Texts are compared by `collation`; SubstringNotSupported where it cannot do that. A message whose file is lost
    matches no text. `progress` hears of messages that had to be read.
    """
    rows = await matching_rows(cache, selected, key, collation, progress)
    return Found(selected.view.uids_at(rows), highest_modseq(selected, rows) if asks_modseq(key) else None)


async def matching_rows(
    cache: MessageCache, selected: SelectedMailbox, key: SearchKey, collation: Collation, progress: Progress
) -> Indexes:
    """As `search`: the places in `selected.view`, which is fresh on return."""
    await selected.refresh()
    require(selected.mailbox.rights, Right.READ)
    evaluation = _Evaluation(cache, selected, collation, progress)
    return np.flatnonzero(await evaluation.matching(key, evaluation.told()))


async def matching_among(
    cache: MessageCache, selected: SelectedMailbox, key: SearchKey, collation: Collation, candidates: Indexes
) -> Indexes:
    """Those of the candidates, places in the view of the last `refresh`, that match `key`."""
    evaluation = _Evaluation(cache, selected, collation, quietly)
    return np.flatnonzero(await evaluation.matching(key, evaluation.only(candidates)))


def highest_modseq(selected: SelectedMailbox, rows: Indexes) -> ModSeq | None:
    """The greatest mod-sequence of messages, as the reader sees it; None without any."""
    return ModSeq(int(selected.seen.modseqs(selected.view, rows).max())) if rows.size else None


def asks_modseq(key: SearchKey) -> bool:
    """Whether the answer tells a mod-sequence (RFC 7162 §3.1.5, §3.1.6)."""
    match key:
        case searchkey.ModSeq():
            return True
        case searchkey.And(keys):
            return any(asks_modseq(inner) for inner in keys)
        case searchkey.Or(left, right):
            return asks_modseq(left) or asks_modseq(right)
        case searchkey.Not(inner):
            return asks_modseq(inner)
        case _:
            return False


def _cost(key: SearchKey) -> int:
    """0: arrays; 1: text kept in memory; 2: contents; 3: message files."""
    match key:
        case searchkey.And(keys):
            return max(map(_cost, keys))
        case searchkey.Or(left, right):
            return max(_cost(left), _cost(right))
        case searchkey.Not(inner):
            return _cost(inner)
        case searchkey.FieldText(field):
            return 3 if field in (SearchedField.BODY, SearchedField.TEXT) else 1
        case searchkey.SentBefore() | searchkey.SentOn() | searchkey.SentSince():
            return 2
        case searchkey.Header():
            return 3
        case searchkey.AnnotationText():
            return 2
        case _:
            return 0


class _Evaluation:
    """One search over one view. A mask is right only for the rows that `within` names: nobody looks at others.

    The view may grow while files are read, so the rows are those that it had at the start.
    """

    def __init__(
        self, cache: MessageCache, selected: SelectedMailbox, collation: Collation, progress: Progress
    ) -> None:
        self._cache = cache
        self._selected = selected
        self._view = selected.view
        self._rows = len(selected.view.uid)
        self._collation = collation
        self._now_s = selected.store.sources.now_s()
        self._account = selected.mailbox.account
        self._texts = TextSearch(cache, selected.mailbox, selected.view, collation, progress)
        self._sent = SentDays(cache, selected.mailbox, selected.view)

    def told(self) -> Mask:
        """Messages that can be answered: told to the session, and not expunged since."""
        return self._mask_of(self._selected.told_indexes())

    def only(self, indexes: Indexes) -> Mask:
        """These places alone."""
        return self._mask_of(indexes)

    async def matching(self, key: SearchKey, within: Mask) -> Mask:
        """Those of `within` that match."""
        match key:
            case searchkey.And(keys):
                for inner in sorted(keys, key=_cost):
                    within = await self.matching(inner, within)
                return within
            case searchkey.Or(left, right):
                first, second = sorted((left, right), key=_cost)
                matched = await self.matching(first, within)
                return matched | await self.matching(second, within & ~matched)
            case searchkey.Not(inner):
                return within & ~await self.matching(inner, within)
            case searchkey.FieldText() | searchkey.Header() if not self._collation.has_substring:
                raise SubstringNotSupported(self._collation.name)
            case searchkey.FieldText() | searchkey.Header() if within.any():
                return within & await self._texts.matching(key, within)
            case searchkey.AnnotationText() if within.any():
                return await annotated_mask(self._selected, key, self._collation, within)
            case searchkey.SentBefore(day):
                return within & await self._sent.before(day, within)
            case searchkey.SentOn(day):
                since = await self._sent.since(day, within)
                return within & since & await self._sent.until(day, within)
            case searchkey.SentSince(day):
                return within & await self._sent.since(day, within)
            case _:
                return within & self._plain(key)

    def _plain(self, key: SearchKey) -> Mask:
        """Keys that arrays decide."""
        view, rows = self._view, self._rows
        match key:
            case searchkey.Flag(SystemFlags.SEEN):
                return self._seen()
            case searchkey.Flag(flag):
                return view.system_mask(flag)[:rows]
            case searchkey.Recent():
                return self._selected.is_recent(view.uid[:rows])
            case searchkey.Keyword(keyword):
                return view.keyword_mask(keyword)[:rows]
            case searchkey.Before(day):
                return self._days() < _number_of(day)
            case searchkey.On(day):
                mask: Mask = self._days() == _number_of(day)
                return mask
            case searchkey.Since(day):
                return self._days() >= _number_of(day)
            case searchkey.Larger(size_octets):
                return view.size_octets[:rows] > size_octets
            case searchkey.Smaller(size_octets):
                return view.size_octets[:rows] < size_octets
            case searchkey.Uids(uids):
                return self._mask_of_uids(self._selected.meant_uids(uids))
            case searchkey.SequenceNumbers(numbers):
                return self._mask_of_uids(self._selected.known_uids_of(numbers))
            case searchkey.Younger(seconds):
                return view.date_s[:rows] >= self._now_s - seconds
            case searchkey.Older(seconds):
                return view.date_s[:rows] <= self._now_s - seconds
            case searchkey.SavedBefore(day):
                return self._days_saved() < _number_of(day)
            case searchkey.SavedOn(day):
                saved_then: Mask = self._days_saved() == _number_of(day)
                return saved_then
            case searchkey.SavedSince(day):
                return self._days_saved() >= _number_of(day)
            case searchkey.EmailId(text):
                return _equal(view.email_id[:rows], parse_email_id(text))
            case searchkey.ThreadId(text):
                return _equal(view.thread_id[:rows], parse_thread_id(text))
            case searchkey.ModSeq(modseq):
                return self._selected.seen.modseqs(view, np.arange(rows)) >= modseq
            case _:
                # Every message here has a save date (RFC 8514 §4.3).
                return np.full(rows, fill_value=isinstance(key, searchkey.All | searchkey.SaveDateSupported))

    def _seen(self) -> Mask:
        return self._selected.seen.seen_mask(self._view)[: self._rows]

    def _days(self) -> NDArray[np.int64]:
        """The day of the internal date in its own zone (RFC 9051 §6.4.4: time and zone are disregarded)."""
        view, rows = self._view, self._rows
        local_s = view.date_s[:rows] + view.zone_min[:rows].astype(np.int64) * 60
        days: NDArray[np.int64] = local_s // _DAY_S
        return days

    def _days_saved(self) -> NDArray[np.int64]:
        """The day of the save date, in UTC, in which FETCH tells it too."""
        days: NDArray[np.int64] = self._view.saved_s[: self._rows] // _DAY_S
        return days

    def _mask_of_uids(self, uids: UidSet) -> Mask:
        return self._mask_of(self._view.indexes_of(uids))

    def _mask_of(self, indexes: NDArray[np.intp]) -> Mask:
        mask = np.zeros(self._rows, dtype=np.bool_)
        mask[indexes[indexes < self._rows]] = True
        return mask


def _equal(column: NDArray[np.int64], value: int | None) -> Mask:
    if value is None:
        return np.zeros(len(column), dtype=np.bool_)
    mask: Mask = column == value
    return mask


def _number_of(day: date) -> int:
    return day.toordinal() - _EPOCH
