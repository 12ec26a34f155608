"""What a worker remembers of messages: parsed contents, header fields that clients asked for, columns for SEARCH.

All of it is derived from what never changes (a content id names one immutable parse), so nothing here goes stale; it
only goes when room is needed.
"""

import asyncio
import sys
from collections.abc import Awaitable, Callable, Hashable, Sequence

from angarium import mime
from angarium.engine.commands import RememberPreviews
from angarium.engine.interface import MessageFile
from angarium.engine.rows import AccountId, Content, ContentId, MailboxId, Uid
from angarium.errors import MessageFileMissing, MessageNotFound, StoreDamaged
from angarium.operations.messages.binary import MARK_OCTETS, MOST_MARKS, DecodedSize, DecodingMarks
from angarium.operations.messages.columnscache import ColumnsCache
from angarium.operations.messages.digest import sha1_of_file
from angarium.operations.messages.incoming import MessageLimits
from angarium.operations.messages.ordercolumns import OrderColumns
from angarium.operations.messages.prepare import parse_message
from angarium.operations.messages.previewing import make_preview
from angarium.operations.messages.searchcolumns import SearchColumns
from angarium.operations.messages.segmentcache import SegmentCache
from angarium.store import MailboxView, Store

_OBJECT_OCTETS = 400
"""What Python adds to the octets of one content: the object, its fields, its place in a dictionary."""
_VALUE_OCTETS = 100
"""What a place in a dictionary takes, with its number."""


_READ_AT_ONCE = 64
"""Headers that are read before other sessions have their turn; some 50 µs each."""


