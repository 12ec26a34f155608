"""LOGIN and AUTHENTICATE (RFC 9051 §6.2.2, §6.2.3; RFC 4959), and UNAUTHENTICATE (RFC 8437)."""

import logging
import time

from angarium.errors import AngariumError, ExchangeFailed, FailureReason, MechanismUnavailable
from angarium.imap import commands as c
from angarium.imap.dialect import is_hidden
from angarium.imap.errors import Answer, answer_for
from angarium.imap.responses import Condition, ResponseCode, code_capability, serialize_continuation
from angarium.imap.session import CommandFailed, Completion, ImapSession
from angarium.operations.logins import LoggedIn, LoginExchange
from angarium.rights import ANONYMOUS
from angarium.sasl import (
    AnonymousWanted,
    CredentialsWanted,
    Failed,
    decode_initial_response,
    decode_response,
    encode_challenge,
    loggable_trace,
)

log = logging.getLogger(__name__)

_ANONYMOUS = ANONYMOUS.encode()
_CANCELLED = Answer(b"Client canceled authentication", condition=Condition.BAD)
_NOT_BASE64 = Answer(b"Invalid base64 in response", condition=Condition.BAD)  # RFC 9051 §6.2.2; Cyrus answers NO
_ENDS = {FailureReason.ABORTED: _CANCELLED, FailureReason.NOT_BASE64: _NOT_BASE64}


async def login(session: ImapSession, command: c.Login) -> Completion:
    """LOGIN; where anonymous logins are on, `anonymous` is let in with any password, which is her trace."""
    logins = session.services.logins
    credentials: CredentialsWanted | AnonymousWanted
    if command.user.lower() == _ANONYMOUS and logins.anonymous_allowed(session.peer):
        credentials = AnonymousWanted(loggable_trace(command.password.decode("utf-8", "replace")))
        text = b"Anonymous access granted"
    else:
        credentials = _credentials(session, command)
        text = b"User logged in"
    try:
        session.logged_in(await logins.log_in(credentials, session.peer))
    except AngariumError as error:
        answer = answer_for(error)
        raise CommandFailed(Answer(b"Login failed: " + answer.text, answer.code)) from error
    return _welcome(session, text)


def _credentials(session: ImapSession, command: c.Login) -> CredentialsWanted:
    if not session.services.logins.plaintext_allowed(session.peer):
        raise CommandFailed(Answer(b"Login only available under a layer", ResponseCode.PRIVACYREQUIRED))
    try:
        return CredentialsWanted(command.user.decode("utf-8"), command.password.decode("utf-8"), None)
    except UnicodeDecodeError as error:
        raise CommandFailed(
            Answer(b"Login failed: authentication failure", ResponseCode.AUTHENTICATIONFAILED)
        ) from error


async def authenticate(session: ImapSession, command: c.Authenticate) -> Completion | None:
    """AUTHENTICATE."""
    if is_hidden(f"AUTH={command.mechanism.upper()}", session.hidden):
        raise MechanismUnavailable(f"{command.mechanism!r} is hidden from this client")
    exchange = session.services.logins.begin(command.mechanism, session.peer)
    response = None
    if command.initial_response is not None:
        response = decode_initial_response(command.initial_response)
    return await _step(session, exchange, response)


async def _step(session: ImapSession, exchange: LoginExchange, response: bytes | Failed | None) -> Completion | None:
    try:
        outcome = await exchange.step(response)
        if isinstance(outcome, LoggedIn):
            session.logged_in(outcome)
            return _welcome(session, b"Success (tls protection)" if session.peer.is_tls else b"Success (no protection)")
    except ExchangeFailed as error:
        raise CommandFailed(_ENDS.get(error.reason) or answer_for(error)) from error
    session.output.write(serialize_continuation(encode_challenge(outcome.data)))
    session.parser.expect_line()

    async def next_line(session: ImapSession, line: bytes) -> Completion | None:
        return await _step(session, exchange, decode_response(line))

    session.line_handler = next_line
    return None


async def unauthenticate(session: ImapSession, _: c.Unauthenticate) -> Completion:
    """UNAUTHENTICATE; the capabilities are those of a greeting, so that a client need not ask."""
    log_end(session)
    session.log_out()

    def behind_answer() -> None:
        session.end_compression()
        session.follow_telemetry()

    session.after_answer = behind_answer
    return Completion(code=code_capability(session.capabilities(in_greeting=True)))


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
