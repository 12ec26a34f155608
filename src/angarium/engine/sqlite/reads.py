"""Reads of an account's file: each takes a connection and gives values; none leaves a cursor open."""

from collections.abc import Sequence
from contextlib import closing
from typing import Any

import apsw

from angarium.engine.rows import (
    AccountId,
    AccountState,
    ChangeRow,
    Content,
    ContentId,
    EmailId,
    InternalDate,
    MailboxId,
    MailboxRow,
    MessageRow,
    ModSeq,
    QuotaRow,
    SearchFields,
    SeenRow,
    SubscriptionRow,
    ThreadId,
    Uid,
)
from angarium.engine.sqlite.query import fetch_all, fetch_one
from angarium.engine.sqlite.transaction import MAILBOX_COLUMNS, Mailbox, unsigned
from angarium.errors import StoreDamaged
from angarium.sequenceset import UidSet

_MESSAGE_COLUMNS = (
    "uid, modseq, created_modseq, expunged_modseq, flags, keywords_low, keywords_high, date, zone, saved_at, size,"
    " content, email, thread"
)
_LOG_LINES = 64
_LOG_RANGES = 64
_LOG_MESSAGES = 1_000
"""How much of the change log's end is looked at, and how many messages are read for it."""
_IN_STEP = 500
"""Ids asked for in one statement; the same number each time lets SQLite keep one prepared statement."""


def read_state(connection: apsw.Connection) -> AccountState:
    """The account's freshness."""
    row = fetch_one(connection, "SELECT modseq, folder_modseq FROM account")
    if row is None:
        raise StoreDamaged("an account's file has no account row")
    return AccountState(ModSeq(row[0]), ModSeq(row[1]))


def read_name(connection: apsw.Connection) -> str:
    """The account's own copy of its name."""
    row = fetch_one(connection, "SELECT name FROM account")
    return "" if row is None else str(row[0])


def read_mailboxes(connection: apsw.Connection) -> list[MailboxRow]:
    """All mailboxes, by name."""
    rows = fetch_all(connection, f"SELECT {MAILBOX_COLUMNS} FROM mailbox ORDER BY name")
    return [Mailbox(*row).row() for row in rows]


def read_mailbox(connection: apsw.Connection, mailbox: MailboxId) -> MailboxRow | None:
    """One mailbox."""
    row = fetch_one(connection, f"SELECT {MAILBOX_COLUMNS} FROM mailbox WHERE id = ?", (mailbox,))
    return None if row is None else Mailbox(*row).row()


def read_count(connection: apsw.Connection, mailbox: MailboxId) -> int | None:
    """How many messages the mailbox has."""
    row = fetch_one(connection, "SELECT messages FROM mailbox WHERE id = ?", (mailbox,))
    return None if row is None else int(row[0])


def read_messages(
    connection: apsw.Connection, mailbox: MailboxId, changed_since: ModSeq, *, limit: int = -1
) -> list[MessageRow]:
    """Rows of a mailbox, by UID, `limit` at most; found by its id in the same statement: numbers are used again."""
    condition = "modseq > ?" if changed_since else "expunged_modseq = ?"
    rows = fetch_all(
        connection,
        f"SELECT {_MESSAGE_COLUMNS} FROM message WHERE mailbox = (SELECT number FROM mailbox WHERE id = ?)"
        f" AND {condition} ORDER BY uid LIMIT ?",
        (mailbox, changed_since, limit),
    )
    return [_message(*row) for row in rows]


def read_logged_changes(
    connection: apsw.Connection, mailbox: MailboxId, changed_since: ModSeq
) -> list[MessageRow] | None:
    """`_logged_changes` as of one moment: a commit between its statements would show a change without its neighbours,
    and who takes the highest modseq for how far she has come would never see those."""
    connection.execute("BEGIN")
    try:
        return _logged_changes(connection, mailbox, changed_since)
    finally:
        connection.execute("COMMIT")


def _logged_changes(connection: apsw.Connection, mailbox: MailboxId, changed_since: ModSeq) -> list[MessageRow] | None:
    """What `read_messages` gives for a few late changes, found by the change log's end; None: it does not reach back.

    No index on modseq leads to them (it would triple the cost of a STORE), and a scan of 10,000 rows takes half a
    millisecond. Every change of a message stands in the log, in the order of modseqs, until it is pruned.
    """
    uids = UidSet()
    cursor = connection.execute("SELECT modseq, mailbox, uids FROM change ORDER BY number DESC LIMIT ?", (_LOG_LINES,))
    with closing(cursor):
        for modseq, changed, text in cursor:
            if int(modseq or 0) <= changed_since:
                break
            if changed == mailbox and text:
                uids = uids.union(UidSet.parse(str(text).encode()))
            if len(uids.ranges) > _LOG_RANGES or len(uids) > _LOG_MESSAGES:
                return None
        else:
            return None
    rows: list[tuple[Any, ...]] = []
    for first, last in uids.ranges:
        rows += fetch_all(
            connection,
            f"SELECT {_MESSAGE_COLUMNS} FROM message WHERE mailbox = (SELECT number FROM mailbox WHERE id = ?)"
            " AND uid BETWEEN ? AND ? AND modseq > ? ORDER BY uid",
            (mailbox, first, last, changed_since),
        )
    return [_message(*row) for row in rows]


