"""Expunging, purging and forgetting within a transaction (DESIGN §5: commit, then unlink)."""

import json
from collections.abc import Sequence

from angarium.engine import changelog
from angarium.engine.commands import Author, Expunge, Expunged, PruneChanges, Purged, PurgeMessages, QuotaPolicy
from angarium.engine.rows import MailboxState, Uid
from angarium.engine.sqlite.annotations import discount_annotations, forget_annotations
from angarium.engine.sqlite.query import fetch_all
from angarium.engine.sqlite.quotas import charge, full_resources
from angarium.engine.sqlite.transaction import Mailbox, Transaction
from angarium.flags import SystemFlags
from angarium.sequenceset import UidSet

_EVERYTHING = UidSet(((1, 0xFFFFFFFF),))
_DELETED = int(SystemFlags.DELETED)
_SEEN = int(SystemFlags.SEEN)


def expunge(transaction: Transaction, command: Expunge) -> Expunged:
    """EXPUNGE and UID EXPUNGE."""
    mailbox = transaction.mailbox(command.mailbox, acl_version=command.acl_version)
    uids = command.uids if command.uids is not None else _EVERYTHING
    return expunge_rows(
        transaction, mailbox, uids, command.author, operation="expunge", only_deleted=command.only_deleted
    )


def expunge_rows(
    transaction: Transaction,
    mailbox: Mailbox,
    uids: UidSet,
    author: Author,
    *,
    operation: str,
    only_deleted: bool = False,
) -> Expunged:
    """Mark messages expunged; the row stays for QRESYNC, the file for sessions that were told of it."""
    condition = "mailbox = ? AND uid BETWEEN ? AND ? AND expunged_modseq = 0"
    if only_deleted:
        condition += f" AND flags & {_DELETED}"
    gone: list[tuple[int, ...]] = []
    for first, last in uids.ranges:
        gone += fetch_all(
            transaction.connection,
            f"SELECT uid, flags, size FROM message WHERE {condition}",
            (mailbox.number, first, last),
        )
    if not gone:
        return Expunged(UidSet(), None)
    modseq = transaction.next_modseq()
    for first, last in uids.ranges:
        transaction.connection.execute(
            f"UPDATE message SET expunged_modseq = ?, modseq = ?, expunged_at = ? WHERE {condition}",
            (modseq, modseq, transaction.now_s, mailbox.number, first, last),
        )
    octets = sum(size for _, _, size in gone)
    full_before = full_resources(transaction, mailbox)
    mailbox.messages -= len(gone)
    mailbox.octets -= octets
    mailbox.unseen -= sum(not flags & _SEEN for _, flags, _ in gone)
    mailbox.deleted -= sum(bool(flags & _DELETED) for _, flags, _ in gone)
    mailbox.highestmodseq = modseq
    transaction.save_counters(mailbox)
    charge(transaction, mailbox, QuotaPolicy.IGNORE, octets=-octets, messages=-len(gone))
    discount_annotations(transaction, mailbox, [uid for uid, _, _ in gone])
    went = UidSet.from_numbers(uid for uid, _, _ in gone)
    freed = full_before and full_before - full_resources(transaction, mailbox)
    before = changelog.Room(mailbox.quota_root or "", tuple(sorted(freed))).serialize() if freed else ""
    transaction.log_change(author, operation, modseq, mailbox=mailbox.id, uids=went.serialize().decode(), before=before)
    return Expunged(went, modseq)


def purge_messages(transaction: Transaction, command: PurgeMessages) -> Purged:
    """Forget expunged rows; QRESYNC below their modseq over-reports from now on (RFC 7162 §3.2.5.2)."""
    mailbox = transaction.mailbox(command.mailbox, writing=False, deleted_too=True)
    if mailbox.state == MailboxState.MOVING:
        return Purged(0, more=False)  # its files may be another account's by now
    connection = transaction.connection
    rows = fetch_all(
        connection,
        "SELECT uid, expunged_modseq, content FROM message"
        " WHERE mailbox = ? AND expunged_at IS NOT NULL AND expunged_at < ? ORDER BY expunged_at, uid LIMIT ?",
        (mailbox.number, command.expunged_before_s, command.limit + 1),
    )
    more = len(rows) > command.limit
    rows = rows[: command.limit]
    if not rows:
        return Purged(0, more=False)
    connection.executemany("DELETE FROM message WHERE mailbox = ? AND uid = ?", [(mailbox.number, r[0]) for r in rows])
    # All at once: origins are not found by UID without looking at all of the mailbox's.
    connection.execute(
        "DELETE FROM origin WHERE mailbox = ? AND uid IN (SELECT value FROM json_each(?))",
        (mailbox.number, json.dumps([uid for uid, _, _ in rows])),
    )
    forget_annotations(transaction, mailbox.number, UidSet.from_numbers(uid for uid, _, _ in rows).ranges)
    forget_contents(transaction, [content for _, _, content in rows])
    mailbox.purged_modseq = max(mailbox.purged_modseq, *(modseq for _, modseq, _ in rows))
    transaction.save_counters(mailbox)
    for uid, _, _ in rows:
        transaction.unlink_message(mailbox, Uid(uid))
    return Purged(len(rows), more)


def forget_contents(transaction: Transaction, contents: Sequence[int]) -> None:
    """Drop parsed contents that no message names any more."""
    for table, column in (("search", "content"), ("preview", "content"), ("content", "id")):
        transaction.connection.executemany(
            f"DELETE FROM {table} WHERE {column} = ?1 AND NOT EXISTS (SELECT 1 FROM message WHERE content = ?1)",
            [(content,) for content in set(contents)],
        )


def prune_changes(transaction: Transaction, command: PruneChanges) -> Purged:
    """Forget the oldest lines of the change log."""
    connection = transaction.connection
    rows = connection.execute(
        "SELECT number, modseq, time FROM change WHERE time < ? ORDER BY number LIMIT ?",
        (command.before_s, command.limit + 1),
    ).fetchall()
    more = len(rows) > command.limit
    rows = rows[: command.limit]
    if rows:
        connection.executemany("DELETE FROM change WHERE number = ?", [(number,) for number, _, _ in rows])
        connection.execute(
            "UPDATE account SET pruned_changes = max(pruned_changes, ?),"
            " pruned_changes_time = max(pruned_changes_time, ?)",
            (max([int(modseq or 0) for _, modseq, _ in rows]), max([int(time_s or 0) for _, _, time_s in rows])),
        )
    return Purged(len(rows), more)
