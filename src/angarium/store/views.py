"""The views of a worker: one for each mailbox in use, the least recently used dropped by octets.

A view is fresh when the account's modseq is the one it was last compared at, which costs one point read. When it is
another one, the mailbox's own row says whether anything changed here; only then are rows read. The order of the reads
matters: first the account's state, whose modseq is then surely in what follows; then the messages; last the mailbox's
row, so that it names every keyword that a message has, and shows every purge that may have taken a row away before.
"""

import asyncio
from collections import OrderedDict
from collections.abc import Sequence
from dataclasses import dataclass, field
from weakref import WeakSet

from angarium.engine.interface import Engine
from angarium.engine.rows import NO_MODSEQ, AccountId, MailboxId, MailboxRow, MessageRow, ModSeq
from angarium.errors import MailboxNotFound
from angarium.store.columns import NO_ROWS, Columns
from angarium.store.view import MailboxView

_INLINE_ROWS = 500
"""Beyond it arrays are built in a thread: half a millisecond of the loop's time at most."""
_COMPACT_ABOVE = 1024
"""Fewer expunged rows are never worth another generation."""

_ENTRY_OCTETS = 2048
"""What a view takes beside its columns."""

_NEVER = ModSeq(-1)

_Key = tuple[AccountId, MailboxId]


class Reader:
    """Somebody who holds on to what she was told of a mailbox: what she was not told of stays in the view."""

    told_modseq: ModSeq
    """Expunges up to here she was told of."""


@dataclass(slots=True)
class _Entry:
    """A view, and the account's modseq at which it was last found fresh."""

    view: MailboxView | None = None
    compared: ModSeq = _NEVER
    lock: asyncio.Lock = field(default_factory=asyncio.Lock)
    readers: "WeakSet[Reader]" = field(default_factory=WeakSet)
    octets: int = 0


class MailboxViews:
    """Gives views that are as fresh as the account; a view that nobody asks for may be dropped and loaded again."""

    def __init__(self, engine: Engine, *, octets: int) -> None:
        self._engine = engine
        self._limit_octets = octets
        self._octets = 0
        self._entries: OrderedDict[_Key, _Entry] = OrderedDict()

    async def get(self, account: AccountId, mailbox: MailboxId) -> MailboxView:
        """The view with all that was committed before this call; some µs where nothing changed.

        MailboxNotFound where the mailbox is gone for good.
        """
        key = (account, mailbox)
        state = await self._engine.state(account)
        entry = self._entries.get(key)
        if entry is None:
            entry = self._entries[key] = _Entry()
        if entry.view is not None and entry.compared == state.modseq:
            self._entries.move_to_end(key)
            return entry.view
        async with entry.lock:
            view = await self._freshen(key, entry)
        self._count_octets(key, entry)
        return view

    def register(self, account: AccountId, mailbox: MailboxId, reader: Reader) -> None:
        """Keep expunged messages that `reader` was not told of, for as long as she lives."""
        self._entries.setdefault((account, mailbox), _Entry()).readers.add(reader)

    def drop_all(self) -> None:
        """Give the memory back; views are loaded again when they are asked for."""
        for key in list(self._entries):
            self._forget(key)

    @property
    def octets(self) -> int:
        """What the views take together."""
        return self._octets

    async def _freshen(self, key: _Key, entry: _Entry) -> MailboxView:
        state = await self._engine.state(key[0])
        view = entry.view
        if view is not None and entry.compared == state.modseq:
            return view
        row = await self._row(key)
        if view is None:
            view = await self._load(key)
        elif row.highestmodseq <= view.modseq:
            view.advance(row, NO_ROWS, max(view.modseq, state.modseq))
        else:
            view = await self._advanced(key, view, state.modseq)
        entry.view = view
        entry.compared = state.modseq
        self._compact(entry)
        return entry.view

    async def _row(self, key: _Key) -> MailboxRow:
        row = await self._engine.mailbox(*key)
        if row is None:
            self._forget(key)
            raise MailboxNotFound(f"mailbox {key[1]} is gone")
        return row

    async def _load(self, key: _Key) -> MailboxView:
        state = await self._engine.state(key[0])
        rows = await self._engine.messages(*key)
        columns = await _columns(rows)
        return MailboxView(await self._row(key), columns, _reached(state.modseq, rows))

    async def _advanced(self, key: _Key, view: MailboxView, account_modseq: ModSeq) -> MailboxView:
        rows = await self._engine.messages(*key, changed_since=view.modseq)
        columns = await _columns(rows)
        row = await self._row(key)
        if row.purged_modseq > view.modseq or not view.continues_with(columns):
            return await self._load(key)
        view.advance(row, columns, _reached(account_modseq, rows))
        return view

    def _compact(self, entry: _Entry) -> None:
        view = entry.view
        if view is None or view.expunged_count < _COMPACT_ABOVE or view.expunged_count * 4 < view.uid.size:
            return
        told = min([reader.told_modseq for reader in entry.readers], default=view.modseq)
        compacted = view.compacted(told)
        if compacted.uid.size < view.uid.size:
            entry.view = compacted

    def _count_octets(self, key: _Key, entry: _Entry) -> None:
        """Count the view's octets, and drop others where there are too many."""
        if self._entries.get(key) is not entry:
            return
        octets = entry.view.octets + _ENTRY_OCTETS if entry.view is not None else 0
        self._octets += octets - entry.octets
        entry.octets = octets
        self._entries.move_to_end(key)
        while self._octets > self._limit_octets and next(iter(self._entries)) != key:
            self._forget(next(iter(self._entries)))

    def _forget(self, key: _Key) -> None:
        entry = self._entries.pop(key, None)
        if entry is not None:
            self._octets -= entry.octets
            entry.octets = 0


async def _columns(rows: Sequence[MessageRow]) -> Columns:
    if len(rows) <= _INLINE_ROWS:
        return Columns.of_rows(rows)
    return await asyncio.to_thread(Columns.of_rows, rows)


def _reached(state: ModSeq, rows: Sequence[MessageRow]) -> ModSeq:
    """All changes up to here are in `rows`, which were read after `state`: modseqs become visible in order."""
    return max([state, *[row.modseq for row in rows]]) if rows else max(state, NO_MODSEQ)
