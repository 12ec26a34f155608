"""The Date field as the sent date of SORT and SEARCH (RFC 5256 §2.2, RFC 5322 §3.3, obsolete forms of §4.3)."""

import re
from datetime import date
from functools import lru_cache

from .octets import PARENTHESIS

_MONTHS = {
    name: number
    for number, name in enumerate(
        (b"jan", b"feb", b"mar", b"apr", b"may", b"jun", b"jul", b"aug", b"sep", b"oct", b"nov", b"dec"), start=1
    )
}

_DATE = re.compile(
    rb"(?:[A-Za-z]++[.,]?+[ \t]*+,?+)?[ \t]*+(\d{1,2})[ \t-]++([A-Za-z]{3})[A-Za-z]*+\.?[ \t-]++(\d{2,4})(?!\d),?"
)
_ASCTIME = re.compile(
    rb"(?:[A-Za-z]++,?[ \t]++)?([A-Za-z]{3})[A-Za-z]*+[ \t]++(\d{1,2}),?[ \t]++()(\d{1,2}:\d\d:\d\d)[ \t]++"
    rb"(?:([A-Za-z]{1,5}|[+-]\d{4})[ \t]++)?(\d{4})(?!\d)"
)
_TIME = re.compile(rb"[ \t]*+(\d{1,2})[:.](\d\d)(?:[:.](\d\d))?(?:\.\d*+)?")
_ZONE = re.compile(rb"[ \t]*+([+-]\d{4}|[A-Za-z]++)")
_COMMENT = re.compile(rb"\([^()]*+\)")

_ZONE_HOURS = {
    b"edt": -4, b"est": -5, b"cdt": -5, b"cst": -6, b"mdt": -6, b"mst": -7, b"pdt": -7, b"pst": -8,
}  # fmt: skip
"""The zones by name whose meaning is settled (RFC 5322 §4.3); the others count as UTC."""

_MAX_OCTETS = 256
_EPOCH = date(1970, 1, 1).toordinal()


def parse_date(value: bytes) -> int | None:
    """Seconds since 1970 in UTC of an unfolded Date field; None without a valid date.

    An invalid time is 00:00:00, an invalid zone is UTC (RFC 5256 §2.2).
    """
    value = value[:_MAX_OCTETS].strip()
    if PARENTHESIS in value:
        value = _COMMENT.sub(b" ", value).strip()
    day = _DATE.match(value)
    if day:
        midnight = _midnight(day[1], day[2], day[3])
        rest = value[day.end() :]
    else:
        unix = _ASCTIME.match(value)
        if not unix:
            return None
        midnight = _midnight(unix[2], unix[1], unix[6])
        rest = unix[4] + b" " + (unix[5] or b"")
    if midnight is None:
        return None
    return midnight + _time_of_day(rest)


@lru_cache(maxsize=512)
def _midnight(day: bytes, month: bytes, year: bytes) -> int | None:
    """Most mail that arrives is of today."""
    number = int(year)
    if len(year) == 2:  # RFC 5322 §4.3: 00 to 49 are of this century
        number += 2000 if number < 50 else 1900
    elif len(year) == 3:
        number += 1900
    try:
        return (date(number, _MONTHS[month.lower()], int(day)).toordinal() - _EPOCH) * 86_400
    except (KeyError, ValueError):
        return None


def _time_of_day(text: bytes) -> int:
    """Seconds after midnight UTC; may be negative or above a day, by the zone."""
    time = _TIME.match(text)
    if not time:
        return 0
    hour, minute, second = int(time[1]), int(time[2]), int(time[3] or 0)
    if hour > 23 or minute > 59 or second > 60:
        hour = minute = second = 0
    return hour * 3600 + minute * 60 + second - _zone_offset(text, time.end())


def _zone_offset(text: bytes, position: int) -> int:
    zone = _ZONE.match(text, position)
    if not zone:
        return 0
    name = zone[1].lower()
    if name[0] not in b"+-":
        return _ZONE_HOURS.get(name, 0) * 3600
    hours, minutes = int(name[1:3]), int(name[3:5])
    if minutes > 59:
        return 0
    offset = hours * 3600 + minutes * 60
    return -offset if name[0] == 0x2D else offset
