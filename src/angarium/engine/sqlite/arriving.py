"""The target's side of a move between accounts: rows are taken over in slices, and then are a mailbox.

Until it has arrived a mailbox has no row in `mailbox`, so nobody sees it; its messages stand under the number that the
table `arriving` keeps for it. What is read of the other account's file cannot change meanwhile: the mailbox is marked.
"""

import json
from collections.abc import Iterable, Sequence
from contextlib import closing
from typing import Any

import apsw

from angarium.engine.commands import Done, Erased, Purged
from angarium.engine.moves import MailboxMove
from angarium.engine.rows import MailboxId, ModSeq
from angarium.engine.sqlite.departing import departing
from angarium.engine.sqlite.erase import leave_rows
from angarium.engine.sqlite.mailboxes import check_acls, free_number, taken_uses
from angarium.engine.sqlite.messages import note_references
from angarium.engine.sqlite.movesteps import Arrive, BeginArrival, CopyRows, DropArrivals, OtherAccount, SeenStates
from angarium.engine.sqlite.query import fetch_all, fetch_one
from angarium.engine.sqlite.quotas import adopt_roots, check_fits, rehome
from angarium.engine.sqlite.schema import ACCOUNT, open_for_reading
from angarium.engine.sqlite.transaction import Mailbox, Transaction
from angarium.errors import MailboxExists, StoreBusy, StoreDamaged
from angarium.flags import SystemFlags
from angarium.sequenceset import UidSet

_SEEN = int(SystemFlags.SEEN)
_DELETED = int(SystemFlags.DELETED)

_MESSAGE_COLUMNS = (
    "uid, expunged_modseq, expunged_at, flags, keywords_low, keywords_high, date, zone, saved_at, size, content, email,"
    " thread"
)
_CONTENT_COLUMNS = "id, hash, scanner_version, envelope, body, bodystructure, parts"
_SEARCH_COLUMNS = (
    "content, from_, to_, cc, bcc, subject, base_subject, sent, message_id, first_from, first_to, first_cc,"
    " reference_ids, is_reply"
)
_BASE_SUBJECT, _MESSAGE_ID, _REFERENCE_IDS = 6, 8, 12
"""Places among the columns of `search`."""


def begin_arrival(transaction: Transaction, step: BeginArrival) -> Done:
    """MailboxExists, QuotaExceeded and AclChanged as far as they can be told beforehand."""
    check_acls(transaction, step.acl_versions)
    connection = transaction.connection
    for move in step.moves:
        if _is_live(connection, move.mailbox):
            return Done(ModSeq(transaction.modseq))
        if fetch_one(connection, "SELECT 1 FROM mailbox WHERE name = ? AND deleted_at IS NULL", (move.name,)):
            raise MailboxExists(f"{move.name!r} is there already in account {transaction.account}")
    with closing(_reader(step.source)) as reader:
        records = {move.name: departing(reader, move.mailbox) for move in step.moves}
        check_fits(transaction, reader, records)
    transaction.modseq = max(transaction.modseq, step.source_modseq)
    modseq = transaction.next_modseq()
    for move in step.moves:
        if _arriving(connection, move.mailbox) is None:
            connection.execute(
                "INSERT INTO arriving (number, id, source) VALUES (?, ?, ?)",
                (free_number(transaction), move.mailbox, step.source.id),
            )
    return Done(modseq)


def copy_rows(transaction: Transaction, step: CopyRows) -> Purged:
    """The next messages by UID, expunged ones too, with all that is kept of them."""
    arriving = _arriving(transaction.connection, step.mailbox)
    if arriving is None:
        raise StoreBusy(f"mailbox {step.mailbox} is not arriving in account {transaction.account}")
    number, copied_uid = arriving
    with closing(_reader(step.source)) as reader:
        source = departing(reader, step.mailbox)
        rows = fetch_all(
            reader,
            f"SELECT {_MESSAGE_COLUMNS} FROM message WHERE mailbox = ? AND uid > ? ORDER BY uid LIMIT ?",
            (source.number, copied_uid, step.limit),
        )
        if rows:
            modseq = transaction.next_modseq()
            contents = _copy_contents(transaction, reader, [(row[10], row[12]) for row in rows])
            _copy_messages(transaction, number, rows, contents, modseq, step.owner_seen)
            first, last = rows[0][0], rows[-1][0]
            _copy_annotations(transaction, reader, source.number, number, (first, last), modseq)
            _copy_origins(transaction, reader, source.number, number, (first, last))
            transaction.connection.execute("UPDATE arriving SET copied_uid = ? WHERE number = ?", (last, number))
    return Purged(len(rows), more=len(rows) == step.limit)


