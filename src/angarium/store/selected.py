"""A selected mailbox: what one session was told, and what it has to be told (RFC 9051 §5.2, §7.5.1).

A session keeps the UIDs that it was told of, as ranges, and the modseq up to which it was told of changes. Everything
else is found by comparing these with the view: what is in the view above the last UID is new; what was told and is not
there any more was expunged, now or while expunges could not be told; what has a higher modseq was changed.
"""

import enum
from dataclasses import dataclass, field
from typing import Final, Self

import numpy as np
from numpy.typing import NDArray

from angarium.engine.rows import NO_MODSEQ, ModSeq, Uid
from angarium.errors import AccountNotFound, MailboxNotFound
from angarium.rights import Right, Rights
from angarium.sequenceset import SequenceSet, UidSet
from angarium.store.acl import require
from angarium.store.actor import Actor
from angarium.store.columns import Indexes, Mask, Uids
from angarium.store.mailbox import Mailbox, SeenState
from angarium.store.seen import SeenOverlay, load_seen
from angarium.store.store import Store
from angarium.store.uidranges import UidRanges, uid_set_of
from angarium.store.view import MailboxView
from angarium.store.views import Reader

_WRITING = (
    Right.SEEN,
    Right.WRITE,
    Right.INSERT,
    Right.DELETE_MESSAGES,
    Right.EXPUNGE,
)

_NO_UIDS = UidSet()
_NOTHING_TOLD = UidRanges(np.empty(0, dtype=np.uint32))


class UpdateKind(enum.Flag):
    """What a client wants to be told of by itself (RFC 5465 §3.1); without NOTIFY it is all of this."""

    NEW = enum.auto()
    EXPUNGED = enum.auto()
    CHANGED = enum.auto()
    """Flags or annotations."""


ALL_UPDATES: Final = UpdateKind.NEW | UpdateKind.EXPUNGED | UpdateKind.CHANGED


@dataclass(frozen=True, slots=True)
class Updates:
    """What changed since the session was last told; to be sent in the order of the fields."""

    expunged: tuple[int, ...] = ()
    """Sequence numbers for untagged EXPUNGE, in the order in which they are to be sent: each counts as of then."""
    vanished: UidSet = _NO_UIDS
    """The same messages by UID, for VANISHED."""
    exists: int | None = None
    """The number of messages, where there are new ones."""
    recent: int | None = None
    """With `exists`: how many are recent to this session."""
    keywords: tuple[str, ...] | None = None
    """All keywords of the mailbox, where there are new ones (an untagged FLAGS)."""
    changed: UidSet = _NO_UIDS
    """UIDs of messages whose flags changed, those of the session's own silent STORE left out."""
    new: UidSet = field(default=_NO_UIDS, compare=False)
    """UIDs of what `exists` counts for the first time."""
    since: ModSeq = field(default=NO_MODSEQ, compare=False)
    """What happened up to here was looked at before."""

    def __bool__(self) -> bool:
        return bool(self.vanished or self.exists is not None or self.keywords is not None or self.changed)


NO_UPDATES = Updates()


