"""Adding, copying and restoring messages within a transaction."""

from collections.abc import Iterable
from dataclasses import replace
from typing import Any

from angarium.engine import changelog
from angarium.engine.commands import (
    Added,
    AddMessages,
    Author,
    Copied,
    CopyMessages,
    Done,
    NewMessage,
    QuotaPolicy,
    RememberPreviews,
    Replaced,
    ReplaceMessage,
    RestoredMessage,
)
from angarium.engine.rows import Content, ContentId, EmailId, ModSeq, SearchFields, ThreadId, Uid, UidValidity
from angarium.engine.spool import message_name
from angarium.engine.sqlite.annotations import add_annotations, copy_annotations
from angarium.engine.sqlite.expunge import expunge_rows
from angarium.engine.sqlite.query import fetch_all
from angarium.engine.sqlite.quotas import charge
from angarium.engine.sqlite.seen import add_seen, seen_uids
from angarium.engine.sqlite.transaction import Mailbox, Transaction, signed, unsigned
from angarium.errors import MessageNotFound
from angarium.flags import Flags, SystemFlags
from angarium.sequenceset import UidSet

_REFERENCES_LIMIT = 100
"""Message-ids of one message that are remembered; the oldest and the newest matter most, as News has it."""

_INSERT_MESSAGE = (
    "INSERT INTO message (mailbox, uid, modseq, created_modseq, flags, keywords_low, keywords_high, date, zone,"
    " saved_at, size, content, email, thread) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"
)
_COPIED_COLUMNS = "uid, flags, keywords_low, keywords_high, date, zone, size, content, email, thread"


def add_messages(transaction: Transaction, command: AddMessages, *, operation: str = "append") -> Added:
    """APPEND, and what a delivery puts somewhere; `operation` is what the change log calls it."""
    mailbox = transaction.mailbox(command.mailbox, acl_version=command.acl_version)
    modseq = ModSeq(transaction.modseq)
    uids: list[Uid] = []
    added: list[Uid] = []
    seen: list[Uid] = []
    for message in command.messages:
        known = _known_origin(transaction, mailbox, message)
        if known is not None:
            uids.append(known)
            continue
        if not added:
            modseq = transaction.next_modseq()
        charge(transaction, mailbox, command.quota, octets=message.file.size_octets, messages=1)
        uid = transaction.place_file(mailbox, message.file.path, message.file.partition)
        flags = message.flags
        if command.seen_account is not None and SystemFlags.SEEN in flags.system:
            seen.append(uid)
            flags = Flags(flags.system & ~SystemFlags.SEEN, flags.keywords)
        _insert(transaction, mailbox, uid, modseq, message, flags)
        if message.annotations:
            add_annotations(transaction, mailbox, uid, message.annotations, modseq, command.quota)
        if message.origin is not None:
            transaction.connection.execute(
                "INSERT INTO origin (source, source_uid, mailbox, uid) VALUES (?, ?, ?, ?)",
                (message.origin.mailbox, message.origin.uid, mailbox.number, uid),
            )
        uids.append(uid)
        added.append(uid)
    if added:
        mailbox.highestmodseq = modseq
        transaction.save_counters(mailbox)
        before = "" if command.copied_from is None else changelog.Source(command.copied_from).serialize()
        _log(transaction, command.author, operation, modseq, mailbox, added, before)
    if seen and command.seen_account is not None:
        add_seen(transaction, mailbox, command.seen_account, UidSet.from_numbers(seen), modseq)
    return Added(UidValidity(mailbox.uidvalidity), tuple(uids), modseq)


def replace_message(transaction: Transaction, command: ReplaceMessage) -> Replaced:
    """REPLACE. The expunge comes first, so that the room it makes is there; where the addition is refused, it is
    undone with the command."""
    source = transaction.mailbox(command.source, acl_version=command.source_acl_version)
    octets_before = source.octets
    replaced = UidSet(((command.replaced, command.replaced),))
    expunged = expunge_rows(transaction, source, replaced, command.add.author, operation="replace")
    if expunged.modseq is None:
        raise MessageNotFound(f"message {command.replaced} of {source.name} is not there")
    add = command.add
    if transaction.mailbox(add.mailbox).quota_root == source.quota_root:
        octets = sum(message.file.size_octets for message in add.messages)
        if octets <= octets_before - source.octets and not any(message.annotations for message in add.messages):
            add = replace(add, quota=QuotaPolicy.IGNORE)
    return Replaced(add_messages(transaction, add), expunged.modseq)


