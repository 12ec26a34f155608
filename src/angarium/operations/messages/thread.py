"""THREAD (RFC 5256 §3): which messages, by a search; which answers which, by subjects or message ids."""

import asyncio
from dataclasses import dataclass
from typing import TypeVar

from angarium import mime
from angarium.collation import DEFAULT_COMPARATOR, Comparator
from angarium.operations.messages.cache import MessageCache
from angarium.operations.messages.ordercolumns import OrderColumns
from angarium.operations.messages.ordertexts import OrderTexts
from angarium.operations.messages.search import matching_rows
from angarium.operations.messages.searchtext import Progress, quietly
from angarium.operations.messages.slices import in_turns
from angarium.searchkey import SearchKey
from angarium.sortcriteria import SortKey
from angarium.store import Indexes, Mailbox, MailboxView, SelectedMailbox, Uids
from angarium.threads import (
    MessageIds,
    ThreadAlgorithm,
    Threads,
    thread_by_references,
    thread_by_refs,
    thread_by_subject,
)

T = TypeVar("T")

_READ_AT_ONCE = 64
_REPLY_FIELDS = mime.field_selection([b"Subject", b"References", b"In-Reply-To"])


@dataclass(frozen=True, slots=True)
class Threaded:
    """What a THREAD found; the rows of `threads` are places in `uids`, which ascend."""

    threads: Threads
    uids: Uids


async def thread(
    cache: MessageCache,
    selected: SelectedMailbox,
    algorithm: ThreadAlgorithm,
    key: SearchKey,
    *,
    comparator: Comparator = DEFAULT_COMPARATOR,
    progress: Progress = quietly,
) -> Threaded:
    """The messages that `search` finds as threads; needs `r`. The comparator's direction means nothing here."""
    rows = await matching_rows(cache, selected, key, comparator.collation, progress)
    view, mailbox = selected.view, selected.mailbox
    columns = await cache.order_columns(mailbox.account, view)
    texts = OrderTexts(cache, mailbox, view, columns)
    internal_s = view.date_s[rows]
    sent_s = columns.sent_s(rows, internal_s)
    if algorithm is ThreadAlgorithm.ORDEREDSUBJECT:
        ranks = await texts.ranks(SortKey.SUBJECT, comparator.collation)
        return Threaded(await in_turns(thread_by_subject(ranks[rows], sent_s)), view.uid[rows])
    await _complete(cache, mailbox, view, columns)
    work = (
        thread_by_refs(_ids(columns, rows), sent_s=sent_s, internal_s=internal_s)
        if algorithm is ThreadAlgorithm.REFS
        else thread_by_references(
            _ids(columns, rows),
            subjects=_at(await texts.forms(SortKey.SUBJECT, comparator.collation), rows),
            is_reply=_at(columns.is_reply, rows),
            sent_s=sent_s,
        )
    )
    return Threaded(await in_turns(work), view.uid[rows])


def _ids(columns: OrderColumns, rows: Indexes) -> MessageIds:
    return MessageIds(_at(columns.message_ids, rows), _at(columns.references, rows))


def _at(column: list[T], rows: Indexes) -> list[T]:
    """A list of its own, for columns grow while others have their turn."""
    return column[:] if rows.size == len(column) else [*map(column.__getitem__, rows.tolist())]


async def _complete(cache: MessageCache, mailbox: Mailbox, view: MailboxView, columns: OrderColumns) -> None:
    """Read again what was not stored of messages that an older version delivered."""
    async with columns.lock:
        while columns.unknown:
            rows = columns.unknown[:_READ_AT_ONCE]
            ids, uids = view.content[rows].tolist(), view.uid[rows].tolist()
            blocks = await cache.header_fields(mailbox.account, mailbox.id, _REPLY_FIELDS, ids, uids)
            for row, block in zip(rows, blocks, strict=True):
                if block is not None:
                    scanned = mime.scan(block)
                    columns.know_replies(row, scanned.references, is_reply=scanned.is_reply)
            del columns.unknown[: len(rows)]
            await asyncio.sleep(0)