def arrive(transaction: Transaction, step: Arrive) -> Done:
    """What was taken over becomes mailboxes. Their headers are written before COMMIT, as always."""
    check_acls(transaction, step.acl_versions)
    connection = transaction.connection
    if all(_is_live(connection, move.mailbox) for move in step.moves):
        return Done(ModSeq(transaction.modseq))
    modseq = transaction.next_folder_modseq()
    with closing(_reader(step.source)) as reader:
        names: dict[str, str] = {}
        for move, seen in zip(step.moves, step.seen, strict=True):
            source = departing(reader, move.mailbox)
            _arrive(transaction, reader, source, move, seen, modseq)
            before = {"name": source.name, "deleted_at": source.deleted_at_s, "moved_from": step.source.id}
            # Readers find late changes by the UIDs in the log: all that were ever given are one range.
            uids = UidSet(((1, source.uidnext - 1),) if source.uidnext > 1 else ()).serialize().decode()
            text = json.dumps(before, ensure_ascii=False)
            transaction.log_change(step.author, "arrive", modseq, mailbox=source.id, uids=uids, before=text)
            if source.deleted_at_s is None:
                names[source.name] = move.name
        adopt_roots(transaction, reader, names)
    rehome(transaction, bounded=True)
    return Done(modseq)


def drop_arrivals(transaction: Transaction, step: DropArrivals) -> Erased:
    """The rows are forgotten as those of erased mailboxes are."""
    connection = transaction.connection
    for mailbox in step.mailboxes:
        arriving = _arriving(connection, mailbox)
        if arriving is not None:
            connection.execute("DELETE FROM arriving WHERE id = ?", (mailbox,))
            leave_rows(transaction, arriving[0])
    live = tuple([mailbox for mailbox in step.mailboxes if _is_live(connection, mailbox)])
    return Erased(live, ModSeq(transaction.modseq))


def _arrive(
    transaction: Transaction,
    reader: apsw.Connection,
    source: Mailbox,
    move: MailboxMove,
    seen: SeenStates,
    modseq: ModSeq,
) -> None:
    connection = transaction.connection
    arriving = _arriving(connection, move.mailbox)
    if arriving is None:
        raise StoreBusy(f"mailbox {move.mailbox} is not arriving in account {transaction.account}")
    number = arriving[0]
    _require_all(connection, reader, number, source)
    _copy_annotations(transaction, reader, source.number, number, (0, 0), modseq)
    connection.execute("DELETE FROM arriving WHERE number = ?", (number,))
    _insert_mailbox(transaction, number, source, move, seen, modseq)
    connection.executemany(
        "INSERT INTO seen (mailbox, account, uids, recent_uid, highestmodseq) VALUES (?, ?, ?, ?, ?)",
        [(number, kept.account, kept.uids, kept.recent_uid, modseq) for kept in seen.others],
    )
    transaction.owe_header(source.id)


def _insert_mailbox(
    transaction: Transaction, number: int, source: Mailbox, move: MailboxMove, seen: SeenStates, modseq: ModSeq
) -> None:
    connection = transaction.connection
    taken = taken_uses(transaction, but=source.id)
    messages, unseen, deleted, octets = fetch_one(
        connection,
        f"SELECT count(*), coalesce(sum(NOT flags & {_SEEN}), 0), coalesce(sum(flags & {_DELETED} <> 0), 0),"
        " coalesce(sum(size), 0) FROM message WHERE mailbox = ? AND expunged_modseq = 0",
        (number,),
    ) or (0, 0, 0, 0)
    values = {
        "number": number,
        "uid_ceiling": source.uid_ceiling,
        "id": source.id,
        "name": move.name,
        "partition": source.partition,
        "state": 0,
        "uidvalidity": _uidvalidity(transaction, source, move.name),
        "acl": source.acl,
        "acl_version": source.acl_version,
        "special_use": " ".join([use for use in source.special_use.split() if use not in taken]),
        "shared_seen": source.shared_seen,
        "keywords": source.keywords,
        "created_modseq": modseq,
        "folder_modseq": modseq,
        "highestmodseq": modseq,
        "purged_modseq": source.purged_modseq,
        "uidnext": source.uidnext,
        "recent_uid": seen.recent_uid,
        "messages": messages,
        "unseen": unseen,
        "deleted": deleted,
        "octets": octets,
        "created_at": source.created_at_s,
        "annotation_octets": source.annotation_octets,
    }
    places = ", ".join([f":{column}" for column in values])
    try:
        connection.execute(f"INSERT INTO mailbox ({', '.join(values)}) VALUES ({places})", values)
    except apsw.ConstraintError as error:
        raise MailboxExists(f"{move.name!r} is there already in account {transaction.account}") from error


def _uidvalidity(transaction: Transaction, source: Mailbox, name: str) -> int:
    """That which it has, unless another mailbox of this name had an equal or higher one (RFC 9051 §2.3.1.1)."""
    row = fetch_one(
        transaction.connection,
        "SELECT max(uidvalidity) FROM tombstone WHERE name = ? AND mailbox <> ?",
        (name, source.id),
    )
    if row is not None and row[0] is not None and row[0] >= source.uidvalidity:
        return transaction.next_uidvalidity()
    transaction.last_uidvalidity = max(transaction.last_uidvalidity, source.uidvalidity)
    return source.uidvalidity


