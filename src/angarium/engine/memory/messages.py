"""Commands on messages, as the memory engine executes them on its copy of an account."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from angarium.engine import changelog
from angarium.engine.commands import (
    Added,
    AddMessages,
    Author,
    Copied,
    CopyMessages,
    Done,
    Expunge,
    Expunged,
    FlagOperation,
    FlagsStored,
    NewMessage,
    Purged,
    PurgeMessages,
    QuotaPolicy,
    RememberPreviews,
    Replaced,
    ReplaceMessage,
    StagedFile,
    StoreFlags,
)
from angarium.engine.memory.account import Account, Mailbox, StoredMessage, put_annotation, split_mask
from angarium.engine.quota import check_room
from angarium.engine.rows import (
    NO_MODSEQ,
    AccountId,
    AnnotationChange,
    ContentId,
    EmailId,
    MessageRow,
    QuotaResource,
    SearchFields,
    ThreadId,
    Uid,
)
from angarium.engine.sources import Sources
from angarium.errors import MessageFileMissing, MessageNotFound
from angarium.flags import Flags, SystemFlags
from angarium.sequenceset import UidSet


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What commands use besides the account."""

    sources: Sources
    partitions: frozenset[str]
    staged: Mapping[str, bytes]

    def now_s(self) -> int:
        return self.sources.now_s()

    def octets(self, file: StagedFile) -> bytes:
        """What was staged; MessageFileMissing where nothing was."""
        if file.path not in self.staged:
            raise MessageFileMissing(f"nothing is staged as {file.path}")
        return self.staged[file.path]


def add_messages(
    account: Account, surroundings: Surroundings, command: AddMessages, *, operation: str = "append"
) -> Added:
    """APPEND, and what a delivery puts somewhere."""
    mailbox = account.live(command.mailbox, command.acl_version)
    uids: list[Uid] = []
    added: list[Uid] = []
    newly_seen: list[Uid] = []
    for message in command.messages:
        known = _uid_of_origin(mailbox, message)
        if known is not None:
            uids.append(known)
            continue
        if not added:
            account.next_modseq()
        _check_quota(account, mailbox, message.file.size_octets, command.quota)
        _check_annotations(account, mailbox, message.annotations, command.quota)
        flags = message.flags
        uid = mailbox.next_uid()
        if command.seen_account is not None and SystemFlags.SEEN in flags.system:
            newly_seen.append(uid)
            flags = Flags(flags.system & ~SystemFlags.SEEN, flags.keywords)
        insert_message(account, surroundings, mailbox, uid, replace(message, flags=flags))
        uids.append(uid)
        added.append(uid)
    _add_seen(account, mailbox, command, newly_seen)
    if added:
        before = "" if command.copied_from is None else changelog.Source(command.copied_from).serialize()
        account.log(
            command.author, operation, now_s=surroundings.now_s(), mailbox=command.mailbox, uids=added, before=before
        )
    return Added(mailbox.kept.uidvalidity, tuple(uids), account.modseq)


def replace_message(account: Account, surroundings: Surroundings, command: ReplaceMessage) -> Replaced:
    """REPLACE: the expunge first, for the room it makes."""
    source = account.live(command.source, command.source_acl_version)
    replaced = source.present(UidSet(((command.replaced, command.replaced),)))
    if not replaced:
        raise MessageNotFound(f"message {command.replaced} of mailbox {command.source} is not there")
    gone = UidSet.from_numbers([message.row.uid for message in replaced])
    expunged = expunge_messages(account, surroundings, source, gone, command.add.author, "replace")
    assert expunged.modseq is not None
    add = command.add
    if account.quota_root(account.live(add.mailbox)) == account.quota_root(source):
        octets = sum(message.file.size_octets for message in add.messages)
        has_annotations = any(message.annotations for message in add.messages)
        if octets <= sum(message.row.size_octets for message in replaced) and not has_annotations:
            add = replace(add, quota=QuotaPolicy.IGNORE)
    return Replaced(add_messages(account, surroundings, add), expunged.modseq)


