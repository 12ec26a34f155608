"""Executing what a client sends, one command after another, and telling it what changed.

`run` goes on until the parser needs more octets; the connection calls it in a task when octets come, so an idle session
has none. After each command comes what changed in the selected mailbox, expunges only where the command allows them
(RFC 9051 §7.5.1), then the tagged answer. Where the selected mailbox itself is gone no message number means anything
any more, so the session ends with BYE, and only what was done is still answered.
"""

import asyncio
import logging
import time
from collections.abc import Awaitable, Callable

from angarium.errors import AngariumError, MailboxNotFound, PermanentError, PermissionDenied

from . import commands as c
from .capabilities import greeting_capabilities
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
)
from .handlers.appending import begin_append
from .handlers.table import HANDLERS
from .handlers.updating import send_updates
from .responses import Condition, ResponseCode, code_capability, serialize_continuation, serialize_status
from .session import CommandFailed, Completion, ImapSession

log = logging.getLogger(__name__)

_EVENTS_A_TURN = 32
"""How much of what a client sent ahead is executed before others have their turn."""

_KEEPS_NUMBERS = (c.Fetch, c.Store, c.Search)
"""Commands in whose answer message numbers must not shift, unless they go by UID."""

_LEAVES_MAILBOX = (c.Logout, c.Close, c.Unselect, c.Select, c.Examine)
"""Commands that do not need the selected mailbox to be there still."""

_REVOKED = Answer(b"Credentials have changed, please log in again", ResponseCode.EXPIRED)


def greet(session: ImapSession) -> None:
    """The greeting (RFC 9051 §7.1.5), with the short list of capabilities."""
    services = session.services
    capabilities = greeting_capabilities(
        services.logins.mechanisms(session.peer),
        login_disabled=not services.logins.plaintext_allowed(session.peer),
        suppressed=services.settings.imap.suppress_capabilities,
    )
    text = services.greeting.encode("utf-8", "replace")
    session.output.write(serialize_status(Condition.OK, text, code=code_capability(capabilities)))
    session.output.flush()
    if services.alerts.motd:
        # Goes out with the first answer, as that of Cyrus does.
        motd = services.alerts.motd.encode("ascii")
        session.output.write(serialize_status(Condition.OK, motd, code=ResponseCode.ALERT))


async def run(session: ImapSession) -> None:
    """Execute events until more octets are needed, or the session is over. ClientGone."""
    events = 0
    if session.services.telemetry.users or session.output.recording is not None:
        session.follow_telemetry()
    while not session.close_after_answer:
        if session.append is None and _end_where_shut(session):
            break
        event = session.parser.next_event()
        if event is None:
            break
        await _execute(session, event)
        _end_where_too_much(session)
        session.output.flush_soon()
        await session.output.drain()
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
    session.say_bye(shutdown.encode("ascii"), ResponseCode.ALERT)
    return True


async def tell_changes(session: ImapSession) -> None:
    """An announcement came for a session in IDLE (RFC 9051 §6.3.13). ClientGone."""
    if session.is_idling and session.selected is not None:
        await _tell(session, allow_expunge=True, renew=True)
        session.output.flush()
        await session.output.drain()


async def end(session: ImapSession) -> None:
    """The connection is lost or closed: let go of everything."""
    if session.output.recording is not None:
        session.output.recording.close()
    await _drop_append(session)
    session.stop_idling()
    session.selected = None
    if session.actor is not None:
        log.info(
            "session_ended",
            extra={
                "service": session.peer.service,
                "session": session.peer.session,
                "user": str(session.actor.userid or "anonymous"),
                "commands": session.commands_done,
                "sent_octets": session.output.sent_octets,
                "seconds": round(time.monotonic() - session.started_s, 3),
            },
        )


def server_bug(session: ImapSession) -> None:
    """Our own bug: say so, and close."""
    session.output.write(serialize_status(Condition.BYE, SERVER_BUG.text, code=SERVER_BUG.code or b""))
    session.output.flush()


# Events


