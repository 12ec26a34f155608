"""Writes as values (DESIGN §5): what an account can be asked to change, with its preconditions, and what comes back.

An engine executes a batch of commands on one account atomically: all that succeed are durable together, and one that
is refused leaves no trace and does not disturb its neighbours. A refusal is an `AngariumError`. Every command that
changes something which clients synchronise takes the account's next modseq, so modseqs become visible in order; a crash
or a refusal leaves a gap, which is legal.

Deliveries (`delivery`) and scripts (`scripts`) have modules of their own, and stand among the commands here.
"""

import enum
from collections.abc import Mapping
from dataclasses import dataclass

from angarium.engine.delivery import Deliver, Delivered, PostponeDispatch, PruneMarks, RemoveDispatch
from angarium.engine.newmessage import Author, MessageOrigin, NewMessage, QuotaPolicy, StagedFile
from angarium.engine.rows import (
    AccountId,
    AnnotationChange,
    ContentId,
    MailboxId,
    ModSeq,
    QuotaResource,
    Uid,
    UidValidity,
)
from angarium.engine.scripts import ActivateScript, DeleteScript, PutScript, RenameScript
from angarium.flags import ALL_SYSTEM_FLAGS, Flags, SystemFlags
from angarium.sequenceset import UidSet


@dataclass(frozen=True, slots=True)
class AddMessages:
    """APPEND and delivery: add messages to a mailbox, all or none."""

    mailbox: MailboxId
    messages: tuple[NewMessage, ...]
    author: Author
    quota: QuotaPolicy = QuotaPolicy.STRICT
    acl_version: int | None = None
    """The ACL the right was decided on; AclChanged where it is another one now. None: nobody needed a right."""
    seen_account: AccountId | None = None
    """Whose seen state takes the `\\Seen` of the new messages; None: the owner's, in the message's own flags."""
    copied_from: MailboxId | None = None
    """The mailbox of another account that they are copies from, for the change log."""


@dataclass(frozen=True, slots=True)
class Added:
    """APPENDUID (RFC 4315 §3): UIDs in the order of the messages."""

    uidvalidity: UidValidity
    uids: tuple[Uid, ...]
    modseq: ModSeq


@dataclass(frozen=True, slots=True)
class ReplaceMessage:
    """REPLACE within the account (RFC 8508): add a message and expunge another one, both or neither.

    MessageNotFound where the one that is to go is not there any more; what AddMessages is refused for. Use of a quota
    root that governs both counts as the difference, and what takes no more room than before is never refused for it
    (RFC 8508 §3.4).
    """

    add: AddMessages
    source: MailboxId
    replaced: Uid
    source_acl_version: int | None = None


@dataclass(frozen=True, slots=True)
class Replaced:
    """What replaced the message, and the mod-sequence of the expunge."""

    added: Added
    expunged_modseq: ModSeq


@dataclass(frozen=True, slots=True)
class CopyMessages:
    """COPY or MOVE within the account, all or none; UIDs that are not there are passed over."""

    source: MailboxId
    uids: UidSet
    target: MailboxId
    author: Author
    move: bool = False
    """Expunge the sources in the same transaction (RFC 6851 §3.3)."""
    quota: QuotaPolicy = QuotaPolicy.STRICT
    source_acl_version: int | None = None
    target_acl_version: int | None = None
    source_seen_account: AccountId | None = None
    """Whose `\\Seen` is read in the source and ..."""
    target_seen_account: AccountId | None = None
    """... written in the target; None: that in the message's own flags."""
    kept_flags: SystemFlags = ALL_SYSTEM_FLAGS
    """System flags that the actor may set in the target (RFC 4314 §4: COPY keeps a flag only with its right)."""
    keep_keywords: bool = True
    keep_shared_annotations: bool = True
    private_annotations_of: AccountId | None = None
    """Whose own annotations go along (RFC 5257 §4.6: nobody else's)."""


@dataclass(frozen=True, slots=True)
class Copied:
    """COPYUID (RFC 4315 §3): both tuples in the order of copying."""

    uidvalidity: UidValidity
    source: tuple[Uid, ...]
    target: tuple[Uid, ...]
    modseq: ModSeq
    expunged_modseq: ModSeq | None = None
    """Of the expunge in the source, where they were moved."""


