"""What vanished while a client was away (RFC 7162 §3.2.5, §3.2.6).

Expunged rows are kept until they are purged, which raises the mailbox's `purged_modseq`. A client that was here before
that cannot be told exactly what has gone since: it is told of every UID that nothing has, which is more than vanished,
and never less. What a session was told to be there never is in the answer, since its client counts that among its
messages: it goes by `Updates`, with the numbers.
"""

import numpy as np

from angarium.engine.rows import ModSeq
from angarium.sequenceset import UidSet
from angarium.store.selected import SelectedMailbox
from angarium.store.uidranges import uid_set_of


async def vanished_since(selected: SelectedMailbox, modseq: ModSeq, known: UidSet) -> UidSet:
    """Those of `known` that were expunged after `modseq`, or may have been, and were not told to be there."""
    view = selected.view
    given = UidSet(((1, view.row.uidnext - 1),)) if view.row.uidnext > 1 else UidSet()
    gone = await _expunged_since(selected, modseq)
    missing = known.intersect(given) if gone is None else known.intersect(gone)
    return missing.difference(selected.told()).difference(view.live_ranges().uid_set)


async def _expunged_since(selected: SelectedMailbox, modseq: ModSeq) -> UidSet | None:
    """UIDs expunged after `modseq`; None where some of them may have been forgotten."""
    view, mailbox = selected.view, selected.mailbox
    gone = view.vanished_since(modseq)
    if gone is not None:  # the view remembers what was purged, too
        return gone
    # Engines give no expunged rows since 0, as all are since then.
    if not modseq or modseq < view.row.purged_modseq:
        return None
    if view.highestmodseq <= modseq:
        return UidSet()
    found = await selected.store.engine.messages(mailbox.account, mailbox.id, changed_since=modseq)
    if modseq < found.mailbox.purged_modseq:
        return None
    return uid_set_of(found.columns.uid[found.columns.expunged_modseq > 0])


def known_up_to(selected: SelectedMailbox, numbers: UidSet, uids: UidSet) -> int:
    """The highest UID of `uids` that has the message number at its place in `numbers`, 0 for none (RFC 7162 §3.2.5.2).

    A client whose message of that number had that UID knows all that was expunged before it. Sets of two lengths are
    no pairs, and say nothing.
    """
    if len(numbers) != len(uids):
        return 0
    there = numbers.intersect(UidSet(((1, selected.exists),))) if selected.exists else UidSet()
    if not there:
        return 0
    places = there.to_array() - 1
    claimed = uids.window(1, len(there)).to_array()
    right = np.flatnonzero(selected.told_uids()[places] == claimed)
    return int(claimed[right[-1]]) if right.size else 0
