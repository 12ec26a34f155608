"""Executes what a client says, one command after another."""

from collections.abc import Awaitable, Callable
from contextlib import suppress
from typing import Any, Final

from angarium.errors import AngariumError
from angarium.languages import I_DEFAULT, RangeInvalid, choose_tag
from angarium.pop3 import login, replies, transaction
from angarium.pop3.capabilities import capabilities, greeting, implementation
from angarium.pop3.commands import (
    Apop,
    Auth,
    Capa,
    Command,
    CommandType,
    Dele,
    Lang,
    List,
    Noop,
    Pass,
    Quit,
    Retr,
    Rset,
    Stat,
    Stls,
    Top,
    Uidl,
    User,
    Utf8,
)
from angarium.pop3.events import CommandReceived, CommandRefused, Event, LineReceived, Problem
from angarium.pop3.languages import NAMES, find_language
from angarium.pop3.refusals import reply_to
from angarium.pop3.replies import ok
from angarium.pop3.session import Pop3Session
from angarium.pop3.states import LEGAL, State

_HAVE_CREDENTIALS: Final = (User, Pass, Apop, Auth)


def greet(session: Pop3Session) -> None:
    """The greeting, with the challenge of APOP where that is offered (RFC 1939 §7)."""
    host = session.host
    server = host.settings.server
    text = greeting(server.serverinfo, server.servername, host.version)
    session.say(ok(f"{text} {session.challenge}".rstrip()))


async def execute(session: Pop3Session, event: Event) -> None:
    """One command, or a line of an exchange; its answer is written to the session's output. ClientGone."""
    session.commands_done += 1
    if session.host.telemetry.users or session.output.recording is not None:
        session.follow_telemetry()
    match event:
        case CommandReceived(command, line):
            session.record(None if isinstance(command, _HAVE_CREDENTIALS) else line)
            if type(command) in LEGAL[session.state]:
                session.bad_commands = 0
                await _guarded(session, command)
            else:
                _refuse(session, Problem.UNKNOWN)
        case CommandRefused(problem, kind):
            session.record(None)
            is_known = kind is None or kind in LEGAL[session.state]
            _refuse(session, problem if is_known else Problem.UNKNOWN)
        case LineReceived(line):
            await _go_on(session, line)
    _end_where_too_much(session)


async def _guarded(session: Pop3Session, command: Command) -> None:
    try:
        if session.state is State.TRANSACTION and not await _is_welcome(session):
            return
        await HANDLERS[type(command)](session, command)
    except AngariumError as refusal:
        session.refused(refusal)
        session.say(reply_to(refusal))
        if isinstance(command, Quit):
            session.state = State.ENDED


async def _go_on(session: Pop3Session, line: bytes) -> None:
    try:
        await login.next_line(session, line)
    except AngariumError as refusal:
        session.refused(refusal)
        session.say(reply_to(refusal))


async def end_where_over(session: Pop3Session) -> None:
    """Say why, where the login holds no more; what cannot be found out now, the next command finds out."""
    if session.state is State.TRANSACTION:
        with suppress(AngariumError):
            await _is_welcome(session)


async def _is_welcome(session: Pop3Session) -> bool:
    """A credential that was revoked or changed ends its sessions; groups that changed hold from here on."""
    logins = session.host.logins
    over = await logins.why_over(session.actor)
    if over is not None:
        session.end(replies.OVER[over])
        return False
    actor = await logins.renewed(session.actor)
    if actor is not session.actor:
        session.is_now(actor)
    return True


def _refuse(session: Pop3Session, problem: Problem) -> None:
    session.bad_commands += 1
    session.say(replies.PROBLEMS[problem])
    if problem is Problem.HTTP and session.state is State.AUTHORIZATION:
        session.state = State.ENDED


def _end_where_too_much(session: Pop3Session) -> None:
    if session.state is State.ENDED:
        return
    limits = session.host.settings.limits
    if session.bad_commands >= limits.max_bad_commands:
        session.end(replies.TOO_MANY_BAD_COMMANDS)
    elif not session.is_logged_in and session.commands_done > limits.max_commands_before_login:
        session.end(replies.TOO_MANY_COMMANDS)


# Commands that are legal in every state


async def _capa(session: Pop3Session, _: Capa) -> None:
    host = session.host
    lines = capabilities(
        host.settings.pop3,
        mechanisms=login.mechanisms(session),
        offers_tls=session.offers_tls,
        offers_user=host.logins.plaintext_allowed(session.peer),
        implementation=implementation(host.settings.server.serverinfo, host.version, is_logged_in=session.is_logged_in),
    )
    session.say(replies.CAPABILITIES_FOLLOW)
    session.output.write("".join([f"{line}\r\n" for line in lines]).encode("ascii", "replace"))
    session.output.write(replies.END_OF_LINES)


async def _lang(session: Pop3Session, command: Lang) -> None:
    """LANG (RFC 6856 §3): the new language holds from its answer on, and after a refusal the old one."""
    if not command.tag:
        session.say(replies.LANGUAGES_FOLLOW)
        session.output.write("".join([f"{tag} {name}\r\n" for tag, name in NAMES.items()]).encode())
        session.output.write(replies.END_OF_LINES)
        return
    try:
        tag = choose_tag([command.tag], tuple(NAMES), preferred=session.host.settings.imap.defaultlanguage)
    except RangeInvalid:
        session.say(replies.LANGUAGE_INVALID)
        return
    if tag is None:
        session.say(replies.LANGUAGE_UNSUPPORTED)
        return
    session.language = None if tag == I_DEFAULT else find_language(tag)
    session.say(ok(f"{tag} Language changed"))


# Each takes a command of its own class, which the table's type cannot say.
HANDLERS: Final[dict[CommandType, Callable[[Pop3Session, Any], Awaitable[None]]]] = {
    User: login.user,
    Pass: login.pass_,
    Apop: login.apop,
    Auth: login.auth,
    Stls: login.stls,
    Utf8: login.utf8,
    Capa: _capa,
    Lang: _lang,
    Stat: transaction.stat,
    List: transaction.list_,
    Uidl: transaction.uidl,
    Retr: transaction.retr,
    Top: transaction.top,
    Dele: transaction.dele,
    Rset: transaction.rset,
    Noop: transaction.noop,
    Quit: transaction.quit_,
}
