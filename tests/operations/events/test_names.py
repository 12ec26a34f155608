"""Groups of events."""

import pytest

from angarium.config import EventGroup
from angarium.config.options import SERVED_GROUPS
from angarium.operations.events.names import GROUPS, EventName, events_of


def test_every_event_is_in_a_group_but_that_of_all() -> None:
    assert frozenset[EventName]().union(*GROUPS.values()) == set(EventName) - {EventName.START_ANEW}
    assert set(GROUPS) == SERVED_GROUPS


@pytest.mark.parametrize(
    ("groups", "number"),
    [((), 0), ((EventGroup.CALENDAR,), 0), ((EventGroup.QUOTA,), 4), ((EventGroup.ACCESS, EventGroup.MAILBOX), 7)],
)
def test_groups_add_up_and_whoever_is_told_anything_is_told_when_to_start_anew(
    groups: tuple[EventGroup, ...], number: int
) -> None:
    assert len(events_of(groups)) == number
    assert (EventName.START_ANEW in events_of(groups)) is bool(number)
