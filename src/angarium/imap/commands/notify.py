"""NOTIFY (RFC 5465)."""

from dataclasses import dataclass
from enum import Enum

from angarium.fetchitem import FetchItem

from .filters import MailboxFilter


class NotifyEvent(Enum):
    """What a client can be told of (RFC 5465 §5); the value is the name on the wire."""

    MESSAGE_NEW = b"MessageNew"
    MESSAGE_EXPUNGE = b"MessageExpunge"
    FLAG_CHANGE = b"FlagChange"
    ANNOTATION_CHANGE = b"AnnotationChange"
    MAILBOX_NAME = b"MailboxName"
    SUBSCRIPTION_CHANGE = b"SubscriptionChange"
    MAILBOX_METADATA_CHANGE = b"MailboxMetadataChange"
    SERVER_METADATA_CHANGE = b"ServerMetadataChange"


@dataclass(frozen=True, slots=True)
class EventGroup:
    """Mailboxes, and what the client wants to know of them; no events: NONE.

    `new_items` are fetched for each new message of the selected mailbox, and empty for other filters. What several
    groups say of a mailbox adds up (RFC 5465 §6), but NONE counts whatever others say (§5).
    """

    mailboxes: MailboxFilter
    events: frozenset[NotifyEvent]
    new_items: tuple[FetchItem, ...] = ()


@dataclass(frozen=True, slots=True)
class NotifySet:
    """NOTIFY SET (RFC 5465 §3.1): replaces what was wanted; `with_status` asks for a STATUS of each mailbox now."""

    groups: tuple[EventGroup, ...]
    with_status: bool = False


@dataclass(frozen=True, slots=True)
class NotifyNone:
    """NOTIFY NONE (RFC 5465 §3.1): nothing is told any more of its own accord."""
