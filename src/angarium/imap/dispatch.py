"""Executing what a client sends, one command after another, and telling it what changed.

`run` goes on until the parser needs more octets; the connection calls it in a task when octets come, so an idle session
has none. After each command comes what changed in the selected mailbox, expunges only where the command allows them
(RFC 9051 §7.5.1), then the tagged answer. Where the selected mailbox itself is gone no message number means anything
any more, so the session ends with BYE, and only what was done is still answered.
"""

import asyncio
import logging
from collections.abc import Awaitable

from angarium.errors import AngariumError, MailboxNotFound, PermanentError, PermissionDenied
from angarium.operations.logins import LOGIN_REFUSALS, Over
from angarium.sequenceset import UidSet

from . import commands as c
from .compression import CompressionBroken
from .errors import SERVER_BUG, Answer, answer_for
from .events import (
    AppendBegun,
    AppendFinished,
    CommandBad,
    CommandReceived,
    CommandRefused,
    Event,
    LineReceived,
    LiteralChunk,
    LiteralWanted,
    MessageBegun,
    ReplaceBegun,
    TextBegun,
    UrlGiven,
)
from .handlers.appending import begin_append
from .handlers.contexts import tell_contexts
from .handlers.login import log_end
from .handlers.notifying import only_wanted, send_new_messages, tell_watched
from .handlers.replacing import begin_replace
from .handlers.resyncing import send_modseq_where_delayed
from .handlers.searching import names_numbers
from .handlers.table import HANDLERS, Handler
from .handlers.updating import send_updates
from .notification import Notification
from .responses import OK, Condition, ResponseCode, code_capability, serialize_continuation, serialize_status
from .session import CommandFailed, Completion, ImapSession, PendingAppend

log = logging.getLogger(__name__)

_ROUNDS_MAX = 20
"""Of telling what changed while changes were told; a mailbox that never rests must not hold an answer back for ever."""

_EVENTS_A_TURN = 32
"""How much of what a client sent ahead is executed before others have their turn."""

_HTTP_METHODS = (b"GET", b"HEAD", b"POST", b"PUT", b"DELETE", b"OPTIONS", b"CONNECT", b"TRACE", b"PATCH")
"""Where a tag should be, of a browser that a page made send mail commands here."""

_LEAVES_MAILBOX = (c.Close, c.Unselect, c.Select, c.Examine)
"""Commands that do not need the selected mailbox to be there still."""

_OVER = {
    Over.CREDENTIALS_CHANGED: Answer(b"Credentials have changed, please log in again", ResponseCode.EXPIRED),
    Over.EXPIRED: Answer(b"Credentials have expired, please log in again", ResponseCode.EXPIRED),
    Over.ACCESS_WITHDRAWN: Answer(b"Access has been withdrawn", ResponseCode.AUTHORIZATIONFAILED),
}


def greet(session: ImapSession) -> None:
    """The greeting (RFC 9051 §7.1.5), with the short list of capabilities."""
    services = session.services
    code = code_capability(session.capabilities(in_greeting=True))
    session.output.write(serialize_status(OK, services.greeting, code=code))
    session.output.flush()
    if services.alerts.motd:
        # Goes out with the first answer, as that of Cyrus does.
        motd = services.alerts.motd.encode("ascii")
        session.output.write(serialize_status(OK, motd, code=ResponseCode.ALERT))


async def run(session: ImapSession) -> None:
    """Execute events until more octets are needed, or the session is over. ClientGone."""
    events = 0
    if session.services.telemetry.users or session.output.recording is not None:
        session.follow_telemetry()
    while not session.close_after_answer:
        if session.append is None and _end_where_shut(session):
            break
        event = session.parser.next_event()
        if event is not None:
            if events:
                session.output.flush_soon()  # what was answered waits for no command that takes its time
            await _execute(session, event)
            _end_where_too_much(session)
            await session.output.drain()
        elif session.inflater is None or not _inflate(session):
            break
        events += 1
        if events % _EVENTS_A_TURN == 0:
            await asyncio.sleep(0)
    session.output.flush()


