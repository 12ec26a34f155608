"""APPEND (RFC 9051 §6.3.12) of one message or several (RFC 3502), whole or put together from parts (RFC 4469).

It is refused as soon as it is sure to be: before a message, where its mailbox, size or quota is the reason, or behind
it. Messages go to staged files as they come and are never held whole; what is held of each until all can be stored is
what was parsed of it, and that is bounded.
"""

from collections.abc import Awaitable, Callable, Sequence
from contextlib import AsyncExitStack, aclosing
from dataclasses import replace
from datetime import datetime
from typing import Final

from angarium.engine.rows import InternalDate, Uid
from angarium.errors import (
    AnnotationLimitExceeded,
    KeywordLimitExceeded,
    MessageDefect,
    MessageInvalid,
    MessageTooLarge,
    PermanentError,
    QuotaExceeded,
)
from angarium.fetchitem import Partial
from angarium.flags import Flags
from angarium.imap.cursor import Malformed
from angarium.imap.dialect import Extension
from angarium.imap.errors import Answer, answer_for
from angarium.imap.events import AppendBegun, MessageBegun, TextBegun, UrlGiven
from angarium.imap.grammar.fetchitems import parse_section_spec
from angarium.imap.limits import append_limit
from angarium.imap.responses import ResponseCode, code_appenduid, code_badurl
from angarium.imap.session import CommandFailed, Completion, ImapSession
from angarium.imapurl import ImapUrlInvalid, UrlRange, parse_message_url
from angarium.operations import messages
from angarium.operations.hooks import GivenAnnotation
from angarium.operations.messages import (
    AppendedMessage,
    AppendTarget,
    AppendUid,
    IncomingMessage,
    MessageLimits,
    PreparedMessage,
    StoredPart,
)
from angarium.sequenceset import UidSet

from .annotating import annotation_refusals, parse_annotations
from .listresponse import tell_spelling
from .messagelimit import require_count, save_limit

_DEFECTS: Final = {
    MessageDefect.NUL: b"Message contains NUL characters",
    MessageDefect.BARE_NEWLINE: b"Message contains bare newlines",
    MessageDefect.EMPTY: b"Zero-length message literal",
    MessageDefect.HEADER_8BIT: b"Message contains non-ASCII characters in headers",
}
_NOT_ENABLED: Final = Answer(b"UTF8=ACCEPT is not enabled", ResponseCode.CANNOT)
_TOO_MUCH: Final = Answer(b"Too many messages in one command", ResponseCode.LIMIT)
_URL_INVALID: Final = b"Invalid URL"

_PARSED_OCTETS: Final = 32 << 20
"""What is held of messages that wait for the last one of their command."""
_OBJECT_OCTETS: Final = 4_000
"""What each adds to the octets of its parsed content."""
_TO_THE_END: Final = (1 << 63) - 1

Storing = Callable[[ImapSession, Sequence[AppendedMessage]], Awaitable[Completion]]
"""What is done with the messages once they are whole."""


