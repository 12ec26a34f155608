"""Octets of stored messages for a message that is put together from parts (CATENATE, RFC 4469 §3)."""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import aclosing
from dataclasses import dataclass

from angarium.engine.rows import Uid
from angarium.errors import MessageFileMissing, MessageNotFound, SectionNotFound, UidValidityChanged
from angarium.fetchitem import BodySection
from angarium.names import MailboxName
from angarium.operations.messages.cache import MessageCache
from angarium.operations.messages.columns import SectionColumn, SectionStream
from angarium.operations.messages.fetch import fetch
from angarium.rights import Right
from angarium.sequenceset import UidSet
from angarium.store import Actor, SelectedMailbox, Store


@dataclass(frozen=True, slots=True)
class StoredPart:
    """A message, its part, or octets of that, as a URL names it."""

    mailbox: MailboxName
    uid: Uid
    section: BodySection
    """With PEEK: whoever takes a part has not read it (RFC 4469 §3)."""
    uidvalidity: int | None = None
    """None: whichever the mailbox has."""


async def part_octets(store: Store, cache: MessageCache, actor: Actor, part: StoredPart) -> AsyncGenerator[bytes, None]:
    """The octets that a FETCH of the part would give, in pieces; needs `r`.

    Refused before the first piece: MailboxNotFound, PermissionDenied, UidValidityChanged, MessageNotFound,
    MessageFileMissing, SectionNotFound.
    """
    mailbox = await store.find(actor, part.mailbox, Right.READ)
    if part.uidvalidity not in (None, mailbox.row.uidvalidity):
        raise UidValidityChanged(f"{mailbox.name.internal} has UIDVALIDITY {mailbox.row.uidvalidity}")
    selected = await SelectedMailbox.open(store, actor, mailbox, examine=True)
    uids = UidSet.from_numbers([part.uid])
    if len(selected.view.indexes_of(uids)) == 0:
        raise MessageNotFound(f"message {part.uid} of {mailbox.name.internal} is not there")
    async with aclosing(fetch(store, cache, actor, selected, uids, [part.section])) as batches:
        async for batch in batches:
            if batch.missing:
                raise MessageFileMissing(f"message {part.uid} of {mailbox.name.internal}")
            (column,) = batch.columns
            assert isinstance(column, SectionColumn)
            for value in column.values:
                if value is None:
                    raise SectionNotFound(
                        f"message {part.uid} of {mailbox.name.internal} has no {part.section.label!r}"
                    )
                if isinstance(value, bytes):
                    yield value
                    continue
                assert isinstance(value, SectionStream)
                async for chunk in value.chunks():
                    yield chunk
                    await asyncio.sleep(0)
