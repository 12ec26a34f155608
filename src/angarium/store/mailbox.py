"""A mailbox as one actor meets it."""

import enum
from dataclasses import dataclass

from angarium.engine.rows import AccountId, MailboxId, MailboxRow
from angarium.names import MailboxName
from angarium.rights import Right, Rights


class SeenState(enum.Enum):
    """Where the actor's `\\Seen` is."""

    SHARED = enum.auto()
    """In the messages' own flags: the owner's, or one for all (`shared_seen`)."""
    OWN = enum.auto()
    """In the actor's own seen state, by `Mailbox.seen_account`."""
    NONE = enum.auto()
    """Nowhere: the actor has no account to keep it by. Nothing is seen, nothing is recent, and none can be set."""


@dataclass(frozen=True, slots=True)
class Mailbox:
    """A mailbox that the actor may know of, with the rights she has there; a snapshot of one moment.

    Writes carry `acl_version` as their precondition; after AclChanged ask `Store.find` again.
    """

    account: AccountId
    row: MailboxRow
    """With counters, as of the moment it was found."""
    name: MailboxName
    """The full internal name."""
    rights: Rights
    is_owner: bool
    seen: SeenState
    seen_account: AccountId | None
    """For commands: None with SHARED; the actor's account with OWN; None with NONE, where `can_keep_seen` is False."""

    @property
    def id(self) -> MailboxId:
        return self.row.id

    @property
    def acl_version(self) -> int:
        return self.row.acl_version

    @property
    def can_keep_seen(self) -> bool:
        """Whether the actor may change `\\Seen` (right `s`), and has a place for it."""
        return Right.SEEN in self.rights and self.seen is not SeenState.NONE
