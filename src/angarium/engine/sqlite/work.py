"""Accounts with work that must not be forgotten (`work.db`)."""

from collections.abc import Collection

import apsw

from angarium.engine.delivery import MAIL_TO_SEND
from angarium.engine.rows import AccountId, WorkRow
from angarium.engine.sqlite.query import fetch_all


def note_work(connection: apsw.Connection, row: WorkRow) -> int:
    """Add a line; gives its number."""
    connection.execute(
        "INSERT INTO work (account, kind, detail, noted_at) VALUES (?, ?, ?, ?)",
        (row.account, row.kind, row.detail, row.noted_at_s),
    )
    return connection.last_insert_rowid()


def work(connection: apsw.Connection, *, limit: int = -1) -> list[tuple[int, WorkRow]]:
    """All lines (or `limit`), oldest first."""
    rows = fetch_all(
        connection, "SELECT number, account, kind, detail, noted_at FROM work ORDER BY number LIMIT ?", (limit,)
    )
    return [
        (number, WorkRow(AccountId(account), kind, detail, noted_at))
        for number, account, kind, detail, noted_at in rows
    ]


def work_done(connection: apsw.Connection, number: int) -> None:
    """Remove a line; nothing happens where it is gone already."""
    connection.execute("DELETE FROM work WHERE number = ?", (number,))


def mail_done(connection: apsw.Connection, account: AccountId, numbers: Collection[int]) -> None:
    """Remove notes of mail to send; those of other accounts stay, whatever their numbers."""
    connection.executemany(
        "DELETE FROM work WHERE number = ? AND account = ? AND kind = ?",
        [(number, account, MAIL_TO_SEND) for number in numbers],
    )
