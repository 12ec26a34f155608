"""Rows as tuples of what the schema says they hold.

`Any`, since apsw can only say that a value is one of SQLite's five types, and which one is the schema's to know.
"""

from collections.abc import Mapping, Sequence
from typing import Any

import apsw

from angarium.engine.sqlite.refusals import as_refusal_of_index

Bindings = Sequence[Any] | Mapping[str, Any]


def fetch_all(connection: apsw.Connection, statement: str, bindings: Bindings = ()) -> list[tuple[Any, ...]]:
    """Every row of the answer; SQLite's errors as refusals."""
    try:
        return connection.execute(statement, bindings).fetchall()
    except apsw.Error as error:
        raise as_refusal_of_index(error) from error


def fetch_one(connection: apsw.Connection, statement: str, bindings: Bindings = ()) -> tuple[Any, ...] | None:
    """The first row; no cursor stays open behind it. SQLite's errors as refusals."""
    try:
        cursor = connection.execute(statement, bindings)
        row = cursor.fetchone()
        cursor.close()
    except apsw.Error as error:
        raise as_refusal_of_index(error) from error
    return row
