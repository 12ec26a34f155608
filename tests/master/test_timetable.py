from datetime import UTC, datetime, timedelta
from pathlib import Path

from angarium.config import CheckpointCommand, DailyAt, EventEntry, Once, Periodic, Position, Schedule
from angarium.master.timetable import Timetable

NOON = datetime(2026, 3, 28, 12, 0, tzinfo=UTC).astimezone()


def event(name: str, schedule: Schedule) -> EventEntry:
    return EventEntry(name, CheckpointCommand(), "ctl_cyrusdb -c", schedule, Position(Path("cyrus.conf"), 1))


def names(entries: list[EventEntry]) -> list[str]:
    return [entry.name for entry in entries]


def test_what_runs_once_runs_at_the_start_only() -> None:
    timetable = Timetable([event("once", Once())], NOON)
    assert timetable.next_due == NOON
    assert names(timetable.take_due(NOON)) == ["once"]
    assert timetable.take_due(NOON + timedelta(days=2)) == []


def test_periodic_events_run_at_the_start_and_each_period_without_catching_up() -> None:
    timetable = Timetable([event("often", Periodic(timedelta(minutes=30)))], NOON)
    assert names(timetable.take_due(NOON)) == ["often"]
    assert timetable.take_due(NOON + timedelta(minutes=29)) == []
    assert names(timetable.take_due(NOON + timedelta(hours=5))) == ["often"]
    assert timetable.next_due == NOON + timedelta(hours=5, minutes=30)


def test_events_of_a_time_of_day_run_at_it_each_day() -> None:
    soon = NOON + timedelta(minutes=1)
    timetable = Timetable([event("daily", DailyAt(soon.hour, soon.minute))], NOON)
    assert timetable.take_due(NOON) == []
    assert timetable.next_due == soon
    assert names(timetable.take_due(soon)) == ["daily"]
    following = timetable.next_due
    assert following is not None
    assert (following.hour, following.minute, following.date()) == (
        soon.hour,
        soon.minute,
        soon.date() + timedelta(days=1),
    )


def test_changed_entries_keep_the_times_of_those_that_stayed() -> None:
    stayed, once = event("stayed", Periodic(timedelta(hours=1))), event("once", Once())
    timetable = Timetable([stayed, once, event("gone", Once())], NOON)
    timetable.take_due(NOON)
    later = NOON + timedelta(minutes=10)
    replaced = timetable.replaced([stayed, once, event("new", Once())], later)
    assert names(replaced.take_due(later)) == ["new"]
    assert replaced.next_due == NOON + timedelta(hours=1)
