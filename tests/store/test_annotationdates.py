"""Dates as values of annotations."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from angarium.store.annotationdates import parse_date, serialize_date


@given(st.integers(0, 253_402_300_799))
def test_a_date_comes_back(time_s: int) -> None:
    assert parse_date(serialize_date(time_s)) == time_s


@pytest.mark.parametrize(
    ("value", "time_s"),
    [
        (b"13-Sep-2020 12:26:40 +0000", 1_600_000_000),
        (b"13-sep-2020 14:26:40 +0200", 1_600_000_000),
        (b" 1-Jan-1970 00:00:00 -0130", 5400),
        (b"1-Jan-1970 00:00:00 +0000", 0),
    ],
)
def test_spellings(value: bytes, time_s: int) -> None:
    assert parse_date(value) == time_s


@pytest.mark.parametrize(
    "value",
    [
        b"",
        b"now",
        b"1600000000",
        b"31-Feb-2020 00:00:00 +0000",
        b"13-Foo-2020 00:00:00 +0000",
        b"13-Sep-2020",
        b"13-Sep-2020 24:00:00 +0000",
        b"13-Sep-2020 12:00:00 +9900",
        b"00-Sep-0000 12:00:00 +0000",
        b"13-Sep-2020 12:00:00 +0000\n",
    ],
)
def test_what_is_no_date(value: bytes) -> None:
    assert parse_date(value) is None


@given(st.binary(max_size=30))
def test_any_octets_are_a_date_or_none(value: bytes) -> None:
    found = parse_date(value)
    assert found is None or isinstance(found, int)