def insert_message(
    account: Account, surroundings: Surroundings, mailbox: Mailbox, uid: Uid, message: NewMessage
) -> None:
    """Put a new message under a UID, as of the account's present modseq."""
    account.last_content += 1
    content = ContentId(account.last_content)
    known = message.search if message.search.is_reply is not None else replace(message.search, references=())
    account.contents[content] = (message.content, known)
    low, high = split_mask(mailbox.keyword_mask(message.flags.keywords, create=True))
    email_id = message.email_id
    row = MessageRow(
        uid=uid,
        modseq=account.modseq,
        created_modseq=account.modseq,
        expunged_modseq=NO_MODSEQ,
        system_flags=int(message.flags.system),
        keywords_low=low,
        keywords_high=high,
        date=message.date,
        saved_at_s=surroundings.now_s() if message.saved_at_s is None else message.saved_at_s,
        size_octets=message.file.size_octets,
        content=content,
        email_id=EmailId(surroundings.sources.random_63()) if email_id is None else email_id,
        thread_id=_thread_of(account, surroundings.sources, message),
    )
    mailbox.put(StoredMessage(row, surroundings.octets(message.file)))
    if message.origin is not None:
        mailbox.origins[message.origin] = uid
    for change in message.annotations:
        put_annotation(mailbox.annotations, uid, change, account.modseq)


def copy_messages(account: Account, surroundings: Surroundings, command: CopyMessages) -> Copied:
    """COPY and MOVE; the copies come before the expunge, in modseq too."""
    source = account.live(command.source, command.source_acl_version)
    target = account.live(command.target, command.target_acl_version)
    copied = source.present(command.uids)
    if not copied:
        return Copied(target.kept.uidvalidity, (), (), account.modseq)
    modseq = account.next_modseq()
    stays_within_root = command.move and account.quota_root(source) == account.quota_root(target)
    quota = QuotaPolicy.IGNORE if stays_within_root else command.quota
    uids: list[Uid] = []
    newly_seen: list[Uid] = []
    for message in copied:
        _check_quota(account, target, message.row.size_octets, quota)
        annotations = _copied_annotations(source, message, command)
        _check_annotations(account, target, annotations, quota)
        uid = target.next_uid()
        flags = _copied_flags(source, message, command)
        if command.target_seen_account is not None and SystemFlags.SEEN in flags.system:
            newly_seen.append(uid)
            flags = Flags(flags.system & ~SystemFlags.SEEN, flags.keywords)
        low, high = split_mask(target.keyword_mask(flags.keywords, create=True))
        row = replace(
            message.row,
            uid=uid,
            modseq=modseq,
            created_modseq=modseq,
            system_flags=int(flags.system),
            keywords_low=low,
            keywords_high=high,
            saved_at_s=surroundings.now_s(),
        )
        target.put(StoredMessage(row, message.octets))
        for change in annotations:
            put_annotation(target.annotations, uid, change, modseq)
        uids.append(uid)
    if command.target_seen_account is not None and newly_seen:
        seen = target.seen_by(command.target_seen_account).union(UidSet.from_numbers(newly_seen))
        target.set_seen(command.target_seen_account, seen, modseq)
    from_uids = tuple(message.row.uid for message in copied)
    before = changelog.Copy(command.source, UidSet.from_numbers(from_uids), is_move=command.move).serialize()
    now_s = surroundings.now_s()
    account.log(command.author, "copy", now_s=now_s, mailbox=command.target, uids=uids, before=before)
    if not command.move:
        return Copied(target.kept.uidvalidity, from_uids, tuple(uids), modseq)
    gone = expunge_messages(account, surroundings, source, UidSet.from_numbers(from_uids), command.author, "move")
    return Copied(target.kept.uidvalidity, from_uids, tuple(uids), modseq, gone.modseq)


def store_flags(account: Account, surroundings: Surroundings, command: StoreFlags) -> FlagsStored:
    """STORE."""
    mailbox = account.live(command.mailbox, command.acl_version)
    refused: list[Uid] = []
    open_to_change: list[StoredMessage] = []
    for message in mailbox.present(command.uids):
        told = modseq_told(mailbox, message, command.seen_account)
        if command.unchanged_since is not None and told > command.unchanged_since:
            refused.append(message.row.uid)
        else:
            open_to_change.append(message)
    shared = _store_shared(account, mailbox, command, open_to_change)
    other_seen = _store_seen(account, mailbox, command, open_to_change, took_modseq=bool(shared))
    changed = UidSet.from_numbers([*(message.row.uid for message in shared), *other_seen])
    if not changed:
        return FlagsStored(changed, UidSet.from_numbers(refused), None)
    is_seen = command.operation is not FlagOperation.REMOVE and SystemFlags.SEEN in command.flags.system
    others = UidSet.from_numbers(other_seen)
    newly = (others, UidSet()) if is_seen else (UidSet(), others)
    before = changelog.serialize_flags(
        _flag_changes(mailbox, shared), changelog.SeenChange(command.seen_account, *newly)
    )
    account.log(
        command.author, "store", now_s=surroundings.now_s(), mailbox=command.mailbox, uids=changed, before=before
    )
    return FlagsStored(changed, UidSet.from_numbers(refused), account.modseq)


