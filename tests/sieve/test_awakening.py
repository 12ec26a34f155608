"""Awaken times: the tables of the draft, and what holds for all of them."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from angarium.sieve.awakening import awakens_at

WORKDAYS = (1, 2, 3, 4, 5)
OFFICE = ("08:00:00", "12:00:00", "16:00:00")


@pytest.mark.parametrize(
    ("zone", "weekdays", "times", "arrival", "awaken"),
    [
        ("Australia/Melbourne", WORKDAYS, OFFICE, "2020-07-30T00:00:00Z", "2020-07-30T12:00:00+10:00"),
        ("Australia/Melbourne", WORKDAYS, OFFICE, "2020-07-30T04:00:00Z", "2020-07-30T16:00:00+10:00"),
        ("Australia/Melbourne", WORKDAYS, OFFICE, "2020-07-30T08:00:00Z", "2020-07-31T08:00:00+10:00"),
        ("Australia/Melbourne", WORKDAYS, OFFICE, "2020-07-31T12:00:00Z", "2020-08-03T08:00:00+10:00"),
        ("Australia/Melbourne", WORKDAYS, OFFICE, "2020-08-01T16:00:00Z", "2020-08-03T08:00:00+10:00"),
        ("America/New_York", (), ("01:30:00",), "2020-11-01T05:00:00Z", "2020-11-01T01:30:00-04:00"),
        ("America/New_York", (), ("01:30:00",), "2020-11-01T06:00:00Z", "2020-11-02T01:30:00-05:00"),
        ("America/New_York", (), ("01:30:00",), "2020-11-01T07:00:00Z", "2020-11-02T01:30:00-05:00"),
        ("America/New_York", (), ("02:30:00",), "2021-03-13T06:30:00Z", "2021-03-13T02:30:00-05:00"),
        ("America/New_York", (), ("02:30:00",), "2021-03-14T06:30:00Z", "2021-03-14T03:30:00-04:00"),
        ("America/New_York", (), ("02:30:00",), "2021-03-14T07:30:00Z", "2021-03-15T02:30:00-04:00"),
        ("UTC", (4,), ("00:00:00",), "2020-07-30T00:00:00Z", "2020-08-06T00:00:00Z"),
        # The island that had no 30 December 2011
        ("Pacific/Apia", (5,), ("12:00:00",), "2011-12-24T12:00:00Z", "2011-12-31T12:00:00+14:00"),
    ],
)
def test_when_messages_come_back(
    zone: str, weekdays: tuple[int, ...], times: tuple[str, ...], arrival: str, awaken: str
) -> None:
    found = awakens_at(datetime.fromisoformat(arrival), times, weekdays, ZoneInfo(zone))
    assert found == datetime.fromisoformat(awaken)


@given(
    st.datetimes(datetime(2000, 1, 1), datetime(2030, 1, 1), timezones=st.just(UTC)),  # noqa: DTZ001
    st.lists(st.times().map(lambda time: time.replace(microsecond=0).isoformat()), min_size=1, max_size=4),
    st.sets(st.integers(0, 6)),
    st.sampled_from(["UTC", "Europe/Berlin", "America/St_Johns", "Pacific/Apia", "Asia/Kathmandu"]),
)
def test_it_is_after_now_and_not_long_after(now: datetime, times: list[str], weekdays: set[int], zone: str) -> None:
    found = awakens_at(now, sorted(times), sorted(weekdays), ZoneInfo(zone))
    assert now < found <= now + timedelta(days=9)
