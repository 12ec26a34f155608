"""The JSON of a notification."""

import json

import pytest

from angarium.operations.events.names import EventName
from angarium.operations.events.notification import ID, Notification


def payload(members: dict[str, object], limit: int) -> dict[str, object]:
    text = Notification("1", EventName.LOGIN, "", "", {"event": "Login", ID: "1", **members}).payload(limit)
    assert len(text) <= limit
    found: dict[str, object] = json.loads(text)
    return found


def test_members_stand_in_their_order_and_in_utf_8() -> None:
    text = Notification("1", EventName.LOGIN, "", "", {"event": "Login", "user": "ä", "pid": 1}).payload(1000)
    assert text == '{"event":"Login","user":"ä","pid":1}'.encode()


@pytest.mark.parametrize(
    ("limit", "left"),
    [
        (1000, {"messageContent", "bodyStructure", "uri"}),
        (300, {"bodyStructure", "uri"}),
        (150, {"uri"}),
        (60, set[str]()),
    ],
)
def test_what_is_largest_goes_first(limit: int, left: set[str]) -> None:
    members: dict[str, object] = {"messageContent": "x" * 400, "bodyStructure": "y" * 150, "uri": "z" * 60}
    assert payload(members, limit).keys() == {"event", ID, *left}


def test_a_lone_surrogate_is_no_fault() -> None:
    assert payload({"user": "a\ud800"}, 1000)["user"] == "a?"
