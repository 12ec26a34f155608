"""CANCELUPDATE (RFC 5267 §4.3.5)."""

from angarium.imap import commands as c
from angarium.imap.cursor import Cursor
from angarium.imap.dialect import Extension

from .entry import Entry


def parse_cancelupdate(cursor: Cursor) -> c.CancelUpdate:
    """`"CANCELUPDATE" 1*(SP quoted)` (RFC 5267 §5)."""
    tags: list[bytes] = []
    cursor.space()
    while True:
        cursor.count_argument()
        tags.append(cursor.quoted())
        if not cursor.take(b" "):
            break
    cursor.end()
    return c.CancelUpdate(tuple(tags))


ENTRIES = {
    b"CANCELUPDATE": Entry(
        b"Cancelupdate",
        c.CancelUpdate,
        parse_cancelupdate,
        frozenset({Extension.CONTEXT_SEARCH, Extension.CONTEXT_SORT}),
    ),
}