class SelectedMailbox(Reader):
    """The session's own picture. Sequence numbers mean what the client was told, whatever happened since.

    Between commands call `rest`, so that an idle session does not hold a view.
    """

    def __init__(self, store: Store, actor: Actor, mailbox: Mailbox, *, examine: bool) -> None:
        """Not yet to be used: `open` makes one."""
        self.store = store
        self.actor = actor
        self.mailbox = mailbox
        """Found again at each `refresh`: rights and counters may have changed."""
        self.seen = SeenOverlay()
        self.told_modseq = ModSeq(0)
        self._examine = examine
        self._was_deleted = mailbox.row.deleted_at_s is not None
        self._view: MailboxView | None = None
        self._fresh_stamp = 0
        self._fresh_modseq = ModSeq(0)
        self._looked_at: tuple[ModSeq, Actor] | None = None
        self._told = _NOTHING_TOLD
        self._told_stamp = 0
        self._changes_modseq = ModSeq(0)
        self._upto = ModSeq(0)
        self._expunge_waits = False
        self._told_seen = self.seen
        self._told_keywords: tuple[str, ...] = ()
        self._last_uid = 0
        self._recent = UidSet()
        self._knows_recent = True
        self._silent: list[tuple[UidSet, ModSeq]] = []
        self.wanted = ALL_UPDATES
        """What `updates` tells; all else waits, and is told once it is wanted."""
        self._told_kinds = ALL_UPDATES
        self._withholds = False
        self._own_expunges = _NO_UIDS
        self.saved_result = UidSet()
        """The messages that `$` means, by UID (RFC 5182 §2.1); those expunged since count no more."""

    @classmethod
    async def open(
        cls, store: Store, actor: Actor, mailbox: Mailbox, *, examine: bool, knows_recent: bool = True
    ) -> Self:
        """Select what `Store.find` gave; needs `r`. Claims `\\Recent` unless `examine`, or nothing is recent here.

        All messages count as told on return.
        """
        require(mailbox.rights, Right.READ)
        selected = cls(store, actor, mailbox, examine=examine)
        view = await selected._look(mailbox)
        store.views.register(mailbox.account, mailbox.id, selected)
        nothing = view.uid[:0]
        selected._knows_recent = knows_recent
        selected._take_as_told(view, nothing, view.live_uids())
        selected._upto = view.modseq
        selected._note_recent(view.live_uids(), UidSet())
        return selected

    # What it is now

    @property
    def read_only(self) -> bool:
        """EXAMINE, or a mailbox where the actor may change nothing."""
        rights = self.mailbox.rights
        if self.mailbox.seen is SeenState.NONE:  # what such a reader has seen is kept nowhere
            rights -= Rights.of(Right.SEEN)
        return self._examine or not any(right in rights for right in _WRITING)

    @property
    def is_examined(self) -> bool:
        """EXAMINE: nothing is to change, whatever the actor may."""
        return self._examine

    @property
    def view(self) -> MailboxView:
        """The view of the last `refresh`."""
        assert self._view is not None, "refresh comes first"
        return self._view

    async def refresh(self) -> None:
        """Take the fresh view, seen state and rights; tells nothing yet.

        MailboxNotFound where the mailbox or the right to know of it is gone, PermissionDenied where that to read is.
        """
        modseq = await self._account_modseq(self.mailbox)
        if self._view is None and self._looked_at == (modseq, self.actor):
            self._view = self.store.views.kept(self.mailbox.account, self.mailbox.id, modseq)
        if self._view is None or self._looked_at != (modseq, self.actor):
            mailbox = await self.store.find_again(self.actor, self.mailbox, Right.READ)
            if (mailbox.row.deleted_at_s is not None) != self._was_deleted:
                raise MailboxNotFound(f"{mailbox.name.internal} was deleted, or brought back, meanwhile")
            if mailbox.account != self.mailbox.account:  # it was moved there
                modseq = await self._account_modseq(mailbox)
                self.store.views.register(mailbox.account, mailbox.id, self)
            await self._look(mailbox)
            self.mailbox = mailbox
            self._looked_at = (modseq, self.actor)
        self._fresh_stamp = self.view.stamp
        self._fresh_modseq = self.view.modseq

    async def _account_modseq(self, mailbox: Mailbox) -> ModSeq:
        try:
            return (await self.store.engine.state(mailbox.account)).modseq
        except AccountNotFound:  # the mailbox may be found in another one
            return NO_MODSEQ

    async def _look(self, mailbox: Mailbox) -> MailboxView:
        """Take view and seen state as of one moment: a modseq of the one vouches for all changes of the other."""
        while True:
            view = await self.store.views.get(mailbox.account, mailbox.id)
            reached = view.modseq
            seen = await load_seen(self.store.engine, mailbox, self.seen)
            if seen.own_modseq <= reached == view.modseq:
                break
        self._view, self.seen = view, seen
        return view

    def rest(self) -> None:
        """Let go of the view until the next `refresh`."""
        self._view = None

    # What the session was told

    @property
    def exists(self) -> int:
        """The number of messages as told."""
        return len(self._told)

    @property
    def recent(self) -> int:
        """How many of them are recent to this session."""
        return len(self._recent)

    @property
    def withholds(self) -> bool:
        """Whether something happened that the last `updates` could not tell, or that is not wanted; `told_modseq` is
        before that."""
        return self._expunge_waits or self._withholds

    @property
    def expunges_wait(self) -> bool:
        """Whether messages have gone that are to be told of as soon as numbers may shift."""
        return self._expunge_waits and UpdateKind.EXPUNGED in self.wanted

    def first_unseen_number(self) -> int | None:
        """The sequence number of the first message that the reader has not seen, for SELECT (RFC 3501 §6.3.1): of the
        view that has just been told in whole."""
        assert self._told_stamp == self.view.stamp
        place = self.seen.first_unseen(self.view)
        return None if place is None else place + 1

    @property
    def highestmodseq(self) -> ModSeq:
        """HIGHESTMODSEQ of the mailbox for this reader (RFC 7162 §3.1.2.1)."""
        return self.seen.highestmodseq(self.view)

    def told_uids(self) -> Uids:
        """All UIDs told, ascending: that of sequence number n stands at n - 1."""
        return self._told.to_array()

    def told(self) -> UidSet:
        """All UIDs told."""
        return self._told.uid_set

    @property
    def told_ranges(self) -> UidRanges:
        """The same as ranges; the same object while the session is told of no other messages."""
        return self._told

    def told_among(self, indexes: Indexes) -> Indexes:
        """Those places in the view at which there are messages that are there, and that were told."""
        uids = self.view.uid[indexes]
        there: Indexes = indexes[(self.view.expunged_modseq[indexes] == 0) & self._told.contains(uids)]
        return there

    def uids_of(self, numbers: SequenceSet) -> UidSet:
        """The UIDs that these sequence numbers mean; ValueError for a number above `exists`.

        `*` in an empty mailbox is such a number too (RFC 9051 §9).
        """
        if numbers.is_saved_result:
            return self._saved()
        if not self.exists and not numbers.is_resolved:
            raise ValueError("there is no message")
        return self._told.uids_of(numbers.resolve(self.exists))

    def known_uids_of(self, numbers: SequenceSet) -> UidSet:
        """As `uids_of`, and numbers above `exists` are left out, as Cyrus does."""
        if numbers.is_saved_result:
            return self._saved()
        if not self.exists:
            return UidSet()
        return self._told.uids_of(numbers.resolve(self.exists).intersect(UidSet(((1, self.exists),))))

    def uids_from(self, uids: SequenceSet) -> UidSet:
        """UIDs as a client wrote them, `*` being the last one told; those not told are left out."""
        if uids.is_saved_result:
            return self._saved()
        return self._told.intersect(uids.resolve(self._told.last))

    def told_indexes(self) -> Indexes:
        """The places in the view of the messages that were told and are still there."""
        return self.view.indexes_in(self._told)

    def meant_uids(self, uids: SequenceSet) -> UidSet:
        """As `uids_from`, and those not told may be among them: for who looks at messages that were told alone."""
        return self.saved_result if uids.is_saved_result else uids.resolve(self._told.last)

    def _saved(self) -> UidSet:
        return self._told.intersect(self.saved_result)

    def numbers_of(self, uids: Uids) -> NDArray[np.uint32]:
        """The sequence numbers of those of `uids` that were told, ascending."""
        return self._told.numbers_of(uids)

    def forget_recent(self) -> None:
        """From here on nothing is recent to this session."""
        self._knows_recent = False
        self._recent = UidSet()

    def is_recent(self, uids: Uids) -> NDArray[np.bool_]:
        """Which of `uids` are recent to this session."""
        mask = np.zeros(uids.size, dtype=np.bool_)
        for first, last in self._recent.ranges:
            mask |= (uids >= first) & (uids <= last)
        return mask

    def silence(self, uids: UidSet, modseq: ModSeq) -> None:
        """The session's own STORE .SILENT made these changes at `modseq`: they are not in the next `updates`.

        To be called before the next `refresh`. Where somebody else may have changed these messages since the client was
        last told, nothing is silenced: the client could not know their flags otherwise (RFC 9051 §6.4.6).
        """
        if modseq == self._fresh_modseq + 1 and self._fresh_stamp == self._told_stamp:
            self._silent.append((uids, modseq))

    def expunged(self, uids: UidSet) -> None:
        """The session's own command expunged these: it is told of them whether it wants to know of expunges or not."""
        if UpdateKind.EXPUNGED not in self.wanted:
            self._own_expunges = self._own_expunges.union(uids)

    # What it must be told

    def updates(self, *, allow_expunge: bool) -> Updates:
        """What the session must be told since the last time, as of the last `refresh`; it counts as told on return.

        `allow_expunge` is False while FETCH, STORE or SEARCH by sequence numbers is answered (RFC 9051 §7.5.1).
        """
        view = self.view
        if self._is_told(view) and not (allow_expunge and self._expunge_waits) and self.wanted == self._told_kinds:
            if not self._withholds:
                self._changes_modseq = view.modseq
            self._silent.clear()
            self._upto = view.modseq
            return NO_UPDATES
        since, self._upto = self._upto, view.modseq
        known, vanished, new = self._compared(view)
        changed = self._changed(view, known)
        keywords = view.row.keywords if view.row.keywords != self._told_keywords else None
        told_of = self._to_be_told(vanished) if allow_expunge else vanished[:0]
        self._expunge_waits = told_of.size < vanished.size
        if self._expunge_waits:
            known, vanished = np.setdiff1d(self._told.to_array(), told_of, assume_unique=True), told_of
        self._withholds = False
        if self.wanted != ALL_UPDATES:
            new, changed, keywords = self._withhold(new, changed, keywords)
        expunged = _as_they_shift(self._told.numbers_of(vanished)) if vanished.size else ()
        self._take_as_told(view, known, new)
        gone = uid_set_of(vanished) if vanished.size else _NO_UIDS
        self._note_recent(new, gone)
        if not new.size:
            return Updates(expunged, gone, None, None, keywords, changed, since=since)
        return Updates(expunged, gone, self.exists, self.recent, keywords, changed, uid_set_of(new), since)

    def _to_be_told(self, vanished: Uids) -> Uids:
        """Those of what is not there any more that the session wants to know of, or expunged itself."""
        if UpdateKind.EXPUNGED in self.wanted or not vanished.size:
            return vanished
        own, self._own_expunges = self._own_expunges, _NO_UIDS
        return np.intersect1d(vanished, own.to_array().astype(np.uint32), assume_unique=True)

    def _withhold(
        self, new: Uids, changed: UidSet, keywords: tuple[str, ...] | None
    ) -> tuple[Uids, UidSet, tuple[str, ...] | None]:
        """What of these is wanted; the rest waits for its day."""
        if UpdateKind.NEW not in self.wanted and new.size:
            self._withholds = True
            new = new[:0]
        if UpdateKind.CHANGED not in self.wanted and (changed or keywords is not None):
            self._withholds = True
            changed, keywords = _NO_UIDS, None
        return new, changed, keywords

    @property
    def is_up_to_date(self) -> bool:
        """Whether nothing has come into the view since the last `updates`."""
        return self._is_told(self.view)

    def _is_told(self, view: MailboxView) -> bool:
        if view.stamp != self._told_stamp or not self._wants_changes:
            return view.stamp == self._told_stamp
        return self.seen.own is self._told_seen.own and view.row.keywords == self._told_keywords

    @property
    def _wants_changes(self) -> bool:
        return self.wanted is ALL_UPDATES or UpdateKind.CHANGED in self.wanted

    def _compared(self, view: MailboxView) -> tuple[Uids, Uids, Uids]:
        """What was told and is there, what was told and is not, what is there above all that was told."""
        live = view.live_uids()
        if view.live_ranges() is self._told:
            return live, live[:0], live[:0]
        old, new = np.split(live, [int(live.searchsorted(np.uint32(self._last_uid), side="right"))])
        # A message that was put back below (reconstruct) stays unknown until the mailbox is selected again.
        known = old[self._told.contains(old)]
        if known.size == len(self._told):
            return known, known[:0], new
        return known, np.setdiff1d(self._told.to_array(), known, assume_unique=True), new

    def _changed(self, view: MailboxView, known: Uids) -> UidSet:
        rows = view.changed_since(self._changes_modseq)
        rows = rows[self._told.contains(view.uid[rows])]
        for silent, modseq in self._silent:
            if rows.size:
                own = _among(rows, view.indexes_of(silent)) & (view.modseqs[rows] == modseq)
                rows = rows[~own]
        return view.uids_at(rows).union(self._newly_seen_or_not(known))

    def _newly_seen_or_not(self, known: Uids) -> UidSet:
        before, now = self._told_seen.own, self.seen.own
        if before is now:
            return UidSet()
        there = uid_set_of(known)
        if before is None or now is None:  # the mailbox went over to another kind of seen state
            return there
        changed = before.difference(now).union(now.difference(before)).intersect(there)
        for silent, modseq in self._silent:
            if self.seen.own_modseq == modseq:
                changed = changed.difference(silent)
        return changed

    def _take_as_told(self, view: MailboxView, known: Uids, new: Uids) -> None:
        live = view.live_ranges()
        all_live = not self._expunge_waits and known.size + new.size == len(live)
        self._told = live if all_live else UidRanges(np.concatenate((known, new)))
        self._last_uid = max(self._last_uid, self._told.last)
        self._told_stamp = view.stamp
        self._told_kinds = self.wanted
        if self._wants_changes:
            self._told_seen = self.seen
            self._told_keywords = view.row.keywords
            self._changes_modseq = view.modseq
        if not (self._expunge_waits or self._withholds):
            self.told_modseq = view.modseq
        self._silent.clear()

    def _note_recent(self, new: Uids, gone: UidSet) -> None:
        """New messages are recent to the first session that is told of them (RFC 3501 §2.3.2)."""
        if gone:
            self._recent = self._recent.difference(gone)
        if not new.size or not self._knows_recent or self.mailbox.seen is SeenState.NONE:
            return
        claims = self.store.recent_claims
        claimed = max(self.seen.recent_uid, claims.claimed(self.mailbox))
        unclaimed = new[new.searchsorted(np.uint32(claimed), side="right") :]
        if unclaimed.size:
            self._recent = self._recent.union(uid_set_of(unclaimed))
        if not self._examine and (self.mailbox.is_owner or Right.SEEN in self.mailbox.rights):
            claims.claim(self.mailbox, Uid(int(new[-1])))


def _among(indexes: Indexes, others: Indexes) -> Mask:
    """Which of `indexes` are among the others, both ascending."""
    if not others.size:
        return np.zeros(indexes.size, dtype=np.bool_)
    places = others.searchsorted(indexes)
    places[places == others.size] = 0
    among: Mask = others[places] == indexes
    return among


def _as_they_shift(numbers: NDArray[np.uint32]) -> tuple[int, ...]:
    """Ascending sequence numbers, each less by those before it, which have gone by then (RFC 9051 §7.5.1)."""
    return tuple((numbers - np.arange(numbers.size, dtype=np.uint32)).tolist())
