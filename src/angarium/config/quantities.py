"""Durations and sizes as text: `1d2h30m10s`, `10M`, and bare numbers in an option's legacy unit."""

import re
from datetime import timedelta
from enum import Enum, IntEnum
from typing import Final


class DurationUnit(Enum):
    """What a bare number counts; the value is the letter an administrator may write instead."""

    SECONDS = "s"
    MINUTES = "m"
    HOURS = "h"
    DAYS = "d"


class SizeUnit(IntEnum):
    """What a bare number counts, in octets."""

    OCTETS = 1
    KIB = 1024


SECONDS_BY_LETTER: Final = {"w": 604_800, "d": 86_400, "h": 3_600, "m": 60, "s": 1}
OCTETS_BY_LETTER: Final = {"": 1, "K": 1024, "M": 1024**2, "G": 1024**3}

# Ten thousand days are longer than any retention; the bound keeps sums inside timedelta and SQLite's integers.
LONGEST: Final = timedelta(days=10_000)
LARGEST: Final = 1 << 62

_DURATION: Final = re.compile(r"(?:\d{1,12}[wdhms])+(?:\d{1,12})?|\d{1,12}", re.ASCII | re.IGNORECASE)
_DURATION_PART: Final = re.compile(r"(\d+)([wdhms]?)", re.ASCII)
_SIZE: Final = re.compile(r"(\d{1,18})\s*([KMG]?)(?:I?B)?", re.ASCII | re.IGNORECASE)


def parse_duration(text: str, unit: DurationUnit) -> timedelta:
    """A duration; a number without a letter, alone or last, counts `unit`s. Raises ValueError."""
    if not _DURATION.fullmatch(text):
        raise ValueError("not a duration")
    seconds = sum(
        int(number) * SECONDS_BY_LETTER[letter or unit.value] for number, letter in _DURATION_PART.findall(text.lower())
    )
    if seconds > LONGEST.total_seconds():
        raise ValueError(f"longer than {LONGEST.days} days")
    return timedelta(seconds=seconds)


def serialize_duration(duration: timedelta) -> str:
    """The shortest spelling in whole seconds, largest unit first; `0s` for nothing."""
    seconds = duration // timedelta(seconds=1)
    parts = []
    for letter in "dhms":
        count, seconds = divmod(seconds, SECONDS_BY_LETTER[letter])
        if count:
            parts.append(f"{count}{letter}")
    return "".join(parts) or "0s"


def parse_size(text: str, unit: SizeUnit) -> int:
    """Octets; a number without a letter counts `unit`s. Raises ValueError."""
    match = _SIZE.fullmatch(text)
    if match is None:
        raise ValueError("not a size")
    number, letter = int(match[1]), match[2].upper()
    # `10B` is ten octets whatever the unit; `10` is ten of the unit.
    bare = text[-1].isdigit()
    octets = number * (unit if bare else OCTETS_BY_LETTER[letter])
    if octets > LARGEST:
        raise ValueError("too large")
    return octets


def serialize_size(octets: int) -> str:
    """The shortest exact spelling: `10M`, `1500B`, `0B`; the same octets whatever unit an option has."""
    for letter in "GMK":
        if octets and octets % OCTETS_BY_LETTER[letter] == 0:
            return f"{octets // OCTETS_BY_LETTER[letter]}{letter}"
    return f"{octets}B"
