"""Credentials (`users.db`, 0600): derived keys only, each with a version that dies with what was derived from it."""

import apsw

from angarium.engine.rows import CredentialRow
from angarium.engine.sqlite.query import fetch_all, fetch_one
from angarium.errors import UserNotFound

_COLUMNS = "userid, password_hash, scram, version, disabled, created_at, changed_at"


def credential(connection: apsw.Connection, userid: str) -> CredentialRow | None:
    """One user's credential."""
    row = fetch_one(connection, f"SELECT {_COLUMNS} FROM credential WHERE userid = ?", (userid,))
    return None if row is None else _credential(*row)


def credentials(connection: apsw.Connection) -> list[CredentialRow]:
    """All, by user id."""
    return [_credential(*row) for row in fetch_all(connection, f"SELECT {_COLUMNS} FROM credential ORDER BY userid")]


def put_credential(connection: apsw.Connection, row: CredentialRow) -> None:
    """Insert or replace."""
    connection.execute(
        f"INSERT OR REPLACE INTO credential ({_COLUMNS}) VALUES (?, ?, ?, ?, ?, ?, ?)",
        (
            row.userid,
            row.password_hash,
            row.scram,
            row.version,
            row.disabled,
            row.created_at_s,
            row.changed_at_s,
        ),
    )


def remove_credential(connection: apsw.Connection, userid: str) -> None:
    """UserNotFound."""
    connection.execute("DELETE FROM credential WHERE userid = ?", (userid,))
    if connection.changes() == 0:
        raise UserNotFound(f"no user {userid!r}")


def _credential(
    userid: str, password_hash: str, scram: str, version: int, disabled: int, created_at: int, changed_at: int
) -> CredentialRow:
    return CredentialRow(userid, password_hash, scram, version, bool(disabled), created_at, changed_at)
