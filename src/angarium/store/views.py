"""The views of a worker: one for each mailbox in use, the least recently used dropped by octets.

A view is fresh when the account's modseq is the one it stands at, which costs one point read. When it is
another one, the engine gives the mailbox and what changed in it as of one moment, and that is where the view stands
then. What a STORE of this worker did is known without reading, and the view takes it from there (`stored`).
"""

import asyncio
from collections import OrderedDict
from dataclasses import dataclass, field
from weakref import WeakSet

from angarium.engine.commands import FlagsStored, StoreFlags
from angarium.engine.interface import Engine
from angarium.engine.rows import AccountId, MailboxId, ModSeq
from angarium.errors import MailboxNotFound
from angarium.store.view import MailboxView

_COMPACT_ABOVE = 1024
"""Fewer expunged rows are never worth another generation."""

_ENTRY_OCTETS = 2048
"""What a view takes beside its columns."""

_Key = tuple[AccountId, MailboxId]


class Reader:
    """Somebody who holds on to what she was told of a mailbox: what she was not told of stays in the view."""

    told_modseq: ModSeq
    """Expunges up to here she was told of."""


@dataclass(slots=True)
class _Entry:
    """A view, once it is loaded, and who needs it."""

    view: MailboxView | None = None
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
        view = self.kept(account, mailbox, state.modseq)
        if view is not None:
            return view
        entry = self._entries.setdefault(key, _Entry())
        async with entry.lock:
            view = await self._freshen(key, entry, state.modseq)
        self._count_octets(key, entry)
        return view

    def kept(self, account: AccountId, mailbox: MailboxId, modseq: ModSeq) -> MailboxView | None:
        """The view, where it is kept and stands at this modseq of its account."""
        entry = self._entries.get((account, mailbox))
        if entry is None or entry.view is None or entry.view.modseq != modseq:
            return None
        self._entries.move_to_end((account, mailbox))
        return entry.view

    def register(self, account: AccountId, mailbox: MailboxId, reader: Reader) -> None:
        """Keep expunged messages that `reader` was not told of, for as long as she lives."""
        self._entries.setdefault((account, mailbox), _Entry()).readers.add(reader)

    def stored(self, account: AccountId, command: StoreFlags, result: FlagsStored) -> None:
        """A write of this worker has just had this result: where nothing else happened in the account since the view
        was compared with it, the view takes it without reading."""
        entry = self._entries.get((account, command.mailbox))
        if entry is None or entry.view is None or entry.lock.locked():
            return
        if result.modseq == entry.view.modseq + 1:
            entry.view.store(command, result.changed, result.modseq)

    def drop_all(self) -> None:
        """Give the memory back; views are loaded again when they are asked for."""
        for key in list(self._entries):
            self._forget(key)

    @property
    def octets(self) -> int:
        """What the views take together."""
        return self._octets

    async def _freshen(self, key: _Key, entry: _Entry, wanted: ModSeq) -> MailboxView:
        view = entry.view
        if view is not None and view.modseq == wanted:  # somebody else was faster
            return view
        try:
            entry.view = await (self._load(key) if view is None else self._advanced(key, view))
        except MailboxNotFound:
            self._forget(key)
            raise
        self._compact(entry)
        return entry.view

    async def _load(self, key: _Key) -> MailboxView:
        found = await self._engine.messages(*key)
        return MailboxView(found.mailbox, found.columns, found.modseq)

    async def _advanced(self, key: _Key, view: MailboxView) -> MailboxView:
        found = await self._engine.messages(*key, changed_since=view.modseq)
        # Rows that were purged are not told of any more; an account that was rebuilt may begin below; a mailbox that
        # was in another account meanwhile begins anew.
        least = max(found.mailbox.purged_modseq, found.mailbox.created_modseq)
        is_missing_some = least > view.modseq or found.modseq < view.modseq
        if is_missing_some or not view.continues_with(found.columns):
            return await self._load(key)
        view.advance(found.mailbox, found.columns, found.modseq)
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