def copy_messages(transaction: Transaction, command: CopyMessages) -> Copied:
    """COPY and MOVE within the account."""
    source = transaction.mailbox(command.source, acl_version=command.source_acl_version, writing=command.move)
    same = command.target == command.source
    target = transaction.mailbox(command.target, acl_version=command.target_acl_version)
    if same:
        target = source
    source_seen = seen_uids(transaction, source, command.source_seen_account)
    rows = _present_rows(transaction, source, command.uids)
    if not rows:
        return Copied(UidValidity(target.uidvalidity), (), (), ModSeq(transaction.modseq))
    modseq = transaction.next_modseq()
    keywords = source.keywords.split()
    masks: dict[tuple[int, int], tuple[int, int]] = {}
    from_uids: list[Uid] = []
    to_uids: list[Uid] = []
    newly_seen: list[Uid] = []
    directory = transaction.directory(source)
    # What moves within one root takes no more room than it had.
    moves_within_root = command.move and source.quota_root == target.quota_root
    policy = QuotaPolicy.IGNORE if moves_within_root else command.quota
    for uid, system, low, high, *rest in rows:
        was_seen = uid in source_seen if source_seen is not None else bool(system & SystemFlags.SEEN)
        system = (system & ~SystemFlags.SEEN) | (SystemFlags.SEEN if was_seen else 0)
        system &= command.kept_flags
        if (low, high) not in masks:
            kept = _keyword_names(keywords, low, high) if command.keep_keywords else ()
            masks[low, high] = transaction.keyword_bits(target, kept, create=True)
        target_low, target_high = masks[low, high]
        date, zone, size, content, email, thread = rest
        charge(transaction, target, policy, octets=size, messages=1)
        new_uid = transaction.place_file(target, f"{directory}/{message_name(uid)}", source.partition)
        if command.target_seen_account is not None and system & SystemFlags.SEEN:
            newly_seen.append(new_uid)
            system &= ~SystemFlags.SEEN
        transaction.connection.execute(
            _INSERT_MESSAGE,
            (
                target.number,
                new_uid,
                modseq,
                modseq,
                int(system),
                signed(target_low),
                signed(target_high),
                date,
                zone,
                transaction.now_s,
                size,
                content,
                email,
                thread,
            ),
        )
        _count(target, SystemFlags(system), size)
        from_uids.append(uid)
        to_uids.append(new_uid)
    gone: ModSeq | None = None
    if to_uids:
        target.highestmodseq = modseq
        transaction.save_counters(target)
        copies = zip(from_uids, to_uids, strict=True)
        copy_annotations(transaction, source, target, copies, command, modseq, policy)
        where = changelog.Copy(source.id, UidSet.from_numbers(from_uids), is_move=command.move).serialize()
        _log(transaction, command.author, "copy", modseq, target, to_uids, before=where)
        if newly_seen and command.target_seen_account is not None:
            add_seen(transaction, target, command.target_seen_account, UidSet.from_numbers(newly_seen), modseq)
        if command.move:
            moved = UidSet.from_numbers(from_uids)
            gone = expunge_rows(transaction, source, moved, command.author, operation="move").modseq
    return Copied(UidValidity(target.uidvalidity), tuple(from_uids), tuple(to_uids), modseq, gone)


def restore_message(transaction: Transaction, mailbox: Mailbox, restored: RestoredMessage, modseq: ModSeq) -> None:
    """Take up a message whose file is in place."""
    _insert(transaction, mailbox, restored.uid, modseq, restored.message, restored.message.flags)


def _insert(
    transaction: Transaction, mailbox: Mailbox, uid: Uid, modseq: ModSeq, message: NewMessage, flags: Flags
) -> None:
    content = _insert_content(transaction, message.content, message.search)
    random_63 = transaction.storage.sources.random_63
    email = message.email_id if message.email_id is not None else EmailId(random_63())
    thread = _thread_of(transaction, message)
    low, high = transaction.keyword_bits(mailbox, flags.keywords, create=True)
    saved_at = message.saved_at_s if message.saved_at_s is not None else transaction.now_s
    transaction.connection.execute(
        _INSERT_MESSAGE,
        (
            mailbox.number,
            uid,
            modseq,
            modseq,
            int(flags.system),
            signed(low),
            signed(high),
            message.date.utc_s,
            message.date.zone_min,
            saved_at,
            message.file.size_octets,
            content,
            email,
            thread,
        ),
    )
    _count(mailbox, flags.system, message.file.size_octets)


def _count(mailbox: Mailbox, system: SystemFlags, size_octets: int) -> None:
    mailbox.messages += 1
    mailbox.octets += size_octets
    mailbox.unseen += SystemFlags.SEEN not in system
    mailbox.deleted += SystemFlags.DELETED in system


