"""Executing what a client sends, one event after another."""

import logging
from collections.abc import Awaitable, Callable, Mapping
from contextlib import suppress
from typing import Any, Final

from angarium.connections import NOT_RECORDED
from angarium.errors import AngariumError
from angarium.managesieve import authentication, responses, scripts
from angarium.managesieve import commands as c
from angarium.managesieve.events import CommandReceived, CommandRefused, Event, ResponseReceived
from angarium.managesieve.grammar import SIGNATURES, Problem
from angarium.managesieve.refusals import response_to
from angarium.managesieve.responses import Condition, Response, closed, code_tag, too_large
from angarium.managesieve.session import CommandFailed, ManageSieveSession
from angarium.managesieve.states import State, refusal_of

log = logging.getLogger(__name__)


async def execute(session: ManageSieveSession, event: Event) -> None:
    """Execute an event, and answer it. Raises nothing that a client could be told."""
    if _end_where_shut(session):
        return
    session.follow_telemetry()
    match event:
        case CommandReceived(command):
            session.commands_done += 1
            # After the login too, a client may send its credentials by mistake.
            is_secret = isinstance(command, c.Authenticate)
            session.record(NOT_RECORDED if is_secret else session.parser.take_octets())
            await _conclude(session, lambda: _execute_command(session, command))
        case CommandRefused():
            session.commands_done += 1
            session.record(NOT_RECORDED)
            session.answer(_answer_to(session, event))
        case ResponseReceived(octets):
            await _conclude(session, lambda: authentication.go_on(session, octets))
    _end_where_too_much(session)


def end_where_told(session: ManageSieveSession) -> bool:
    """Say goodbye where the server goes down, or is closed to this session."""
    return session.state is State.ENDED or _end_where_shut(session)


async def end_where_over(session: ManageSieveSession) -> None:
    """Say why, where the login holds no more; what cannot be found out now, the next command finds out."""
    if session.actor is not None:
        with suppress(AngariumError):
            over = await session.host.logins.why_over(session.actor)
            if over is not None:
                session.answer(responses.OVER[over])


def _end_where_shut(session: ManageSieveSession) -> bool:
    if session.ends_after_command:
        session.answer(responses.SHUTTING_DOWN)
        return True
    shutdown = session.host.alerts.shutdown
    # Administrators go on, and who is one shows at the login.
    if shutdown is None or session.actor is None or session.actor.is_admin:
        return False
    session.answer(closed(shutdown))
    return True


def _end_where_too_much(session: ManageSieveSession) -> None:
    """Who has not logged in has no use for many commands."""
    maximum = session.host.settings.limits.max_commands_before_login
    if session.state is State.NOT_AUTHENTICATED and session.commands_done > maximum:
        session.answer(responses.TOO_MANY_COMMANDS)


async def _conclude(session: ManageSieveSession, work: Callable[[], Awaitable[None]]) -> None:
    try:
        await work()
    except CommandFailed as failed:
        session.answer(failed.response)
    except AngariumError as error:
        response = response_to(error)
        if response is None:
            log.error("command_failed", extra={"session": session.peer.session}, exc_info=error)
            response = responses.INTERNAL_ERROR
        session.answer(response)


# Commands


async def _execute_command(session: ManageSieveSession, command: c.Command) -> None:
    refusal = refusal_of(session.state, type(command))
    if refusal is not None:
        raise CommandFailed(refusal)
    if session.actor is not None and not isinstance(command, c.Logout | c.Unauthenticate):
        await _require_welcome(session, command)
    await _HANDLERS[type(command)](session, command)


async def _require_welcome(session: ManageSieveSession, command: c.Command) -> None:
    """A credential that was revoked or changed ends its sessions; groups that changed hold from here on."""
    logins = session.host.logins
    over = await logins.why_over(session.user)
    if over is not None:
        raise CommandFailed(responses.OVER[over])
    if isinstance(command, c.ScriptCommand):
        session.is_now(await logins.renewed(session.user))


async def _capability(session: ManageSieveSession, _: c.Capability) -> None:
    session.tell_capabilities()
    session.answer(responses.OK)


async def _noop(session: ManageSieveSession, command: c.Noop) -> None:
    if command.tag is None:
        session.answer(responses.NOOP_DONE)
    else:
        session.answer(Response(Condition.OK, responses.NOOP_DONE.text, code=code_tag(command.tag)))


async def _logout(session: ManageSieveSession, _: c.Logout) -> None:
    session.answer(responses.LOGGED_OUT)
    session.state = State.ENDED


async def _start_tls(session: ManageSieveSession, _: c.StartTls) -> None:
    if not session.offers_tls:
        raise CommandFailed(responses.TLS_ACTIVE if session.peer.is_tls else responses.TLS_UNAVAILABLE)
    session.start_tls()


# Any: each handler takes the command that it stands beside.
_HANDLERS: Final[Mapping[type[c.Command], Callable[[ManageSieveSession, Any], Awaitable[None]]]] = {
    c.Authenticate: authentication.authenticate,
    c.Unauthenticate: authentication.unauthenticate,
    c.StartTls: _start_tls,
    c.Logout: _logout,
    c.Capability: _capability,
    c.Noop: _noop,
    c.HaveSpace: scripts.have_space,
    c.PutScript: scripts.put,
    c.CheckScript: scripts.check,
    c.ListScripts: scripts.list_names,
    c.SetActive: scripts.set_active,
    c.GetScript: scripts.get,
    c.DeleteScript: scripts.delete,
    c.RenameScript: scripts.rename,
}


# What is no command


def _answer_to(session: ManageSieveSession, refused: CommandRefused) -> Response:
    signature = SIGNATURES.get(refused.verb)
    if refused.problem is Problem.HTTP:
        return responses.NO_WEB_SERVER if session.state is State.NOT_AUTHENTICATED else responses.NOT_A_COMMAND
    if signature is None:
        return responses.NOT_A_COMMAND
    # §2: what may not be said yet is not looked at.
    illegal = refusal_of(session.state, signature.command)
    if illegal is not None:
        return illegal
    match refused.problem:
        case Problem.NAME:
            return responses.NAME_INVALID
        case Problem.SCRIPT_TOO_LARGE if signature.command is c.CheckScript:
            return responses.SCRIPT_TOO_LARGE_TO_CHECK
        case Problem.SCRIPT_TOO_LARGE:
            return too_large(session.host.scripts.limits.script_octets)
        case Problem.LINE_TOO_LONG | Problem.STRING_TOO_LONG:
            return Response(Condition.NO, "Too long")
        case Problem.SYNCHRONISING:
            return Response(Condition.NO, "A literal is announced as {number+} here")
        case _:
            return Response(Condition.NO, f"{refused.verb.decode('ascii')} takes {signature.usage}")