async def _execute(session: ImapSession, event: Event) -> None:
    match event:
        case CommandReceived(tag, command):
            _begin(session, tag)
            await _execute_command(session, command)
        case LineReceived(line):
            handler = session.line_handler
            assert handler is not None, "a line came that nobody asked for"
            session.line_handler = None
            await _conclude(session, lambda: handler(session, line))
        case LiteralWanted():
            session.output.write(serialize_continuation(b"go ahead"))
        case AppendBegun(tag):
            _begin(session, tag)
            await _begin_append(session, event)
        case LiteralChunk(data):
            if session.append is not None:
                session.append.write(data)
        case AppendFinished():
            pending = session.append
            session.append = None
            if pending is not None:
                await _conclude(session, lambda: pending.finish(session))
        case CommandBad(tag, text):
            session.bad_commands += 1
            await _refuse_broken(session, serialize_status(Condition.BAD, text, tag=tag))
        case CommandRefused(tag, code, text):
            await _refuse_broken(session, serialize_status(Condition.NO, text, tag=tag, code=code))


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


async def _execute_command(session: ImapSession, command: c.Command) -> None:
    handler = HANDLERS[type(command)]

    async def work() -> Completion | None:
        if not isinstance(command, c.Logout):
            await _require_welcome(session)
        if session.selected is not None and not isinstance(command, _LEAVES_MAILBOX):
            await session.selected.refresh()
        return await handler(session, command)

    keeps_numbers = isinstance(command, _KEEPS_NUMBERS) and not command.by_uid
    await _conclude(session, work, allow_expunge=not keeps_numbers)


async def _begin_append(session: ImapSession, event: AppendBegun) -> None:
    """A refusal here comes before the message: a client that waits for the continuation is spared sending it."""
    try:
        await _require_welcome(session)
        session.append = await begin_append(session, event)
    except AngariumError as error:
        session.parser.refuse_append()
        _answer_failure(session, _answer_to(session, error))
    except CommandFailed as failed:
        session.parser.refuse_append()
        _answer_failure(session, failed.answer)


async def _drop_append(session: ImapSession) -> None:
    if session.append is not None:
        append, session.append = session.append, None
        await append.abort()


async def _require_welcome(session: ImapSession) -> None:
    """A credential that was revoked or changed ends its sessions; groups that changed hold from here on."""
    if session.actor is None:
        return
    if not await session.services.logins.still_valid(session.actor):
        session.say_bye(_REVOKED.text)
        raise CommandFailed(_REVOKED)
    await _renew(session)


async def _renew(session: ImapSession) -> None:
    renewed = await session.services.logins.renewed(session.user)
    if renewed is not session.actor:
        session.is_now(renewed)


# Answers


async def _conclude(
    session: ImapSession, work: Callable[[], Awaitable[Completion | None]], *, allow_expunge: bool = True
) -> None:
    """Do the work of a command, tell what changed, and give the tagged answer."""
    before = session.selected
    completion: Completion | None = None
    failure: Answer | None = None
    try:
        completion = await work()
        if completion is None:
            return  # the command goes on: AUTHENTICATE or IDLE waits for a line
    except AngariumError as error:
        failure = _answer_to(session, error)
    except CommandFailed as failed:
        failure = failed.answer
    if session.selected is not None and session.selected is before:
        # One that this command selected has just been told of in whole.
        await _tell(session, allow_expunge=allow_expunge)
    if failure is not None:
        _answer_failure(session, failure)
    elif completion is not None:
        session.answer(Condition.OK, completion.text, completion.code)


async def _tell(session: ImapSession, *, allow_expunge: bool, renew: bool = False) -> None:
    selected = session.mailbox
    try:
        if renew:  # no command has asked lately
            await _renew(session)
        await selected.refresh()
        await send_updates(session, selected.updates(allow_expunge=allow_expunge))
    except (MailboxNotFound, PermissionDenied):
        session.stop_idling()
        session.close_mailbox()
        session.say_bye(b"Selected mailbox was deleted")
    except AngariumError as error:
        # The command itself is answered; what could not be told now is told after the next one.
        log.warning("changes_not_told", extra={"session": session.peer.session, "error": str(error)})
    finally:
        session.flags_told = None
        selected.rest()


def _answer_to(session: ImapSession, error: AngariumError) -> Answer:
    level = logging.INFO if isinstance(error, PermanentError) else logging.WARNING
    log.log(
        level,
        "command_refused",
        extra={"session": session.peer.session, "refusal": type(error).__name__, "reason": str(error)},
    )
    return answer_for(error)


def _answer_failure(session: ImapSession, answer: Answer) -> None:
    """BYE has said why, where there was one."""
    if not session.close_after_answer:
        session.answer(answer.condition, answer.text, answer.code or b"")