def _insert_content(transaction: Transaction, content: Content, search: SearchFields) -> ContentId:
    connection = transaction.connection
    number = transaction.next_content()
    connection.execute(
        "INSERT INTO content (id, hash, scanner_version, envelope, body, bodystructure, parts)"
        " VALUES (?, ?, ?, ?, ?, ?, ?)",
        (
            number,
            content.hash,
            content.scanner_version,
            content.envelope,
            content.body,
            content.bodystructure,
            content.parts,
        ),
    )
    connection.execute(
        "INSERT INTO search (content, from_, to_, cc, bcc, subject, base_subject, sent, message_id, first_from,"
        " first_to, first_cc, reference_ids, is_reply) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
        (
            number,
            search.from_,
            search.to,
            search.cc,
            search.bcc,
            search.subject,
            search.base_subject,
            search.sent_s,
            search.message_id,
            search.first_from,
            search.first_to,
            search.first_cc,
            None if search.is_reply is None else "\n".join(search.references),
            search.is_reply,
        ),
    )
    return number


def _thread_of(transaction: Transaction, message: NewMessage) -> ThreadId:
    """The thread of the newest message-id that is known under the same base subject, else a new one.

    Told threads never merge (RFC 8474 §5.2): a message that links two of them joins the one it answers most directly.
    """
    search = message.search
    mentioned = _mentioned(search.message_id, search.references)
    connection = transaction.connection
    thread = message.thread_id
    if thread is None:
        for message_id in mentioned:
            known = connection.execute(
                "SELECT thread FROM reference WHERE message_id = ? AND base_subject = ?",
                (message_id, search.base_subject),
            ).get
            if known is not None:
                thread = ThreadId(known)
                break
        else:
            thread = ThreadId(transaction.storage.sources.random_63())
    _note_mentioned(transaction, mentioned, search.base_subject, thread)
    return thread


def note_references(
    transaction: Transaction, message_id: str, references: tuple[str, ...], base_subject: str, thread: int
) -> None:
    """What a message with a thread of its own mentions belongs there from now on, unless it is known already."""
    _note_mentioned(transaction, _mentioned(message_id, references), base_subject, thread)


def _mentioned(message_id: str, references: tuple[str, ...]) -> list[str]:
    """The message's own id, where it has one, and those it refers to, newest first."""
    kept = references[:1] + references[1:][-_REFERENCES_LIMIT:]
    return [*dict.fromkeys([*([message_id] if message_id else []), *reversed(kept)])]


def _note_mentioned(transaction: Transaction, mentioned: list[str], base_subject: str, thread: int) -> None:
    transaction.connection.executemany(
        "INSERT INTO reference (message_id, base_subject, thread, noted_at) VALUES (?, ?, ?, ?) ON CONFLICT DO NOTHING",
        [(message_id, base_subject, thread, transaction.now_s) for message_id in mentioned],
    )


def _known_origin(transaction: Transaction, mailbox: Mailbox, message: NewMessage) -> Uid | None:
    """Where a retry's first copy is; one that was expunged since does not count."""
    if message.origin is None:
        return None
    key = (message.origin.mailbox, message.origin.uid, mailbox.number)
    found = transaction.connection.execute(
        "SELECT o.uid, m.expunged_modseq FROM origin o LEFT JOIN message m ON m.mailbox = o.mailbox AND m.uid = o.uid"
        " WHERE o.source = ? AND o.source_uid = ? AND o.mailbox = ?",
        key,
    ).fetchone()
    if found is None:
        return None
    uid, expunged_modseq = found
    if expunged_modseq == 0:
        return Uid(uid)
    transaction.connection.execute("DELETE FROM origin WHERE source = ? AND source_uid = ? AND mailbox = ?", key)
    return None


def _present_rows(transaction: Transaction, mailbox: Mailbox, uids: UidSet) -> list[tuple[Any, ...]]:
    rows: list[tuple[Any, ...]] = []
    for first, last in uids.ranges:
        rows += fetch_all(
            transaction.connection,
            f"SELECT {_COPIED_COLUMNS} FROM message WHERE mailbox = ? AND uid BETWEEN ? AND ? AND expunged_modseq = 0",
            (mailbox.number, first, last),
        )
    return rows


def _keyword_names(keywords: list[str], low: int, high: int) -> tuple[str, ...]:
    mask = unsigned(low) | unsigned(high) << 64
    return tuple(keyword for bit, keyword in enumerate(keywords) if mask >> bit & 1)


def _log(
    transaction: Transaction,
    author: Author,
    operation: str,
    modseq: ModSeq,
    mailbox: Mailbox,
    uids: Iterable[Uid],
    before: str = "",
) -> None:
    text = UidSet.from_numbers(uids).serialize().decode()
    transaction.log_change(author, operation, modseq, mailbox=mailbox.id, uids=text, before=before)


def remember_previews(transaction: Transaction, command: RememberPreviews) -> Done:
    """Advisory; moves no modseq."""
    transaction.connection.executemany(
        "INSERT OR REPLACE INTO preview (content, text)"
        " SELECT ?1, ?2 WHERE EXISTS (SELECT 1 FROM content WHERE id = ?1)",
        command.previews,
    )
    return Done(ModSeq(transaction.modseq))