class StagedAppend:
    """An APPEND or REPLACE whose messages are being staged; see `session.PendingAppend`."""

    __slots__ = (
        "_event",
        "_incoming",
        "_is_binary",
        "_limit_octets",
        "_messages",
        "_parsed_octets",
        "_room_octets",
        "_stack",
        "_staged_octets",
        "_store",
        "_target",
    )

    def __init__(self, target: AppendTarget, store: Storing, *, limit_octets: int, room_octets: int | None) -> None:
        """`room_octets`: what all messages together may have."""
        self._target = target
        self._store = store
        self._limit_octets = limit_octets
        self._room_octets = room_octets
        self._stack = AsyncExitStack()
        self._messages: list[AppendedMessage] = []
        self._parsed_octets = 0
        self._staged_octets = 0
        """Of the messages that are whole."""
        # The message that is coming
        self._event: AppendBegun | MessageBegun | None = None
        self._incoming: IncomingMessage | None = None
        self._is_binary = False
        """Something of it is a `literal8`."""

    async def begin_message(self, session: ImapSession, event: AppendBegun | MessageBegun) -> None:
        """The first message, or another one, whose predecessor is whole now."""
        await self._end_message(session)
        require_count(save_limit(session), len(self._messages) + 1)
        if event.is_utf8:
            _require_utf8(session)
        self._check_size(session, event.size_octets)
        with annotation_refusals():
            annotations = parse_annotations(event.annotations)
            messages.annotation_changes(session.services.store, session.user, self._target.mailbox, annotations)
        settings = session.services.settings
        incoming = IncomingMessage.appended(
            session.services.store,
            self._target.partition,
            limits=replace(MessageLimits.from_settings(settings.limits), size_octets=self._limit_octets),
            ascii_header=_asks_for_ascii(session),
        )
        self._incoming = await self._stack.enter_async_context(incoming)
        self._event = event
        self._is_binary = event.is_binary

    async def begin_text(self, session: ImapSession, event: TextBegun) -> None:
        """TEXT of CATENATE."""
        if event.is_utf8:
            _require_utf8(session)
        self._is_binary |= event.is_binary
        self._check_size(session, self._coming.received_octets + event.size_octets)

    async def take_url(self, session: ImapSession, event: UrlGiven) -> None:
        """URL of CATENATE: its octets go where those of a literal would."""
        services = session.services
        try:
            part = _stored_part(session, event.url)
            octets = messages.part_octets(services.store, services.cache, session.user, part)
            async with aclosing(octets) as pieces:
                async for piece in pieces:
                    self._check_size(session, self._coming.received_octets + len(piece))
                    self.write(piece)
                    if self._coming.refusal is not None or session.close_after_answer:
                        break
        except (ImapUrlInvalid, Malformed) as error:
            raise CommandFailed(Answer(_URL_INVALID, code_badurl(event.url))) from error
        except (MessageTooLarge, QuotaExceeded):
            raise
        except PermanentError as error:
            raise CommandFailed(Answer(answer_for(error).text, code_badurl(event.url))) from error

    def write(self, chunk: bytes) -> None:
        """The next octets."""
        self._coming.write(chunk)

    async def finish(self, session: ImapSession) -> Completion:
        """Store the messages; durable on return."""
        try:
            await self._end_message(session)
            with annotation_refusals():
                return await self._store_all(session)
        finally:
            await self.abort()

    async def abort(self) -> None:
        """Throw the staged files away."""
        await self._stack.aclose()

    @property
    def _coming(self) -> IncomingMessage:
        assert self._incoming is not None, "no message has begun"
        return self._incoming

    async def _store_all(self, session: ImapSession) -> Completion:
        try:
            return await self._store(session, self._messages)
        except (KeywordLimitExceeded, AnnotationLimitExceeded, QuotaExceeded):
            plain = [replace(message, proposal=None) for message in self._messages]
            if plain == self._messages:
                raise
            # There may be no room for what an annotator had to add, and there is no need of it.
            return await self._store(session, plain)

    async def _end_message(self, session: ImapSession) -> None:
        """The message that was coming is whole: it is made durable and parsed now, so that its defects are told."""
        if self._incoming is None or self._event is None:
            return
        try:
            prepared = await self._incoming.finish()
        except MessageInvalid as error:
            raise CommandFailed(self._answer_to(error)) from error
        self._staged_octets += prepared.size_octets
        self._parsed_octets += _OBJECT_OCTETS + prepared.parsed_octets
        if self._parsed_octets > _PARSED_OCTETS:
            raise CommandFailed(_TOO_MUCH)
        self._messages.append(await _annotated(session, self._target, _appended(prepared, self._event)))
        self._incoming = self._event = None

    def _answer_to(self, error: MessageInvalid) -> Answer:
        text = _DEFECTS.get(error.defect, b"Message contains invalid header")
        if error.defect is MessageDefect.NUL and self._is_binary:
            return Answer(text, ResponseCode.UNKNOWN_CTE)  # RFC 3516 §4.4
        return Answer(text, ResponseCode.CANNOT)

    def _check_size(self, session: ImapSession, octets: int) -> None:
        """Whether a message of that size can be stored after those that are whole."""
        if octets > self._limit_octets:
            raise MessageTooLarge(f"more than {self._limit_octets} octets")
        if self._room_octets is not None and self._staged_octets + octets > self._room_octets:
            mailbox = self._target.mailbox
            session.services.store.note_quota_refusal(mailbox.account, mailbox.id)
            raise QuotaExceeded(f"{octets} octets are more than there is room for")


