"""Rows as tuples of what the schema says they hold.

`Any`, since apsw can only say that a value is one of SQLite's five types, and which one is the schema's to know.
"""

from collections.abc import Mapping, Sequence
from typing import Any

import apsw

Bindings = Sequence[Any] | Mapping[str, Any]


def fetch_all(connection: apsw.Connection, statement: str, bindings: Bindings = ()) -> list[tuple[Any, ...]]:
    """Every row of the answer."""
    return connection.execute(statement, bindings).fetchall()


def fetch_one(connection: apsw.Connection, statement: str, bindings: Bindings = ()) -> tuple[Any, ...] | None:
    """The first row; no cursor stays open behind it."""
    cursor = connection.execute(statement, bindings)
    row = cursor.fetchone()
    cursor.close()
    return row
