"""Dates of header fields, and their parts."""

from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from angarium.sieve.dates import DATE_PARTS, DateTime, parse_date_time, parse_zone


def iso(text: str) -> str | None:
    found = parse_date_time(text)
    return None if found is None else DATE_PARTS["iso8601"](found)


@pytest.mark.parametrize(
    ("value", "moment"),
    [
        ("Tue, 1 Apr 1997 09:06:31 -0800 (PST)", "1997-04-01T09:06:31-08:00"),
        ("Tue, 1 Apr 1997 09:06:31 -0800", "1997-04-01T09:06:31-08:00"),
        ("1 Apr 1997 09:06 +0000", "1997-04-01T09:06:00Z"),
        ("1 Apr 1997 09:06:31 -0000", "1997-04-01T09:06:31Z"),
        ("TUE,1 APR 1997 09:06:31+0530", "1997-04-01T09:06:31+05:30"),
        ("Tue , 01 apr 97 09 : 06 : 31 est", "1997-04-01T09:06:31-05:00"),
        ("1 Apr 49 09:06:31 GMT", "2049-04-01T09:06:31Z"),
        ("1 Apr 101 09:06:31 UT", "2001-04-01T09:06:31Z"),
        ("1 Apr 1997 09:06:31 Z", "1997-04-01T09:06:31Z"),
        ("1 Apr 1997 09:06:31 A", "1997-04-01T09:06:31Z"),
        ("30 Jun 1997 23:59:60 +0000", "1997-06-30T23:59:60Z"),
        ("29 Feb 2000 00:00:00 +0000", "2000-02-29T00:00:00Z"),
        (
            "from a by b (x; 2 Apr 1997 00:00:00 +0000) id c; Tue, 1 Apr 1997 09:06:31 -0800",
            "1997-04-01T09:06:31-08:00",
        ),
        ("a; 2 Apr 1997 00:00:00 +0000; 1 Apr 1997 09:06:31 +0000", "1997-04-01T09:06:31Z"),
        ("1 Apr (a (b) \\( c) 1997 09:06:31 +0000", "1997-04-01T09:06:31Z"),
        ("x" * 100_000 + "; 1 Apr 1997 09:06:31 +0000", "1997-04-01T09:06:31Z"),
        ("29 Feb 2001 00:00:00 +0000", None),
        ("32 Jan 2001 00:00:00 +0000", None),
        ("1 Abc 2001 00:00:00 +0000", None),
        ("1 Apr 2001 24:00:00 +0000", None),
        ("1 Apr 2001 00:60:00 +0000", None),
        ("1 Apr 2001 00:00:61 +0000", None),
        ("1 Apr 2001 00:00:00 +2400", None),
        ("1 Apr 2001 00:00:00 +0060", None),
        ("1 Apr 2001 00:00:00 XYZ", None),
        ("1 Apr 2001 00:00:00", None),
        ("1 Apr 0000 00:00:00 +0000", None),
        ("yesterday", None),
        ("1 Apr 2001 00:00:00 +0000; no", None),
        ("", None),
        ("(" * 100_000, None),
    ],
)
def test_a_date_is_the_whole_field_or_stands_behind_its_last_semicolon(value: str, moment: str | None) -> None:
    assert iso(value) == moment


MOMENT = DateTime(datetime(1997, 4, 1, 9, 6, 31, tzinfo=timezone(timedelta(hours=-8))))


@pytest.mark.parametrize(
    ("part", "value"),
    [
        ("year", "1997"),
        ("month", "04"),
        ("day", "01"),
        ("date", "1997-04-01"),
        ("julian", "50539"),
        ("hour", "09"),
        ("minute", "06"),
        ("second", "31"),
        ("time", "09:06:31"),
        ("iso8601", "1997-04-01T09:06:31-08:00"),
        ("std11", "Tue, 01 Apr 1997 09:06:31 -0800"),
        ("zone", "-0800"),
        ("weekday", "2"),
    ],
)
def test_each_part_has_its_form(part: str, value: str) -> None:
    assert DATE_PARTS[part](MOMENT) == value


def test_a_zone_at_zero_is_positive_and_half_hours_are_kept() -> None:
    assert DATE_PARTS["zone"](DateTime(datetime(2000, 1, 1, tzinfo=UTC))) == "+0000"
    minus = timezone(-timedelta(hours=3, minutes=30))
    assert DATE_PARTS["zone"](DateTime(datetime(2000, 1, 1, tzinfo=minus))) == "-0330"
    assert DATE_PARTS["weekday"](DateTime(datetime(2000, 1, 2, tzinfo=UTC))) == "0"


def test_shifting_changes_the_date_where_it_must() -> None:
    shifted = MOMENT.shifted(parse_zone("+1000"))
    assert shifted is not None
    assert DATE_PARTS["iso8601"](shifted) == "1997-04-02T03:06:31+10:00"


def test_a_shift_beyond_the_calendar_gives_nothing() -> None:
    late = parse_date_time("31 Dec 9999 23:59:59 -0100")
    early = parse_date_time("1 Jan 0001 00:00:00 +0100")
    assert late is not None
    assert early is not None
    assert late.shifted(UTC) is None
    assert early.shifted(UTC) is None


def julian_by_the_standard(year: int, month: int, day: int) -> int:
    """RFC 5260, appendix A, less what the modified day begins with."""
    if month > 2:
        month -= 3
    else:
        month += 9
        year -= 1
    century, rest = divmod(year, 100)
    return century * 146097 // 4 + rest * 1461 // 4 + (month * 153 + 2) // 5 + day + 1721119 - 2400001


@given(st.dates())
def test_julian_days_are_those_of_the_standard(day: datetime) -> None:
    value = DateTime(datetime(day.year, day.month, day.day, tzinfo=UTC))
    assert int(DATE_PARTS["julian"](value)) == julian_by_the_standard(day.year, day.month, day.day)


@given(st.datetimes(), st.integers(-1439, 1439))
def test_what_is_written_is_read_again(moment: datetime, offset: int) -> None:
    aware = moment.replace(microsecond=0, tzinfo=timezone(timedelta(minutes=offset)))
    found = parse_date_time(DATE_PARTS["std11"](DateTime(aware)))
    assert found == DateTime(aware)
    assert found.moment.utcoffset() == aware.utcoffset()


@given(st.text(max_size=80) | st.text("0123456789 :+-;,()AprTue", max_size=60))
def test_any_text_is_a_date_or_none(text: str) -> None:
    found = parse_date_time(text)
    if found is not None:
        for part in DATE_PARTS.values():
            assert part(found)


@pytest.mark.parametrize("text", ["0100", "+1", "+01:00", "+2400", "+0060", "UTC", ""])
def test_what_is_no_offset_is_no_zone(text: str) -> None:
    assert parse_zone(text) is None
