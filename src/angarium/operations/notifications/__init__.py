"""Telling a client what happens in mailboxes that it has not selected (RFC 5465)."""

from angarium.operations.notifications.changes import Change, MetadataChange, NameChange, StatusChange
from angarium.operations.notifications.events import (
    ARRIVALS,
    CHANGES,
    MESSAGE_EVENTS,
    NO_EVENTS,
    Event,
    Interest,
    Interests,
    MailboxSet,
)
from angarium.operations.notifications.history import AnnotatedMessages, annotated_messages, own_messages
from angarium.operations.notifications.watch import Watch

__all__ = [
    "ARRIVALS",
    "CHANGES",
    "MESSAGE_EVENTS",
    "NO_EVENTS",
    "AnnotatedMessages",
    "Change",
    "Event",
    "Interest",
    "Interests",
    "MailboxSet",
    "MetadataChange",
    "NameChange",
    "StatusChange",
    "Watch",
    "annotated_messages",
    "own_messages",
]
