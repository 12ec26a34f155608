"""The events that there are (RFC 5423 §4), and what an administrator turns on together, as Cyrus has it."""

from collections.abc import Iterable, Mapping
from enum import StrEnum
from typing import Final

from angarium.config import EventGroup


class EventName(StrEnum):
    """By its name in a notification."""

    MESSAGE_NEW = "MessageNew"
    MESSAGE_APPEND = "MessageAppend"
    MESSAGE_EXPIRE = "MessageExpire"
    MESSAGE_EXPUNGE = "MessageExpunge"
    MESSAGE_COPY = "vnd.cmu.MessageCopy"
    MESSAGE_MOVE = "vnd.cmu.MessageMove"
    QUOTA_EXCEED = "QuotaExceed"
    QUOTA_WITHIN = "QuotaWithin"
    QUOTA_CHANGE = "QuotaChange"
    FLAGS_SET = "FlagsSet"
    FLAGS_CLEAR = "FlagsClear"
    MESSAGE_READ = "MessageRead"
    MESSAGE_TRASH = "MessageTrash"
    LOGIN = "Login"
    LOGOUT = "Logout"
    ACL_CHANGE = "AclChange"
    MAILBOX_CREATE = "MailboxCreate"
    MAILBOX_DELETE = "MailboxDelete"
    MAILBOX_RENAME = "MailboxRename"
    MAILBOX_SUBSCRIBE = "MailboxSubscribe"
    MAILBOX_UNSUBSCRIBE = "MailboxUnSubscribe"
    START_ANEW = "vnd.angarium.StartAnew"
    """Something has happened of which nobody can tell any more."""


GROUPS: Final[Mapping[EventGroup, frozenset[EventName]]] = {
    EventGroup.MESSAGE: frozenset(
        {
            EventName.MESSAGE_NEW,
            EventName.MESSAGE_APPEND,
            EventName.MESSAGE_EXPIRE,
            EventName.MESSAGE_EXPUNGE,
            EventName.MESSAGE_COPY,
            EventName.MESSAGE_MOVE,
        }
    ),
    EventGroup.QUOTA: frozenset({EventName.QUOTA_EXCEED, EventName.QUOTA_WITHIN, EventName.QUOTA_CHANGE}),
    EventGroup.FLAGS: frozenset(
        {EventName.FLAGS_SET, EventName.FLAGS_CLEAR, EventName.MESSAGE_READ, EventName.MESSAGE_TRASH}
    ),
    EventGroup.ACCESS: frozenset({EventName.LOGIN, EventName.LOGOUT, EventName.ACL_CHANGE}),
    EventGroup.MAILBOX: frozenset(
        {
            EventName.MAILBOX_CREATE,
            EventName.MAILBOX_DELETE,
            EventName.MAILBOX_RENAME,
            EventName.ACL_CHANGE,
        }
    ),
    EventGroup.SUBSCRIPTION: frozenset({EventName.MAILBOX_SUBSCRIBE, EventName.MAILBOX_UNSUBSCRIBE}),
}
"""Groups that are missing here are of what is not served."""

OF_NEW_MESSAGES: Final = frozenset({EventName.MESSAGE_NEW, EventName.MESSAGE_APPEND})
OF_COPIES: Final = frozenset({EventName.MESSAGE_COPY, EventName.MESSAGE_MOVE})
OF_QUOTA: Final = GROUPS[EventGroup.QUOTA]
OF_MESSAGES: Final = GROUPS[EventGroup.MESSAGE] | GROUPS[EventGroup.FLAGS]
OF_NO_LOG: Final = frozenset({EventName.LOGIN, EventName.LOGOUT, EventName.QUOTA_EXCEED})
"""What no account's change log tells of."""


def events_of(groups: Iterable[EventGroup]) -> frozenset[EventName]:
    """The events of some groups; whoever is told of any is told when to start anew."""
    events = frozenset[EventName]().union(*[GROUPS.get(group, frozenset()) for group in groups])
    return events | {EventName.START_ANEW} if events else events
