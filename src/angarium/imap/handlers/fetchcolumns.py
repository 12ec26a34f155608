"""Columns of a FETCH as the values of its template: octets that are ready to send, or numbers.

A batch has a thousand rows, but few days, zones and combinations of flags: what is the same is made once.
"""

from collections.abc import Iterable
from datetime import UTC, datetime, timedelta, timezone
from functools import lru_cache
from typing import Final

import numpy as np

from angarium.imap.dates import serialize_date_time
from angarium.imap.terminals import serialize_nstring
from angarium.operations.messages import (
    BytesColumn,
    Column,
    DateColumn,
    FlagsColumn,
    MessageFlags,
    NumberColumn,
    SectionColumn,
    TextColumn,
)

_DAY_S: Final = 86_400
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_TIME_AT: Final = len('"01-Jan-1970 ')
_ZONE_AT: Final = len('"01-Jan-1970 00:00:00')
_MINUTES: Final = tuple([b"%02d:%02d:" % divmod(minute, 60) for minute in range(24 * 60)])
_SECONDS: Final = tuple([b"%02d" % second for second in range(60)])


def template_values(column: Column) -> list[int] | list[bytes]:
    """What `FetchTemplate.head` wants of the column, row by row."""
    match column:
        case NumberColumn(values):
            return values
        case BytesColumn(values):
            return values
        case TextColumn(texts):
            return [serialize_nstring(None if text is None else text.encode()) for text in texts]
        case FlagsColumn(distinct, index):
            names = np.array([serialize_message_flags(flags) for flags in distinct], dtype=np.object_)
            told: list[bytes] = names[index].tolist()
            return told
        case DateColumn(utc_s, zone_min):
            return serialize_internal_dates(utc_s, zone_min)
        case SectionColumn():
            raise TypeError("sections are streamed, not put into a template")


def serialize_message_flags(flags: MessageFlags) -> bytes:
    """Names with spaces between, without parentheses; `\\Recent` first, as Cyrus lists it."""
    names = flags.flags.names()
    return " ".join(("\\Recent", *names) if flags.recent else names).encode("ascii")


def serialize_internal_dates(utc_s: Iterable[int], zone_min: Iterable[int]) -> list[bytes]:
    """As `serialize_date_time` gives them, each in its zone (minutes east of UTC)."""
    dates: list[bytes] = []
    for moment_s, minutes in zip(utc_s, zone_min, strict=True):
        day, second = divmod(moment_s + minutes * 60, _DAY_S)
        minute, second = divmod(second, 60)
        dates.append(_day_text(day) + _MINUTES[minute] + _SECONDS[second] + _zone_text(minutes))
    return dates


@lru_cache(maxsize=8192)
def _day_text(day: int) -> bytes:
    """Up to the time of day; `day` counts from 1970 on."""
    return serialize_date_time(_EPOCH + timedelta(days=day))[:_TIME_AT]


@lru_cache(maxsize=256)
def _zone_text(minutes: int) -> bytes:
    """What is behind the time of day."""
    return serialize_date_time(_EPOCH.replace(tzinfo=timezone(timedelta(minutes=minutes))))[_ZONE_AT:]
