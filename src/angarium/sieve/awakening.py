"""When a message that was put aside comes back (draft-ietf-extra-sieve-snooze §4.3)."""

from collections.abc import Sequence
from datetime import UTC, date, datetime, time, timedelta, tzinfo
from typing import Final

_DAYS_LOOKED_AT: Final = 9
"""Today, all other days of the week, and one more where a zone skips a day."""


def awakens_at(now: datetime, times: Sequence[str], weekdays: Sequence[int], zone: tzinfo) -> datetime:
    """The first of `times` (`hh:mm:ss`, ascending) on one of `weekdays` (0 is Sunday; none: any) that is after `now`.

    A time that occurs twice is the first of the two; one that does not occur is read by the offset before the change.
    """
    today = now.astimezone(zone).date()
    for days in range(_DAYS_LOOKED_AT):
        day = today + timedelta(days=days)
        if weekdays and day.isoweekday() % 7 not in weekdays:
            continue
        # By their moments: where an hour is skipped, a later time of the day may be an earlier moment.
        moments = sorted(_moment(day, text, zone) for text in times)
        for moment in moments:
            if moment > now:
                return moment
    raise AssertionError("every day of the week comes again")


def _moment(day: date, text: str, zone: tzinfo) -> datetime:
    # With fold=0 a time in a gap has the offset from before it, and one that comes twice is the first (PEP 495).
    return datetime.combine(day, time.fromisoformat(text), zone).astimezone(UTC)