def _message(
    uid: int,
    modseq: int,
    created: int,
    expunged: int,
    flags: int,
    low: int,
    high: int,
    date: int,
    zone: int,
    saved_at: int,
    size: int,
    content: int,
    email: int,
    thread: int,
) -> MessageRow:
    return MessageRow(
        Uid(uid),
        ModSeq(modseq),
        ModSeq(created),
        ModSeq(expunged),
        flags,
        unsigned(low),
        unsigned(high),
        InternalDate(date, zone),
        saved_at,
        size,
        ContentId(content),
        EmailId(email),
        ThreadId(thread),
    )


def read_contents(connection: apsw.Connection, contents: Sequence[ContentId]) -> dict[ContentId, Content]:
    """Parsed contents by id."""
    rows = _by_ids(
        connection,
        "SELECT id, hash, scanner_version, envelope, body, bodystructure, parts FROM content",
        "id",
        contents,
    )
    return {ContentId(row[0]): Content(*row[1:]) for row in rows}


def read_search_fields(connection: apsw.Connection, contents: Sequence[ContentId]) -> dict[ContentId, SearchFields]:
    """Folded search text by content id."""
    rows = _by_ids(
        connection,
        "SELECT content, from_, to_, cc, bcc, subject, base_subject, sent, message_id, first_from, first_to, first_cc"
        " FROM search",
        "content",
        contents,
    )
    return {ContentId(row[0]): SearchFields(*row[1:]) for row in rows}


def read_seen(connection: apsw.Connection, mailbox: MailboxId, account: AccountId) -> SeenRow | None:
    """Another user's seen state."""
    row = fetch_one(
        connection,
        "SELECT uids, s.recent_uid, s.highestmodseq FROM seen s JOIN mailbox m ON m.number = s.mailbox"
        " WHERE m.id = ? AND account = ?",
        (mailbox, account),
    )
    return None if row is None else SeenRow(row[0], Uid(row[1]), ModSeq(row[2]))


def read_subscriptions(connection: apsw.Connection) -> list[SubscriptionRow]:
    """All subscriptions and their tombstones, by name."""
    rows = fetch_all(connection, "SELECT name, modseq, subscribed FROM subscription ORDER BY name")
    return [SubscriptionRow(name, ModSeq(modseq), bool(subscribed)) for name, modseq, subscribed in rows]


def read_quotas(connection: apsw.Connection) -> list[QuotaRow]:
    """All quota roots, by name."""
    rows = fetch_all(connection, "SELECT root, storage_limit, storage_used, modseq FROM quota ORDER BY root")
    return [QuotaRow(root, limit, used, ModSeq(modseq)) for root, limit, used, modseq in rows]


def read_changes(connection: apsw.Connection, since: ModSeq, limit: int) -> list[ChangeRow]:
    """The change log above a modseq, oldest first."""
    rows = fetch_all(
        connection,
        "SELECT modseq, time, actor, client, session, operation, mailbox, uids, before FROM change"
        " WHERE modseq > ? ORDER BY number LIMIT ?",
        (since, limit),
    )
    return [ChangeRow(*row) for row in rows]


def read_tombstone_uidvalidity(connection: apsw.Connection, name: str) -> int | None:
    """The highest UIDVALIDITY that a mailbox of this name had when it lost it."""
    row = fetch_one(connection, "SELECT max(uidvalidity) FROM tombstone WHERE name = ?", (name,))
    return None if row is None else row[0]


def read_message_place(connection: apsw.Connection, mailbox: MailboxId, uid: Uid) -> tuple[str, int | None] | None:
    """The mailbox's partition, and the message's number where the index knows it; None: no such mailbox."""
    row = fetch_one(
        connection,
        "SELECT m.partition, x.uid FROM mailbox m LEFT JOIN message x ON x.mailbox = m.number AND x.uid = ?"
        " WHERE m.id = ?",
        (uid, mailbox),
    )
    return None if row is None else (row[0], row[1])


def _by_ids(connection: apsw.Connection, select: str, column: str, ids: Sequence[ContentId]) -> list[tuple[Any, ...]]:
    """Rows by ids: one range scan where the ids are dense, else statements of a fixed number of places."""
    if not ids:
        return []
    first, last = min(ids), max(ids)
    if last - first < 4 * len(ids) + 16:
        rows = fetch_all(connection, f"{select} WHERE {column} BETWEEN ? AND ?", (first, last))
        if len(rows) > len(ids):
            wanted = set(ids)
            rows = [row for row in rows if row[0] in wanted]
        return rows
    found: list[tuple[Any, ...]] = []
    places = ",".join("?" * _IN_STEP)
    for start in range(0, len(ids), _IN_STEP):
        step = list(ids[start : start + _IN_STEP])
        step += [step[-1]] * (_IN_STEP - len(step))
        found += fetch_all(connection, f"{select} WHERE {column} IN ({places})", step)
    return found
