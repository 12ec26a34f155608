"""A cache of columns over the rows of mailbox views, filled from what the engine keeps of each message.

Columns follow the rows of a view: they grow as it does, and a new generation of the view gets columns of its own.
"""

import asyncio
from collections import OrderedDict
from collections.abc import Callable
from typing import Generic, Protocol, TypeVar

from angarium.engine.interface import Engine
from angarium.engine.rows import AccountId, ContentId, MailboxId, SearchFields
from angarium.store import MailboxView

_LOADED_AT_ONCE = 500
"""Rows of search fields read between two turns of the loop; some µs each."""


class Columns(Protocol):
    """Columns over the rows of one view, expunged rows included."""

    def __len__(self) -> int:
        """How many rows are in."""

    def is_of(self, view: MailboxView) -> bool:
        """Whether these are the columns of this generation of the view."""

    @property
    def octets(self) -> int:
        """About what the columns take."""

    def append(self, fields: SearchFields | None) -> None:
        """The next row; None where its content is gone."""


C = TypeVar("C", bound=Columns)


class ColumnsCache(Generic[C]):
    """Columns of the mailboxes that were asked for, the least recently used dropped by octets."""

    def __init__(self, engine: Engine, make: Callable[[MailboxView], C], *, octets: int) -> None:
        self._engine = engine
        self._make = make
        self._limit_octets = octets
        self._columns: OrderedDict[MailboxId, C] = OrderedDict()

    async def get(self, account: AccountId, view: MailboxView) -> C:
        """Columns that are at least as long as the view was when asked."""
        columns = self._columns.get(view.mailbox)
        if columns is None or not columns.is_of(view):
            columns = self._make(view)
        if len(columns) < len(view.uid):
            columns = await self._extended(account, view, columns)
        self._columns[view.mailbox] = columns
        self._columns.move_to_end(view.mailbox)
        self._drop_beyond_limit()
        return columns

    async def _extended(self, account: AccountId, view: MailboxView, columns: C) -> C:
        while len(columns) < len(view.uid):
            start = len(columns)
            ids = [ContentId(number) for number in view.content[start : start + _LOADED_AT_ONCE].tolist()]
            found = await self._engine.search_fields(account, ids)
            # Another search may have appended the same rows meanwhile.
            for content in ids[len(columns) - start :]:
                columns.append(found.get(content))
            await asyncio.sleep(0)
        return columns

    def _drop_beyond_limit(self) -> None:
        octets = sum(columns.octets for columns in self._columns.values())
        while octets > self._limit_octets and len(self._columns) > 1:
            _, dropped = self._columns.popitem(last=False)
            octets -= dropped.octets
