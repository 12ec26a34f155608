"""Reads of an account's file: each takes a connection and gives values; none leaves a cursor open."""

import time
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from itertools import chain, islice
from typing import Any

import apsw
import numpy as np
from numpy.typing import NDArray

from angarium.engine.columns import MailboxMessages, MessageColumns
from angarium.engine.rows import (
    AccountId,
    AccountState,
    ChangeRow,
    Content,
    ContentId,
    MailboxId,
    MailboxRow,
    ModSeq,
    PrunedChanges,
    SearchFields,
    SeenRow,
    SubscriptionRow,
    Uid,
)
from angarium.engine.sqlite.query import fetch_all, fetch_one
from angarium.engine.sqlite.refusals import as_refusal_of_index
from angarium.engine.sqlite.remembered import Freshness
from angarium.engine.sqlite.transaction import MAILBOX_COLUMNS, Mailbox
from angarium.errors import MailboxNotFound, StoreDamaged
from angarium.sequenceset import UidSet

_MESSAGE_COLUMNS = (
    "uid, modseq, created_modseq, expunged_modseq, flags, keywords_low, keywords_high, date, zone, saved_at, size,"
    " content, email, thread"
)
"""In the order of MessageColumns' fields."""
_NO_ROWS = np.empty((0, 14), np.int64)
_SMALL_SCAN_ROWS = 100
"""Looking through so few rows costs less than the change log."""
_LARGE_SCAN_ROWS = 50_000
"""Rows that the loop looks through itself for the few that changed: 1.5 ms, where a thread's hop and connection cost
half of one."""
_ROWS_IN_STEP = 1_000
"""Under a millisecond's work."""
_MAILBOXES_IN_STEP = 200
_MAILBOXES_OF_THE_LOOP = 500
"""Some 5 µs each."""
_LOG_LINES = 64
_LOG_RANGES = 64
_LOG_MESSAGES = 1_000
"""How much of the change log's end is looked at, and how many messages are read for it."""
_SELECT_CHANGES = "SELECT modseq, time, actor, client, session, operation, mailbox, uids, before FROM change"
_IN_STEP = 500
"""Ids asked for in one statement; the same number each time lets SQLite keep one prepared statement."""


def read_freshness(connection: apsw.Connection) -> Freshness:
    """How the account stands."""
    row = fetch_one(connection, "SELECT modseq, folder_modseq, settings_modseq FROM account")
    if row is None:
        raise StoreDamaged("an account's file has no account row")
    modseq, folder_modseq, settings_modseq = row
    return Freshness(AccountState(ModSeq(modseq), ModSeq(folder_modseq)), ModSeq(settings_modseq))


def read_state(connection: apsw.Connection) -> AccountState:
    """What of that others are told."""
    return read_freshness(connection).state


def read_name(connection: apsw.Connection) -> str:
    """The account's own copy of its name."""
    row = fetch_one(connection, "SELECT name FROM account")
    return "" if row is None else str(row[0])


def read_mailboxes(connection: apsw.Connection) -> list[MailboxRow]:
    """All mailboxes, by name."""
    found: list[MailboxRow] = []
    try:
        cursor = connection.execute(f"SELECT {MAILBOX_COLUMNS} FROM mailbox ORDER BY name")
        while rows := list(islice(cursor, _MAILBOXES_IN_STEP)):
            if found:
                time.sleep(0)  # for other threads, as in `_table`
            found += [Mailbox(*row).row() for row in rows]
    except apsw.Error as error:
        raise as_refusal_of_index(error) from error
    return found


def has_many_mailboxes(connection: apsw.Connection) -> bool:
    """Whether the loop should not read them all."""
    row = fetch_one(connection, "SELECT count(*) FROM (SELECT 1 FROM mailbox LIMIT ?)", (_MAILBOXES_OF_THE_LOOP + 1,))
    return row is not None and int(row[0]) > _MAILBOXES_OF_THE_LOOP


def has_arrivals(connection: apsw.Connection) -> bool:
    """Whether mailboxes are on their way into the account."""
    return fetch_one(connection, "SELECT 1 FROM arriving LIMIT 1") is not None