def _end_where_shut(session: ImapSession) -> bool:
    """Say goodbye where the server goes down, or is closed to this session."""
    if session.ends_after_command:
        session.say_bye(b"Server shutting down")
        return True
    shutdown = session.services.alerts.shutdown
    # As with Cyrus, administrators go on; who is one shows at the login, so strangers go on as well.
    if shutdown is None or session.actor is None or session.actor.is_admin:
        return False
    # In the administrator's words, whatever the session's language
    session.output.write(serialize_status(Condition.BYE, shutdown.encode("ascii"), code=ResponseCode.ALERT))
    session.close_after_answer = True
    return True


def _inflate(session: ImapSession) -> bool:
    try:
        return session.inflate_some()
    except CompressionBroken:
        session.say_bye(b"Compressed data is broken")
        return False


async def tell_changes(session: ImapSession) -> None:
    """An announcement came for a session in IDLE (RFC 9051 §6.3.13), or one that is told by NOTIFY; or the login of any
    session holds no more. ClientGone."""
    if session.notification is not None:
        # As far as the client takes what it is told: what is to be told meanwhile adds up (RFC 5465 §9).
        await session.output.drain()
    try:
        await _require_welcome(session)
    except CommandFailed:
        session.output.flush()
        return
    except AngariumError as error:
        log.warning("changes_not_told", extra={"session": session.peer.session, "error": str(error)})
        return
    if session.notification is not None:
        await _tell_notified(session, session.notification)
    elif session.is_idling and session.selected is not None:
        await _tell(session, allow_expunge=True)
    session.output.flush()
    await session.output.drain()


async def _tell_notified(session: ImapSession, notification: Notification) -> None:
    if session.selected is not None and (session.is_idling or notification.kinds):
        # RFC 5465 §6.1.2: IDLE is a command that allows expunges, the time between commands is none.
        await _tell(session, allow_expunge=session.is_idling or not notification.delays_expunges)
    if not session.close_after_answer:
        await tell_watched(session)


async def end(session: ImapSession) -> None:
    """The connection is lost or closed: let go of everything."""
    if session.output.recording is not None:
        session.output.recording.close()
    if session.append is not None:
        await _drop_append(session)
    session.stop_idling()
    session.end_notification()
    session.selected = None
    if session.actor is not None:
        log_end(session)


def server_bug(session: ImapSession) -> None:
    """Our own bug: say so, and close."""
    session.tell(Condition.BYE, SERVER_BUG.text, SERVER_BUG.code)
    session.output.flush()


# Events


def _execute(session: ImapSession, event: Event) -> Awaitable[None]:
    """What is to be awaited for it."""
    if not isinstance(event, CommandReceived):
        return _execute_part(session, event)
    _begin(session, event.tag)
    command = event.command
    handler = HANDLERS[type(command)]
    # A stranger has nothing that could be withdrawn, and who leaves is let go.
    is_checked = session.actor is not None and not isinstance(command, c.Logout)
    work = _checked(session, handler, command) if is_checked else handler(session, command)
    return _conclude(session, work, allow_expunge=session.selected is None or not _keeps_numbers(command))