async def begin_append(session: ImapSession, event: AppendBegun) -> StagedAppend:
    """Find the mailbox, and get ready for the message. MailboxNotFound with TRYCREATE, PermissionDenied, DiskFull …"""
    store = session.services.store
    target = await messages.append_target(store, session.user, session.mailbox_name(event.mailbox))
    await tell_spelling(session, target.mailbox.name, event.mailbox)

    async def append(session: ImapSession, staged: Sequence[AppendedMessage]) -> Completion:
        appended = await messages.append(store, session.user, target, staged)
        return Completion(code=appenduid_of(appended))

    return await stage(session, event, target, append, room_octets=await messages.room_left(store, target))


async def stage(
    session: ImapSession, event: AppendBegun, target: AppendTarget, store: Storing, *, room_octets: int | None
) -> StagedAppend:
    """Get ready for the first message."""
    limit_octets = append_limit(session.services.settings)
    staged = StagedAppend(target, store, limit_octets=limit_octets, room_octets=room_octets)
    await staged.begin_message(session, event)
    return staged


def appenduid_of(appended: AppendUid) -> bytes:
    """APPENDUID; empty where the client could not select the mailbox, and so is not told (RFC 4315 §3)."""
    if not appended.is_readable:
        return b""
    return code_appenduid(appended.uidvalidity, UidSet.from_numbers(appended.uids))


# Messages and their parts


def _appended(prepared: PreparedMessage, event: AppendBegun | MessageBegun) -> AppendedMessage:
    annotations = tuple(parse_annotations(event.annotations))
    return AppendedMessage(prepared, Flags.of(event.flags), _internal_date(event.internal_date), annotations)


async def _annotated(session: ImapSession, target: AppendTarget, message: AppendedMessage) -> AppendedMessage:
    """With what an annotator has it get, where there is one."""
    annotator = session.services.annotator
    if annotator is None or not annotator.is_asked_of_appends:
        return message
    prepared = message.message
    given = [GivenAnnotation(each.entry, each.is_shared, each.value) for each in message.annotations]
    path = prepared.files[target.partition].path
    proposal = await annotator.ask(path, prepared.content, message.flags, given, session=session.peer.session)
    return replace(message, proposal=proposal)


def _internal_date(moment: datetime | None) -> InternalDate | None:
    if moment is None:
        return None
    offset = moment.utcoffset()
    return InternalDate(int(moment.timestamp()), 0 if offset is None else int(offset.total_seconds()) // 60)


def _require_utf8(session: ImapSession) -> None:
    """RFC 6855 §4: the client has to say first that it knows such messages."""
    if Extension.UTF8_ACCEPT not in session.enabled:
        raise CommandFailed(_NOT_ENABLED)


def _asks_for_ascii(session: ImapSession) -> bool:
    """Whether other octets in a header are refused: where UTF8=ACCEPT is announced and not enabled (RFC 9755 §4)."""
    dialect = session.parser.dialect
    return Extension.UTF8_ACCEPT in dialect.served and not dialect.quotes_utf8


def _stored_part(session: ImapSession, url: bytes) -> StoredPart:
    """What a URL refers to; ImapUrlInvalid, Malformed, MailboxNameInvalid.

    URLs with a server are other servers', or other users' (RFC 4469 §3).
    """
    parsed = parse_message_url(url)
    if parsed.server is not None:
        raise ImapUrlInvalid("the URL names a server")
    if parsed.partial is not None and Extension.URL_PARTIAL not in session.parser.dialect.served:
        raise ImapUrlInvalid("the URL names a part of a section")
    section = parse_section_spec(parsed.section.encode(), session.parser.limits)
    return StoredPart(
        session.names.to_internal(parsed.mailbox),
        Uid(parsed.uid),
        replace(section, partial=None if parsed.partial is None else _partial(parsed.partial)),
        parsed.uidvalidity,
    )


def _partial(octets: UrlRange) -> Partial:
    """URL-PARTIAL (RFC 5550 §5.7.1)."""
    return Partial(octets.offset, _TO_THE_END if octets.count is None else octets.count)
