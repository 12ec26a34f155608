"""STORE and UID STORE (RFC 9051 §6.4.6, RFC 7162 §3.1.3)."""

from dataclasses import replace

from angarium.engine.commands import FlagOperation, FlagsStored
from angarium.engine.rows import ModSeq
from angarium.flags import Flags
from angarium.imap import commands as c
from angarium.imap.responses import code_modified
from angarium.imap.session import COMPLETED, CommandFailed, Completion, ImapSession
from angarium.operations import messages
from angarium.sequenceset import UidSet

from .fetching import EXPUNGED, chosen_uids, enable_condstore, flags_items, numbers_of, send_fetch
from .messagelimit import concluded, within_limit
from .updating import send_updates

_OPERATIONS = {
    c.StoreMode.ADD: FlagOperation.ADD,
    c.StoreMode.REMOVE: FlagOperation.REMOVE,
    c.StoreMode.REPLACE: FlagOperation.REPLACE,
}


async def store(session: ImapSession, command: c.Store) -> Completion:
    """STORE; messages that are not there are passed over, as Cyrus does."""
    selected = session.mailbox
    limited = within_limit(session, chosen_uids(selected, command.messages, by_uid=command.by_uid))
    uids = limited.uids
    if command.unchanged_since is not None:
        enable_condstore(session, b"UNCHANGEDSINCE")
    if uids and not command.by_uid and not selected.view.indexes_of(uids).size:
        raise CommandFailed(EXPUNGED)  # RFC 2180 §4.2.2: only expunged messages are named
    stored = await messages.store_flags(
        session.services.store,
        session.user,
        selected,
        uids,
        _OPERATIONS[command.mode],
        Flags.of(command.flags),
        unchanged_since=None if command.unchanged_since is None else ModSeq(command.unchanged_since),
    )
    if command.silent:
        await _tell_silently(session, command, stored)
    else:
        await _tell(session, command, uids.difference(stored.refused))
    if not stored.refused:
        return concluded(session, COMPLETED, limited)
    refused = stored.refused if command.by_uid else numbers_of(selected, stored.refused)
    return concluded(session, Completion(code=code_modified(refused)), limited)


async def _tell(session: ImapSession, command: c.Store, uids: UidSet) -> None:
    """The new value of every message named, changed or not (RFC 9051 §6.4.6), and what others changed."""
    selected = session.mailbox
    await selected.refresh()
    updates = selected.updates(allow_expunge=command.by_uid)
    changed = updates.changed.union(uids.intersect(selected.told()))
    await send_updates(session, replace(updates, changed=changed), by_uid=command.by_uid)


async def _tell_silently(session: ImapSession, command: c.Store, stored: FlagsStored) -> None:
    """Only what others changed; a client that knows mod-sequences learns the new ones (RFC 7162 §3.1.3)."""
    selected = session.mailbox
    if stored.modseq is not None:
        selected.silence(stored.changed, stored.modseq)
    await selected.refresh()
    updates = selected.updates(allow_expunge=command.by_uid)
    await send_updates(session, updates, by_uid=command.by_uid)
    if session.condstore:
        silent = stored.changed.difference(updates.changed).intersect(selected.told())
        # With the flags, as Cyrus tells them: a client without the right to a flag cannot know what others did with it.
        await send_fetch(session, silent, flags_items(session))