class MessageCache:
    """One to a worker."""

    def __init__(self, store: Store, *, limits: MessageLimits, octets: int = 128 << 20) -> None:
        """What is remembered stays within `octets`.

        A FETCH fills not quite half of that, whatever it asks of however many messages; what it finds no room for is
        read again the next time.
        """
        self._store = store
        self._limits = limits
        self._contents: SegmentCache[Content] = SegmentCache(octets // 5, _weigh_content)
        self._fields: SegmentCache[bytes] = SegmentCache(octets // 10, _weigh_octets)
        self._columns = ColumnsCache(store.engine, SearchColumns, octets=octets // 8)
        self._previews: SegmentCache[str] = SegmentCache(octets // 20, _weigh_text)
        self._digests: SegmentCache[str] = SegmentCache(octets // 50, _weigh_text)
        self._sizes: SegmentCache[DecodedSize] = SegmentCache(octets // 100, lambda _: _OBJECT_OCTETS)
        self._marks: SegmentCache[DecodingMarks] = SegmentCache(octets // 50, lambda _: MOST_MARKS * MARK_OCTETS)
        self._order = ColumnsCache(store.engine, OrderColumns, octets=octets // 8)

    async def contents(
        self, account: AccountId, mailbox: MailboxId, ids: Sequence[int], uids: Sequence[int]
    ) -> list[Content | None]:
        """The contents of messages of one mailbox; None where a content is gone, or was stored by an older scanner
        and its message's file is lost."""

        async def load(missing: list[int]) -> dict[int, Content]:
            found = await self._store.engine.contents(account, [ContentId(number) for number in missing])
            contents: dict[int, Content] = {}
            for number, content in found.items():
                fresh = content
                if content.scanner_version != mime.SCANNER_VERSION:
                    rescanned = await self._rescan(account, mailbox, uid_of[number], content)
                    if rescanned is None:
                        continue
                    fresh = rescanned
                contents[number] = fresh
            return contents

        uid_of = dict(zip(ids, uids, strict=True))
        return await self._contents.get_many(account, ids, load)

    async def header_fields(
        self,
        account: AccountId,
        mailbox: MailboxId,
        selection: mime.FieldSelection,
        ids: Sequence[int],
        uids: Sequence[int],
    ) -> list[bytes | None]:
        """The selected fields of the top headers of messages; None where a content is gone or a file is lost."""

        async def load(missing: list[int]) -> dict[int, bytes]:
            uid_of = dict(zip(ids, uids, strict=True))
            wanted = [uid_of[number] for number in missing]
            contents = await self.contents(account, mailbox, missing, wanted)
            found: dict[int, bytes] = {}
            for place, (number, uid, content) in enumerate(zip(missing, wanted, contents, strict=True), start=1):
                if content is not None:
                    fields = await self._read_fields(account, mailbox, uid, content, selection)
                    if fields is not None:
                        found[number] = fields
                if place % _READ_AT_ONCE == 0:
                    await asyncio.sleep(0)
            return found

        return await self._fields.get_many((account, selection), ids, load)

    async def previews(
        self, account: AccountId, mailbox: MailboxId, ids: Sequence[int], uids: Sequence[int]
    ) -> list[str | None]:
        """The beginning of what messages say (RFC 8970 §3.3); None where a content is gone or a file is lost."""

        async def load(missing: list[int]) -> dict[int, str]:
            found = await self._stored_previews(account, missing)
            uid_of = dict(zip(ids, uids, strict=True))
            unmade = [number for number in missing if number not in found]
            wanted = [uid_of[number] for number in unmade]
            contents = await self.contents(account, mailbox, unmade, wanted)
            made: dict[int, str] = {}
            for number, uid, content in zip(unmade, wanted, contents, strict=True):
                preview = None if content is None else await self._make_preview(account, mailbox, uid, content)
                if preview is not None:
                    made[number] = preview
                await asyncio.sleep(0)
            if made:
                previews = tuple([(ContentId(number), preview) for number, preview in made.items()])
                self._store.engine.advise(account, RememberPreviews(previews))
            return found | made

        return await self._previews.get_many(account, ids, load)

    async def known_previews(self, account: AccountId, ids: Sequence[int]) -> list[str | None]:
        """The previews that were made before."""

        async def load(missing: list[int]) -> dict[int, str]:
            return await self._stored_previews(account, missing)

        return await self._previews.get_many(account, ids, load)

    async def _stored_previews(self, account: AccountId, ids: Sequence[int]) -> dict[int, str]:
        stored = await self._store.engine.previews(account, [ContentId(number) for number in ids])
        return {int(content): preview for content, preview in stored.items()}

    async def _make_preview(self, account: AccountId, mailbox: MailboxId, uid: int, content: Content) -> str | None:
        file = await self.open(account, mailbox, uid)
        if file is None:
            return None
        try:
            return await make_preview(file, mime.decode_parts(content.parts))
        finally:
            file.close()

    async def sha1_digests(
        self, account: AccountId, mailbox: MailboxId, ids: Sequence[int], uids: Sequence[int]
    ) -> list[str | None]:
        """SHA-1 of the messages as FETCH gives them, in hexadecimal digits; None where a file is lost."""

        async def load(missing: list[int]) -> dict[int, str]:
            uid_of = dict(zip(ids, uids, strict=True))
            found: dict[int, str] = {}
            for number in missing:
                file = await self.open(account, mailbox, uid_of[number])
                if file is not None:
                    try:
                        found[number] = await sha1_of_file(file)
                    finally:
                        file.close()
                    await asyncio.sleep(0)
            return found

        return await self._digests.get_many(account, ids, load)

    async def decoded_size(
        self, part: Hashable, content: ContentId, measure: Callable[[], Awaitable[DecodedSize]]
    ) -> DecodedSize:
        """How long a part of a message is without its encoding, measured once; `part` names it and its account."""

        async def load(_: list[int]) -> dict[int, DecodedSize]:
            return {content: await measure()}

        (size,) = await self._sizes.get_many(part, [content], load)
        assert size is not None
        return size

    async def decoding_marks(self, part: Hashable, content: ContentId) -> DecodingMarks:
        """The marks that were set where a part was decoded; what the caller adds is remembered."""

        async def load(_: list[int]) -> dict[int, DecodingMarks]:
            return {content: DecodingMarks()}

        (marks,) = await self._marks.get_many(part, [content], load)
        assert marks is not None
        return marks

    async def columns(self, account: AccountId, view: MailboxView) -> SearchColumns:
        """Folded text of all messages of the view."""
        return await self._columns.get(account, view)

    async def order_columns(self, account: AccountId, view: MailboxView) -> OrderColumns:
        """What SORT and THREAD compare of all messages of the view."""
        return await self._order.get(account, view)

    async def _read_fields(
        self, account: AccountId, mailbox: MailboxId, uid: int, content: Content, selection: mime.FieldSelection
    ) -> bytes | None:
        header = mime.section(mime.decode_parts(content.parts), (), mime.SectionKind.HEADER)
        if header is None:
            raise StoreDamaged(f"message {uid} of {mailbox} has no header range")
        file = await self.open(account, mailbox, uid)
        if file is None:
            return None
        try:
            block = await file.read(header.offset, header.size)
        finally:
            file.close()
        return mime.select_stored_fields(content.parts, block, selection)

    async def open(self, account: AccountId, mailbox: MailboxId, uid: int) -> MessageFile | None:
        """The file of a message; None where it is lost."""
        try:
            return await self._store.engine.open_message(account, mailbox, Uid(uid))
        except (MessageNotFound, MessageFileMissing):
            return None

    async def _rescan(self, account: AccountId, mailbox: MailboxId, uid: int, stored: Content) -> Content | None:
        file = await self.open(account, mailbox, uid)
        if file is None:
            return None
        try:
            view = file.view()
            try:
                content, _ = await parse_message(view, digest=stored.hash, limits=self._limits.scan)
            finally:
                view.release()
        finally:
            file.close()
        return content


def _weigh_content(content: Content) -> int:
    return _OBJECT_OCTETS + len(content.envelope) + len(content.body) + len(content.bodystructure) + len(content.parts)


def _weigh_octets(octets: bytes) -> int:
    return _VALUE_OCTETS + sys.getsizeof(octets)


def _weigh_text(text: str) -> int:
    return _VALUE_OCTETS + sys.getsizeof(text)
