from contextlib import suppress
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from angarium.config.quantities import (
    LARGEST,
    LONGEST,
    DurationUnit,
    SizeUnit,
    parse_duration,
    parse_size,
    serialize_duration,
    serialize_size,
)


@pytest.mark.parametrize(
    ("text", "unit", "duration"),
    [
        ("0", DurationUnit.DAYS, timedelta(0)),
        ("30", DurationUnit.SECONDS, timedelta(seconds=30)),
        ("30", DurationUnit.MINUTES, timedelta(minutes=30)),
        ("3", DurationUnit.DAYS, timedelta(days=3)),
        ("1d2h30m10s", DurationUnit.SECONDS, timedelta(days=1, hours=2, minutes=30, seconds=10)),
        ("32M", DurationUnit.SECONDS, timedelta(minutes=32)),
        ("1w", DurationUnit.SECONDS, timedelta(days=7)),
        ("1h30", DurationUnit.MINUTES, timedelta(minutes=90)),
        ("30m1h", DurationUnit.SECONDS, timedelta(minutes=90)),
    ],
)
def test_durations(text: str, unit: DurationUnit, duration: timedelta) -> None:
    assert parse_duration(text, unit) == duration


@pytest.mark.parametrize("text", ["", "-1", "1x", "d", "1.5d", "1 d", "٣", "99999999999d", "1" * 13, "1d\n"])
def test_what_is_no_duration(text: str) -> None:
    with pytest.raises(ValueError, match=r"not a duration|longer"):
        parse_duration(text, DurationUnit.SECONDS)


@pytest.mark.parametrize(
    ("text", "unit", "octets"),
    [
        ("0", SizeUnit.KIB, 0),
        ("10", SizeUnit.OCTETS, 10),
        ("10", SizeUnit.KIB, 10_240),
        ("10B", SizeUnit.KIB, 10),
        ("10k", SizeUnit.OCTETS, 10_240),
        ("10 KB", SizeUnit.OCTETS, 10_240),
        ("10KiB", SizeUnit.KIB, 10_240),
        ("2M", SizeUnit.KIB, 2 << 20),
        ("1G", SizeUnit.OCTETS, 1 << 30),
    ],
)
def test_sizes(text: str, unit: SizeUnit, octets: int) -> None:
    assert parse_size(text, unit) == octets


@pytest.mark.parametrize("text", ["", "-1", "1T", "K", "1.5M", "1KK", "999999999999999999G", "1M\n"])
def test_what_is_no_size(text: str) -> None:
    with pytest.raises(ValueError, match=r"not a size|too large"):
        parse_size(text, SizeUnit.OCTETS)


@given(st.integers(0, int(LONGEST.total_seconds())), st.sampled_from(DurationUnit))
def test_a_duration_survives_its_text(seconds: int, unit: DurationUnit) -> None:
    duration = timedelta(seconds=seconds)
    assert parse_duration(serialize_duration(duration), unit) == duration


@given(st.integers(0, min(LARGEST, 10**18 - 1)), st.sampled_from(SizeUnit))
def test_a_size_survives_its_text(octets: int, unit: SizeUnit) -> None:
    assert parse_size(serialize_size(octets), unit) == octets


@given(st.text())
def test_any_text_is_a_quantity_or_a_value_error(text: str) -> None:
    with suppress(ValueError):
        parse_duration(text, DurationUnit.DAYS)
    with suppress(ValueError):
        parse_size(text, SizeUnit.KIB)


@pytest.mark.parametrize(
    ("seconds", "text"), [(0, "0s"), (1, "1s"), (5_400, "1h30m"), (86_400, "1d"), (604_800, "7d"), (90_061, "1d1h1m1s")]
)
def test_durations_are_printed_shortest(seconds: int, text: str) -> None:
    assert serialize_duration(timedelta(seconds=seconds)) == text


@pytest.mark.parametrize(("octets", "text"), [(0, "0B"), (1, "1B"), (1024, "1K"), (10 << 20, "10M"), (3 << 30, "3G")])
def test_sizes_are_printed_shortest(octets: int, text: str) -> None:
    assert serialize_size(octets) == text
