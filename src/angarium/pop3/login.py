"""USER, PASS, APOP, AUTH and STLS: how a session gets from AUTHORIZATION to TRANSACTION."""

import logging
from datetime import timedelta
from typing import Final

from angarium.errors import AngariumError, MechanismUnavailable
from angarium.operations.logins import LoggedIn
from angarium.operations.maildrop import TooSoon, open_maildrop
from angarium.pop3 import replies
from angarium.pop3.commands import Apop, Auth, Pass, Stls, User, Utf8
from angarium.pop3.refusals import reply_to
from angarium.pop3.replies import Code, error, ok
from angarium.pop3.session import Pop3Session
from angarium.sasl import CredentialsWanted, Failed, decode_initial_response, decode_response, encode_challenge

log = logging.getLogger(__name__)

_ANONYMOUS: Final = "ANONYMOUS"
"""Who does not say who she is has no maildrop."""
_MINUTE: Final = timedelta(minutes=1)


def mechanisms(session: Pop3Session) -> list[str]:
    """Those that are of use."""
    return [name for name in session.host.logins.mechanisms(session.peer) if name != _ANONYMOUS]


async def user(session: Pop3Session, command: User) -> None:
    """USER; whether there is such a user, PASS tells."""
    if not session.host.logins.plaintext_allowed(session.peer):
        session.say(replies.USER_NEEDS_TLS)
    elif session.user is not None:
        session.say(replies.PASS_MISSING)
    else:
        name = _decoded(command.name)
        if name is None:
            session.say(replies.INVALID_LOGIN)
            return
        session.user = name
        session.say(replies.NAME_TAKEN)


async def pass_(session: Pop3Session, command: Pass) -> None:
    """PASS."""
    if session.user is None:
        session.say(replies.USER_MISSING)
        return
    name, session.user = _user_in(session, session.user), None
    password = _decoded(command.password)
    if password is None:
        session.say(replies.INVALID_LOGIN)
        return
    logged_in = await session.host.logins.log_in(CredentialsWanted(name, password), session.peer)
    await _enter(session, logged_in)


async def apop(session: Pop3Session, command: Apop) -> None:
    """APOP; where it is not offered nobody knows it, as with Cyrus."""
    name, digest = _decoded(command.name), _decoded(command.digest)
    if not session.challenge:
        session.say(replies.UNRECOGNIZED)
    elif name is None or digest is None:
        session.say(replies.INVALID_LOGIN)
    else:
        user = _user_in(session, name)
        await _enter(session, await session.host.logins.log_in_by_apop(user, digest, session.challenge, session.peer))


async def auth(session: Pop3Session, command: Auth) -> None:
    """AUTH (RFC 5034); without a mechanism it lists them, as Cyrus does."""
    if not command.mechanism:
        session.say(replies.MECHANISMS_FOLLOW)
        session.output.write("".join([f"{name}\r\n" for name in mechanisms(session)]).encode("ascii"))
        session.output.write(replies.END_OF_LINES)
        return
    if command.mechanism.upper() == _ANONYMOUS:
        raise MechanismUnavailable("who does not say who she is has no maildrop")
    session.folder = ""
    session.exchange = session.host.logins.begin(
        command.mechanism, session.peer, user_in=lambda name: _user_in(session, name)
    )
    response = None
    if command.initial_response is not None:
        response = decode_initial_response(command.initial_response)
    await _step(session, response)


async def next_line(session: Pop3Session, line: bytes) -> None:
    """What the client answers to a challenge."""
    await _step(session, decode_response(line))


async def stls(session: Pop3Session, _: Stls) -> None:
    """STLS; without a certificate nobody knows it, as with Cyrus."""
    if session.peer.is_tls:
        session.say(replies.TLS_ACTIVE)
    elif not session.offers_tls:
        session.say(replies.UNRECOGNIZED)
    elif session.is_utf8:
        session.say(replies.UTF8_THEN_TLS)
    else:
        session.say(replies.BEGIN_TLS)
        session.starts_tls = True


async def utf8(session: Pop3Session, _: Utf8) -> None:
    """UTF8 (RFC 6856 §2.1). Messages are sent as they are, before and behind it: else their octets would agree neither
    with their sizes nor with their signatures, and who fetches and deletes mail would lose it."""
    session.is_utf8 = True
    session.say(replies.UTF8_ON)


async def _step(session: Pop3Session, response: bytes | Failed | None) -> None:
    exchange, session.exchange = session.exchange, None
    assert exchange is not None
    outcome = await exchange.step(response)
    if isinstance(outcome, LoggedIn):
        await _enter(session, outcome)
        return
    session.exchange = exchange
    session.output.write(b"+ " + encode_challenge(outcome.data) + b"\r\n")
    session.parser.expect_line()


async def _enter(session: Pop3Session, logged_in: LoggedIn) -> None:
    """She is who she says: open her maildrop."""
    host = session.host
    host.logins.seat(logged_in, session.place, session.peer)
    try:
        opened = await open_maildrop(host.store, logged_in.actor, host.settings.pop3, folder=session.folder)
    except AngariumError as refusal:
        _not_opened(session, logged_in, str(refusal))
        reply = reply_to(refusal)
        session.say(error(f"Unable to open maildrop: {reply.text}", reply.code))
        return
    if isinstance(opened, TooSoon):
        _not_opened(session, logged_in, "popminpoll")
        minutes = -(-opened.minpoll // _MINUTE)
        session.say(error(replies.TOO_SOON.format(minutes=minutes), Code.LOGIN_DELAY))
        return
    session.logged_in(logged_in, opened)
    session.say(ok(f"Mailbox locked and ready SESSIONID=<{session.peer.session}>"))


def _not_opened(session: Pop3Session, logged_in: LoggedIn, reason: str) -> None:
    session.place.log_out()
    fields = {"session": session.peer.session, "user": str(logged_in.actor.userid), "reason": reason}
    log.info("maildrop_not_opened", extra=fields)


def _user_in(session: Pop3Session, name: str) -> str:
    """The user of `user+folder`, by `popsubfolders`; the session keeps the folder. A domain belongs to the user."""
    user_name, plus, rest = name.partition("+")
    if not plus or not session.host.settings.pop3.popsubfolders:
        session.folder = ""
        return name
    session.folder, at, domain = rest.rpartition("@") if "@" in rest else (rest, "", "")
    return f"{user_name}{at}{domain}"


def _decoded(octets: bytes) -> str | None:
    """RFC 6856 §2.2: UTF-8, or nothing."""
    try:
        return octets.decode("utf-8")
    except UnicodeDecodeError:
        return None
