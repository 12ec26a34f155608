"""A notification, ready to be sent."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from .names import EventName

_to_json: Final = json.JSONEncoder(separators=(",", ":"), ensure_ascii=False).encode
_DROPPED: Final = ("messageContent", "bodyStructure", "vnd.cmu.envelope", "vnd.cmu.mailboxACL", "vnd.cmu.midset")
"""What goes first where an event is larger than its receiver takes."""

ID: Final = "vnd.angarium.eventId"
"""The member by which a receiver knows an event that it has been told before."""


@dataclass(frozen=True, slots=True)
class Notification:
    """One event as it is told."""

    id: str
    name: EventName
    user: str
    mailbox: str
    """As administrators see it; empty where it is of none."""
    members: Mapping[str, object]
    """Of the JSON object, in their order."""

    def payload(self, octets_max: int) -> bytes:
        """The JSON object; what is largest is left out where it would be more than `octets_max`, and the last resort
        are the event's name and its id."""
        members = dict(self.members)
        for name in (None, *_DROPPED):
            if name is not None:
                members.pop(name, None)
            # A lone surrogate cannot be encoded; there is none but in a name that was stored before it was checked.
            text = _to_json(members).encode("utf-8", "replace")
            if len(text) <= octets_max:
                return text
        kept = {key: value for key, value in members.items() if key in ("event", "timestamp", ID)}
        return _to_json(kept).encode("utf-8", "replace")
