"""Dates and times of header fields, and the parts of them that scripts compare (RFC 5260 §4)."""

import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, datetime, timedelta, timezone, tzinfo
from email.utils import format_datetime
from typing import Final

_MONTHS: Final = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
_ZONE_HOURS: Final = {
    "ut": 0, "gmt": 0, "edt": -4, "est": -5, "cdt": -5, "cst": -6, "mdt": -6, "mst": -7, "pdt": -7, "pst": -8,
}  # fmt: skip
"""RFC 5322 §4.3; letters of the military are of no known zone, and so count as UTC."""

_DATE_TIME: Final = re.compile(
    r"(?:(?:mon|tue|wed|thu|fri|sat|sun)[ \t]*,[ \t]*)?"
    r"(?P<day>[0-9]{1,2})[ \t]+(?P<month>[a-z]{3})[ \t]+(?P<year>[0-9]{2,4})[ \t]+"
    r"(?P<hour>[0-9]{2})[ \t]*:[ \t]*(?P<minute>[0-9]{2})(?:[ \t]*:[ \t]*(?P<second>[0-9]{2}))?"
    r"(?:[ \t]*(?P<offset>[+-][0-9]{4})|[ \t]+(?P<zone>ut|gmt|[ecmp][sd]t|[a-ik-z]))",
    re.IGNORECASE | re.ASCII,
)
"""RFC 5322 §3.3 and §4.3, without comments."""
_OFFSET: Final = re.compile(r"([+-])([0-9]{2})([0-5][0-9])", re.ASCII)
_COMMENT: Final = re.compile(r"(?<!\\)\((?:[^()\\]|\\.)*\)", re.DOTALL)
_MAX_CHARACTERS: Final = 500
_MAX_DEPTH: Final = 10
_JULIAN_EPOCH: Final = date(1858, 11, 17).toordinal()


@dataclass(frozen=True, slots=True)
class DateTime:
    """A date and time as it was written."""

    moment: datetime
    """Aware, in the zone that it names."""
    is_leap_second: bool = False
    """The 60th second of its minute, where `moment` has the 59th."""

    def shifted(self, zone: tzinfo | None) -> "DateTime | None":
        """In another zone; None where that is beyond the calendar."""
        try:
            return DateTime(self.moment.astimezone(zone), self.is_leap_second)
        except (OverflowError, ValueError):
            return None

    @property
    def second(self) -> int:
        """0 to 60."""
        return 60 if self.is_leap_second else self.moment.second


def parse_date_time(value: str) -> DateTime | None:
    """The date and time that a field of this unfolded value is, or ends with after a semicolon; None without one."""
    text = value[-_MAX_CHARACTERS:]
    for _ in range(_MAX_DEPTH):
        without = _COMMENT.sub(" ", text)
        if without == text:
            break
        text = without
    match = _DATE_TIME.fullmatch(text.rpartition(";")[2].strip(" \t"))
    return None if match is None else _date_time(match)


def _date_time(match: re.Match[str]) -> DateTime | None:
    month = match["month"].lower()
    zone = parse_zone(match["offset"]) if match["offset"] else _named_zone(match["zone"])
    second = int(match["second"] or 0)
    if month not in _MONTHS or zone is None or second > 60:
        return None
    year = int(match["year"])
    if len(match["year"]) == 2:
        year += 2000 if year < 50 else 1900
    elif len(match["year"]) == 3:
        year += 1900
    numbers = (int(match["day"]), int(match["hour"]), int(match["minute"]), min(second, 59))
    try:
        return DateTime(datetime(year, _MONTHS.index(month) + 1, *numbers, tzinfo=zone), second == 60)
    except ValueError:
        return None


def parse_zone(text: str) -> tzinfo | None:
    """An offset as `+0100` (RFC 5260 §4.1); None where it is none."""
    match = _OFFSET.fullmatch(text)
    if match is None:
        return None
    offset = timedelta(hours=int(match[2]), minutes=int(match[3]))
    if offset >= timedelta(days=1):
        return None
    return timezone(-offset if match[1] == "-" else offset)


def not_a_zone(text: str) -> str:
    """The sentence that tells of an argument of `:zone` that is no offset."""
    return f'":zone" takes an offset as "+0100", not "{text[:60]}"'


def _named_zone(name: str) -> tzinfo:
    return timezone(timedelta(hours=_ZONE_HOURS.get(name.lower(), 0)))


def _zone_text(moment: datetime) -> str:
    """With a positive sign at zero."""
    minutes = int((moment.utcoffset() or timedelta()).total_seconds()) // 60
    hours, minutes = divmod(abs(minutes), 60)
    return f"{'-' if (moment.utcoffset() or timedelta()) < timedelta() else '+'}{hours:02}{minutes:02}"


def _time(value: DateTime) -> str:
    return f"{value.moment:%H:%M}:{value.second:02}"


def _iso8601(value: DateTime) -> str:
    zone = _zone_text(value.moment)
    return f"{_date(value)}T{_time(value)}{'Z' if zone == '+0000' else f'{zone[:3]}:{zone[3:]}'}"


def _date(value: DateTime) -> str:
    return value.moment.date().isoformat()


DATE_PARTS: Final[dict[str, Callable[[DateTime], str]]] = {
    "year": lambda value: f"{value.moment.year:04}",
    "month": lambda value: f"{value.moment.month:02}",
    "day": lambda value: f"{value.moment.day:02}",
    "date": _date,
    "julian": lambda value: str(value.moment.toordinal() - _JULIAN_EPOCH),
    "hour": lambda value: f"{value.moment.hour:02}",
    "minute": lambda value: f"{value.moment.minute:02}",
    "second": lambda value: f"{value.second:02}",
    "time": _time,
    "iso8601": _iso8601,
    "std11": lambda value: format_datetime(value.moment),
    "zone": lambda value: _zone_text(value.moment),
    "weekday": lambda value: str(value.moment.isoweekday() % 7),
}
"""RFC 5260 §4.2, by name."""
