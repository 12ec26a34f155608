"""Erasing mailboxes within a transaction.

A mailbox is gone with its row, whatever it held. Its messages are found by its number alone, so what is left of them
is seen by nobody: it is forgotten in slices, so that a large mailbox does not hold the lock for long. The table
`erasing` says where to go on, after a crash too; its line stays until the directory is known to be gone.
"""

import json
import os
from dataclasses import dataclass

from angarium.engine.commands import Erased, EraseMailboxes, ForgetErased, Purged
from angarium.engine.rows import MailboxId, ModSeq, Uid
from angarium.engine.spool import message_name
from angarium.engine.sqlite.annotations import forget_annotations
from angarium.engine.sqlite.expunge import forget_contents
from angarium.engine.sqlite.mailboxes import check_acls, remember_name
from angarium.engine.sqlite.query import fetch_all
from angarium.engine.sqlite.quotas import move_roots, rehome
from angarium.engine.sqlite.transaction import Mailbox, Transaction


@dataclass(frozen=True, slots=True)
class _Erasing:
    """What is left of a mailbox."""

    number: int
    id: MailboxId
    """Empty: only rows are left, and the directory, where there is one, is another account's."""
    partition: str

    def directory(self, transaction: Transaction) -> str:
        return transaction.storage.layout.directory(self.partition, self.id)

    def has_directory(self, transaction: Transaction) -> bool:
        return bool(self.id) and transaction.storage.disk.exists(self.directory(transaction))


def erase_mailboxes(transaction: Transaction, command: EraseMailboxes) -> Erased:
    """Remove mailboxes for good, keeping tombstones."""
    check_acls(transaction, command.acl_versions)
    records = [transaction.mailbox(mailbox, deleted_too=True) for mailbox in command.mailboxes]
    if command.deleted_until_s is not None:
        records = [r for r in records if r.deleted_at_s is not None and r.deleted_at_s <= command.deleted_until_s]
    if not records:
        return Erased((), ModSeq(transaction.modseq))
    modseq = transaction.next_folder_modseq()
    room = command.limit
    for record in records:
        room -= _erase(transaction, record, room)
        was = {"name": record.name, "uidvalidity": record.uidvalidity, "deleted_at": record.deleted_at_s}
        before = json.dumps(was, ensure_ascii=False)
        transaction.log_change(command.author, "erase", modseq, mailbox=record.id, before=before)
    # The header that held the highest modseq ceiling may have gone: one that stays must say it before that.
    transaction.owe_any_header()
    move_roots(transaction, {record.name: None for record in records if record.deleted_at_s is None})
    rehome(transaction)
    return Erased(tuple([record.id for record in records]), modseq)


def forget_erased(transaction: Transaction, command: ForgetErased) -> Purged:
    """Go on with what was erased; a directory that cannot be removed is tried again the next time."""
    erasing = [_Erasing(*row) for row in fetch_all(transaction.connection, "SELECT number, id, partition FROM erasing")]
    room = command.limit
    for mailbox in erasing:
        if _has_messages(transaction, mailbox) or mailbox.has_directory(transaction):
            room -= _forget(transaction, mailbox, room)
        else:
            _end(transaction, mailbox)
    return Purged(command.limit - room, more=any(_has_messages(transaction, mailbox) for mailbox in erasing))


def leave_rows(transaction: Transaction, number: int) -> None:
    """Have the messages under a number forgotten in slices, and no file touched."""
    transaction.connection.execute("INSERT INTO erasing (number, id, partition) VALUES (?, '', '')", (number,))


def _erase(transaction: Transaction, record: Mailbox, room: int) -> int:
    """Gives how many messages were forgotten already."""
    connection = transaction.connection
    mailbox = _Erasing(record.number, record.id, record.partition)
    connection.execute(
        "INSERT INTO erasing (number, id, partition) VALUES (?, ?, ?)", (mailbox.number, mailbox.id, mailbox.partition)
    )
    for table, column in (("seen", "mailbox"), ("mailbox", "number")):
        connection.execute(f"DELETE FROM {table} WHERE {column} = ?", (record.number,))
    forget_annotations(transaction, record.number, ((0, 0),))
    remember_name(transaction, record)
    transaction.forgive_header(record.id)
    return _forget(transaction, mailbox, room)


def _forget(transaction: Transaction, mailbox: _Erasing, room: int) -> int:
    """Forget `room` messages at most, and with the last of them the directory."""
    connection = transaction.connection
    rows = fetch_all(
        connection, "SELECT uid, content FROM message WHERE mailbox = ? ORDER BY uid LIMIT ?", (mailbox.number, room)
    )
    if rows:
        last = rows[-1][0]
        connection.execute("DELETE FROM message WHERE mailbox = ? AND uid <= ?", (mailbox.number, last))
        connection.execute("DELETE FROM origin WHERE mailbox = ? AND uid <= ?", (mailbox.number, last))
        forget_annotations(transaction, mailbox.number, ((1, last),))
        forget_contents(transaction, [content for _, content in rows])
    if not mailbox.id:
        return len(rows)
    if _has_messages(transaction, mailbox):
        _unlink(transaction, mailbox, [Uid(uid) for uid, _ in rows])
    else:
        # A change of a row, since without any there would be no commit after which the directory goes.
        connection.execute("UPDATE erasing SET emptied_at = ? WHERE number = ?", (transaction.now_s, mailbox.number))
        transaction.remove_mailbox_directory(mailbox.directory(transaction))
    return len(rows)


def _has_messages(transaction: Transaction, mailbox: _Erasing) -> bool:
    found = transaction.connection.execute("SELECT 1 FROM message WHERE mailbox = ? LIMIT 1", (mailbox.number,))
    return found.get is not None


def _unlink(transaction: Transaction, mailbox: _Erasing, uids: list[Uid]) -> None:
    """Remove files, once the batch is durable."""
    disk, directory = transaction.storage.disk, mailbox.directory(transaction)

    def unlink() -> None:
        for uid in uids:
            disk.unlink(f"{directory}/{message_name(uid)}")

    transaction.after_commit.append(unlink)


def _end(transaction: Transaction, mailbox: _Erasing) -> None:
    """Only a directory that a power cut does not bring back needs nobody to remember it."""
    if mailbox.id:
        transaction.storage.disk.fsync_directory(os.path.dirname(mailbox.directory(transaction)))
    transaction.connection.execute("DELETE FROM erasing WHERE number = ?", (mailbox.number,))
