"""What a worker remembers of messages: parsed contents, header fields that clients asked for, columns for SEARCH.

All of it is derived from what never changes (a content id names one immutable parse), so nothing here goes stale; it
only goes when room is needed.
"""

import asyncio
from collections.abc import Sequence

from angarium import mime
from angarium.engine.interface import MessageFile
from angarium.engine.rows import AccountId, Content, ContentId, MailboxId, Uid
from angarium.errors import MessageFileMissing, MessageNotFound, StoreDamaged
from angarium.operations.messages.incoming import MessageLimits
from angarium.operations.messages.prepare import parse_message
from angarium.operations.messages.searchcolumns import SearchColumns, SearchColumnsCache
from angarium.operations.messages.segmentcache import SegmentCache
from angarium.store import MailboxView, Store

_OBJECT_OCTETS = 400
"""What Python adds to the octets of one content: the object, its fields, its place in a dictionary."""


_READ_AT_ONCE = 64
"""Headers that are read before other sessions have their turn; some 50 µs each."""


class MessageCache:
    """One to a worker."""

    def __init__(self, store: Store, *, limits: MessageLimits, octets: int = 128 << 20) -> None:
        """`octets` is split between contents, header fields and columns, 2:1:1."""
        self._store = store
        self._limits = limits
        self._contents: SegmentCache[Content] = SegmentCache(octets // 2, _weigh_content)
        self._fields: SegmentCache[bytes] = SegmentCache(octets // 4, len)
        self._columns = SearchColumnsCache(store.engine, octets=octets // 4)

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

    async def columns(self, account: AccountId, view: MailboxView) -> SearchColumns:
        """Folded text of all messages of the view."""
        return await self._columns.get(account, view)

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