def read_mailbox(connection: apsw.Connection, mailbox: MailboxId) -> MailboxRow | None:
    """One mailbox."""
    found = _mailbox(connection, mailbox)
    return None if found is None else found.row()


def _mailbox(connection: apsw.Connection, mailbox: MailboxId) -> Mailbox | None:
    row = fetch_one(connection, f"SELECT {MAILBOX_COLUMNS} FROM mailbox WHERE id = ?", (mailbox,))
    return None if row is None else Mailbox(*row)


def read_messages(
    connection: apsw.Connection, mailbox: MailboxId, changed_since: ModSeq, *, most_rows: int
) -> MailboxMessages | None:
    """What `Engine.messages` gives; None where more than `most_rows` have to be read, or very many looked through."""
    with _one_moment(connection):
        modseq, found = read_state(connection).modseq, _known_mailbox(connection, mailbox)
        table = _late_rows(connection, found, changed_since, most_rows)
    return None if table is None else MailboxMessages(modseq, found.row(), MessageColumns.of_table(table))


def read_all_messages(connection: apsw.Connection, mailbox: MailboxId, changed_since: ModSeq) -> MailboxMessages:
    """What `Engine.messages` gives, however much it is: under a microsecond a row, and some ns for one looked at."""
    with _one_moment(connection):
        modseq, found = read_state(connection).modseq, _known_mailbox(connection, mailbox)
        table = _scanned(connection, found, changed_since)
    return MailboxMessages(modseq, found.row(), MessageColumns.of_table(table))


@contextmanager
def _one_moment(connection: apsw.Connection) -> Iterator[None]:
    """A commit between two statements would show one change without its neighbours, and who takes the modseq for how
    far she has come would never see those. SQLite's errors as refusals."""
    try:
        connection.execute("BEGIN")
        try:
            yield
        finally:
            if connection.in_transaction:
                connection.execute("COMMIT")
    except apsw.Error as error:
        raise as_refusal_of_index(error) from error


def _known_mailbox(connection: apsw.Connection, mailbox: MailboxId) -> Mailbox:
    found = _mailbox(connection, mailbox)
    if found is None:
        raise MailboxNotFound(f"there is no mailbox {mailbox}")
    return found


def _late_rows(
    connection: apsw.Connection, mailbox: Mailbox, changed_since: ModSeq, most_rows: int
) -> NDArray[np.int64] | None:
    if mailbox.highestmodseq <= changed_since:
        return _NO_ROWS
    if changed_since and mailbox.messages > _SMALL_SCAN_ROWS:
        logged = _logged_rows(connection, mailbox, changed_since)
        if logged is not None:
            return logged
    if not changed_since:
        return _scanned(connection, mailbox, changed_since) if mailbox.messages <= most_rows else None
    if mailbox.messages > _LARGE_SCAN_ROWS:
        return None
    # Expunged messages are among the late rows, and no count says how many.
    table = _scanned(connection, mailbox, changed_since, limit=most_rows + 1)
    return table if len(table) <= most_rows else None


def _logged_rows(connection: apsw.Connection, mailbox: Mailbox, changed_since: ModSeq) -> NDArray[np.int64] | None:
    """What `_scanned` gives for a few late changes, found by the change log's end; None: it does not reach back.

    No index on modseq leads to them (it would triple the cost of a STORE), and a scan of 10,000 rows takes half a
    millisecond. Every change of a message stands in the log, in the order of modseqs, until it is pruned.
    """
    uids = UidSet()
    cursor = connection.execute("SELECT modseq, mailbox, uids FROM change ORDER BY number DESC LIMIT ?", (_LOG_LINES,))
    with closing(cursor):
        for modseq, changed, text in cursor:
            if int(modseq or 0) <= changed_since:
                break
            if changed == mailbox.id and text:
                uids = uids.union(UidSet.parse(str(text).encode()))
            if len(uids.ranges) > _LOG_RANGES or len(uids) > _LOG_MESSAGES:
                return None
        else:
            return None
    condition = "uid BETWEEN ? AND ? AND modseq > ?"
    tables = [_table(connection, mailbox, condition, (first, last, changed_since)) for first, last in uids.ranges]
    return np.concatenate(tables) if tables else _NO_ROWS


