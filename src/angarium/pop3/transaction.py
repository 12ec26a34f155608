"""STAT, LIST, UIDL, RETR, TOP, DELE, RSET, NOOP and QUIT: what is done with a maildrop (RFC 1939 §5 to §7)."""

import asyncio
import logging
from collections.abc import Callable
from typing import Final

from angarium.connections import ClientGone
from angarium.engine.interface import MessageFile
from angarium.errors import AngariumError, MessageFileMissing
from angarium.operations.maildrop import Rows
from angarium.pop3 import replies
from angarium.pop3.commands import Dele, List, Noop, Quit, Retr, Rset, Stat, Top, Uidl
from angarium.pop3.listings import SCAN_LISTING, SLICE, scan_lines, uidl_lines, uidl_template
from angarium.pop3.refusals import reply_to
from angarium.pop3.replies import error, ok
from angarium.pop3.session import Pop3Session
from angarium.pop3.states import State
from angarium.pop3.stuffing import DotStuffer, TopCutter

log = logging.getLogger(__name__)

_CHUNK_OCTETS: Final = 1 << 17
_CHUNKS_A_TURN: Final = 8
"""What is sent before others have their turn, to a client that takes it at once."""


async def stat(session: Pop3Session, _: Stat) -> None:
    """STAT."""
    session.say(ok(f"{session.maildrop.left} {session.maildrop.left_octets}"))


async def list_(session: Pop3Session, command: List) -> None:
    """LIST."""
    maildrop = session.maildrop
    if command.number is None:
        session.say(replies.SCAN_LISTING_FOLLOWS)
        await _send_lines(session, scan_lines)
    elif maildrop.has(command.number):
        _say_line(session, SCAN_LISTING % (command.number, maildrop.size_octets(command.number)))
    else:
        session.say(replies.NO_SUCH_MESSAGE)


async def uidl(session: Pop3Session, command: Uidl) -> None:
    """UIDL, in the form of `uidl_format`; the annotation pop3newuidl takes UIDVALIDITY out of Cyrus's."""
    maildrop = session.maildrop
    form = session.host.settings.pop3.uidl_format
    template = uidl_template(form, maildrop.uidvalidity, with_uidvalidity=maildrop.has_uidvalidity_in_uidl)
    if command.number is None:
        session.say(replies.UNIQUE_IDS_FOLLOW)
        await _send_lines(session, lambda rows: uidl_lines(rows, template))
    elif maildrop.has(command.number):
        _say_line(session, template % (command.number, maildrop.uid(command.number)))
    else:
        session.say(replies.NO_SUCH_MESSAGE)


async def retr(session: Pop3Session, command: Retr) -> None:
    """RETR."""
    if await _send_message(session, command.number, None):
        session.maildrop.note_retrieved(command.number)
        session.retrieved += 1


async def top(session: Pop3Session, command: Top) -> None:
    """TOP."""
    await _send_message(session, command.number, TopCutter(command.lines))


async def dele(session: Pop3Session, command: Dele) -> None:
    """DELE; the message goes with QUIT."""
    if not session.maildrop.has(command.number):
        session.say(replies.NO_SUCH_MESSAGE)
        return
    await session.maildrop.delete(command.number)
    session.say(replies.DELETED)


async def rset(session: Pop3Session, _: Rset) -> None:
    """RSET."""
    session.maildrop.reset()
    session.say(replies.OK)


async def noop(session: Pop3Session, _: Noop) -> None:
    """NOOP."""
    session.say(replies.OK)


async def quit_(session: Pop3Session, _: Quit) -> None:
    """QUIT; what was deleted is gone when it is answered, or all of it is still there (RFC 1939 §6)."""
    if session.is_logged_in:
        try:
            await session.maildrop.update()
        except AngariumError as refusal:
            session.refused(refusal)
            session.end(error("Deleted messages were not removed", reply_to(refusal).code))
            return
    session.say(replies.OK)
    session.state = State.ENDED


def _say_line(session: Pop3Session, line: bytes) -> None:
    session.output.write(b"+OK " + line + b"\r\n")


async def _send_lines(session: Pop3Session, lines_of: Callable[[Rows], bytes]) -> None:
    """In slices, each of which others get their turn behind."""
    maildrop = session.maildrop
    for first in range(1, maildrop.messages + 1, SLICE):
        if first > 1:
            await asyncio.sleep(0)
        session.output.write(lines_of(maildrop.rows(first, first + SLICE - 1)))
        await session.output.drain()
    session.output.write(replies.END_OF_LINES)


async def _send_message(session: Pop3Session, number: int, cutter: TopCutter | None) -> bool:
    """Whether there is such a message, and it was sent as far as `cutter` lets it."""
    if not session.maildrop.has(number):
        session.say(replies.NO_SUCH_MESSAGE)
        return False
    file = await session.maildrop.open(number)
    try:
        session.say(replies.MESSAGE_FOLLOWS)
        try:
            await _send_octets(session, file, cutter)
        except AngariumError as refusal:
            # Nothing can be said in the middle of a message: a client that gets no end of it knows that it has none.
            log.error("message_not_sent", extra={"session": session.peer.session, "reason": str(refusal)})
            raise ClientGone from refusal
    finally:
        file.close()
    return True


async def _send_octets(session: Pop3Session, file: MessageFile, cutter: TopCutter | None) -> None:
    output = session.output
    stuffer = DotStuffer()
    size_octets = file.size_octets
    for place, offset in enumerate(range(0, size_octets, _CHUNK_OCTETS), start=1):
        wanted = min(_CHUNK_OCTETS, size_octets - offset)
        chunk = await file.read(offset, wanted)
        if len(chunk) < wanted:
            raise MessageFileMissing(f"{len(chunk)} octets of {wanted} at {offset}")
        if cutter is not None:
            chunk = cutter.cut(chunk)
        output.write(stuffer.stuff(chunk))
        await output.drain()
        if cutter is not None and cutter.is_done:
            break
        if place % _CHUNKS_A_TURN == 0:
            await asyncio.sleep(0)
    output.write(stuffer.end())