class FlagOperation(enum.Enum):
    """How STORE combines (RFC 9051 §6.4.6)."""

    ADD = enum.auto()
    REMOVE = enum.auto()
    REPLACE = enum.auto()


@dataclass(frozen=True, slots=True)
class StoreFlags:
    """Change flags of messages; UIDs that are not there are passed over."""

    mailbox: MailboxId
    uids: UidSet
    operation: FlagOperation
    flags: Flags
    author: Author
    writable: SystemFlags = ALL_SYSTEM_FLAGS
    """System flags the actor may change; others stay as they are, also under REPLACE (RFC 4314 §4)."""
    keywords_writable: bool = True
    unchanged_since: ModSeq | None = None
    """Messages changed after it are left alone and reported (RFC 7162 §3.1.3)."""
    acl_version: int | None = None
    seen_account: AccountId | None = None


@dataclass(frozen=True, slots=True)
class FlagsStored:
    """What STORE did; `modseq` is None where nothing changed."""

    changed: UidSet
    refused: UidSet
    """Changed since `unchanged_since` (MODIFIED, RFC 7162 §3.1.3)."""
    modseq: ModSeq | None


@dataclass(frozen=True, slots=True)
class SetAnnotations:
    """Change annotations of messages, of a mailbox, or of the account as a whole: all changes or none.

    MessageNotFound is no refusal: UIDs that are not there are passed over. AnnotationLimitExceeded. Answered by
    AnnotationsSet.
    """

    mailbox: MailboxId | None
    """None: the account's own, which stand for the server as its user has annotated it."""
    changes: tuple[AnnotationChange, ...]
    author: Author
    uids: UidSet | None = None
    """None: those of the mailbox itself."""
    unchanged_since: ModSeq | None = None
    """Messages changed after it are left alone and reported (RFC 7162 §3.1.3)."""
    acl_version: int | None = None
    seen_account: AccountId | None = None
    """Whose seen state counts as a change of the messages, for `unchanged_since`."""
    count_limit: int | None = None
    """Annotations that one owner, or all in common, may have of one thing."""


@dataclass(frozen=True, slots=True)
class AnnotationsSet:
    """What SetAnnotations did; `modseq` is None where nothing changed."""

    changed: UidSet
    """Messages; empty where the annotations are a mailbox's."""
    refused: UidSet
    """Changed since `unchanged_since`."""
    modseq: ModSeq | None


@dataclass(frozen=True, slots=True)
class Expunge:
    """Expunge messages flagged `\\Deleted`; the files stay until they are purged."""

    mailbox: MailboxId
    author: Author
    uids: UidSet | None = None
    """Only among these (UID EXPUNGE, RFC 4315 §2.1)."""
    only_deleted: bool = True
    """False: whatever their flags (the second half of a MOVE between accounts, expiry)."""
    acl_version: int | None = None


@dataclass(frozen=True, slots=True)
class Expunged:
    """What went; `modseq` is None where nothing did."""

    uids: UidSet
    modseq: ModSeq | None


@dataclass(frozen=True, slots=True)
class NewMailbox:
    """A mailbox to create."""

    id: MailboxId
    name: str
    partition: str
    acl: str
    special_use: str = ""
    keywords: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class NamesSeen:
    """What mailboxes were called when a change of names was decided on: NamesChanged where that is not so any more."""

    names: tuple[tuple[MailboxId, str], ...]
    """Of mailboxes above the new names, live or deleted."""
    tree: tuple[tuple[MailboxId, str], ...] = ()
    """A live mailbox and all live ones below it."""


@dataclass(frozen=True, slots=True)
class CreateMailboxes:
    """Create mailboxes, parents first, in one transaction.

    MailboxExists where one is there, SpecialUseTaken where a live mailbox of the account has a use of one of them.
    """

    mailboxes: tuple[NewMailbox, ...]
    author: Author
    parent: MailboxId | None = None
    parent_acl_version: int | None = None
    """The parent and the ACL the right to create was decided on."""
    seen: NamesSeen | None = None


