"""Dates as values of annotations: those of IMAP (RFC 9051 §9, date-time), as Cyrus tells and takes them."""

import re
from datetime import UTC, datetime, timedelta, timezone
from typing import Final

_MONTHS: Final = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
_NUMBERS: Final = {month.lower(): number for number, month in enumerate(_MONTHS, start=1)}
_DATE_TIME: Final = re.compile(
    rb" ?([0-9]{1,2})-([a-z]{3})-([0-9]{4}) ([0-9]{2}):([0-9]{2}):([0-9]{2}) ([+-])([0-9]{2})([0-5][0-9])",
    re.IGNORECASE,
)


def serialize_date(time_s: int) -> bytes:
    """In UTC, and whatever the language of the process."""
    at = datetime.fromtimestamp(time_s, UTC)
    return f"{at.day:02d}-{_MONTHS[at.month - 1]}-{at:%Y %H:%M:%S} +0000".encode()


def parse_date(value: bytes) -> int | None:
    """The seconds since 1970; None for what is no date."""
    match = _DATE_TIME.fullmatch(value)
    month = _NUMBERS.get(match[2].decode().lower()) if match is not None else None
    if match is None or month is None:
        return None
    day, year, hour, minute, second = (int(match[group]) for group in (1, 3, 4, 5, 6))
    offset = timedelta(hours=int(match[8]), minutes=int(match[9]))
    try:
        zone = timezone(-offset if match[7] == b"-" else offset)
        return int(datetime(year, month, day, hour, minute, second, tzinfo=zone).timestamp())
    except (ValueError, OverflowError):
        return None
