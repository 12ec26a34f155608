"""SELECT, EXAMINE, CLOSE, UNSELECT (RFC 9051 §6.3.2, §6.3.3, §6.4.1, §6.4.2), answered in Cyrus's order."""

from functools import lru_cache

from angarium.engine.rows import KEYWORD_LIMIT, ModSeq
from angarium.errors import AngariumError, MailboxNotFound, PermissionDenied
from angarium.flags import SYSTEM_FLAG_NAMES, SystemFlags
from angarium.imap import commands as c
from angarium.imap.dialect import Extension
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
from angarium.rights import NO_RIGHTS, Right, Rights
from angarium.store import SelectedMailbox

from .annotationlevel import annotations_code
from .fetching import flags_items, send_fetch
from .listresponse import send_list_response
from .quota import send_quota_warnings
from .resyncing import known_uids, not_confirmed, send_vanished_earlier


async def select(session: ImapSession, command: c.Select) -> Completion:
    """SELECT."""
    return await _open(session, command, examine=False)


async def examine(session: ImapSession, command: c.Examine) -> Completion:
    """EXAMINE."""
    return await _open(session, command, examine=True)


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


async def _open(session: ImapSession, command: c.Select | c.Examine, *, examine: bool) -> Completion:
    if session.selected is not None:
        # Told before anything else, and also where the new mailbox cannot be opened (RFC 9051 §7.1: CLOSED).
        session.close_mailbox()
        session.tell(Condition.OK, b"Ok", ResponseCode.CLOSED)
    if command.condstore:
        session.enable(Extension.CONDSTORE)
    store = session.services.store
    mailbox = await store.find(session.user, session.mailbox_name(command.mailbox), Right.READ)
    examine = examine or session.services.settings.mailboxes.readonly
    selected = await SelectedMailbox.open(
        store, session.user, mailbox, examine=examine, knows_recent=not session.is_rev2
    )
    session.open_mailbox(selected)
    await send_quota_warnings(session, mailbox)
    _describe(session, selected)
    if session.is_rev2:
        await send_list_response(session, mailbox.name, asked_as=session.decode_name(command.mailbox))
    if command.qresync is not None:
        await _resynchronise(session, command.qresync)
    selected.rest()
    return Completion(code=ResponseCode.READ_ONLY if selected.read_only else ResponseCode.READ_WRITE)


async def _resynchronise(session: ImapSession, resync: c.QuickResync) -> None:
    """What vanished and what changed, where the client knows this mailbox (RFC 7162 §3.2.5)."""
    selected = session.mailbox
    if resync.uidvalidity != selected.view.row.uidvalidity:
        return
    modseq, known = ModSeq(resync.modseq), known_uids(selected, resync)
    try:
        await send_vanished_earlier(session, not_confirmed(selected, resync, known), modseq)
        await send_fetch(session, known.intersect(selected.told()), flags_items(session), changed_since=modseq)
    except AngariumError:
        session.close_mailbox()  # a SELECT that fails selects nothing
        raise


def _describe(session: ImapSession, selected: SelectedMailbox) -> None:
    row = selected.view.row
    first_unseen = selected.first_unseen_number()
    tells_unseen = not session.is_rev2 and Extension.UIDONLY not in session.enabled
    codes = [
        # A message number, and so nothing for a client that counts by UID alone (RFC 9586 §3).
        *([code_number(b"UNSEEN", first_unseen)] if first_unseen is not None and tells_unseen else []),
        code_number(b"UIDVALIDITY", row.uidvalidity),
        code_number(b"UIDNEXT", row.uidnext),
        code_number(b"HIGHESTMODSEQ", selected.highestmodseq),
        code_mailboxid(row.id.encode("ascii")),
        *annotations_code(session),
    ]
    session.output.write(
        b"".join(
            [
                serialize_exists(selected.exists),
                b"" if session.is_rev2 else serialize_recent(selected.recent),
                flag_lines(selected),
                *[serialize_status(Condition.OK, b"Ok", code=code) for code in codes],
            ]
        )
    )


def flag_lines(selected: SelectedMailbox) -> bytes:
    """FLAGS and PERMANENTFLAGS of the mailbox for this session."""
    mailbox = selected.mailbox
    rights = NO_RIGHTS if selected.read_only else mailbox.rights
    return _flag_lines(selected.view.row.keywords, rights, mailbox.can_keep_seen)


@lru_cache(maxsize=256)
def _flag_lines(keywords: tuple[str, ...], rights: Rights, can_keep_seen: bool) -> bytes:
    permanent = _permanent_flags(keywords, rights, can_keep_seen=can_keep_seen)
    return serialize_flags_response((*SYSTEM_FLAG_NAMES.values(), *keywords)) + serialize_status(
        Condition.OK, b"Ok", code=code_permanentflags(permanent)
    )


def _permanent_flags(keywords: tuple[str, ...], rights: Rights, *, can_keep_seen: bool) -> list[str]:
    """Flags that may be changed for good (RFC 4314 §5.1.1), and whether keywords may be made; none without rights."""
    writable = SystemFlags.NONE
    if Right.WRITE in rights:
        writable |= SystemFlags.ANSWERED | SystemFlags.FLAGGED | SystemFlags.DRAFT
    if Right.DELETE_MESSAGES in rights:
        writable |= SystemFlags.DELETED
    if can_keep_seen and Right.SEEN in rights:
        writable |= SystemFlags.SEEN
    names = [name for flag, name in SYSTEM_FLAG_NAMES.items() if flag in writable]
    if Right.WRITE in rights:
        names += keywords
        if len(keywords) < KEYWORD_LIMIT:
            names.append("\\*")
    return names