@dataclass(frozen=True, slots=True)
class MailboxRename:
    """One mailbox's new relative name."""

    mailbox: MailboxId
    name: str
    deleted_at_s: int | None = None
    """Set by a delayed delete; None also brings a deleted mailbox back."""
    partition: str | None = None
    """Not None: ask for another partition; must equal the present one (moving files is another operation)."""


@dataclass(frozen=True, slots=True)
class RenameMailboxes:
    """Rename a tree in one transaction (also the delayed delete, and undoing it).

    A mailbox that comes back has lost the special uses that another one has meanwhile.
    """

    renames: tuple[MailboxRename, ...]
    author: Author
    acl_versions: tuple[tuple[MailboxId, int], ...] = ()
    """ACLs the rights were decided on, of the mailbox and of the new parent."""
    seen: NamesSeen | None = None


@dataclass(frozen=True, slots=True)
class RenameInbox:
    """RENAME INBOX (RFC 9051 §6.3.6): create `target` and move the messages of `inbox` into it."""

    inbox: MailboxId
    target: NewMailbox
    author: Author


@dataclass(frozen=True, slots=True)
class EraseMailboxes:
    """Remove mailboxes for good: rows, then directories. Tombstones keep id and UIDVALIDITY history.

    The mailboxes are gone at once and together; where they have more than `limit` messages, ForgetErased has to go on
    with what was in them.
    """

    mailboxes: tuple[MailboxId, ...]
    author: Author
    acl_versions: tuple[tuple[MailboxId, int], ...] = ()
    deleted_until_s: int | None = None
    """Pass over those that are not in delayed delete since this time: somebody has brought them back."""
    limit: int = 1000


@dataclass(frozen=True, slots=True)
class Erased:
    """Which mailboxes went."""

    mailboxes: tuple[MailboxId, ...]
    modseq: ModSeq


@dataclass(frozen=True, slots=True)
class ForgetErased:
    """Go on with mailboxes that were erased: rows of `limit` messages at most in one transaction, then their files.

    Nobody sees what it does; after a crash it is done again. Answered by Purged.
    """

    limit: int = 1000


@dataclass(frozen=True, slots=True)
class SetAcl:
    """Replace a mailbox's ACL; AclChanged unless `acl_version` is the present one."""

    mailbox: MailboxId
    acl: str
    acl_version: int
    author: Author


@dataclass(frozen=True, slots=True)
class SetSharedSeen:
    """Choose whether `\\Seen` of a mailbox is one for all, or each reader's own.

    To a reader who is not the owner any message may change by it, so all that are there get the change's modseq, and
    whoever was away is told of them (RFC 7162 §3.2.5.1). That writes the row of each: some 50 ms of work where they are
    100,000, for which the account's other writes wait. What is so already takes no modseq.
    """

    mailbox: MailboxId
    shared: bool
    author: Author


@dataclass(frozen=True, slots=True)
class SetSpecialUse:
    """Replace what a mailbox is for (RFC 6154 §2); SpecialUseTaken where another live mailbox of the account has one of
    these uses."""

    mailbox: MailboxId
    special_use: str
    """As in MailboxRow; empty for none."""
    author: Author
    acl_version: int | None = None


@dataclass(frozen=True, slots=True)
class SetQuota:
    """Make or change a quota root; use of it and of the root it splits is counted anew in the same transaction."""

    root: str
    limits: Mapping[QuotaResource, int]
    """All of them, in the units of RFC 9208 §5; a resource that is not named is only counted."""
    author: Author


@dataclass(frozen=True, slots=True)
class RemoveQuota:
    """Remove a quota root; its mailboxes come under the next root above, or none."""

    root: str
    author: Author


@dataclass(frozen=True, slots=True)
class Subscribe:
    """Subscribe the account's user to a mailbox, by its full internal name."""

    name: str
    author: Author
    subscribed: bool = True
    """False: unsubscribe; SubscriptionNotFound where there is none."""


@dataclass(frozen=True, slots=True)
class ClaimRecent:
    """Advisory: messages up to `uid` have been shown as `\\Recent` to the owner, or to `seen_account`."""

    mailbox: MailboxId
    uid: Uid
    seen_account: AccountId | None = None


