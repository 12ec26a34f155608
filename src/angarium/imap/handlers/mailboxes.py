"""CREATE, DELETE, RENAME, SUBSCRIBE, UNSUBSCRIBE (RFC 9051 §6.3.4 to §6.3.8), answered in Cyrus's words."""

from collections.abc import Awaitable, Sequence

from angarium.errors import MailboxNotFound, PermanentError
from angarium.imap import commands as c
from angarium.imap.errors import Answer, answer_for
from angarium.imap.responses import Condition, ResponseCode, code_mailboxid
from angarium.imap.session import COMPLETED, CommandFailed, Completion, ImapSession
from angarium.names import MailboxName
from angarium.operations import mailboxes
from angarium.operations.delivery import lost_targets

from .listresponse import send_list_response, tell_spelling, tell_spelling_of_deleted


async def create(session: ImapSession, command: c.Create) -> Completion:
    """CREATE; the code tells the mailbox's id (RFC 8474 §4.1)."""
    name = session.mailbox_name(command.mailbox)
    partition = _partition(command.partition)
    created = await mailboxes.create(
        session.services.store, session.user, name, partition=partition, special_use=command.special_use
    )
    await tell_spelling(session, name, command.mailbox)
    return Completion(code=code_mailboxid(created.mailbox.encode("ascii")))


async def delete(session: ImapSession, command: c.Delete) -> Completion:
    """DELETE; of the selected mailbox too, which is then closed."""
    name = session.mailbox_name(command.mailbox)
    deleted = await mailboxes.delete(session.services.store, session.user, name)
    selected = session.selected
    if selected is not None and selected.mailbox.name.key in {each.key for each in deleted}:
        session.close_mailbox()
        session.tell(Condition.OK, b"Ok", ResponseCode.CLOSED)
    tell_spelling_of_deleted(session, name, command.mailbox)
    await _tell_lost_targets(session, deleted)
    return COMPLETED


async def rename(session: ImapSession, command: c.Rename) -> Completion:
    """RENAME; each mailbox that got another name is told, those left out that the user may not know of."""
    source, target = session.mailbox_name(command.source), session.mailbox_name(command.target)
    renamed = await mailboxes.rename(
        session.services.store, session.user, source, target, partition=_partition(command.partition)
    )
    for each in renamed:
        if await _may_know_of(session, each.new):
            text = b"rename %b %b" % (session.name_in_text(each.old), session.name_in_text(each.new))
            session.tell(Condition.OK, text)
    if session.is_rev2 and await _may_know_of(session, target):
        await send_list_response(session, target, asked_as=session.decode_name(command.source))
    await _tell_lost_targets(session, [each.old for each in renamed])
    return COMPLETED


async def subscribe(session: ImapSession, command: c.Subscribe) -> Completion:
    """SUBSCRIBE."""
    return await _prefixed(b"Subscribe: ", _subscribe(session, command.mailbox))


async def unsubscribe(session: ImapSession, command: c.Unsubscribe) -> Completion:
    """UNSUBSCRIBE."""
    return await _prefixed(b"Unsubscribe: ", _unsubscribe(session, command.mailbox))


async def _subscribe(session: ImapSession, octets: bytes) -> None:
    await mailboxes.subscribe(session.services.store, session.user, session.mailbox_name(octets))


async def _unsubscribe(session: ImapSession, octets: bytes) -> None:
    await mailboxes.unsubscribe(session.services.store, session.user, session.mailbox_name(octets))


async def _prefixed(prefix: bytes, work: Awaitable[None]) -> Completion:
    """The refusals of these two commands name the command."""
    try:
        await work
    except PermanentError as error:
        answer = answer_for(error)
        raise CommandFailed(Answer(prefix + answer.text, answer.code, answer.condition)) from error
    return COMPLETED


async def _tell_lost_targets(session: ImapSession, gone: Sequence[MailboxName]) -> None:
    """What the active script, or to an administrator a user's, files into and does not find any more."""
    if session.services.delivery is None:
        return
    for lost in await lost_targets(session.services.delivery, session.user, gone):
        script, name = lost.script.encode("ascii", "replace"), session.name_in_text(lost.name)
        text = b'Script "%b" files into "%b" at line %d, which is gone' % (script, name, lost.line)
        if lost.userid != session.user.userid:
            text = b"User %b: %b" % (str(lost.userid).encode("ascii", "replace"), text)
        session.tell(Condition.NO, text, ResponseCode.ALERT)


async def _may_know_of(session: ImapSession, name: MailboxName) -> bool:
    try:
        await mailboxes.my_rights(session.services.store, session.user, name)
    except MailboxNotFound:
        return False
    return True


def _partition(octets: bytes | None) -> str | None:
    """A name that is not even text is that of no partition."""
    return None if octets is None else octets.decode("utf-8", "replace")
