"""The source's side of a move between accounts: marked, and gone once the other account has it.

From the mark on nobody writes to the mailbox here, nor to its header, which is the other account's when it has arrived.
Its files are never touched: what is left of it is rows, forgotten in slices as those of erased mailboxes are.
"""

import json
import time
from contextlib import closing
from itertools import chain, islice
from typing import Final

import apsw
import numpy as np
from numpy.typing import NDArray

from angarium.engine.commands import Done
from angarium.engine.rows import AccountId, MailboxId, MailboxState, ModSeq, Uid
from angarium.engine.sqlite.annotations import forget_annotations
from angarium.engine.sqlite.erase import leave_rows
from angarium.engine.sqlite.mailboxes import check_acls, remember_name
from angarium.engine.sqlite.movesteps import Depart, KeptSeen, MarkMoving, OtherAccount, ReleaseMoving, SeenStates
from angarium.engine.sqlite.query import fetch_all, fetch_one
from angarium.engine.sqlite.quotas import move_roots, rehome
from angarium.engine.sqlite.schema import ACCOUNT, open_for_reading
from angarium.engine.sqlite.transaction import MAILBOX_COLUMNS, Mailbox, Transaction
from angarium.errors import StoreBusy
from angarium.flags import SystemFlags
from angarium.sequenceset import UidSet

_ROWS_IN_STEP: Final = 1_000


def mark_moving(transaction: Transaction, step: MarkMoving) -> Done:
    """The header that holds the highest modseq ceiling is about to leave: one that stays says it before that."""
    check_acls(transaction, step.acl_versions)
    records = [transaction.mailbox(mailbox, deleted_too=True) for mailbox in step.mailboxes]
    modseq = _set_state(transaction, records, MailboxState.MOVING)
    for record in records:
        transaction.untouch(record.id)
    transaction.owe_any_header()
    return Done(modseq)


def release_moving(transaction: Transaction, step: ReleaseMoving) -> Done:
    """The header is written anew: that of an arrival which came to nothing may stand there."""
    records = [record for record in _found(transaction.connection, step.mailboxes) if _is_moving(record)]
    if not records:
        return Done(ModSeq(transaction.modseq))
    modseq = _set_state(transaction, records, MailboxState.LIVE)
    for record in records:
        transaction.owe_header(record.id)
    return Done(modseq)


def depart(transaction: Transaction, step: Depart) -> Done:
    """StoreBusy where the other account does not have them all: nothing is given up for a mailbox that is nowhere."""
    _require_arrived(step.target, step.mailboxes)
    records = _found(transaction.connection, step.mailboxes)
    if not all(_is_moving(record) for record in records):
        raise StoreBusy(f"a mailbox of account {transaction.account} is not on its way")
    if not records:
        return Done(ModSeq(transaction.modseq))
    modseq = transaction.next_folder_modseq()
    for record in records:
        leave_rows(transaction, record.number)
        for table, column in (("seen", "mailbox"), ("mailbox", "number")):
            transaction.connection.execute(f"DELETE FROM {table} WHERE {column} = ?", (record.number,))
        forget_annotations(transaction, record.number, ((0, 0),))
        remember_name(transaction, record)
        before = {
            "name": record.name,
            "uidvalidity": record.uidvalidity,
            "deleted_at": record.deleted_at_s,
            "moved_to": step.target.id,
        }
        text = json.dumps(before, ensure_ascii=False)
        transaction.log_change(step.author, "depart", modseq, mailbox=record.id, before=text)
    move_roots(transaction, {record.name: None for record in records if record.deleted_at_s is None})
    rehome(transaction)
    return Done(modseq)


def read_seen_states(
    connection: apsw.Connection,
    mailbox: MailboxId,
    *,
    source_owner: AccountId | None,
    target_owner: AccountId | None,
) -> SeenStates:
    """Whose seen state of a mailbox that leaves goes where; StoreBusy where it is not on its way."""
    record = departing(connection, mailbox)
    kept = {
        AccountId(account): KeptSeen(AccountId(account), uids, Uid(recent_uid))
        for account, uids, recent_uid in fetch_all(
            connection, "SELECT account, uids, recent_uid FROM seen WHERE mailbox = ?", (record.number,)
        )
    }
    if record.shared_seen or source_owner is target_owner is None:
        return SeenStates(None, Uid(record.recent_uid), tuple(kept.values()))
    if source_owner is not None:
        seen = _seen_by_owner(connection, record).serialize().decode()
        kept[source_owner] = KeptSeen(source_owner, seen, Uid(record.recent_uid))
    own = kept.pop(target_owner, None) if target_owner is not None else None
    owner_seen = UidSet.parse(own.uids.encode()) if own is not None and own.uids else UidSet()
    return SeenStates(owner_seen, Uid(0) if own is None else own.recent_uid, tuple(kept.values()))


def _seen_by_owner(connection: apsw.Connection, record: Mailbox) -> UidSet:
    """As the messages' own flags say; in steps, between which other threads come to run."""
    statement = "SELECT uid FROM message WHERE mailbox = ? AND expunged_modseq = 0 AND flags & ? ORDER BY uid"
    steps: list[NDArray[np.int64]] = []
    with closing(connection.execute(statement, (record.number, int(SystemFlags.SEEN)))) as rows:
        while not steps or steps[-1].size == _ROWS_IN_STEP:
            time.sleep(0)
            steps.append(np.fromiter(chain.from_iterable(islice(rows, _ROWS_IN_STEP)), np.int64))
    return UidSet.from_array(np.concatenate(steps))


def departing(connection: apsw.Connection, mailbox: MailboxId) -> Mailbox:
    """A mailbox as it leaves, by a connection to its account; StoreBusy where it is not on its way."""
    found = _found(connection, (mailbox,))
    if not found or not _is_moving(found[0]):
        raise StoreBusy(f"mailbox {mailbox} is not on its way")
    return found[0]


def _found(connection: apsw.Connection, mailboxes: tuple[MailboxId, ...]) -> list[Mailbox]:
    """Those that are there, in whatever state."""
    statement = f"SELECT {MAILBOX_COLUMNS} FROM mailbox WHERE id = ?"
    rows = [fetch_one(connection, statement, (mailbox,)) for mailbox in mailboxes]
    return [Mailbox(*row) for row in rows if row is not None]


def _is_moving(record: Mailbox) -> bool:
    return record.state == MailboxState.MOVING


def _set_state(transaction: Transaction, records: list[Mailbox], state: MailboxState) -> ModSeq:
    modseq = transaction.next_folder_modseq()
    transaction.connection.executemany(
        "UPDATE mailbox SET state = ?, folder_modseq = ? WHERE number = ?",
        [(int(state), modseq, record.number) for record in records],
    )
    return modseq


def _require_arrived(target: OtherAccount, mailboxes: tuple[MailboxId, ...]) -> None:
    connection = open_for_reading(target.path, ACCOUNT, vfs=target.vfs)
    try:
        if len(_found(connection, mailboxes)) != len(mailboxes):
            raise StoreBusy(f"account {target.id} does not have all of {', '.join(mailboxes)}")
    finally:
        connection.close(True)
