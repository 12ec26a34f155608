"""LOGIN and AUTHENTICATE (RFC 9051 §6.2.2, §6.2.3; RFC 4959), and UNAUTHENTICATE (RFC 8437)."""

import logging
import time
from dataclasses import replace

from angarium.errors import AngariumError
from angarium.imap import commands as c
from angarium.imap.capabilities import Moment
from angarium.imap.dialect import is_hidden
from angarium.imap.errors import Answer, answer_for
from angarium.imap.responses import Condition, ResponseCode, code_capability, serialize_continuation
from angarium.imap.session import CommandFailed, Completion, ImapSession
from angarium.rights import ANONYMOUS
from angarium.sasl import (
    AnonymousWanted,
    Challenge,
    CredentialsWanted,
    Failed,
    FailureReason,
    ServerMechanism,
    decode_initial_response,
    decode_response,
    encode_challenge,
    find_mechanism,
    loggable_trace,
)

log = logging.getLogger(__name__)

_CANCELLED = Answer(b"Client canceled authentication", condition=Condition.BAD)
_MALFORMED = Answer(b"bad protocol / cancel", ResponseCode.AUTHENTICATIONFAILED)
_NOT_BASE64 = Answer(b"Invalid base64 in response", condition=Condition.BAD)  # RFC 9051 §6.2.2; Cyrus answers NO
_ENDS = {FailureReason.ABORTED: _CANCELLED, FailureReason.NOT_BASE64: _NOT_BASE64}


async def login(session: ImapSession, command: c.Login) -> Completion:
    """LOGIN; where anonymous logins are on, `anonymous` is let in with any password, which is her trace."""
    if command.user.lower() == ANONYMOUS.encode() and session.services.logins.anonymous_allowed(session.peer):
        trace = loggable_trace(command.password.decode("utf-8", "replace"))
        await _check(session, AnonymousWanted(trace), mechanism="plaintext", prefix=b"Login failed: ")
        return _welcome(session, b"Anonymous access granted")
    if not session.services.logins.plaintext_allowed(session.peer):
        raise CommandFailed(Answer(b"Login only available under a layer", ResponseCode.PRIVACYREQUIRED))
    try:
        credentials = CredentialsWanted(command.user.decode("utf-8"), command.password.decode("utf-8"), None)
    except UnicodeDecodeError as error:
        raise CommandFailed(
            Answer(b"Login failed: authentication failure", ResponseCode.AUTHENTICATIONFAILED)
        ) from error
    await _check(session, credentials, mechanism="plaintext", prefix=b"Login failed: ")
    return _welcome(session, b"User logged in")


async def authenticate(session: ImapSession, command: c.Authenticate) -> Completion | None:
    """AUTHENTICATE."""
    mechanism = find_mechanism(command.mechanism)
    logins = session.services.logins
    if (
        mechanism is None
        or is_hidden(f"AUTH={mechanism.name}", session.hidden)
        or mechanism.name not in logins.mechanisms(replace(session.peer, is_tls=True))
    ):
        raise CommandFailed(Answer(b"no mechanism available", ResponseCode.CANNOT))
    if mechanism.name not in logins.mechanisms(session.peer):
        raise CommandFailed(Answer(b"encryption needed to use mechanism", ResponseCode.PRIVACYREQUIRED))
    machine = mechanism.start()
    response = None
    if command.initial_response is not None:
        response = decode_initial_response(command.initial_response)
    return await _step(session, mechanism.name, machine, response)


async def _step(
    session: ImapSession, name: str, machine: ServerMechanism, response: bytes | Failed | None
) -> Completion | None:
    outcome = response if isinstance(response, Failed) else machine.step(response)
    match outcome:
        case Challenge(data):
            session.output.write(serialize_continuation(encode_challenge(data)))
            session.parser.expect_line()

            async def next_line(session: ImapSession, line: bytes) -> Completion | None:
                return await _step(session, name, machine, decode_response(line))

            session.line_handler = next_line
            return None
        case Failed(reason):
            _log_failure(session, name, "", reason.value)
            raise CommandFailed(_ENDS.get(reason, _MALFORMED))
        case CredentialsWanted() | AnonymousWanted():
            await _check(session, outcome, mechanism=name, prefix=b"")
            return _welcome(session, b"Success (tls protection)" if session.peer.is_tls else b"Success (no protection)")


async def _check(
    session: ImapSession, credentials: CredentialsWanted | AnonymousWanted, *, mechanism: str, prefix: bytes
) -> None:
    trace: dict[str, str] = {}
    if isinstance(credentials, AnonymousWanted):
        name, trace = ANONYMOUS, {"trace": credentials.trace}
    else:
        name = credentials.authcid
    try:
        actor = await session.services.logins.log_in(credentials, session.peer)
        session.logged_in(actor)
    except AngariumError as error:
        _log_failure(session, mechanism, name, str(error))
        answer = answer_for(error)
        raise CommandFailed(Answer(prefix + answer.text, answer.code)) from error
    log.info(
        "login",
        extra={
            "service": session.peer.service,
            "session": session.peer.session,
            "address": session.peer.address,
            "user": str(actor.userid or ANONYMOUS),
            "mechanism": mechanism,
            "tls": session.peer.is_tls,
            "outcome": "ok",
            **trace,
        },
    )


async def unauthenticate(session: ImapSession, _: c.Unauthenticate) -> Completion:
    """UNAUTHENTICATE; the capabilities are those of a greeting, so that a client need not ask."""
    log_end(session)
    session.log_out()

    def behind_answer() -> None:
        session.end_compression()
        session.follow_telemetry()

    session.after_answer = behind_answer
    return Completion(code=code_capability(session.capabilities(Moment.GREETING)))


def log_end(session: ImapSession) -> None:
    """A user's session is over."""
    log.info(
        "session_ended",
        extra={
            "service": session.peer.service,
            "session": session.peer.session,
            "user": str(session.user.userid or ANONYMOUS),
            "commands": session.commands_done,
            "sent_octets": session.output.sent_octets,
            "seconds": round(time.monotonic() - session.started_s, 3),
        },
    )


def _welcome(session: ImapSession, text: bytes) -> Completion:
    session_id = session.peer.session.encode("ascii", "replace")
    return Completion(text + b" SESSIONID=<" + session_id + b">", code_capability(session.capabilities()))


def _log_failure(session: ImapSession, mechanism: str, user: str, reason: str) -> None:
    log.info(
        "login",
        extra={
            "service": session.peer.service,
            "session": session.peer.session,
            "address": session.peer.address,
            "user": user,
            "mechanism": mechanism,
            "tls": session.peer.is_tls,
            "outcome": "failed",
            "reason": reason,
        },
    )
