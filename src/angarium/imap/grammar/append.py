"""APPEND up to its message (RFC 9051 §6.3.12)."""

from dataclasses import dataclass
from datetime import datetime

from angarium.imap.cursor import Cursor, Malformed
from angarium.imap.dates import parse_date_time
from angarium.imap.flagnames import parse_keyword, parse_system_flag


@dataclass(frozen=True, slots=True)
class AppendHead:
    """What stands before the message."""

    mailbox: bytes
    flags: tuple[str, ...]
    internal_date: datetime | None


def parse_append_head(cursor: Cursor) -> AppendHead:
    """Reads up to the announcement of the message's literal, which must be next and is left there."""
    cursor.space()
    mailbox = cursor.astring()
    cursor.space()
    flags: tuple[str, ...] = ()
    internal_date = None
    if cursor.next_octet() == b"(":
        flags = _parse_flags(cursor)
        cursor.space()
    if cursor.next_octet() == b'"':
        internal_date = _parse_internal_date(cursor)
        cursor.space()
    if cursor.next_octet() not in (b"{", b"~"):
        raise cursor.invalid()
    return AppendHead(mailbox, flags, internal_date)


def _parse_flags(cursor: Cursor) -> tuple[str, ...]:
    flags: dict[str, None] = {}
    for _ in cursor.elements(may_be_empty=True):
        text = cursor.word()
        flag = parse_system_flag(text) if text.startswith(b"\\") else parse_keyword(text)
        if flag is None:
            raise Malformed(b"Invalid flag in Append command")
        flags[flag] = None
    return tuple(flags)


def _parse_internal_date(cursor: Cursor) -> datetime:
    try:
        return parse_date_time(cursor.quoted())
    except ValueError as error:
        raise Malformed(b"Invalid date-time in Append command") from error