def expunge(account: Account, surroundings: Surroundings, command: Expunge) -> Expunged:
    """EXPUNGE and UID EXPUNGE."""
    mailbox = account.live(command.mailbox, command.acl_version)
    chosen = [
        message.row.uid
        for message in mailbox.present(command.uids)
        if not command.only_deleted or SystemFlags.DELETED in message.system
    ]
    uids = UidSet.from_numbers(chosen)
    return expunge_messages(account, surroundings, mailbox, uids, command.author, "expunge")


def expunge_messages(
    account: Account, surroundings: Surroundings, mailbox: Mailbox, uids: UidSet, author: Author, operation: str
) -> Expunged:
    """Mark messages expunged, whatever their flags; all that are there are marked."""
    if not uids:
        return Expunged(uids, None)
    modseq, now_s = account.next_modseq(), surroundings.now_s()
    root = account.quota_root(mailbox)
    full_before = changelog.full_resources(account.quota_row(root)) if root is not None else frozenset()
    for message in mailbox.present(uids):
        row = replace(message.row, modseq=modseq, expunged_modseq=modseq)
        mailbox.put(replace(message, row=row, expunged_at_s=now_s))
    before = ""
    if root is not None and (freed := full_before - changelog.full_resources(account.quota_row(root))):
        before = changelog.Room(root, tuple(sorted(freed))).serialize()
    account.log(author, operation, now_s=now_s, mailbox=mailbox.kept.id, uids=uids, before=before)
    return Expunged(uids, modseq)


def purge_messages(account: Account, command: PurgeMessages) -> Purged:
    """Forget expunged messages, those expunged first first; a mailbox in delayed delete is purged too."""
    mailbox = account.known(command.mailbox)
    waiting = sorted(
        (message.expunged_at_s, uid)
        for uid, message in mailbox.messages.items()
        if message.expunged_at_s is not None and message.expunged_at_s < command.expunged_before_s
    )
    for _, uid in waiting[: command.limit]:
        purged = mailbox.messages.pop(uid)
        highest = max(mailbox.kept.purged_modseq, purged.row.expunged_modseq)
        mailbox.kept = replace(mailbox.kept, purged_modseq=highest)
    mailbox.annotations = {
        key: row for key, row in mailbox.annotations.items() if not row.uid or row.uid in mailbox.messages
    }
    account.forget_unnamed_contents()
    return Purged(min(len(waiting), command.limit), more=len(waiting) > command.limit)


def _uid_of_origin(mailbox: Mailbox, message: NewMessage) -> Uid | None:
    uid = None if message.origin is None else mailbox.origins.get(message.origin)
    if uid is None or uid not in mailbox.messages or not mailbox.messages[uid].is_present:
        return None
    return uid


def _check_quota(account: Account, mailbox: Mailbox, size_octets: int, policy: QuotaPolicy) -> None:
    root = account.quota_root(mailbox)
    if root is not None:
        added = {QuotaResource.STORAGE: size_octets, QuotaResource.MESSAGE: 1}
        check_room(account.quota_row(root), added, policy)


def _thread_of(account: Account, sources: Sources, message: NewMessage) -> ThreadId:
    keys = _thread_keys(message.search)
    thread = message.thread_id
    if thread is None:
        thread = next((account.threads[key] for key in keys if key in account.threads), None)
    if thread is None:
        thread = ThreadId(sources.random_63())
    for key in keys:
        account.threads.setdefault(key, thread)
    return thread


def note_references(account: Account, search: SearchFields, thread: ThreadId) -> None:
    """What a message with a thread of its own mentions belongs there from now on, unless it is known already."""
    for key in _thread_keys(search):
        account.threads.setdefault(key, thread)


def _thread_keys(search: SearchFields) -> list[tuple[str, str]]:
    mentioned = [message_id for message_id in (search.message_id, *reversed(search.references)) if message_id]
    return [(message_id, search.base_subject) for message_id in mentioned]


def _add_seen(account: Account, mailbox: Mailbox, command: AddMessages, uids: list[Uid]) -> None:
    if command.seen_account is not None and uids:
        seen = mailbox.seen_by(command.seen_account).union(UidSet.from_numbers(uids))
        mailbox.set_seen(command.seen_account, seen, account.modseq)


def _copied_flags(source: Mailbox, message: StoredMessage, command: CopyMessages) -> Flags:
    system = message.system
    if command.source_seen_account is not None:
        system &= ~SystemFlags.SEEN
        if message.row.uid in source.seen_by(command.source_seen_account):
            system |= SystemFlags.SEEN
    keywords = source.keyword_names(message.keyword_mask) if command.keep_keywords else ()
    return Flags(system & command.kept_flags, keywords)


