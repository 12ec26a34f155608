"""Dates of the IMAP grammar (RFC 9051 §9: date, date-time)."""

import re
from datetime import date, datetime, timedelta, timezone
from typing import Final

_MONTHS: Final = (b"Jan", b"Feb", b"Mar", b"Apr", b"May", b"Jun", b"Jul", b"Aug", b"Sep", b"Oct", b"Nov", b"Dec")
_MONTH_NUMBERS: Final = {name.lower(): number for number, name in enumerate(_MONTHS, 1)}

_DATE = re.compile(rb"([0-9]{1,2})-([A-Za-z]{3})-([0-9]{4})")
_DATE_TIME = re.compile(
    rb"( ?[0-9]|[0-9]{2})-([A-Za-z]{3})-([0-9]{4}) ([0-9]{2}):([0-9]{2}):([0-9]{2}) ([+-])([0-9]{2})([0-9]{2})",
)


def parse_date(text: bytes) -> date:
    """`date-text`; ValueError for what is none, or is a day that never was."""
    match = _DATE.fullmatch(text)
    if match is None:
        raise ValueError("not a date")
    return date(int(match[3]), _month(match[2]), int(match[1]))


def parse_date_time(text: bytes) -> datetime:
    """`date-time` without its quotes, an aware datetime in the zone written; ValueError for what is none.

    A single digit may stand for the day without its space, as clients send it. A leap second becomes the one before.
    The first and the last year are refused, so that any such time may be moved to any zone.
    """
    match = _DATE_TIME.fullmatch(text)
    if match is None:
        raise ValueError("not a date-time")
    hours, minutes = int(match[8]), int(match[9])
    if hours > 23 or minutes > 59:
        raise ValueError("not a zone")
    offset = timedelta(hours=hours, minutes=minutes)
    year = int(match[3])
    if not 1 < year < 9999:
        raise ValueError("year out of range")
    second = int(match[6])
    return datetime(
        year,
        _month(match[2]),
        int(match[1]),
        int(match[4]),
        int(match[5]),
        59 if second == 60 else second,
        tzinfo=timezone(-offset if match[7] == b"-" else offset),
    )


def serialize_date_time(moment: datetime) -> bytes:
    """`date-time` with its quotes, in the zone that `moment` has, which is rounded down to minutes."""
    offset = moment.utcoffset()
    if offset is None:
        raise ValueError("a date-time needs a zone")
    minutes = int(offset.total_seconds()) // 60
    sign = b"-" if minutes < 0 else b"+"
    return b'"%2d-%b-%04d %02d:%02d:%02d %b%02d%02d"' % (
        moment.day,
        _MONTHS[moment.month - 1],
        moment.year,
        moment.hour,
        moment.minute,
        moment.second,
        sign,
        *divmod(abs(minutes), 60),
    )


def _month(name: bytes) -> int:
    number = _MONTH_NUMBERS.get(name.lower())
    if number is None:
        raise ValueError("not a month")
    return number
