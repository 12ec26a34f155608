"""What is told, and how: the options of events as one value."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final, Self

from angarium.config import ContentMode, EventParameter, Settings
from angarium.names import NameSettings

from .names import EventName, events_of
from .occurrences import Occurrence

_INBOXES_ONLY: Final = "all"


@dataclass(frozen=True, slots=True, kw_only=True)
class EventPolicy:
    """Which events there are, and what they say."""

    events: frozenset[EventName]
    parameters: frozenset[EventParameter]
    names: NameSettings
    server_name: str
    content_mode: ContentMode = ContentMode.STANDARD
    content_octets: int = 0
    """0: no limit of its own."""
    excluded_flags: frozenset[str] = frozenset()
    """In lower case."""
    excluded_uses: frozenset[str] = frozenset()
    """In lower case, with their backslashes."""
    simple_flags: bool = True

    @classmethod
    def from_settings(cls, settings: Settings, names: NameSettings) -> Self:
        """What the options say."""
        events = settings.events
        return cls(
            events=events_of(events.event_groups),
            parameters=frozenset(events.event_extra_params),
            names=names,
            server_name=settings.server.servername,
            content_mode=events.event_content_inclusion_mode,
            content_octets=events.event_content_size,
            excluded_flags=frozenset(events.event_exclude_flags),
            excluded_uses=frozenset(events.event_exclude_specialuse),
            simple_flags=events.event_message_read,
        )

    def told_flags(self, occurrence: Occurrence) -> tuple[str, ...] | None:
        """The flags of an event that are told; None where it is not to be told for the sake of its flags."""
        told = tuple([flag for flag in occurrence.flags if flag.lower() not in self.excluded_flags])
        return None if occurrence.flags and not told else told

    def excludes_mailbox(self, special_use: str, *, is_inbox: bool) -> bool:
        """Whether nothing that happens there is told."""
        if _INBOXES_ONLY in self.excluded_uses and not is_inbox:
            return True
        return not self.excluded_uses.isdisjoint(_words(special_use))


def _words(special_use: str) -> Iterable[str]:
    return special_use.lower().split()
