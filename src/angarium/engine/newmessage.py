"""A message to add: its file, what was parsed of it, who adds it, and what a full quota root means for it."""

import enum
from dataclasses import dataclass

from angarium.engine.rows import (
    AnnotationChange,
    Content,
    EmailId,
    InternalDate,
    MailboxId,
    SearchFields,
    ThreadId,
    Uid,
)
from angarium.flags import Flags


@dataclass(frozen=True, slots=True)
class Author:
    """Who changes something, for the change log."""

    actor: str
    """User id, `anonymous`, or the name of the program."""
    client: str = ""
    """Protocol and peer, as `imap 192.0.2.7`."""
    session: str = ""


class QuotaPolicy(enum.Enum):
    """What a full quota root means for new messages (requirements 1.6)."""

    STRICT = enum.auto()
    """Refuse what would exceed the limit: APPEND, COPY."""
    OVERSHOOT = enum.auto()
    """Below the limit any size is accepted; at or over it nothing is: delivery."""
    IGNORE = enum.auto()


@dataclass(frozen=True, slots=True)
class StagedFile:
    """A whole message on stable storage on a partition, waiting to be linked into mailboxes.

    It is made by `Spool.stage`; whoever made it removes it when all writes that use it are answered.
    """

    partition: str
    path: str
    size_octets: int


@dataclass(frozen=True, slots=True)
class MessageOrigin:
    """Where a message was copied from, when it comes from another account: the key that makes a retry find it."""

    mailbox: MailboxId
    uid: Uid


@dataclass(frozen=True, slots=True)
class NewMessage:
    """A message to add."""

    file: StagedFile
    flags: Flags
    date: InternalDate
    content: Content
    search: SearchFields
    email_id: EmailId | None = None
    """None: a new one is drawn; given for a copy from another account."""
    thread_id: ThreadId | None = None
    """None: found by message-id references and base subject within the account, else drawn."""
    saved_at_s: int | None = None
    """None: now."""
    origin: MessageOrigin | None = None
    """A message of the same origin that is there already is answered instead of added again."""
    annotations: tuple[AnnotationChange, ...] = ()
