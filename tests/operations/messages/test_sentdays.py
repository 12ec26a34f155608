"""The day of a Date field, from ENVELOPE."""

from datetime import date

import pytest

from angarium.operations.messages.sentdays import day_of_envelope

EPOCH = date(1970, 1, 1).toordinal()


@pytest.mark.parametrize(
    ("envelope", "day"),
    [
        (b'("Mon, 1 Jan 2024 10:00:00 +0000" NIL', date(2024, 1, 1)),
        (b'("1 January 2024" NIL', date(2024, 1, 1)),
        (b'("01-Feb-99 10:00" NIL', date(1999, 2, 1)),
        (b'("31 Dec 03 10:00" NIL', date(2003, 12, 31)),
        (b'("1 Jan 124" NIL', date(2024, 1, 1)),
        (b'("29 Feb 2024" NIL', date(2024, 2, 29)),
        (b'("30 Feb 2024" NIL', None),
        (b'("1 Foo 2024" NIL', None),
        (b'("yesterday" NIL', None),
        (b'(NIL "1 Jan 2024" NIL', None),
        (b"", None),
    ],
)
def test_the_day_that_is_written(envelope: bytes, day: date | None) -> None:
    assert day_of_envelope(envelope) == (None if day is None else day.toordinal() - EPOCH)
