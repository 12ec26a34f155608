"""FETCH and its modifiers (RFC 9051 §6.4.5, RFC 7162 §3.1.4, §3.2.6, RFC 9394 §3.3)."""

from angarium.fetchitem import FetchAttribute
from angarium.imap import commands as c
from angarium.imap.cursor import Cursor, Malformed
from angarium.imap.dialect import Extension

from .entry import Entry
from .fetchitems import parse_items
from .returns import parse_partial_range


def parse_fetch(cursor: Cursor) -> c.Fetch:
    """RFC 9051 §6.4.5."""
    return _parse_fetch(cursor, by_uid=False)


def parse_uid_fetch(cursor: Cursor) -> c.Fetch:
    """RFC 9051 §6.4.9."""
    return _parse_fetch(cursor, by_uid=True)


def _parse_fetch(cursor: Cursor, *, by_uid: bool) -> c.Fetch:
    cursor.space()
    messages = cursor.sequence_set()
    cursor.space()
    items = parse_items(cursor)
    if by_uid and FetchAttribute.UID not in items and not cursor.dialect.uid_only:
        items = (FetchAttribute.UID, *items)
    if not cursor.take(b" "):
        cursor.end()
        return c.Fetch(messages, items, by_uid)
    changed_since, vanished, partial = _parse_modifiers(cursor, by_uid=by_uid)
    cursor.end()
    return c.Fetch(messages, items, by_uid, changed_since, vanished, partial)


def _parse_modifiers(cursor: Cursor, *, by_uid: bool) -> tuple[int | None, bool, c.PartialRange | None]:
    changed_since: int | None = None
    vanished = False
    partial: c.PartialRange | None = None
    for _ in cursor.elements():
        name = cursor.atom()
        match name.upper():
            case b"CHANGEDSINCE" if changed_since is None and cursor.serves(Extension.CONDSTORE):
                cursor.space()
                changed_since = cursor.number64()
            case b"VANISHED" if by_uid and not vanished and cursor.serves(Extension.QRESYNC):
                vanished = True
            case b"PARTIAL" if by_uid and partial is None and cursor.serves(Extension.PARTIAL):
                cursor.space()
                partial = parse_partial_range(cursor)
            case _:
                raise Malformed(b"Invalid Fetch modifier " + name[:64])
    if vanished:
        # RFC 7162 §3.2.6
        require_qresync(cursor)
        if changed_since is None:
            raise Malformed(b"VANISHED without CHANGEDSINCE in Fetch")
    return changed_since, vanished, partial


def require_qresync(cursor: Cursor) -> None:
    """Refuses QRESYNC of a client that has not enabled it (RFC 7162 §3.2.3)."""
    if Extension.QRESYNC not in cursor.dialect.enabled:
        raise Malformed(b"QRESYNC not enabled")


ENTRIES = {b"FETCH": Entry(b"Fetch", c.Fetch, parse_fetch, by_number=True)}
UID_ENTRIES = {b"FETCH": Entry(b"Uid", c.Fetch, parse_uid_fetch)}
