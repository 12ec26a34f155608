"""Telling the session what changed in its mailbox (RFC 9051 §7.4.1, §7.5.1, §7.5.2; RFC 7162 §3.2; RFC 9586)."""

from typing import Final

from angarium.fetchitem import FetchAttribute
from angarium.imap.dialect import Extension
from angarium.imap.serializer import serialize_exists, serialize_expunge, serialize_recent
from angarium.imap.session import ImapSession
from angarium.sequenceset import UidSet
from angarium.store import Updates
from angarium.store.turns import slices

from .contexts import tell_vanished
from .fetching import flags_items, send_fetch
from .notifying import send_annotated
from .resyncing import send_vanished, tells_vanished
from .selecting import flag_lines

_EXPUNGES_AT_ONCE: Final = 5000


async def send_updates(session: ImapSession, updates: Updates, *, by_uid: bool = False) -> None:
    """Write what changed, in the order in which it has to be sent; with UIDs for a UID command (RFC 9051 §6.4.9)."""
    if not updates:
        return
    output = session.output
    if session.contexts is not None and updates.vanished:
        await tell_vanished(session, updates)
    if tells_vanished(session):
        await send_vanished(session, updates.vanished)
    elif updates.expunged:
        async for some in slices(updates.expunged, _EXPUNGES_AT_ONCE):
            output.write(b"".join(map(serialize_expunge, some)))
    if updates.exists is not None:
        output.write(serialize_exists(updates.exists))
        if not session.is_rev2:
            output.write(serialize_recent(updates.recent or 0))
    if updates.keywords is not None:
        output.write(flag_lines(session.mailbox))
    changed = updates.changed.difference(_just_told(session, updates.changed))
    if session.notification is not None:
        changed = changed.difference(await send_annotated(session, session.notification, updates))
        session.notification.note(updates)
    if changed:
        # IMAP4rev2 has the UID in all that nobody asked for (RFC 9051 §7.5.2), and so has NOTIFY (RFC 5465 §5.1).
        with_uid = by_uid or session.is_rev2 or session.notification is not None
        uid = (FetchAttribute.UID,) if with_uid and Extension.UIDONLY not in session.enabled else ()
        await send_fetch(session, changed, (*flags_items(session), *uid))
    await output.drain()


def _just_told(session: ImapSession, changed: UidSet) -> UidSet:
    """Those of `changed` whose flags the present command has told as they are now."""
    told, selected = session.flags_told, session.mailbox
    if told is None or selected.seen.own is not told.seen.own:
        return UidSet()
    view = selected.view
    indexes = view.indexes_of(changed.intersect(told.uids))
    return view.uids_at(indexes[view.modseqs[indexes] <= told.modseq])
