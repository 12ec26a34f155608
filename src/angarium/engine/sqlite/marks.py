"""Marks within a transaction, and as they are read. One that has expired counts as absent until it is pruned."""

from collections.abc import Iterable

import apsw

from angarium.engine.commands import PruneMarks, Purged
from angarium.engine.delivery import Mark, MarkKind, MarkRow
from angarium.engine.sqlite.query import fetch_all, fetch_one
from angarium.engine.sqlite.transaction import Transaction

_INSERT = (
    "INSERT INTO mark (kind, key, noted_at, expires_at) VALUES (?1, ?2, ?3, ?4)"
    " ON CONFLICT (kind, key) DO UPDATE SET noted_at = ?3, expires_at = ?4"
)
_STANDS = "SELECT 1 FROM mark WHERE kind = ? AND key = ? AND expires_at > ?"


def take_mark(transaction: Transaction, mark: Mark) -> bool:
    """Set a mark unless it stands already; whether it was set."""
    connection = transaction.connection
    connection.execute(f"{_INSERT} WHERE expires_at <= ?3", _bindings(transaction, mark))
    return connection.changes() > 0


def put_marks(transaction: Transaction, marks: Iterable[Mark]) -> None:
    """Set marks; one that stands gets the new time."""
    for mark in marks:
        transaction.connection.execute(_INSERT, _bindings(transaction, mark))


def stands(connection: apsw.Connection, kind: MarkKind, key: str, now_s: int) -> bool:
    """Whether something is marked."""
    return fetch_one(connection, _STANDS, (kind.value, key, now_s)) is not None


def count_standing(transaction: Transaction, kind: MarkKind, limit: int) -> int:
    """How many marks of a kind stand; `limit` where they are more."""
    found = transaction.connection.execute(
        "SELECT COUNT(*) FROM (SELECT 1 FROM mark WHERE kind = ? AND expires_at > ? LIMIT ?)",
        (kind.value, transaction.now_s, limit),
    ).get
    assert isinstance(found, int)
    return found


def prune_marks(transaction: Transaction, command: PruneMarks) -> Purged:
    """Forget what has expired."""
    before_s = -1 if command.delivered_before_s is None else command.delivered_before_s
    rows = fetch_all(
        transaction.connection,
        "SELECT kind, key FROM mark WHERE expires_at <= ? OR kind = ? AND noted_at < ? LIMIT ?",
        (command.now_s, MarkKind.DELIVERED.value, before_s, command.limit + 1),
    )
    more = len(rows) > command.limit
    rows = rows[: command.limit]
    transaction.connection.executemany("DELETE FROM mark WHERE kind = ? AND key = ?", rows)
    return Purged(len(rows), more)


def read_marks(connection: apsw.Connection, kind: MarkKind, after_key: str, limit: int) -> list[MarkRow]:
    """Marks of a kind above a key, by key."""
    rows = fetch_all(
        connection,
        "SELECT key, expires_at, noted_at FROM mark WHERE kind = ? AND key > ? ORDER BY key LIMIT ?",
        (kind.value, after_key, limit),
    )
    return [MarkRow(Mark(kind, key, expires_at_s), noted_at_s) for key, expires_at_s, noted_at_s in rows]


def _bindings(transaction: Transaction, mark: Mark) -> tuple[str, str, int, int]:
    return mark.kind.value, mark.key, transaction.now_s, mark.expires_at_s
