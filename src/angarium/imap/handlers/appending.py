"""APPEND (RFC 9051 §6.3.12): refused before its message where it can be, its message never held whole."""

from contextlib import AsyncExitStack

from angarium.engine.rows import InternalDate
from angarium.errors import MessageDefect, MessageInvalid
from angarium.flags import Flags
from angarium.imap.errors import Answer
from angarium.imap.events import AppendBegun
from angarium.imap.responses import Condition, ResponseCode, code_appenduid
from angarium.imap.session import CommandFailed, Completion, ImapSession
from angarium.operations import messages
from angarium.operations.messages import AppendedMessage, AppendTarget, IncomingMessage, MessageLimits
from angarium.sequenceset import UidSet

_DEFECTS = {
    MessageDefect.NUL: b"Message contains NUL characters",
    MessageDefect.BARE_NEWLINE: b"Message contains bare newlines",
    MessageDefect.EMPTY: b"Zero-length message literal",
}


_NO_LITERAL8 = Answer(b"Invalid literal", condition=Condition.BAD)
"""Without BINARY there is no `literal8` (RFC 3516 §4.4); only NUL would need one, and that is refused anyway."""


class StagedAppend:
    """An APPEND whose message is being staged."""

    __slots__ = ("_event", "_incoming", "_stack", "_target")

    def __init__(
        self, target: AppendTarget, incoming: IncomingMessage, stack: AsyncExitStack, event: AppendBegun
    ) -> None:
        self._target = target
        self._incoming = incoming
        self._stack = stack
        self._event = event

    def write(self, chunk: bytes) -> None:
        """The next octets."""
        self._incoming.write(chunk)

    async def finish(self, session: ImapSession) -> Completion:
        """Store the message; durable on return."""
        try:
            prepared = await self._incoming.finish()
            message = AppendedMessage(prepared, Flags.of(self._event.flags), _internal_date(self._event))
            stored = await messages.append(session.services.store, session.user, self._target, [message])
        except MessageInvalid as error:
            text = _DEFECTS.get(error.defect, b"Message contains invalid header")
            raise CommandFailed(Answer(text, ResponseCode.CANNOT)) from error
        finally:
            await self.abort()
        return Completion(code=code_appenduid(stored.uidvalidity, UidSet.from_numbers(stored.uids)))

    async def abort(self) -> None:
        """Throw the staged file away."""
        await self._stack.aclose()


async def begin_append(session: ImapSession, event: AppendBegun) -> StagedAppend:
    """Find the mailbox, and get ready for the message. MailboxNotFound with TRYCREATE, PermissionDenied, DiskFull …"""
    if event.is_binary:
        raise CommandFailed(_NO_LITERAL8)
    store = session.services.store
    target = await messages.append_target(store, session.user, session.mailbox_name(event.mailbox))
    limits = MessageLimits.from_settings(session.services.settings.limits)
    async with AsyncExitStack() as stack:
        incoming = IncomingMessage.appended(store, target.partition, limits=limits)
        await stack.enter_async_context(incoming)
        return StagedAppend(target, incoming, stack.pop_all(), event)


def _internal_date(event: AppendBegun) -> InternalDate | None:
    moment = event.internal_date
    if moment is None:
        return None
    offset = moment.utcoffset()
    return InternalDate(int(moment.timestamp()), 0 if offset is None else int(offset.total_seconds()) // 60)
