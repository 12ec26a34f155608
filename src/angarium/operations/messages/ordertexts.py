"""Texts by which SORT and THREAD order messages, under any collation (RFC 5256 §3, RFC 5255 §4.2, RFC 5957 §3).

What the default collation compares stands in columns, folded at delivery. DISPLAYFROM and DISPLAYTO, and whatever
another collation compares, come from the stored ENVELOPE, and are remembered beside the columns.
"""

import asyncio
from collections.abc import Callable
from typing import Final

import numpy as np
from numpy.typing import NDArray

from angarium import mime
from angarium.collation import Collation
from angarium.mime import EnvelopeTexts
from angarium.operations.messages.cache import MessageCache
from angarium.operations.messages.ordercolumns import OrderColumns
from angarium.operations.messages.slices import in_turns
from angarium.sortcriteria import SortKey, display_address, ranks, ranks_in_slices
from angarium.store import Mailbox, MailboxView

_ENVELOPES_AT_ONCE = 64
_KEYS_AT_ONCE = 4_096
"""Made between two turns of the loop; some 1 ms, and so is ranking as many."""


class OrderTexts:
    """Of all rows of a view, those that were expunged too."""

    def __init__(self, cache: MessageCache, mailbox: Mailbox, view: MailboxView, columns: OrderColumns) -> None:
        self._cache = cache
        self._mailbox = mailbox
        self._view = view
        self._columns = columns

    async def forms(self, key: SortKey, collation: Collation) -> list[str]:
        """Texts as `collation` compares them: equal where the texts are."""
        async with self._columns.lock:
            return await self._forms(key, collation)

    async def ranks(self, key: SortKey, collation: Collation) -> NDArray[np.int64]:
        """Numbers in the order of the texts, equal where these are."""
        async with self._columns.lock:
            found = self._columns.ranks.get((key, collation.name))
            if found is None or len(found) < len(self._columns):
                found = await self._ranks(key, collation)
                self._columns.ranks[key, collation.name] = found
            return found

    async def _ranks(self, key: SortKey, collation: Collation) -> NDArray[np.int64]:
        forms = await self._forms(key, collation)
        if len(forms) <= _KEYS_AT_ONCE:
            return ranks(collation.sort_keys_of_forms(forms))
        keys: list[str] = []
        while len(keys) < len(forms):
            keys += collation.sort_keys_of_forms(forms[len(keys) : len(keys) + _KEYS_AT_ONCE])
            await asyncio.sleep(0)
        return await in_turns(ranks_in_slices(keys))

    async def _forms(self, key: SortKey, collation: Collation) -> list[str]:
        columns = self._columns
        forms = columns.forms.setdefault((key, collation.name), [])
        while len(forms) < len(columns):
            rows = slice(len(forms), min(len(forms) + _ENVELOPES_AT_ONCE, len(columns)))
            contents = await self._cache.contents(
                self._mailbox.account,
                self._mailbox.id,
                self._view.content[rows].tolist(),
                self._view.uid[rows].tolist(),
            )
            for content in contents:
                text = "" if content is None else _TEXT_OF[key](mime.parse_envelope_texts(content.envelope))
                forms.append(columns.one(collation.form(text)))
            await asyncio.sleep(0)
        return forms


def _base_subject(texts: EnvelopeTexts) -> str:
    return "" if texts.subject is None else mime.base_subject(mime.decode_header(texts.subject)).text


def _mailbox_of(address: mime.Address | None) -> str:
    return "" if address is None or address.mailbox is None else mime.decode(address.mailbox, "")


_TEXT_OF: Final[dict[SortKey, Callable[[EnvelopeTexts], str]]] = {
    SortKey.SUBJECT: _base_subject,
    SortKey.FROM: lambda texts: _mailbox_of(texts.from_),
    SortKey.TO: lambda texts: _mailbox_of(texts.to),
    SortKey.CC: lambda texts: _mailbox_of(texts.cc),
    SortKey.DISPLAYFROM: lambda texts: display_address(texts.from_),
    SortKey.DISPLAYTO: lambda texts: display_address(texts.to),
}
