"""Dates of the grammar."""

from datetime import UTC, date, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from angarium.imap.dates import parse_date, parse_date_time, serialize_date_time


@pytest.mark.parametrize(
    ("text", "expected"),
    [(b"1-Feb-2024", date(2024, 2, 1)), (b"01-feb-2024", date(2024, 2, 1)), (b"29-FEB-2024", date(2024, 2, 29))],
)
def test_dates(text: bytes, expected: date) -> None:
    assert parse_date(text) == expected


@pytest.mark.parametrize(
    "text",
    [b"", b"30-Feb-2024", b"0-Feb-2024", b"1-Foo-2024", b"1-Feb-24", b" 1-Feb-2024", b"1-Feb-0000", b"001-Feb-2024"],
)
def test_days_that_never_were_are_refused(text: bytes) -> None:
    with pytest.raises(ValueError, match=r"."):
        parse_date(text)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (b"17-Jul-1996 02:44:25 -0700", datetime(1996, 7, 17, 2, 44, 25, tzinfo=timezone(timedelta(hours=-7)))),
        (b" 1-Feb-2024 12:00:00 +0000", datetime(2024, 2, 1, 12, tzinfo=UTC)),
        (b"1-Feb-2024 12:00:00 +0000", datetime(2024, 2, 1, 12, tzinfo=UTC)),
        (b"01-Feb-2024 23:59:60 +0530", datetime(2024, 2, 1, 23, 59, 59, tzinfo=timezone(timedelta(minutes=330)))),
    ],
)
def test_date_times(text: bytes, expected: datetime) -> None:
    parsed = parse_date_time(text)
    assert parsed == expected
    assert parsed.utcoffset() == expected.utcoffset()


@pytest.mark.parametrize(
    "text",
    [
        b"",
        b"bad date",
        b"17-Jul-1996 02:44:25",
        b"17-Jul-1996 02:44:25 GMT",
        b"17-Jul-1996 24:00:00 +0000",
        b"17-Jul-1996 00:60:00 +0000",
        b"17-Jul-1996 00:00:61 +0000",
        b"17-Jul-1996 00:00:00 +2400",
        b"17-Jul-1996 00:00:00 +0060",
        b"31-Jun-1996 00:00:00 +0000",
        b"17-Jul-0001 00:00:00 +0000",
        b"17-Jul-9999 00:00:00 +0000",
        b"17-Jul-1996  00:00:00 +0000",
    ],
)
def test_what_is_no_date_time_is_refused(text: bytes) -> None:
    with pytest.raises(ValueError, match=r"."):
        parse_date_time(text)


def test_a_date_time_is_padded_with_a_space() -> None:
    moment = datetime(2024, 2, 1, 3, 4, 5, tzinfo=timezone(-timedelta(hours=3, minutes=30)))
    assert serialize_date_time(moment) == b'" 1-Feb-2024 03:04:05 -0330"'


def test_a_date_time_without_zone_is_not_sent() -> None:
    with pytest.raises(ValueError, match="zone"):
        serialize_date_time(datetime(2024, 2, 1))  # noqa: DTZ001


_ZONES = st.integers(-23 * 60 - 59, 23 * 60 + 59).map(lambda minutes: timezone(timedelta(minutes=minutes)))


@given(st.datetimes(datetime(2, 1, 1), datetime(9998, 12, 31), timezones=_ZONES))  # noqa: DTZ001
def test_date_times_parse_back(moment: datetime) -> None:
    whole = moment.replace(microsecond=0)
    parsed = parse_date_time(serialize_date_time(whole).strip(b'"'))
    assert parsed == whole
    assert parsed.utcoffset() == whole.utcoffset()
