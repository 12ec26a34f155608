"""What a client wants to be told of, and of which mailboxes (RFC 5465 §5, §6)."""

import enum
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final


class Event(enum.Flag):
    """The events of RFC 5465 §5."""

    MESSAGE_NEW = enum.auto()
    MESSAGE_EXPUNGE = enum.auto()
    FLAG_CHANGE = enum.auto()
    ANNOTATION_CHANGE = enum.auto()
    MAILBOX_NAME = enum.auto()
    SUBSCRIPTION_CHANGE = enum.auto()
    MAILBOX_METADATA_CHANGE = enum.auto()
    SERVER_METADATA_CHANGE = enum.auto()


NO_EVENTS: Final = Event(0)
ARRIVALS: Final = Event.MESSAGE_NEW | Event.MESSAGE_EXPUNGE
CHANGES: Final = Event.FLAG_CHANGE | Event.ANNOTATION_CHANGE
MESSAGE_EVENTS: Final = ARRIVALS | CHANGES
_OF_MAILBOXES: Final = ~Event.SERVER_METADATA_CHANGE


class MailboxSet(enum.Enum):
    """Which mailboxes are meant (RFC 5465 §6)."""

    PERSONAL = enum.auto()
    """INBOXES too, since mail may be delivered into any of these (RFC 5465 §6.3)."""
    SUBSCRIBED = enum.auto()
    SUBTREE = enum.auto()
    MAILBOXES = enum.auto()


@dataclass(frozen=True, slots=True)
class Interest:
    """Mailboxes, and what is to be told of them; NO_EVENTS: nothing, whatever other interests say (RFC 5465 §5)."""

    mailboxes: MailboxSet
    events: Event
    names: tuple[str, ...] = ()
    """Of SUBTREE, where an empty one is above all, and of MAILBOXES: as the actor sees them."""


class Interests:
    """Several interests; what they say of a mailbox adds up (RFC 5465 §6)."""

    __slots__ = ("_tests", "all_events")

    def __init__(self, interests: Sequence[Interest], separator: str) -> None:
        self._tests = [_Test(interest, separator) for interest in interests]
        self.all_events = NO_EVENTS
        """What is to be told of any mailbox, or of the server."""
        for interest in interests:
            self.all_events |= interest.events

    @property
    def of_mailboxes(self) -> bool:
        """Whether mailboxes have to be looked at."""
        return bool(self.all_events & _OF_MAILBOXES)

    @property
    def beyond_personal(self) -> bool:
        """Whether mailboxes of others may be meant."""
        return any(test.events and test.mailboxes is not MailboxSet.PERSONAL for test in self._tests)

    @property
    def by_subscription(self) -> bool:
        """Whether subscriptions decide what is told, or are told."""
        is_asked = any(test.mailboxes is MailboxSet.SUBSCRIBED for test in self._tests)
        return is_asked or Event.SUBSCRIPTION_CHANGE in self.all_events

    def events_of(self, external: str, *, is_personal: bool, is_subscribed: bool) -> Event:
        """What is to be told of the mailbox of this name."""
        events = NO_EVENTS
        for test in self._tests:
            if test.matches(external, is_personal=is_personal, is_subscribed=is_subscribed):
                if not test.events:
                    return NO_EVENTS
                events |= test.events
        return events & _OF_MAILBOXES


class _Test:
    """An interest, ready to be asked about many names."""

    __slots__ = ("_names", "_separator", "events", "mailboxes")

    def __init__(self, interest: Interest, separator: str) -> None:
        self.mailboxes = interest.mailboxes
        self.events = interest.events
        self._names = frozenset(interest.names)
        self._separator = separator

    def matches(self, external: str, *, is_personal: bool, is_subscribed: bool) -> bool:
        match self.mailboxes:
            case MailboxSet.PERSONAL:
                return is_personal
            case MailboxSet.SUBSCRIBED:
                return is_subscribed
            case MailboxSet.MAILBOXES:
                return external in self._names
            case MailboxSet.SUBTREE:
                return self._is_at_or_below(external)

    def _is_at_or_below(self, external: str) -> bool:
        level = external
        while level and level not in self._names:
            level = level.rpartition(self._separator)[0]
        return level in self._names
