"""What the memory engine keeps of an account, and what it derives from that.

Nothing is kept twice: counters, the governing quota root and quota use are worked out whenever they are asked for, so
that they are right by construction and can judge engines that keep them. A command works on a copy of the account,
which takes the place of the original when the command succeeds; so a refusal leaves no trace.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace

from angarium.engine.commands import Author, MessageOrigin
from angarium.engine.delivery import DispatchRow, MarkKind, MarkRow
from angarium.engine.rows import (
    KEYWORD_LIMIT,
    NO_MODSEQ,
    AccountId,
    AnnotationChange,
    AnnotationRow,
    ChangeRow,
    Content,
    ContentId,
    MailboxId,
    MailboxRow,
    MailboxState,
    MessageRow,
    ModSeq,
    PrunedChanges,
    QuotaResource,
    QuotaRow,
    SearchFields,
    SeenRow,
    SubscriptionRow,
    ThreadId,
    Uid,
    UidValidity,
)
from angarium.engine.scripts import ScriptRow
from angarium.errors import AclChanged, KeywordLimitExceeded, MailboxNotFound, UidsExhausted
from angarium.flags import SystemFlags
from angarium.sequenceset import MAXIMUM_UID, UidSet

_LOW_BITS = 64

NOTHING_PRUNED = PrunedChanges(NO_MODSEQ, 0)

Annotations = dict[tuple[Uid, str, AccountId | None], AnnotationRow]
"""By UID (0: of the mailbox or the account itself), entry and owner."""


@dataclass(frozen=True, slots=True)
class StoredMessage:
    """A message with its octets; `expunged_at_s` is set while it waits to be purged."""

    row: MessageRow
    octets: bytes
    expunged_at_s: int | None = None

    @property
    def is_present(self) -> bool:
        return self.row.expunged_modseq == NO_MODSEQ

    @property
    def system(self) -> SystemFlags:
        return SystemFlags(self.row.system_flags)

    @property
    def keyword_mask(self) -> int:
        return self.row.keywords_low | self.row.keywords_high << _LOW_BITS

    def with_flags(self, system: SystemFlags, keyword_mask: int, modseq: ModSeq) -> "StoredMessage":
        """The message after a change of its flags."""
        low, high = split_mask(keyword_mask)
        row = replace(self.row, system_flags=int(system), keywords_low=low, keywords_high=high, modseq=modseq)
        return replace(self, row=row)


@dataclass(slots=True)
class Mailbox:
    """A mailbox; the counters and the quota root in `kept` mean nothing, `Account.mailbox_row` gives them."""

    kept: MailboxRow
    messages: dict[Uid, StoredMessage] = field(default_factory=dict)
    seen: dict[AccountId, SeenRow] = field(default_factory=dict)
    origins: dict[MessageOrigin, Uid] = field(default_factory=dict)
    annotations: Annotations = field(default_factory=dict)

    def copy(self) -> "Mailbox":
        return Mailbox(self.kept, dict(self.messages), dict(self.seen), dict(self.origins), dict(self.annotations))

    @property
    def is_live(self) -> bool:
        return self.kept.deleted_at_s is None

    @property
    def octets(self) -> int:
        return sum(message.row.size_octets for message in self.messages.values() if message.is_present)

    @property
    def annotation_octets(self) -> int:
        there = {Uid(0), *(message.row.uid for message in self.present())}
        return sum(len(row.value) for row in self.annotations.values() if row.uid in there)

    def present(self, uids: UidSet | None = None) -> list[StoredMessage]:
        """Messages that are there (among `uids`), ascending by UID."""
        return [
            message
            for uid, message in sorted(self.messages.items())
            if message.is_present and (uids is None or uid in uids)
        ]

    def put(self, message: StoredMessage) -> None:
        """Add or replace a message, as a change that HIGHESTMODSEQ shows."""
        self.messages[message.row.uid] = message
        self.kept = replace(self.kept, highestmodseq=max(self.kept.highestmodseq, message.row.modseq))

    def next_uid(self) -> Uid:
        """UidsExhausted."""
        uid = self.kept.uidnext
        if uid > MAXIMUM_UID:
            raise UidsExhausted(f"{self.kept.name} has given its last UID")
        self.kept = replace(self.kept, uidnext=Uid(uid + 1))
        return uid

    def seen_by(self, account: AccountId) -> UidSet:
        """What another user has seen."""
        row = self.seen.get(account)
        return UidSet.parse(row.uids.encode()) if row is not None and row.uids else UidSet()

    def set_seen(self, account: AccountId, uids: UidSet, modseq: ModSeq) -> None:
        """Replace what another user has seen."""
        row = self.seen.get(account) or SeenRow("", Uid(0), NO_MODSEQ)
        self.seen[account] = replace(row, uids=uids.serialize().decode(), highestmodseq=modseq)

    def keyword_mask(self, keywords: Iterable[str], *, create: bool) -> int:
        """The bits of keywords as one number; unknown ones get the next free bits if `create`, else have none.

        KeywordLimitExceeded.
        """
        known = list(self.kept.keywords)
        bits = {keyword.lower(): bit for bit, keyword in enumerate(known)}
        mask = 0
        for keyword in keywords:
            if keyword.lower() not in bits:
                if not create:
                    continue
                if len(known) == KEYWORD_LIMIT:
                    raise KeywordLimitExceeded(f"{self.kept.name} has {KEYWORD_LIMIT} keywords already")
                bits[keyword.lower()] = len(known)
                known.append(keyword)
            mask |= 1 << bits[keyword.lower()]
        self.kept = replace(self.kept, keywords=tuple(known))
        return mask

    def keyword_names(self, mask: int) -> tuple[str, ...]:
        """The keywords whose bits are set."""
        return tuple(keyword for bit, keyword in enumerate(self.kept.keywords) if mask >> bit & 1)


@dataclass(frozen=True, slots=True)
class Queued:
    """Mail to send, with the octets of its file."""

    row: DispatchRow
    octets: bytes | None


@dataclass(slots=True)
class QuotaRoot:
    """Limits; use is derived."""

    limits: Mapping[QuotaResource, int]
    modseq: ModSeq


@dataclass(slots=True)
class Account:
    """All that is kept of an account."""

    id: AccountId
    name: str
    """Its own copy; the engine's is the truth."""
    modseq: ModSeq = NO_MODSEQ
    folder_modseq: ModSeq = NO_MODSEQ
    last_uidvalidity: int = 0
    last_content: int = 0
    mailboxes: dict[MailboxId, Mailbox] = field(default_factory=dict)
    tombstones: dict[str, dict[MailboxId, UidValidity]] = field(default_factory=dict)
    """Name to what had it, with its UIDVALIDITY."""
    contents: dict[ContentId, tuple[Content, SearchFields]] = field(default_factory=dict)
    previews: dict[ContentId, str] = field(default_factory=dict)
    threads: dict[tuple[str, str], ThreadId] = field(default_factory=dict)
    """Message-id and base subject to thread."""
    subscriptions: dict[str, SubscriptionRow] = field(default_factory=dict)
    quotas: dict[str, QuotaRoot] = field(default_factory=dict)
    changes: list[ChangeRow] = field(default_factory=list)
    pruned: PrunedChanges = NOTHING_PRUNED
    annotations: Annotations = field(default_factory=dict)
    marks: dict[tuple[MarkKind, str], MarkRow] = field(default_factory=dict)
    scripts: dict[str, ScriptRow] = field(default_factory=dict)
    dispatches: dict[int, Queued] = field(default_factory=dict)
    last_dispatch: int = 0

    def copy(self) -> "Account":
        """A copy that a command may change."""
        return replace(
            self,
            mailboxes={key: mailbox.copy() for key, mailbox in self.mailboxes.items()},
            tombstones={name: dict(had) for name, had in self.tombstones.items()},
            contents=dict(self.contents),
            previews=dict(self.previews),
            threads=dict(self.threads),
            subscriptions=dict(self.subscriptions),
            quotas=dict(self.quotas),
            changes=list(self.changes),
            annotations=dict(self.annotations),
            marks=dict(self.marks),
            scripts=dict(self.scripts),
            dispatches=dict(self.dispatches),
        )

    # Numbers

    def next_modseq(self) -> ModSeq:
        self.modseq = ModSeq(self.modseq + 1)
        return self.modseq

    def next_folder_modseq(self) -> ModSeq:
        self.folder_modseq = self.next_modseq()
        return self.folder_modseq

    def next_uidvalidity(self, now_s: int) -> UidValidity:
        self.last_uidvalidity = max(now_s, self.last_uidvalidity + 1)
        return UidValidity(self.last_uidvalidity)

    # Mailboxes

    def known(self, mailbox: MailboxId, acl_version: int | None = None) -> Mailbox:
        """A mailbox, live or in delayed delete; MailboxNotFound, AclChanged."""
        found = self.mailboxes.get(mailbox)
        if found is None:
            raise MailboxNotFound(f"no mailbox {mailbox} in account {self.id}")
        if acl_version is not None and found.kept.acl_version != acl_version:
            raise AclChanged(f"the ACL of {found.kept.name} has version {found.kept.acl_version}, not {acl_version}")
        return found

    def live(self, mailbox: MailboxId, acl_version: int | None = None) -> Mailbox:
        """A live mailbox; MailboxNotFound, AclChanged."""
        found = self.known(mailbox)
        if not found.is_live:
            raise MailboxNotFound(f"mailbox {mailbox} is in delayed delete")
        return self.known(mailbox, acl_version)

    def add_mailbox(
        self, mailbox: MailboxId, name: str, *, partition: str, acl: str, uidvalidity: UidValidity, created_at_s: int
    ) -> Mailbox:
        """A new, empty mailbox, as of the present modseq."""
        row = MailboxRow(
            id=mailbox,
            name=name,
            partition=partition,
            state=MailboxState.LIVE,
            deleted_at_s=None,
            uidvalidity=uidvalidity,
            acl=acl,
            acl_version=1,
            special_use="",
            shared_seen=False,
            quota_root=None,
            keywords=(),
            created_modseq=self.modseq,
            folder_modseq=self.modseq,
            highestmodseq=self.modseq,
            purged_modseq=NO_MODSEQ,
            uidnext=Uid(1),
            recent_uid=Uid(0),
            messages=0,
            unseen=0,
            deleted=0,
            octets=0,
            created_at_s=created_at_s,
        )
        self.mailboxes[mailbox] = Mailbox(row)
        return self.mailboxes[mailbox]

    def note_tombstone(self, mailbox: Mailbox) -> None:
        """A name loses its mailbox."""
        self.tombstones.setdefault(mailbox.kept.name, {})[mailbox.kept.id] = mailbox.kept.uidvalidity

    def mailbox_row(self, mailbox: Mailbox) -> MailboxRow:
        """The row with its counters."""
        present = mailbox.present()
        return replace(
            mailbox.kept,
            quota_root=self.quota_root(mailbox),
            messages=len(present),
            unseen=sum(SystemFlags.SEEN not in message.system for message in present),
            deleted=sum(SystemFlags.DELETED in message.system for message in present),
            octets=mailbox.octets,
            annotation_octets=mailbox.annotation_octets,
        )

    def forget_unnamed_contents(self) -> None:
        """Drop contents that no message names."""
        named = {message.row.content for mailbox in self.mailboxes.values() for message in mailbox.messages.values()}
        self.contents = {content: parsed for content, parsed in self.contents.items() if content in named}
        self.previews = {content: text for content, text in self.previews.items() if content in named}

    # Quota

    def quota_root(self, mailbox: Mailbox) -> str | None:
        """The nearest root, of the name itself or above; a mailbox in delayed delete is under none."""
        if not mailbox.is_live:
            return None
        components = mailbox.kept.name.split(".") if mailbox.kept.name else []
        above = [".".join(components[:count]) for count in range(len(components), -1, -1)]
        return next((name for name in above if name in self.quotas), None)

    def quota_row(self, root: str) -> QuotaRow:
        """A root with its use."""
        governed = [mailbox for mailbox in self.mailboxes.values() if self.quota_root(mailbox) == root]
        used = {
            QuotaResource.STORAGE: sum(mailbox.octets for mailbox in governed),
            QuotaResource.MESSAGE: sum(len(mailbox.present()) for mailbox in governed),
            QuotaResource.ANNOTATION_STORAGE: sum(mailbox.annotation_octets for mailbox in governed),
            QuotaResource.MAILBOX: len(governed),
        }
        return QuotaRow(root, self.quotas[root].limits, used, self.quotas[root].modseq)

    def quota_rows(self) -> list[QuotaRow]:
        """All roots, by name."""
        return [self.quota_row(root) for root in sorted(self.quotas)]

    def move_roots(self, moved: Mapping[str, str | None]) -> None:
        """Let roots go along with their mailboxes, from old to new names, or go with them (None)."""
        moving = {name: self.quotas.pop(name) for name in moved if name in self.quotas}
        for name, quota in moving.items():
            new = moved[name]
            if new is not None:
                self.quotas[new] = replace(quota, modseq=self.folder_modseq)

    # The log

    def log(
        self,
        author: Author,
        operation: str,
        *,
        now_s: int,
        mailbox: MailboxId | None = None,
        uids: UidSet | Iterable[int] = (),
        before: str = "",
    ) -> None:
        """Append to the change log, under the present modseq."""
        text = (uids if isinstance(uids, UidSet) else UidSet.from_numbers(uids)).serialize().decode()
        self.changes.append(
            ChangeRow(self.modseq, now_s, author.actor, author.client, author.session, operation, mailbox, text, before)
        )


def put_annotation(annotations: Annotations, uid: Uid, change: AnnotationChange, modseq: ModSeq) -> bool:
    """Make a change; gives whether it is one."""
    key = (uid, change.entry, change.owner)
    present = annotations.get(key)
    if (None if present is None else present.value) == change.value:
        return False
    if change.value is None:
        del annotations[key]
    else:
        annotations[key] = AnnotationRow(uid, change.entry, change.owner, change.value, modseq)
    return True


def split_mask(mask: int) -> tuple[int, int]:
    """A keyword mask as its two columns, low and high."""
    return mask & ((1 << _LOW_BITS) - 1), mask >> _LOW_BITS
