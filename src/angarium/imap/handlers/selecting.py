"""SELECT, EXAMINE, CLOSE, UNSELECT (RFC 9051 §6.3.2, §6.3.3, §6.4.1, §6.4.2), answered in Cyrus's order."""

from angarium.engine.rows import KEYWORD_LIMIT
from angarium.errors import MailboxNotFound, PermissionDenied
from angarium.flags import SYSTEM_FLAG_NAMES, SystemFlags
from angarium.imap import commands as c
from angarium.imap.responses import (
    Condition,
    ResponseCode,
    code_mailboxid,
    code_number,
    code_permanentflags,
    serialize_status,
)
from angarium.imap.serializer import serialize_exists, serialize_flags_response, serialize_recent
from angarium.imap.session import COMPLETED, Completion, ImapSession
from angarium.operations import messages
from angarium.rights import Right
from angarium.store import SelectedMailbox


async def select(session: ImapSession, command: c.Select) -> Completion:
    """SELECT."""
    return await _open(session, command.mailbox, examine=False, condstore=command.condstore)


async def examine(session: ImapSession, command: c.Examine) -> Completion:
    """EXAMINE."""
    return await _open(session, command.mailbox, examine=True, condstore=command.condstore)


async def close(session: ImapSession, _: c.Close) -> Completion:
    """CLOSE: expunge without telling, where the mailbox was selected for writing and the rights allow it."""
    selected = session.mailbox
    if not selected.read_only and Right.EXPUNGE in selected.mailbox.rights:
        try:
            await messages.expunge(session.services.store, session.user, selected)
        except (MailboxNotFound, PermissionDenied):
            pass  # gone or taken away meanwhile: it closes all the same
    session.close_mailbox()
    return COMPLETED


async def unselect(session: ImapSession, _: c.Unselect) -> Completion:
    """UNSELECT: as CLOSE, and nothing is expunged."""
    session.close_mailbox()
    return COMPLETED


async def _open(session: ImapSession, octets: bytes, *, examine: bool, condstore: bool) -> Completion:
    if session.selected is not None:
        # Told before anything else, and also where the new mailbox cannot be opened (RFC 9051 §7.1: CLOSED).
        session.close_mailbox()
        session.output.write(serialize_status(Condition.OK, b"Ok", code=ResponseCode.CLOSED))
    session.condstore |= condstore
    store = session.services.store
    mailbox = await store.find(session.user, session.mailbox_name(octets), Right.READ)
    examine = examine or session.services.settings.mailboxes.readonly
    selected = await SelectedMailbox.open(store, session.user, mailbox, examine=examine)
    session.open_mailbox(selected)
    _describe(session, selected)
    selected.rest()
    return Completion(code=ResponseCode.READ_ONLY if selected.read_only else ResponseCode.READ_WRITE)


def _describe(session: ImapSession, selected: SelectedMailbox) -> None:
    write = session.output.write
    row = selected.view.row
    write(serialize_exists(selected.exists))
    write(serialize_recent(selected.recent))
    names = (*SYSTEM_FLAG_NAMES.values(), *row.keywords)
    write(serialize_flags_response(names))

    def tell(code: bytes) -> None:
        write(serialize_status(Condition.OK, b"Ok", code=code))

    tell(code_permanentflags(permanent_flags(selected)))
    first_unseen = selected.first_unseen_number()
    if first_unseen is not None:
        tell(code_number(b"UNSEEN", first_unseen))
    tell(code_number(b"UIDVALIDITY", row.uidvalidity))
    tell(code_number(b"UIDNEXT", row.uidnext))
    tell(code_number(b"HIGHESTMODSEQ", selected.highestmodseq))
    tell(code_mailboxid(selected.mailbox.id.encode("ascii")))


def permanent_flags(selected: SelectedMailbox) -> list[str]:
    """Flags that this session may change for good (RFC 4314 §5.1.1), and whether it may make keywords."""
    if selected.read_only:
        return []
    rights = selected.mailbox.rights
    writable = SystemFlags.NONE
    if Right.WRITE in rights:
        writable |= SystemFlags.ANSWERED | SystemFlags.FLAGGED | SystemFlags.DRAFT
    if Right.DELETE_MESSAGES in rights:
        writable |= SystemFlags.DELETED
    if selected.mailbox.can_keep_seen:
        writable |= SystemFlags.SEEN
    names = [name for flag, name in SYSTEM_FLAG_NAMES.items() if flag in writable]
    if Right.WRITE in rights:
        keywords = selected.view.row.keywords
        names += keywords
        if len(keywords) < KEYWORD_LIMIT:
            names.append("\\*")
    return names