async def _execute_part(session: ImapSession, event: Event) -> None:
    """What is no whole command."""
    match event:
        case LineReceived(line):
            handler = session.line_handler
            assert handler is not None, "a line came that nobody asked for"
            session.line_handler = None
            await _conclude(session, handler(session, line))
        case LiteralWanted():
            session.output.write(serialize_continuation(session.localized(b"go ahead")))
        case AppendBegun() | ReplaceBegun():
            _begin(session, event.tag)
            await _go_on_appending(session, _begin_append(session, event))
        case MessageBegun():
            append = _pending_append(session)
            await _go_on_appending(session, append.begin_message(session, event))
        case TextBegun():
            append = _pending_append(session)
            await _go_on_appending(session, append.begin_text(session, event))
        case UrlGiven():
            append = _pending_append(session)
            await _go_on_appending(session, append.take_url(session, event))
        case LiteralChunk(data):
            if session.append is not None:
                session.append.write(data)
        case AppendFinished():
            pending = session.append
            session.append = None
            if pending is not None:
                await _conclude(session, pending.finish(session))
        case CommandBad(tag, text, code):
            session.bad_commands += 1
            await _refuse_broken(session, serialize_status(Condition.BAD, session.localized(text), tag=tag, code=code))
            if session.actor is None and tag in _HTTP_METHODS:
                session.say_bye(b"This is no web server")
        case CommandRefused(tag, code, text, saves):
            if saves and session.selected is not None:
                session.selected.saved_result = UidSet()
            await _refuse_broken(session, serialize_status(Condition.NO, session.localized(text), tag=tag, code=code))


def _begin(session: ImapSession, tag: bytes) -> None:
    session.tag = tag
    session.bad_commands = 0
    session.commands_done += 1


async def _refuse_broken(session: ImapSession, answer: bytes) -> None:
    """What came is no command; it may have come in the middle of one that waits for a line or a message."""
    await _drop_append(session)
    session.stop_idling()
    session.line_handler = None
    session.commands_done += 1
    session.output.write(answer)


def _end_where_too_much(session: ImapSession) -> None:
    if session.close_after_answer:
        return
    limits = session.services.settings.limits
    if session.bad_commands >= limits.max_bad_commands:
        session.say_bye(b"Too many bad commands")
    elif session.actor is None and session.commands_done > limits.max_commands_before_login:
        session.say_bye(b"Too many commands before login")


async def _checked(session: ImapSession, handler: Handler, command: c.Command) -> Completion | None:
    """The work of a user's command, if she still is welcome."""
    await _require_welcome(session)
    if session.selected is not None and not isinstance(command, _LEAVES_MAILBOX):
        await session.selected.refresh()
    return await handler(session, command)


def _keeps_numbers(command: c.Command) -> bool:
    """Whether message numbers must not shift in the answer (RFC 9051 §7.5.1, RFC 7162 §3.2.10.2)."""
    match command:
        case c.Search() | c.Sort() | c.Thread():
            return not command.by_uid or names_numbers(command.key)
        case c.ESearch():
            return names_numbers(command.key)
        case c.Fetch() | c.Store() | c.StoreAnnotation():
            return not command.by_uid
        case _:
            return False


async def _begin_append(session: ImapSession, event: AppendBegun | ReplaceBegun) -> None:
    await _require_welcome(session)
    match event:
        case AppendBegun():
            session.append = await begin_append(session, event)
        case ReplaceBegun():
            session.append = await begin_replace(session, event)


def _pending_append(session: ImapSession) -> PendingAppend:
    assert session.append is not None, "what is refused is not told by the parser"
    return session.append


async def _go_on_appending(session: ImapSession, work: Awaitable[None]) -> None:
    """A refusal here comes before the end: a client that waits for a continuation is spared sending the rest."""
    try:
        await work
        return
    except AngariumError as error:
        failure = _answer_to(session, error)
    except CommandFailed as failed:
        failure = failed.answer
    session.parser.refuse_append()
    await _drop_append(session)
    _answer_failure(session, failure)


async def _drop_append(session: ImapSession) -> None:
    if session.append is not None:
        append, session.append = session.append, None
        await append.abort()


async def _require_welcome(session: ImapSession) -> None:
    """A credential that was revoked or changed ends its sessions; groups that changed hold from here on."""
    if session.actor is None:
        return
    over = await session.services.logins.why_over(session.actor)
    if over is not None:
        answer = _OVER[over]
        session.say_bye(answer.text, answer.code)
        raise CommandFailed(answer)
    await _renew(session)


