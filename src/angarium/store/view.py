"""The mailbox view: one shared columnar picture of a mailbox's messages (DESIGN: 56-72 octets a message).

Columns are numpy arrays in ascending order of UIDs; a place in them is an *index*, which stays what it is for the life
of a view: new messages are appended, changes are made in place, expunge sets `expunged_modseq`. Compaction makes
another view, a new generation, and leaves the old one as it is for who still holds it. Only the loop's thread changes a
view, and only `MailboxViews` does so.
"""

import itertools
from dataclasses import replace
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from angarium.engine.columns import MessageColumns
from angarium.engine.commands import FlagOperation, StoreFlags
from angarium.engine.rows import InternalDate, MailboxId, MailboxRow, ModSeq
from angarium.flags import Flags, SystemFlags
from angarium.sequenceset import UidSet
from angarium.store.columns import Indexes, Mask, Uids
from angarium.store.uidranges import UidRanges, uid_set_of

_LEAST_ROOM = 16
_UNKNOWN = -1
_stamps = itertools.count(1)
_LOW_BITS = (1 << 64) - 1
_ALL_BITS = (1 << 128) - 1
_Bits = TypeVar("_Bits", np.uint16, np.uint64)


class MailboxView:
    """The messages of one mailbox; ask `MailboxViews.get` for one that is fresh.

    The columns are read only, and each as long as the view, expunged rows included. They may be longer after any
    `await`; a column taken before then keeps its length, and its indexes stay right.
    """

    uid: Uids
    modseqs: NDArray[np.int64]
    created_modseq: NDArray[np.int64]
    expunged_modseq: NDArray[np.int64]
    """0 while the message is there."""
    flags: NDArray[np.uint16]
    """Bits of SystemFlags; `\\Seen` is the owner's, or the shared one."""
    keywords_low: NDArray[np.uint64]
    keywords_high: NDArray[np.uint64]
    """Bit masks over `row.keywords`."""
    date_s: NDArray[np.int64]
    """UTC seconds of the internal date."""
    zone_min: NDArray[np.int16]
    saved_s: NDArray[np.int64]
    size_octets: NDArray[np.int64]
    content: NDArray[np.int64]
    email_id: NDArray[np.int64]
    thread_id: NDArray[np.int64]

    _live: Indexes | None
    _live_uids: Uids | None
    _live_ranges: UidRanges | None
    _first_unseen: int | None

    def __init__(self, row: MailboxRow, columns: MessageColumns, modseq: ModSeq) -> None:
        """A view of the mailbox and its messages as of the account's `modseq`."""
        self.row = row
        self.modseq = modseq
        self._known_since = modseq
        self._buffer = columns
        self._show(columns.uid.size)

    # What it is

    @property
    def mailbox(self) -> MailboxId:
        return self.row.id

    @property
    def stamp(self) -> int:
        """Another one after every change of a message; no two views share one."""
        return self._stamp

    @property
    def highestmodseq(self) -> ModSeq:
        """HIGHESTMODSEQ (RFC 7162 §3.1.2.1) of what is in the view, never of what is not yet in it."""
        return self.row.highestmodseq

    @property
    def octets(self) -> int:
        """Memory of the columns."""
        return self._buffer.octets

    @property
    def expunged_count(self) -> int:
        """Rows of messages that are no more there."""
        return int(self.uid.size - self.live().size)

    # Messages and places

    def live(self) -> Indexes:
        """Indexes of the messages that are there; kept until others are."""
        if self._live is None:
            self._live = np.flatnonzero(self.expunged_modseq == 0)
        return self._live

    def live_uids(self) -> Uids:
        """Their UIDs; kept until others are there."""
        if self._live_uids is None:
            live = self.live()
            self._live_uids = self.uid if live.size == self.uid.size else self.uid[live]
        return self._live_uids

    def live_ranges(self) -> UidRanges:
        """Their UIDs as ranges; kept until others are there."""
        if self._live_ranges is None:
            self._live_ranges = UidRanges(self.live_uids())
        return self._live_ranges

    def first_unseen(self) -> int | None:
        """The place among `live` of the first message without `\\Seen` (the owner's, or the shared one); kept until the
        next change."""
        if self._first_unseen is _UNKNOWN:
            unseen = (self.flags[self.live()] & np.uint16(SystemFlags.SEEN)) == 0
            first = int(unseen.argmax()) if unseen.size else 0
            self._first_unseen = first if unseen.size and unseen[first] else None
        return self._first_unseen

    def indexes_of(self, uids: UidSet, *, expunged: bool = False) -> Indexes:
        """Indexes of those of `uids` that are there (or, with `expunged`, whose rows are still known)."""
        if not uids:
            return np.empty(0, dtype=np.intp)
        bounds = np.array(uids.ranges, dtype=np.uint32)
        indexes = self._indexes_between(bounds[:, 0], bounds[:, 1])
        return indexes if expunged else self._those_there(indexes)

    def indexes_in(self, uids: UidRanges) -> Indexes:
        """Indexes of those of `uids` that are there; faster than `indexes_of` where there are many gaps."""
        return self._those_there(self._indexes_between(*uids.bounds))

    def _indexes_between(self, firsts: Uids, lasts: Uids) -> Indexes:
        return _runs(self.uid.searchsorted(firsts, side="left"), self.uid.searchsorted(lasts, side="right"))

    def _those_there(self, indexes: Indexes) -> Indexes:
        if not self._any_expunged:
            return indexes
        there: Indexes = indexes[self.expunged_modseq[indexes] == 0]
        return there

    def indexes_of_uids(self, uids: Uids) -> Indexes:
        """Indexes of an array of UIDs, those unknown left out; expunged ones are found too."""
        if not self.uid.size:
            return np.empty(0, dtype=np.intp)
        places = self.uid.searchsorted(uids)
        places[places == self.uid.size] = 0
        known: Indexes = places[self.uid[places] == uids]
        return known

    def uids_at(self, indexes: Indexes) -> UidSet:
        """The UIDs at ascending indexes."""
        return uid_set_of(self.uid[indexes])

    # One message

    def flags_of(self, system: int, low: int, high: int) -> Flags:
        """The names of bits as they stand in the columns of flags and keywords."""
        return Flags(SystemFlags(system), self._keywords_of(low | high << 64))

    def flags_at(self, index: int) -> Flags:
        """The flags of a message; `\\Seen` is the owner's, or the shared one."""
        return self.flags_of(int(self.flags[index]), int(self.keywords_low[index]), int(self.keywords_high[index]))

    def date_at(self, index: int) -> InternalDate:
        """The internal date of a message."""
        return InternalDate(int(self.date_s[index]), int(self.zone_min[index]))

    # Selections; masks are over all rows, expunged ones too

    def system_mask(self, flag: SystemFlags) -> Mask:
        """Rows that have the flag (`\\Seen`: the owner's, or the shared one)."""
        mask: Mask = (self.flags & np.uint16(flag)) != 0
        return mask

    def keyword_mask(self, keyword: str) -> Mask:
        """Rows that have the keyword, in any case of its letters; none where the mailbox does not know it."""
        bit = self._bit_of(keyword)
        if bit is None:
            return np.zeros(self.uid.size, dtype=np.bool_)
        column = self.keywords_low if bit < 64 else self.keywords_high
        mask: Mask = (column & np.uint64(1 << (bit % 64))) != 0
        return mask

    def changed_since(self, modseq: ModSeq) -> Indexes:
        """Messages that are there and whose MODSEQ is above `modseq`."""
        return np.flatnonzero((self.modseqs > modseq) & (self.expunged_modseq == 0))

    def vanished_since(self, modseq: ModSeq) -> UidSet | None:
        """UIDs expunged after `modseq`; None where the view does not know them all, being younger."""
        if modseq < self._known_since:
            return None
        return uid_set_of(self.uid[self.expunged_modseq > modseq])

    # Changes, by MailboxViews alone

    def continues_with(self, changed: MessageColumns) -> bool:
        """Whether `advance` can take these rows: known ones, and new ones above all that are known."""
        if not self.uid.size:
            return True
        old = changed.uid[changed.uid <= self.uid[-1]]
        return bool((self.uid[self.uid.searchsorted(old)] == old).all())

    def advance(self, row: MailboxRow, changed: MessageColumns, modseq: ModSeq) -> None:
        """Take the mailbox, rows that changed and new ones, as of the account's `modseq`."""
        self.row = row
        self.modseq = modseq
        if not changed.uid.size:
            return
        count = self.uid.size
        is_new = changed.uid > (int(self.uid[-1]) if count else 0)
        old, new = np.flatnonzero(~is_new), np.flatnonzero(is_new)
        places = self.uid.searchsorted(changed.uid[old])
        if not new.size and np.array_equal(self.expunged_modseq[places], changed.expunged_modseq):
            self._buffer.put(places, changed)
            self._note_change()
            return
        self._buffer.put(places, changed.take(old))
        grown = count + new.size
        if grown > self._buffer.uid.size:
            self._buffer = self._buffer.with_room_for(max(_LEAST_ROOM, grown, count + count // 4))
        self._buffer.put(np.arange(count, grown), changed.take(new))
        self._show(grown)

    def store(self, command: StoreFlags, changed: UidSet, modseq: ModSeq) -> None:
        """Take what a STORE did to the messages `changed`, as the account's change from the view's modseq to `modseq`.

        Where the view alone cannot know it all, nothing is taken, and `advance` has to be.
        """
        bits = self._bits_of(command.flags.keywords if command.keywords_writable else ())
        indexes = self.indexes_of(changed)
        if command.seen_account is not None or bits is None or indexes.size != len(changed):
            return
        system = int(command.flags.system & command.writable)
        match command.operation:
            case FlagOperation.ADD:
                cleared, cleared_bits = 0, 0
            case FlagOperation.REMOVE:
                cleared, cleared_bits, system, bits = system, bits, 0, 0
            case FlagOperation.REPLACE:
                cleared, cleared_bits = int(command.writable), _ALL_BITS if command.keywords_writable else 0
        before = self.flags[indexes]
        after = _masked(before, cleared, system)
        self.flags[indexes] = after
        if cleared_bits or bits:
            low, high = self.keywords_low, self.keywords_high
            low[indexes] = _masked(low[indexes], cleared_bits & _LOW_BITS, bits & _LOW_BITS)
            high[indexes] = _masked(high[indexes], cleared_bits >> 64, bits >> 64)
        self.modseqs[indexes] = modseq
        self.row = replace(
            self.row,
            unseen=self.row.unseen + _count(before, SystemFlags.SEEN) - _count(after, SystemFlags.SEEN),
            deleted=self.row.deleted + _count(after, SystemFlags.DELETED) - _count(before, SystemFlags.DELETED),
            highestmodseq=modseq,
        )
        self.modseq = modseq
        self._note_change()

    def compacted(self, told_modseq: ModSeq) -> "MailboxView":
        """The next generation: without messages expunged up to `told_modseq`, of which everybody was told."""
        kept = np.flatnonzero((self.expunged_modseq == 0) | (self.expunged_modseq > told_modseq))
        view = MailboxView(self.row, self._buffer.take(kept), self.modseq)
        view._known_since = max(self._known_since, told_modseq)
        return view

    def _show(self, count: int) -> None:
        rows = self._buffer.first(count)
        self.uid = rows.uid
        self.modseqs = rows.modseqs
        self.created_modseq = rows.created_modseq
        self.expunged_modseq = rows.expunged_modseq
        self.flags = rows.flags
        self.keywords_low = rows.keywords_low
        self.keywords_high = rows.keywords_high
        self.date_s = rows.date_s
        self.zone_min = rows.zone_min
        self.saved_s = rows.saved_s
        self.size_octets = rows.size_octets
        self.content = rows.content
        self.email_id = rows.email_id
        self.thread_id = rows.thread_id
        self._any_expunged = bool(self.expunged_modseq.any())
        self._live = None
        self._live_uids = None
        self._live_ranges = None
        self._note_change()

    def _note_change(self) -> None:
        """Messages changed, and are the same messages."""
        self._stamp = next(_stamps)
        self._first_unseen = _UNKNOWN

    def _bit_of(self, keyword: str) -> int | None:
        folded = keyword.lower()
        return next((bit for bit, name in enumerate(self.row.keywords) if name.lower() == folded), None)

    def _bits_of(self, keywords: tuple[str, ...]) -> int | None:
        """The masks of keywords as one number; None where the mailbox does not know them all."""
        bits = 0
        for keyword in keywords:
            bit = self._bit_of(keyword)
            if bit is None:
                return None
            bits |= 1 << bit
        return bits

    def _keywords_of(self, bits: int) -> tuple[str, ...]:
        names = self.row.keywords
        found: list[str] = []
        while bits:
            lowest = bits & -bits
            found.append(names[lowest.bit_length() - 1])
            bits ^= lowest
        return tuple(found)


def _masked(old: NDArray[_Bits], cleared: int, put: int) -> NDArray[_Bits]:
    kind = old.dtype.type
    masked: NDArray[_Bits] = (old & ~kind(cleared)) | kind(put)
    return masked


def _count(flags: NDArray[np.uint16], flag: SystemFlags) -> int:
    return int(np.count_nonzero(flags & np.uint16(flag)))


def _runs(starts: NDArray[np.intp], ends: NDArray[np.intp]) -> Indexes:
    """The places from each start up to its end, one run after another."""
    if starts.size == 1:
        return np.arange(starts[0], ends[0])
    lengths = ends - starts
    before = np.cumsum(lengths) - lengths
    places: Indexes = np.arange(int(lengths.sum())) + np.repeat(starts - before, lengths)
    return places
