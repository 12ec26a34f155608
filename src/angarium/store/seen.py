"""One reader's seen state over a view: her `\\Seen`, `\\Recent` and MODSEQ (DESIGN §7).

The seen state of who does not own the mailbox is a set of UIDs with one modseq, that of its last change. So for her the
MODSEQ of a message is the larger of the message's own and of that one: after she has read something, a client that
synchronises by MODSEQ is told of more messages than changed, never of fewer (RFC 7162 §3.1.4.1 allows the former). What
changed within a session is told exactly, by comparing two sets.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from angarium.engine.interface import Engine
from angarium.engine.rows import NO_MODSEQ, ModSeq, Uid
from angarium.flags import SystemFlags
from angarium.sequenceset import UidSet
from angarium.store.columns import Indexes, Mask
from angarium.store.mailbox import Mailbox, SeenState
from angarium.store.view import MailboxView

_NO_UID = Uid(0)
_SEEN = np.uint16(SystemFlags.SEEN)
_ALL_BUT_SEEN = np.uint16(0xFFFF ^ SystemFlags.SEEN)


@dataclass(frozen=True, slots=True)
class SeenOverlay:
    """What `\\Seen`, MODSEQ and HIGHESTMODSEQ are for one reader of a view.

    Where `own` is None they are those of the messages; else `\\Seen` is in `own`.
    """

    own: UidSet | None = None
    own_modseq: ModSeq = NO_MODSEQ
    recent_uid: Uid = _NO_UID
    """She has been told of `\\Recent` up to this UID."""

    def seen_mask(self, view: MailboxView) -> Mask:
        """Rows of the view that she has seen."""
        if self.own is None:
            return view.system_mask(SystemFlags.SEEN)
        mask = np.zeros(view.uid.size, dtype=np.bool_)
        mask[view.indexes_of(self.own, expunged=True)] = True
        return mask

    def flags(self, view: MailboxView, indexes: Indexes) -> NDArray[np.uint16]:
        """System flags at `indexes`, `\\Seen` being hers."""
        flags = view.flags[indexes]
        if self.own is None:
            return flags
        seen = self.seen_mask(view)[indexes]
        own: NDArray[np.uint16] = (flags & _ALL_BUT_SEEN) | seen * _SEEN
        return own

    def modseqs(self, view: MailboxView, indexes: Indexes) -> NDArray[np.int64]:
        """MODSEQ at `indexes`."""
        modseqs = view.modseqs[indexes]
        return modseqs if self.own is None else np.maximum(modseqs, self.own_modseq)

    def highestmodseq(self, view: MailboxView) -> ModSeq:
        """HIGHESTMODSEQ of the mailbox."""
        return max(view.highestmodseq, self.own_modseq)

    def unseen(self, view: MailboxView) -> int:
        """How many messages she has not seen."""
        return int(np.count_nonzero(~self.seen_mask(view)[view.live()]))

    def first_unseen(self, view: MailboxView) -> int | None:
        """The place among the view's live messages of the first that she has not seen."""
        if self.own is None:
            return view.first_unseen()
        unseen = ~self.seen_mask(view)[view.live()]
        first = int(unseen.argmax()) if unseen.size else 0
        return first if unseen.size and unseen[first] else None


NOTHING_SEEN = SeenOverlay(own=UidSet())


async def load_seen(engine: Engine, mailbox: Mailbox, previous: SeenOverlay = NOTHING_SEEN) -> SeenOverlay:
    """The reader's state as it is now; what did not change is taken from `previous`."""
    match mailbox.seen:
        case SeenState.SHARED:
            return SeenOverlay(recent_uid=mailbox.row.recent_uid)
        case SeenState.NONE:
            return NOTHING_SEEN
        case SeenState.OWN:
            assert mailbox.seen_account is not None
            row = await engine.seen(mailbox.account, mailbox.id, mailbox.seen_account)
            if row is None:
                return NOTHING_SEEN
            if row.highestmodseq == previous.own_modseq and previous.own is not None:
                return SeenOverlay(previous.own, previous.own_modseq, row.recent_uid)
            own = UidSet.parse(row.uids.encode()) if row.uids else UidSet()
            return SeenOverlay(own, row.highestmodseq, row.recent_uid)
