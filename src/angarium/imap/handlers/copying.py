"""COPY, MOVE, EXPUNGE and their UID forms (RFC 9051 §6.4.3, §6.4.7, §6.4.8, §6.4.9; RFC 6851, RFC 4315)."""

from collections.abc import Sequence

from angarium.engine.rows import ModSeq
from angarium.flags import SystemFlags
from angarium.imap import commands as c
from angarium.imap.responses import Condition, code_number
from angarium.imap.session import COMPLETED, CommandFailed, Completion, ImapSession
from angarium.operations import messages
from angarium.operations.messages import CopyUid
from angarium.sequenceset import UidSet

from .fetching import EXPUNGED, NO_MESSAGES, chosen_uids
from .messagelimit import Limited, concluded, message_limit, require_within, save_limit, within_limit


async def copy(session: ImapSession, command: c.Copy) -> Completion:
    """COPY."""
    uids = _chosen(session, command)
    require_within(save_limit(session), uids)
    name = session.mailbox_name(command.mailbox)
    copied = await messages.copy(session.services.store, session.user, session.mailbox, uids, name)
    if copied is None:
        return _nothing_there(command)
    return Completion(code=_code_copyuid(copied)) if copied.is_readable else COMPLETED


async def move(session: ImapSession, command: c.Move) -> Completion:
    """MOVE: COPYUID comes untagged, before the expunges (RFC 6851 §4.3)."""
    limited = within_limit(session, _chosen(session, command))
    name = session.mailbox_name(command.mailbox)
    moved = await messages.move(session.services.store, session.user, session.mailbox, limited.uids, name)
    if moved is None:
        return concluded(session, _nothing_there(command), limited)
    if moved.is_readable:
        session.tell(Condition.OK, b"Completed", _code_copyuid(moved))
    return _expunged_at(session, moved.modseq, limited)


async def expunge(session: ImapSession, command: c.Expunge) -> Completion:
    """EXPUNGE, for which there is no limit (RFC 9738 §3.1), and UID EXPUNGE."""
    selected = session.mailbox
    if command.uids is None:
        expunged = await messages.expunge(session.services.store, session.user, selected)
        return _expunged_at(session, expunged.modseq, Limited(UidSet()))
    limited = within_limit(session, _deleted(session, chosen_uids(selected, command.uids, by_uid=True)))
    expunged = await messages.expunge(session.services.store, session.user, selected, limited.uids)
    return _expunged_at(session, expunged.modseq, limited)


def _deleted(session: ImapSession, uids: UidSet) -> UidSet:
    """The messages that a limit counts: those of `uids` that are marked."""
    view = session.mailbox.view
    if message_limit(session) is None:
        return uids
    indexes = view.indexes_of(uids)
    return view.uids_at(indexes[view.system_mask(SystemFlags.DELETED)[indexes]])


def _chosen(session: ImapSession, command: c.Copy | c.Move) -> UidSet:
    uids = chosen_uids(session.mailbox, command.messages, by_uid=command.by_uid)
    if not uids and not command.by_uid and not command.messages.is_saved_result:
        raise CommandFailed(NO_MESSAGES)
    return uids


def _nothing_there(command: c.Copy | c.Move) -> Completion:
    """UIDs that are not there are no error (RFC 9051 §6.4.9), and neither is an empty `$` (RFC 5182 §2.1); numbers name
    messages that others have expunged."""
    if not command.by_uid and not command.messages.is_saved_result:
        raise CommandFailed(EXPUNGED)
    return COMPLETED


def _expunged_at(session: ImapSession, modseq: ModSeq | None, limited: Limited) -> Completion:
    """The code tells the new mod-sequence (RFC 7162 §3.2.7, RFC 6851 §4.4; Cyrus leaves it out after MOVE), but for
    clients that do not know it, where MESSAGELIMIT needs its place."""
    if modseq is None or (limited.code and not session.condstore):
        return concluded(session, COMPLETED, limited)
    return concluded(session, Completion(code=code_number(b"HIGHESTMODSEQ", modseq)), limited)


def _code_copyuid(copied: CopyUid) -> bytes:
    """COPYUID in the order of copying, which need not ascend in the target (RFC 4315 §3)."""
    return b"COPYUID %d %b %b" % (copied.uidvalidity, _ordered_set(copied.source), _ordered_set(copied.target))


def _ordered_set(uids: Sequence[int]) -> bytes:
    """A `uid-set` that keeps the order, runs of ascending neighbours as ranges."""
    runs: list[list[int]] = []
    for uid in uids:
        if runs and uid == runs[-1][1] + 1:
            runs[-1][1] = uid
        else:
            runs.append([uid, uid])
    return b",".join([b"%d" % first if first == last else b"%d:%d" % (first, last) for first, last in runs])