async def _renew(session: ImapSession) -> None:
    renewed = await session.services.logins.renewed(session.user)
    if renewed is not session.actor:
        session.is_now(renewed)


# Answers


async def _conclude(session: ImapSession, work: Awaitable[Completion | None], *, allow_expunge: bool = True) -> None:
    """Do the work of a command, tell what changed, and give the tagged answer."""
    before = session.selected
    completion: Completion | None = None
    failure: Answer | None = None
    try:
        completion = await work
        if completion is None:
            return  # the command goes on: AUTHENTICATE or IDLE waits for a line
    except AngariumError as error:
        failure = _answer_to(session, error)
    except CommandFailed as failed:
        failure = failed.answer
    if session.selected is not None and session.selected is before:
        # One that this command selected has just been told of in whole.
        told = await _tell(session, allow_expunge=allow_expunge)
        if not told and completion is not None:
            completion = _without_modseq(completion)
    if failure is not None:
        _answer_failure(session, failure)
    elif completion is not None:
        session.answer(OK, completion.text, completion.code)
        if session.after_answer is not None:
            session.after_answer()
            session.after_answer = None
    if session.notification is not None:
        _wake_where_news(session, session.notification)


def _wake_where_news(session: ImapSession, notification: Notification) -> None:
    """What the command, or its answer, kept from being told is told behind it."""
    selected = session.selected
    expunges_wait = selected is not None and selected.expunges_wait and not notification.delays_expunges
    if expunges_wait or notification.has_news:
        session.wake()


def _without_modseq(completion: Completion) -> Completion:
    """A HIGHESTMODSEQ would say that all changes up to there have been told (RFC 7162 §6)."""
    return Completion(completion.text) if completion.code.startswith(b"HIGHESTMODSEQ ") else completion


async def _tell(session: ImapSession, *, allow_expunge: bool) -> bool:
    """Tell what changed; False where that cannot be had now."""
    selected = session.mailbox
    try:
        # What others change meanwhile may show in the FETCH responses, with a MODSEQ that vouches for all changes up to
        # it; so these are told as well (RFC 7162 §3.2.5.1).
        for _ in range(_ROUNDS_MAX):
            await selected.refresh()
            updates = selected.updates(allow_expunge=allow_expunge)
            if session.notification is not None:
                updates = await only_wanted(session, session.notification, updates)
            await send_updates(session, updates)
            if session.contexts is not None:
                await tell_contexts(session)
            if session.notification is not None:
                await send_new_messages(session, session.notification)
            if selected.is_up_to_date:
                break
        send_modseq_where_delayed(session, told=selected.is_up_to_date)
        if session.watched is not None:
            session.follow_selected()  # it may be in another account by now
    except (MailboxNotFound, PermissionDenied):
        session.stop_idling()
        session.close_mailbox()
        session.say_bye(b"Selected mailbox was deleted")
    except AngariumError as error:
        # The command itself is answered; what could not be told now is told after the next one.
        log.warning("changes_not_told", extra={"session": session.peer.session, "error": str(error)})
        send_modseq_where_delayed(session, told=False)
        return False
    finally:
        session.flags_told = None
        selected.rest()
    return True


def _answer_to(session: ImapSession, error: AngariumError) -> Answer:
    if session.actor is not None or not isinstance(error, LOGIN_REFUSALS):
        level = logging.INFO if isinstance(error, PermanentError) else logging.WARNING
        peer = session.peer
        fields = {"service": peer.service, "session": peer.session, "refusal": type(error).__name__}
        log.log(level, "command_refused", extra={**fields, "reason": str(error)})
    return answer_for(error)


def _answer_failure(session: ImapSession, answer: Answer) -> None:
    """BYE has said why, where there was one."""
    if not session.close_after_answer:
        session.answer(answer.condition, answer.text, answer.code)
