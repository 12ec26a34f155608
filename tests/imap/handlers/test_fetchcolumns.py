"""Columns of a FETCH as octets."""

from datetime import UTC, datetime, timedelta, timezone

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from angarium.flags import Flags
from angarium.imap.dates import serialize_date_time
from angarium.imap.handlers.fetchcolumns import serialize_internal_dates, serialize_message_flags, template_values
from angarium.operations.messages import (
    BytesColumn,
    DateColumn,
    FlagsColumn,
    MessageFlags,
    NumberColumn,
    SectionColumn,
)

_SEEN = MessageFlags(Flags.of(("\\Seen", "$Work")), recent=True)
_NONE = MessageFlags(Flags.of(()), recent=False)


@given(st.lists(st.tuples(st.integers(-60_000_000_000, 250_000_000_000), st.integers(-1439, 1439))))
def test_dates_are_those_of_the_serializer(moments: list[tuple[int, int]]) -> None:
    epoch = datetime(1970, 1, 1, tzinfo=UTC)
    expected = [
        serialize_date_time((epoch + timedelta(seconds=utc_s)).astimezone(timezone(timedelta(minutes=zone_min))))
        for utc_s, zone_min in moments
    ]
    assert serialize_internal_dates([utc_s for utc_s, _ in moments], [zone for _, zone in moments]) == expected


@pytest.mark.parametrize(
    ("flags", "text"),
    [(_SEEN, b"\\Recent \\Seen $Work"), (_NONE, b""), (MessageFlags(Flags.of(()), True), b"\\Recent")],
)
def test_flags_have_recent_first(flags: MessageFlags, text: bytes) -> None:
    assert serialize_message_flags(flags) == text


def test_columns_give_a_value_a_row() -> None:
    assert template_values(NumberColumn([3, 5])) == [3, 5]
    assert template_values(BytesColumn([b"(x)"])) == [b"(x)"]
    assert template_values(FlagsColumn([_SEEN, _NONE], np.array([1, 0, 1]))) == [b"", b"\\Recent \\Seen $Work", b""]
    assert template_values(DateColumn([0], [60])) == [b'" 1-Jan-1970 01:00:00 +0100"']


def test_sections_are_no_values() -> None:
    with pytest.raises(TypeError):
        template_values(SectionColumn([b"x"]))
