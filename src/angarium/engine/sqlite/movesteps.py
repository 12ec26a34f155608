"""The steps of a move between accounts, each a write of one account (`moving` takes them in order).

They are no commands: nobody but the mover may take one, and each does nothing where it was taken before.
"""

from dataclasses import dataclass

from angarium.engine.commands import Author
from angarium.engine.moves import MailboxMove
from angarium.engine.rows import AccountId, MailboxId, ModSeq, Uid
from angarium.sequenceset import UidSet


@dataclass(frozen=True, slots=True)
class OtherAccount:
    """The account at the other end, whose file a step reads."""

    id: AccountId
    path: str
    vfs: str | None


@dataclass(frozen=True, slots=True)
class MarkMoving:
    """In the source: nothing is to be written to these mailboxes from here on. MailboxMoving where one of them is on
    its way already."""

    mailboxes: tuple[MailboxId, ...]
    acl_versions: tuple[tuple[MailboxId, int], ...]


@dataclass(frozen=True, slots=True)
class ReleaseMoving:
    """In the source: they stay after all."""

    mailboxes: tuple[MailboxId, ...]


@dataclass(frozen=True, slots=True)
class BeginArrival:
    """In the target: numbers for mailboxes that nobody sees yet, and mod-sequences above those of the source."""

    source: OtherAccount
    source_modseq: ModSeq
    moves: tuple[MailboxMove, ...]
    acl_versions: tuple[tuple[MailboxId, int], ...]


@dataclass(frozen=True, slots=True)
class CopyRows:
    """In the target: take over the next messages of one mailbox. Answered by Purged, of which `more` tells the end."""

    source: OtherAccount
    mailbox: MailboxId
    owner_seen: UidSet | None
    """What the target's owner has seen, for the messages' flags; None: they keep theirs."""
    limit: int


@dataclass(frozen=True, slots=True)
class KeptSeen:
    """A reader's seen state as the target keeps it."""

    account: AccountId
    uids: str
    recent_uid: Uid


@dataclass(frozen=True, slots=True)
class SeenStates:
    """Whose seen state goes where, of one mailbox."""

    owner_seen: UidSet | None
    """As in CopyRows."""
    recent_uid: Uid
    """Of the target's owner."""
    others: tuple[KeptSeen, ...]


@dataclass(frozen=True, slots=True)
class Arrive:
    """In the target: all of them are there, at once. QuotaExceeded, MailboxExists, AclChanged."""

    source: OtherAccount
    moves: tuple[MailboxMove, ...]
    seen: tuple[SeenStates, ...]
    """In the order of `moves`."""
    acl_versions: tuple[tuple[MailboxId, int], ...]
    author: Author


@dataclass(frozen=True, slots=True)
class DropArrivals:
    """In the target: forget what was taken over. Answered by Erased, with those that had arrived for good."""

    mailboxes: tuple[MailboxId, ...]


@dataclass(frozen=True, slots=True)
class Depart:
    """In the source: they are gone, and their files belong to the target."""

    target: OtherAccount
    mailboxes: tuple[MailboxId, ...]
    author: Author


MoveStep = MarkMoving | ReleaseMoving | BeginArrival | CopyRows | Arrive | DropArrivals | Depart
