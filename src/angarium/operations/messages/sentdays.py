"""The day that a Date field names, in the field's own zone (RFC 9051 §6.4.4: SENTBEFORE, SENTON, SENTSINCE).

Kept is the moment in UTC. It decides for all messages but those sent within a zone's reach of the day's ends; of these
the date is read from ENVELOPE.
"""

import asyncio
import re
from datetime import date

import numpy as np

from angarium.operations.messages.cache import MessageCache
from angarium.store import Mailbox, MailboxView, Mask

_DAY_S = 86_400
_SLICE_ROWS = 500
_ZONE_S = 24 * 3600
"""Farther from UTC no zone can be written that is read as one (RFC 5322 §3.3)."""
_EPOCH = date(1970, 1, 1).toordinal()
_MONTHS = {name: number for number, name in enumerate(b"jan feb mar apr may jun jul aug sep oct nov dec".split(), 1)}
_DATE = re.compile(rb"(?<![0-9])([0-9]{1,2})[ \t-]+([A-Za-z]{3})[A-Za-z]*\.?[ \t-]+([0-9]{2,4})(?![0-9])")


class SentDays:
    """Compares the days of Date fields; a message without a readable one matches nothing."""

    def __init__(self, cache: MessageCache, mailbox: Mailbox, view: MailboxView) -> None:
        self._cache = cache
        self._mailbox = mailbox
        self._view = view

    async def before(self, day: date, within: Mask) -> Mask:
        """Rows of `within` sent on an earlier day."""
        return await self._earlier(day.toordinal() - _EPOCH, within)

    async def until(self, day: date, within: Mask) -> Mask:
        """Rows of `within` sent on that day or earlier."""
        return await self._earlier(day.toordinal() - _EPOCH + 1, within)

    async def since(self, day: date, within: Mask) -> Mask:
        """Rows of `within` sent on that day or later."""
        earlier = await self._earlier(day.toordinal() - _EPOCH, within)
        columns = await self._cache.columns(self._mailbox.account, self._view)
        return columns.has_sent()[: len(within)] & ~earlier

    async def _earlier(self, number: int, within: Mask) -> Mask:
        columns = await self._cache.columns(self._mailbox.account, self._view)
        rows = len(within)
        sent_s, has_sent = columns.sent_s()[:rows], columns.has_sent()[:rows]
        midnight_s = number * _DAY_S
        earlier: Mask = has_sent & (sent_s < midnight_s)
        close = np.flatnonzero(within & has_sent & (sent_s > midnight_s - _ZONE_S) & (sent_s < midnight_s + _ZONE_S))
        for index, own_day in zip(close.tolist(), await self._own_days(close.tolist()), strict=True):
            if own_day is not None:
                earlier[index] = own_day < number
        return earlier

    async def _own_days(self, indexes: list[int]) -> list[int | None]:
        """In slices: all mail of a mailbox may be of one day."""
        days: list[int | None] = []
        for start in range(0, len(indexes), _SLICE_ROWS):
            rows = indexes[start : start + _SLICE_ROWS]
            ids, uids = self._view.content[rows].tolist(), self._view.uid[rows].tolist()
            contents = await self._cache.contents(self._mailbox.account, self._mailbox.id, ids, uids)
            days += [None if content is None else day_of_envelope(content.envelope) for content in contents]
            await asyncio.sleep(0)
        return days


def day_of_envelope(envelope: bytes) -> int | None:
    """The day of the date that an ENVELOPE begins with, as days since 1970; None where none is found in it."""
    if envelope.startswith(b"(NIL"):
        return None
    found = _DATE.search(envelope[:100])
    month = None if found is None else _MONTHS.get(found[2].lower())
    if found is None or month is None:
        return None
    year = int(found[3])
    if year < 100:
        year += 2000 if year < 50 else 1900  # RFC 5322 §4.3
    elif year < 1000:
        year += 1900
    try:
        return date(year, month, int(found[1])).toordinal() - _EPOCH
    except ValueError:
        return None