def _scanned(
    connection: apsw.Connection, mailbox: Mailbox, changed_since: ModSeq, *, limit: int = -1
) -> NDArray[np.int64]:
    condition = "modseq > ?" if changed_since else "expunged_modseq = ?"
    return _table(connection, mailbox, condition, (changed_since,), limit=limit)


def _table(
    connection: apsw.Connection, mailbox: Mailbox, condition: str, bindings: tuple[int, ...], *, limit: int = -1
) -> NDArray[np.int64]:
    """Rows of messages, by UID: flat arrays made as the rows come, of all ways through tuples the fastest."""
    rows = connection.execute(
        f"SELECT {_MESSAGE_COLUMNS} FROM message WHERE mailbox = ? AND {condition} ORDER BY uid LIMIT ?",
        (mailbox.number, *bindings, limit),
    )
    width = _NO_ROWS.shape[1]
    steps: list[NDArray[np.int64]] = []
    while not steps or steps[-1].size == _ROWS_IN_STEP * width:
        if steps:
            # A step is one call, and no thread that waits for the interpreter's lock would get it before the last one.
            time.sleep(0)
        steps.append(np.fromiter(chain.from_iterable(islice(rows, _ROWS_IN_STEP)), np.int64))
    return np.concatenate(steps).reshape(-1, width)


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
        "SELECT content, from_, to_, cc, bcc, subject, base_subject, sent, message_id, first_from, first_to, first_cc,"
        " reference_ids, is_reply FROM search",
        "content",
        contents,
    )
    return {ContentId(row[0]): _search_fields(row) for row in rows}


def _search_fields(row: tuple[Any, ...]) -> SearchFields:
    """Nothing is known of replies in rows of the first versions."""
    *fields, references, is_reply = row[1:]
    fields.append(tuple(references.split("\n")) if references else ())
    fields.append(None if is_reply is None else bool(is_reply))
    return SearchFields(*fields)


def read_previews(connection: apsw.Connection, contents: Sequence[ContentId]) -> dict[ContentId, str]:
    """Remembered previews by content id."""
    rows = _by_ids(connection, "SELECT content, text FROM preview", "content", contents)
    return {ContentId(content): text for content, text in rows}


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


def read_late_changes(connection: apsw.Connection, since: ModSeq, limit: int) -> list[ChangeRow] | None:
    """The change log above a modseq, oldest first, found by its end; None: there are more than `limit`."""
    late: list[ChangeRow] = []
    try:
        with closing(connection.execute(f"{_SELECT_CHANGES} ORDER BY number DESC LIMIT ?", (limit + 1,))) as cursor:
            for row in cursor:
                change = ChangeRow(*row)
                if change.modseq <= since:
                    break
                late.append(change)
    except apsw.Error as error:
        raise as_refusal_of_index(error) from error
    return None if len(late) > limit else late[::-1]


def read_changes(connection: apsw.Connection, since: ModSeq, limit: int) -> list[ChangeRow]:
    """The change log above a modseq, oldest first: its beginning, where there are more than `limit`."""
    late = read_late_changes(connection, since, limit)
    if late is not None:
        return late
    rows = fetch_all(connection, f"{_SELECT_CHANGES} WHERE modseq > ? ORDER BY number LIMIT ?", (since, limit))
    return [ChangeRow(*row) for row in rows]


def read_pruned_changes(connection: apsw.Connection) -> PrunedChanges:
    """How far the change log was pruned."""
    row = fetch_one(connection, "SELECT pruned_changes, pruned_changes_time FROM account")
    if row is None:
        raise StoreDamaged("an account's file has no account row")
    return PrunedChanges(ModSeq(row[0]), int(row[1]))


def read_last_change_s(connection: apsw.Connection, mailbox: MailboxId) -> int | None:
    """The time of the last line of the change log about the mailbox."""
    row = fetch_one(connection, "SELECT time FROM change WHERE mailbox = ? ORDER BY number DESC LIMIT 1", (mailbox,))
    return None if row is None else row[0]


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