def _require_all(connection: apsw.Connection, reader: apsw.Connection, number: int, source: Mailbox) -> None:
    """No mailbox arrives without all of its rows, whatever went before."""
    statement = "SELECT count(*) FROM message WHERE mailbox = ?"
    there, here = fetch_one(reader, statement, (source.number,)), fetch_one(connection, statement, (number,))
    if there != here:
        raise StoreDamaged(f"mailbox {source.id} has {there} rows, of which {here} were taken over")


def _copy_contents(
    transaction: Transaction, reader: apsw.Connection, wanted: Sequence[tuple[int, int]]
) -> dict[int, int]:
    """Contents with search text and previews, under numbers of this account; gives old number to new.

    `wanted` are contents with the thread of a message that has it; a content that two slices name comes twice.
    """
    threads = dict(wanted)
    numbers = {content: int(transaction.next_content()) for content in threads}
    connection = transaction.connection
    for table, columns in (
        ("content", _CONTENT_COLUMNS),
        ("search", _SEARCH_COLUMNS),
        ("preview", "content, text"),
    ):
        rows = _rows_of(reader, table, columns, list(threads))
        places = ", ".join("?" * (columns.count(",") + 1))
        connection.executemany(
            f"INSERT INTO {table} ({columns}) VALUES ({places})", [(numbers[row[0]], *row[1:]) for row in rows]
        )
        if table == "search":
            for row in rows:
                references = tuple(row[_REFERENCE_IDS].split("\n")) if row[_REFERENCE_IDS] else ()
                note_references(transaction, row[_MESSAGE_ID], references, row[_BASE_SUBJECT], threads[row[0]])
    return numbers


def _rows_of(reader: apsw.Connection, table: str, columns: str, contents: list[int]) -> list[tuple[Any, ...]]:
    key = columns.partition(",")[0]
    statement = f"SELECT {columns} FROM {table} WHERE {key} = ?"
    rows = [fetch_one(reader, statement, (content,)) for content in contents]
    return [row for row in rows if row is not None]


def _copy_messages(
    transaction: Transaction,
    number: int,
    rows: Iterable[tuple[Any, ...]],
    contents: dict[int, int],
    modseq: ModSeq,
    owner_seen: UidSet | None,
) -> None:
    copies = []
    for uid, expunged_modseq, expunged_at, flags, low, high, *rest in rows:
        *details, content, email, thread = rest
        if owner_seen is not None:
            flags = flags & ~_SEEN | (_SEEN if uid in owner_seen else 0)
        gone = modseq if expunged_modseq else 0
        numbers = (number, uid, modseq, modseq, gone, expunged_at)
        copies.append((*numbers, flags, low, high, *details, contents[content], email, thread))
    transaction.connection.executemany(
        "INSERT INTO message (mailbox, uid, modseq, created_modseq, expunged_modseq, expunged_at, flags, keywords_low,"
        " keywords_high, date, zone, saved_at, size, content, email, thread)"
        " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
        copies,
    )


def _copy_annotations(
    transaction: Transaction,
    reader: apsw.Connection,
    source: int,
    number: int,
    uids: tuple[int, int],
    modseq: ModSeq,
) -> None:
    rows = fetch_all(
        reader,
        "SELECT uid, entry, owner, value FROM annotation WHERE mailbox = ? AND uid BETWEEN ? AND ?",
        (source, *uids),
    )
    transaction.connection.executemany(
        "INSERT INTO annotation (mailbox, uid, entry, owner, value, modseq) VALUES (?, ?, ?, ?, ?, ?)",
        [(number, *row, modseq) for row in rows],
    )


def _copy_origins(
    transaction: Transaction, reader: apsw.Connection, source: int, number: int, uids: tuple[int, int]
) -> None:
    """A message that was being moved here from a third account is found again by who tries that once more."""
    rows = fetch_all(
        reader, "SELECT source, source_uid, uid FROM origin WHERE mailbox = ? AND uid BETWEEN ? AND ?", (source, *uids)
    )
    transaction.connection.executemany(
        "INSERT INTO origin (mailbox, source, source_uid, uid) VALUES (?, ?, ?, ?)", [(number, *row) for row in rows]
    )


def _arriving(connection: apsw.Connection, mailbox: MailboxId) -> tuple[int, int] | None:
    """Its number, and the last UID that was taken over."""
    row = fetch_one(connection, "SELECT number, copied_uid FROM arriving WHERE id = ?", (mailbox,))
    return None if row is None else (int(row[0]), int(row[1]))


def _is_live(connection: apsw.Connection, mailbox: MailboxId) -> bool:
    """Whether the mailbox is this account's, deleted or not."""
    return fetch_one(connection, "SELECT 1 FROM mailbox WHERE id = ?", (mailbox,)) is not None


def _reader(source: OtherAccount) -> apsw.Connection:
    return open_for_reading(source.path, ACCOUNT, vfs=source.vfs)