@dataclass(frozen=True, slots=True)
class RememberPreviews:
    """Advisory: what previews were made of contents (RFC 8970); those of contents that are gone are passed over."""

    previews: tuple[tuple[ContentId, str], ...]


@dataclass(frozen=True, slots=True)
class PurgeMessages:
    """Forget expunged messages: rows in one transaction, then their files; `limit` rows at most."""

    mailbox: MailboxId
    expunged_before_s: int
    limit: int = 1000


@dataclass(frozen=True, slots=True)
class Purged:
    """How many rows went, and whether more wait."""

    count: int
    more: bool


@dataclass(frozen=True, slots=True)
class PruneChanges:
    """Forget the change log before a time."""

    before_s: int
    limit: int = 1000


@dataclass(frozen=True, slots=True)
class SetAccountName:
    """The account's own copy of its name (its headers get it too); the catalogue's entry is the truth."""

    name: str
    author: Author


@dataclass(frozen=True, slots=True)
class RestoredMessage:
    """A message file found in its mailbox's directory, under the UID of its name."""

    uid: Uid
    message: NewMessage


@dataclass(frozen=True, slots=True)
class RestoreMailbox:
    """Take up a mailbox from its directory, with the numbers of its header; UIDs go on above the ceilings.

    The files are in place: `NewMessage.file` names them, and nothing is linked.
    """

    mailbox: NewMailbox
    uidvalidity: UidValidity
    uid_ceiling: Uid
    modseq_ceiling: ModSeq
    messages: tuple[RestoredMessage, ...]
    """The first of them; more come by RestoreMessages."""
    author: Author
    deleted_at_s: int | None = None


@dataclass(frozen=True, slots=True)
class RestoreMessages:
    """More messages of a mailbox that is being restored, under UIDs below its next one that nobody has."""

    mailbox: MailboxId
    messages: tuple[RestoredMessage, ...]
    author: Author


@dataclass(frozen=True, slots=True)
class Done:
    """A command without further answer; `modseq` is the change's."""

    modseq: ModSeq


Command = (
    AddMessages
    | ReplaceMessage
    | CopyMessages
    | StoreFlags
    | SetAnnotations
    | Expunge
    | CreateMailboxes
    | RenameMailboxes
    | RenameInbox
    | EraseMailboxes
    | ForgetErased
    | SetAcl
    | SetSharedSeen
    | SetSpecialUse
    | SetQuota
    | RemoveQuota
    | Subscribe
    | ClaimRecent
    | RememberPreviews
    | PurgeMessages
    | PruneChanges
    | SetAccountName
    | RestoreMailbox
    | RestoreMessages
    | Deliver
    | PostponeDispatch
    | RemoveDispatch
    | PruneMarks
    | PutScript
    | ActivateScript
    | DeleteScript
    | RenameScript
)

Result = Added | AnnotationsSet | Copied | Delivered | FlagsStored | Expunged | Erased | Purged | Replaced | Done

__all__ = [
    "ActivateScript",
    "AddMessages",
    "Added",
    "AnnotationsSet",
    "Author",
    "ClaimRecent",
    "Command",
    "Copied",
    "CopyMessages",
    "CreateMailboxes",
    "DeleteScript",
    "Deliver",
    "Delivered",
    "Done",
    "EraseMailboxes",
    "Erased",
    "Expunge",
    "Expunged",
    "FlagOperation",
    "FlagsStored",
    "ForgetErased",
    "MailboxRename",
    "MessageOrigin",
    "NewMailbox",
    "NewMessage",
    "PostponeDispatch",
    "PruneChanges",
    "PruneMarks",
    "PurgeMessages",
    "Purged",
    "PutScript",
    "QuotaPolicy",
    "RememberPreviews",
    "RemoveDispatch",
    "RemoveQuota",
    "RenameInbox",
    "RenameMailboxes",
    "RenameScript",
    "ReplaceMessage",
    "Replaced",
    "RestoreMailbox",
    "RestoreMessages",
    "RestoredMessage",
    "Result",
    "SetAccountName",
    "SetAcl",
    "SetAnnotations",
    "SetQuota",
    "SetSharedSeen",
    "SetSpecialUse",
    "StagedFile",
    "StoreFlags",
    "Subscribe",
]
