"""What an engine keeps, as values: ids, rows, and what reads give.

Names of mailboxes are relative to their account here (`""` is the top, `"work.2026"` below it, components joined by `.`
in internal form), so that renaming a user touches no mailbox row. A mailbox that was deleted and waits for its expiry
has `deleted_at_s` set, and its relative name ends with the component of eight hex digits that the delayed delete gave.
"""

import enum
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import NewType

AccountId = NewType("AccountId", str)
"""24 characters, random, never reused."""
MailboxId = NewType("MailboxId", str)
"""24 characters, random, never reused; also MAILBOXID (RFC 8474 §4) and the name of the spool directory."""
Uid = NewType("Uid", int)
ModSeq = NewType("ModSeq", int)
"""One counter an account (RFC 7162 §3.1.2.1: 63 bits)."""
NO_MODSEQ = ModSeq(0)
ContentId = NewType("ContentId", int)
"""Names the immutable parse of a message within its account; ascending in order of arrival."""
EmailId = NewType("EmailId", int)
ThreadId = NewType("ThreadId", int)
"""Random 63-bit numbers, given once, carried by copies (RFC 8474 §5)."""
UidValidity = NewType("UidValidity", int)

KEYWORD_LIMIT = 128
"""Keywords a mailbox can hold; they are bits 0-63 of `keywords_low` and 0-63 of `keywords_high`."""


@dataclass(frozen=True, slots=True)
class InternalDate:
    """The internal date with the zone it was given in (RFC 9051 §2.3.3)."""

    utc_s: int
    zone_min: int = 0
    """Minutes east of UTC."""


class MailboxState(enum.IntEnum):
    """What may be done with a mailbox."""

    LIVE = 0
    MOVING = 1
    """Being moved to another account: readable, writes are refused with MailboxMoving."""


@dataclass(frozen=True, slots=True)
class MailboxRow:
    """A mailbox with its counters, as of one moment."""

    id: MailboxId
    name: str
    partition: str
    state: MailboxState
    deleted_at_s: int | None
    """When a delayed delete took it away; None for a mailbox that is there."""
    uidvalidity: UidValidity
    acl: str
    """Text form of angarium.rights.Acl."""
    acl_version: int
    special_use: str
    """Attributes with their backslashes, separated by spaces."""
    shared_seen: bool
    """Whether `\\Seen` is one for all who read it, instead of each reader's own."""
    quota_root: str | None
    """Relative name of the quota root that governs it."""
    keywords: tuple[str, ...]
    """Place is bit number; a keyword keeps its bit for ever."""
    created_modseq: ModSeq
    folder_modseq: ModSeq
    """Last change of the mailbox itself: name, ACL, options, special use."""
    highestmodseq: ModSeq
    """Last change of a message here; also raised by expunges (RFC 7162 §3.1.2)."""
    purged_modseq: ModSeq
    """Expunges up to here may have been forgotten."""
    uidnext: Uid
    recent_uid: Uid
    """The owner has been told of `\\Recent` up to this UID."""
    messages: int
    unseen: int
    """Without the owner's `\\Seen` (or the shared one)."""
    deleted: int
    octets: int
    created_at_s: int
    annotation_octets: int = 0
    """Of the values of its annotations, and of those of its messages (not of expunged ones)."""


@dataclass(frozen=True, slots=True)
class MessageRow:
    """One message of a mailbox; what a view holds."""

    uid: Uid
    modseq: ModSeq
    created_modseq: ModSeq
    expunged_modseq: ModSeq
    """0 while the message is there."""
    system_flags: int
    """Bits of angarium.flags.SystemFlags."""
    keywords_low: int
    keywords_high: int
    """Bit masks as unsigned 64-bit numbers, over MailboxRow.keywords."""
    date: InternalDate
    saved_at_s: int
    size_octets: int
    content: ContentId
    email_id: EmailId
    thread_id: ThreadId


@dataclass(frozen=True, slots=True)
class Content:
    """The immutable parse of a message, ready to send (DESIGN: parsed once, at delivery)."""

    hash: bytes
    """SHA-256 of the message file."""
    scanner_version: int
    envelope: bytes
    body: bytes
    bodystructure: bytes
    parts: bytes
    """angarium.mime's own form of the part tree and header-field offsets."""


@dataclass(frozen=True, slots=True)
class SearchFields:
    """Folded text of what searches, sorts and threads ask for most."""

    from_: str
    to: str
    cc: str
    bcc: str
    subject: str
    base_subject: str
    sent_s: int | None
    """The Date header as UTC seconds (RFC 5256 §2.2); None where it is absent or unreadable."""
    message_id: str
    first_from: str = ""
    first_to: str = ""
    first_cc: str = ""
    """Mailbox part of the first address, for SORT (RFC 5256 §3)."""
    references: tuple[str, ...] = ()
    """Message-ids this one answers, oldest first, without its own (RFC 5256 §3: References, else In-Reply-To)."""
    is_reply: bool | None = None
    """The subject had a mark of a reply or forward (RFC 5256 §3). None where neither this nor `references` is known:
    the row was written before they were kept."""


