"""REPLACE and UID REPLACE (RFC 8508): an APPEND of one message that takes another one away."""

from collections.abc import Sequence

from angarium.engine.rows import Uid
from angarium.errors import AngariumError
from angarium.imap.events import ReplaceBegun
from angarium.imap.responses import Condition, code_number
from angarium.imap.session import CommandFailed, Completion, ImapSession
from angarium.operations import messages
from angarium.operations.messages import AppendedMessage

from .appending import StagedAppend, appenduid_of, stage
from .fetching import NO_MESSAGES, chosen_uids
from .updating import send_updates


async def begin_replace(session: ImapSession, event: ReplaceBegun) -> StagedAppend:
    """Find the message that goes and the mailbox of the other, and get ready for it. What APPEND is refused for."""
    store, selected = session.services.store, session.mailbox
    await selected.refresh()
    selected.rest()  # the message may take its time
    messages.require_replaceable(selected)
    uid = _replaced_uid(session, event)
    target = await messages.append_target(store, session.user, session.mailbox_name(event.append.mailbox))

    async def replace(session: ImapSession, staged: Sequence[AppendedMessage]) -> Completion:
        (message,) = staged
        replacement = await messages.replace(store, session.user, selected, uid, target, message)
        await _tell_appended(session, appenduid_of(replacement.appended), by_uid=event.by_uid)
        return Completion(code=code_number(b"HIGHESTMODSEQ", replacement.modseq))

    # What the other message leaves room for is known to the write alone.
    return await stage(session, event.append, target, replace, room_octets=None)


def _replaced_uid(session: ImapSession, event: ReplaceBegun) -> Uid:
    uids = chosen_uids(session.mailbox, event.replaced, by_uid=event.by_uid)
    if not uids:
        raise CommandFailed(NO_MESSAGES)
    return Uid(next(iter(uids)))


async def _tell_appended(session: ImapSession, code: bytes, *, by_uid: bool) -> None:
    """Before the expunge, which comes at the end of the command: what replaces a message is there first (RFC 8508 §3.2,
    §4.3)."""
    if code:
        session.tell(Condition.OK, b"Replacement message ready", code)
    selected = session.mailbox
    try:
        await selected.refresh()
    except AngariumError:
        return  # it is done all the same; the end of the command tells what has become of the mailbox
    await send_updates(session, selected.updates(allow_expunge=False), by_uid=by_uid)
