"""CAPABILITY, NOOP, LOGOUT, ID, ENABLE and IDLE (RFC 9051 §6.1, §6.3.1, §6.3.13; RFC 2971)."""

import platform
from typing import Final

from angarium.config import ServerInfo
from angarium.imap import commands as c
from angarium.imap.dialect import Extension
from angarium.imap.errors import Answer
from angarium.imap.responses import Condition, ResponseCode, serialize_continuation
from angarium.imap.serializer import serialize_capability, serialize_enabled, serialize_id
from angarium.imap.session import COMPLETED, CommandFailed, Completion, ImapSession
from angarium.imap.states import State

from .fetching import enable_condstore

_ID_LOGGED_OCTETS = 200

_ENABLED_BY: Final = {
    "CONDSTORE": Extension.CONDSTORE,
    "IMAP4REV2": Extension.IMAP4REV2,
    "QRESYNC": Extension.QRESYNC,
    "UIDONLY": Extension.UIDONLY,
    "UTF8=ACCEPT": Extension.UTF8_ACCEPT,
}
"""What ENABLE knows, in capitals."""
_LOGOUT: Final = State.LOGOUT  # see `responses.OK`
_TOLD_AS: Final = {Extension.IMAP4REV2: "IMAP4rev2"}


async def capability(session: ImapSession, _: c.Capability) -> Completion:
    """CAPABILITY."""
    session.output.write(serialize_capability(session.capabilities()))
    return COMPLETED


async def noop(_session: ImapSession, _: c.Noop | c.Check) -> Completion:
    """NOOP and CHECK: what changed is told after every command."""
    return COMPLETED


async def logout(session: ImapSession, _: c.Logout) -> Completion:
    """LOGOUT."""
    if session.selected is not None:
        session.close_mailbox()
    session.say_bye(b"LOGOUT received")
    session.parser.state = _LOGOUT
    return COMPLETED


async def starttls(session: ImapSession, _: c.StartTls) -> Completion:
    """STARTTLS; without a certificate nobody knows it, as with Cyrus."""
    if session.peer.is_tls:
        raise CommandFailed(Answer(b"Already did a successful Starttls", condition=Condition.BAD))
    if not session.offers_tls:
        raise CommandFailed(Answer(b"Unrecognized command", condition=Condition.BAD))
    session.after_answer = session.start_tls
    return Completion(b"Begin TLS negotiation now")


async def identify(session: ImapSession, command: c.Id) -> Completion:
    """ID: what the client says goes to the log, what we say depends on `imapidresponse` and `serverinfo`."""
    told = [(name, value) for name, value in command.parameters if value]
    text = " ".join(
        f"{name.decode('utf-8', 'replace')}={(value or b'').decode('utf-8', 'replace')}" for name, value in told
    )
    session.client_id = "".join(character for character in text if character.isprintable())[:_ID_LOGGED_OCTETS]
    fields = {name.lower(): (value or b"").decode("utf-8", "replace") for name, value in told}
    session.client_name, session.client_version = fields.get(b"name", ""), fields.get(b"version", "")
    session.hide()
    settings = session.services.settings
    answer: list[tuple[bytes, bytes | None]] = []
    if settings.imap.imapidresponse and settings.server.serverinfo is not ServerInfo.OFF:
        answer = [(b"name", b"Angarium"), (b"version", session.services.version.encode()), (b"vendor", b"Angarium")]
        if settings.server.serverinfo is ServerInfo.ON:
            answer += [(b"os", platform.system().encode()), (b"os-version", platform.release().encode())]
    session.output.write(serialize_id(answer))
    return COMPLETED


async def enable(session: ImapSession, command: c.Enable) -> Completion:
    """ENABLE: names that we do not know are passed over (RFC 9051 §6.3.1), and so is what is on already."""
    known = [_ENABLED_BY[name] for name in dict.fromkeys(command.capabilities) if name in _ENABLED_BY]
    asked = [each for each in known if each in session.parser.dialect.served]
    if Extension.QRESYNC in asked and Extension.CONDSTORE not in asked:
        asked.insert(asked.index(Extension.QRESYNC), Extension.CONDSTORE)  # has it in it (RFC 7162 §3.2.3)
    new = [each for each in asked if each not in session.enabled]
    session.output.write(serialize_enabled([_TOLD_AS.get(each, each.value).encode("ascii") for each in new]))
    if Extension.CONDSTORE in new:
        enable_condstore(session, b"ENABLE")
    session.enable(*new)
    if Extension.IMAP4REV2 in new and session.selected is not None:
        session.selected.forget_recent()
    return COMPLETED


async def compress(session: ImapSession, command: c.Compress) -> Completion:
    """COMPRESS; Cyrus answers NO to an algorithm that it does not know, RFC 4978 §3 says BAD."""
    if session.inflater is not None:
        answer = Answer(b"DEFLATE active via COMPRESS", ResponseCode.COMPRESSIONACTIVE, Condition.BAD)
        raise CommandFailed(answer)
    if command.algorithm != "DEFLATE":
        raise CommandFailed(Answer(b"Unknown COMPRESS algorithm", condition=Condition.BAD))
    session.after_answer = session.compress
    return Completion(b"DEFLATE active")


async def idle(session: ImapSession, _: c.Idle) -> Completion | None:
    """IDLE: from the continuation to DONE the session is told of changes as they come."""
    if not session.services.idle_is_offered:
        raise CommandFailed(Answer(b"Unrecognized command", condition=Condition.BAD))
    session.start_idling()
    session.output.write(serialize_continuation(session.localized(b"idling")))
    session.parser.expect_line()
    session.line_handler = _idle_done
    session.wake()  # what changed since the last command is told at once
    return None


async def _idle_done(session: ImapSession, line: bytes) -> Completion:
    session.stop_idling()
    if line.upper() != b"DONE":
        raise CommandFailed(Answer(b"Invalid Idle continuation", condition=Condition.BAD))
    return COMPLETED
