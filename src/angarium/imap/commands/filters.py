"""Which mailboxes NOTIFY (RFC 5465 §6) and ESEARCH (RFC 7377 §2.2) mean."""

from dataclasses import dataclass
from enum import Enum


class FilterKind(Enum):
    """Sets of mailboxes; the value is the name on the wire."""

    SELECTED = b"SELECTED"
    SELECTED_DELAYED = b"SELECTED-DELAYED"
    """Of NOTIFY alone."""
    INBOXES = b"INBOXES"
    PERSONAL = b"PERSONAL"
    SUBSCRIBED = b"SUBSCRIBED"
    SUBTREE = b"SUBTREE"
    SUBTREE_ONE = b"SUBTREE-ONE"
    """Of ESEARCH alone."""
    MAILBOXES = b"MAILBOXES"


@dataclass(frozen=True, slots=True)
class MailboxFilter:
    """One set; `mailboxes` belong to SUBTREE, SUBTREE-ONE and MAILBOXES, and are never empty there."""

    kind: FilterKind
    mailboxes: tuple[bytes, ...] = ()

    def __post_init__(self) -> None:
        takes_names = self.kind in (FilterKind.SUBTREE, FilterKind.SUBTREE_ONE, FilterKind.MAILBOXES)
        if takes_names != bool(self.mailboxes):
            raise ValueError("names belong to SUBTREE, SUBTREE-ONE and MAILBOXES")