@dataclass(frozen=True, slots=True)
class AccountState:
    """The freshness of an account: compared, never interpreted."""

    modseq: ModSeq
    """Last change of anything in the account."""
    folder_modseq: ModSeq
    """Last change of names, rights, options, subscriptions or quota limits."""


@dataclass(frozen=True, slots=True)
class SeenRow:
    """Another user's seen state of a mailbox (the owner's is in the message flags)."""

    uids: str
    """Seen UIDs in sequence-set form (RFC 9051 §4.1.1)."""
    recent_uid: Uid
    highestmodseq: ModSeq
    """Last change of this seen state."""


class QuotaResource(enum.Enum):
    """What quota roots count (RFC 9208 §5), under its names there, in the order in which Cyrus tells them."""

    STORAGE = "STORAGE"
    MESSAGE = "MESSAGE"
    ANNOTATION_STORAGE = "ANNOTATION-STORAGE"
    MAILBOX = "MAILBOX"

    @property
    def unit(self) -> int:
        """What 1 of a limit stands for, in octets or in things."""
        return 1024 if self in (QuotaResource.STORAGE, QuotaResource.ANNOTATION_STORAGE) else 1


@dataclass(frozen=True, slots=True)
class QuotaRow:
    """A quota root (RFC 9208 §3.2.1) with exact use."""

    root: str
    """Relative name of the mailbox at its top."""
    limits: Mapping[QuotaResource, int]
    """In the units of RFC 9208 §5; what is not limited is only counted."""
    used: Mapping[QuotaResource, int]
    """Of every resource, in octets where it is storage."""
    modseq: ModSeq


@dataclass(frozen=True, slots=True)
class AnnotationChange:
    """What an annotation is to become."""

    entry: str
    """In lower case, without `/shared` or `/private`: `/comment`."""
    owner: AccountId | None
    """Whose own it is; None: the one that all share."""
    value: bytes | None
    """None takes it away."""


@dataclass(frozen=True, slots=True)
class AnnotationRow:
    """An annotation (RFC 5464, RFC 5257) that has a value."""

    uid: Uid
    """Of the message; 0: of the mailbox itself, or of the account."""
    entry: str
    owner: AccountId | None
    value: bytes
    modseq: ModSeq


@dataclass(frozen=True, slots=True)
class SubscriptionRow:
    """A subscription of the account's user, to any mailbox by its full internal name."""

    name: str
    modseq: ModSeq
    subscribed: bool
    """False: a tombstone, for clients that synchronise."""


@dataclass(frozen=True, slots=True)
class ChangeRow:
    """One line of the append-only log: who did what, and what was before."""

    modseq: ModSeq
    time_s: int
    actor: str
    client: str
    session: str
    operation: str
    mailbox: MailboxId | None
    uids: str
    """Sequence-set form; empty where the change is of the mailbox itself."""
    before: str
    """What was before, as JSON: flags, a name, an ACL."""


@dataclass(frozen=True, slots=True)
class PrunedChanges:
    """How far an account's change log was pruned: what is not in it any more is not later than this."""

    modseq: ModSeq
    time_s: int


@dataclass(frozen=True, slots=True)
class AccountRow:
    """An account by its name: a user, or a top-level shared hierarchy."""

    id: AccountId
    name: str
    """Internal name of its top mailbox: `user.smith`, `example.org!user.smith`, `board`."""


@dataclass(frozen=True, slots=True)
class CatalogueRow:
    """A mailbox as LIST and "shared with me" find it, without opening its account."""

    account: AccountId
    account_name: str
    mailbox: MailboxId
    name: str
    """Relative to its account."""
    partition: str
    acl: str
    special_use: str
    deleted: bool
    uidvalidity: UidValidity


@dataclass(frozen=True, slots=True)
class CredentialRow:
    """What a user can be checked by; secrets are derived keys only."""

    userid: str
    password_hash: str = field(repr=False)
    """argon2id in PHC string form; empty: no password login."""
    scram: str = field(repr=False)
    """SCRAM keys as JSON: mechanism to salt, iterations, stored and server key, base64."""
    version: int
    """Raised at each change, so that what was remembered of an older one dies at once."""
    disabled: bool
    created_at_s: int
    changed_at_s: int


@dataclass(frozen=True, slots=True)
class WorkRow:
    """Work of an account that must not be forgotten: written before the account commits, removed when done."""

    account: AccountId
    kind: str
    detail: str
    noted_at_s: int


@dataclass(frozen=True, slots=True)
class FoundMailbox:
    """A mailbox as its directory on a partition tells of it."""

    account: AccountId
    account_name: str
    mailbox: MailboxId
    name: str
    partition: str
    deleted_at_s: int | None
    uidvalidity: UidValidity
    acl: str
    special_use: str
    keywords: tuple[str, ...]
    uid_ceiling: Uid
    modseq_ceiling: ModSeq
    directory: str
    uids: tuple[Uid, ...]
    """Of the message files that are there, ascending."""


@dataclass(frozen=True, slots=True)
class UnreadableDirectory:
    """A mailbox directory whose header is missing or damaged."""

    partition: str
    directory: str
    reason: str
    uids: tuple[Uid, ...]
