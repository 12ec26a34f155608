from datetime import UTC, datetime, timedelta, timezone
from email.utils import format_datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from angarium.mime.date import parse_date

NOON = 1704110400  # 1 January 2024, 12:00:00 UTC
MIDNIGHT = NOON - 12 * 3600


@pytest.mark.parametrize(
    ("value", "seconds"),
    [
        (b"Mon, 01 Jan 2024 12:00:00 +0000", NOON),
        (b"1 Jan 2024 13:00:00 +0100", NOON),
        (b"Mon, 1 Jan 2024 07:00 EST", NOON),
        (b"Mon, 1 Jan 2024 12:00:00 GMT (a comment)", NOON),
        (b"Mon, 1 Jan 24 12:00:00 Z", NOON),
        (b"1-Jan-2024 12:00:00 -0000", NOON),
        (b"Mon Jan  1 12:00:00 2024", NOON),
        (b"Mon Jan  1 12:00:00 UTC 2024", NOON),
        (b"Mon, 1 Jan 2024 12:00:00 +0099", NOON),
        (b"Mon, 1 Jan 2024 12:00:00 nowhere", NOON),
        (b"Mon, 1 Jan 2024 25:00:00 +0000", MIDNIGHT),
        (b"Mon, 1 Jan 2024", MIDNIGHT),
        (b"31 Dec 2000 16:01:33 -0800", 978307293),
        (b"31 Dec 99 00:00:00 +0000", 946598400),
        (b"Mon, 31 Feb 2024 12:00:00 +0000", None),
        (b"Mon, 1 Foo 2024 12:00:00 +0000", None),
        (b"yesterday", None),
        (b"", None),
        (b"\xff\0", None),
    ],
)
def test_dates(value: bytes, seconds: int | None) -> None:
    assert parse_date(value) == seconds


@given(
    st.datetimes(datetime(1900, 1, 1), datetime(2200, 1, 1)),  # noqa: DTZ001 -- made aware below
    st.integers(-12 * 60, 14 * 60),
)
def test_dates_in_any_zone_agree_with_the_standard_library(moment: datetime, minutes: int) -> None:
    moment = moment.replace(microsecond=0, tzinfo=timezone(timedelta(minutes=minutes)))
    assert parse_date(format_datetime(moment).encode()) == (moment - datetime(1970, 1, 1, tzinfo=UTC)).total_seconds()


@given(st.binary(max_size=60))
def test_any_octets_are_a_date_or_none(value: bytes) -> None:
    assert isinstance(parse_date(value), int | None)
