"""When the EVENTS of cyrus.conf are due, told the time by the caller."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta

from angarium.config import DailyAt, EventEntry, Once, Periodic


@dataclass(slots=True)
class _Planned:
    entry: EventEntry
    due: datetime | None


class Timetable:
    """The next time of each event. Times are aware; those of `DailyAt` are in the machine's zone."""

    def __init__(self, entries: Iterable[EventEntry], now: datetime) -> None:
        self._planned = [_Planned(entry, first_due(entry, now)) for entry in entries]

    def replaced(self, entries: Iterable[EventEntry], now: datetime) -> "Timetable":
        """For changed entries: those that stayed keep their time, and what runs once does not run again."""
        due_by_entry = {(each.entry.name, each.entry.command, each.entry.schedule): each.due for each in self._planned}
        timetable = Timetable(entries, now)
        for planned in timetable._planned:
            key = (planned.entry.name, planned.entry.command, planned.entry.schedule)
            planned.due = due_by_entry.get(key, planned.due)
        return timetable

    @property
    def next_due(self) -> datetime | None:
        """When `take_due` will have something; None for never."""
        return min((each.due for each in self._planned if each.due is not None), default=None)

    def take_due(self, now: datetime) -> list[EventEntry]:
        """The events that are due, each once however late it is; their next times are set."""
        due = [each for each in self._planned if each.due is not None and each.due <= now]
        for planned in due:
            planned.due = next_due(planned.entry, now)
        return [each.entry for each in due]


def first_due(entry: EventEntry, now: datetime) -> datetime:
    """The first time: at once, but for events of a time of day."""
    match entry.schedule:
        case Once() | Periodic():
            return now
        case DailyAt(hour, minute):
            return _at(hour, minute, now)


def next_due(entry: EventEntry, now: datetime) -> datetime | None:
    """The time after one at `now`; a clock that jumps does not make an event run several times in a row."""
    match entry.schedule:
        case Once():
            return None
        case Periodic(period):
            return now + period
        case DailyAt(hour, minute):
            return _at(hour, minute, now)


def _at(hour: int, minute: int, now: datetime) -> datetime:
    # By the wall clock, since a day on which clocks are put forward or back has another length.
    today = now.astimezone().replace(tzinfo=None, hour=hour, minute=minute, second=0, microsecond=0)
    due = today.astimezone()
    return due if due > now else (today + timedelta(days=1)).astimezone()