def _copied_annotations(source: Mailbox, message: StoredMessage, command: CopyMessages) -> list[AnnotationChange]:
    return [
        AnnotationChange(row.entry, row.owner, row.value)
        for row in source.annotations.values()
        if row.uid == message.row.uid
        and (command.keep_shared_annotations if row.owner is None else row.owner == command.private_annotations_of)
    ]


def _check_annotations(
    account: Account, mailbox: Mailbox, changes: Sequence[AnnotationChange], policy: QuotaPolicy
) -> None:
    octets = {(change.entry, change.owner): len(change.value or b"") for change in changes}
    check_annotation_octets(account, mailbox, sum(octets.values()), policy)


def check_annotation_octets(account: Account, mailbox: Mailbox, octets: int, policy: QuotaPolicy) -> None:
    """QuotaExceeded."""
    root = account.quota_root(mailbox)
    if root is not None and octets > 0:
        check_room(account.quota_row(root), {QuotaResource.ANNOTATION_STORAGE: octets}, policy)


def modseq_told(mailbox: Mailbox, message: StoredMessage, seen_account: AccountId | None) -> int:
    """The message's MODSEQ for a reader: her seen state counts as one change of all it holds."""
    seen = None if seen_account is None else mailbox.seen.get(seen_account)
    return message.row.modseq if seen is None else max(message.row.modseq, seen.highestmodseq)


def _store_shared(
    account: Account, mailbox: Mailbox, command: StoreFlags, messages: list[StoredMessage]
) -> list[StoredMessage]:
    """Change the messages' own flags; gives those that changed, as they were."""
    writable = command.writable
    if command.seen_account is not None:
        writable &= ~SystemFlags.SEEN
    creates = bool(messages) and command.keywords_writable and command.operation is not FlagOperation.REMOVE
    mask = mailbox.keyword_mask(command.flags.keywords if command.keywords_writable else (), create=creates)
    before: list[StoredMessage] = []
    for message in messages:
        system = message.system & ~writable | _combine(command, message.system, command.flags.system) & writable
        keyword_mask = message.keyword_mask
        if command.keywords_writable:
            keyword_mask = _combine(command, keyword_mask, mask)
        if (system, keyword_mask) == (message.system, message.keyword_mask):
            continue
        if not before:
            account.next_modseq()
        before.append(message)
        mailbox.put(message.with_flags(SystemFlags(system), keyword_mask, account.modseq))
    return before


def _flag_changes(mailbox: Mailbox, before: list[StoredMessage]) -> list[changelog.FlagsChange]:
    changes: dict[tuple[int, int, int, int], list[Uid]] = {}
    for message in before:
        after = mailbox.messages[message.row.uid]
        key = (int(message.system), int(after.system), message.keyword_mask, after.keyword_mask)
        changes.setdefault(key, []).append(message.row.uid)
    return [changelog.FlagsChange(UidSet.from_numbers(uids), *key) for key, uids in changes.items()]


def _store_seen(
    account: Account, mailbox: Mailbox, command: StoreFlags, messages: list[StoredMessage], *, took_modseq: bool
) -> set[Uid]:
    """Change another user's `\\Seen`; gives the UIDs where it changed."""
    if command.seen_account is None or SystemFlags.SEEN not in command.writable:
        return set()
    seen = set(mailbox.seen_by(command.seen_account))
    among = {message.row.uid for message in messages}
    wanted: set[int] = set(among) if SystemFlags.SEEN in command.flags.system else set()
    match command.operation:
        case FlagOperation.ADD:
            result = seen | wanted
        case FlagOperation.REMOVE:
            result = seen - wanted
        case FlagOperation.REPLACE:
            result = seen - among | wanted
    if result == seen:
        return set()
    modseq = account.modseq if took_modseq else account.next_modseq()
    mailbox.set_seen(command.seen_account, UidSet.from_numbers(result), modseq)
    return {uid for uid in among if (uid in result) != (uid in seen)}


def _combine(command: StoreFlags, old: int, given: int) -> int:
    match command.operation:
        case FlagOperation.ADD:
            return old | given
        case FlagOperation.REMOVE:
            return old & ~given
        case FlagOperation.REPLACE:
            return given


def remember_previews(account: Account, command: RememberPreviews) -> Done:
    """Advisory; takes no modseq."""
    account.previews |= {content: text for content, text in command.previews if content in account.contents}
    return Done(account.modseq)
