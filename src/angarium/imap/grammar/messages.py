"""STORE (with RFC 7162 §3.1.3 and RFC 5257 §4.5), COPY, MOVE and UID EXPUNGE (RFC 9051 §6.4)."""

from typing import Final

from angarium.imap import commands as c
from angarium.imap.cursor import Cursor, Malformed
from angarium.imap.dialect import Extension
from angarium.imap.flagnames import parse_keyword, parse_system_flag

from .annotations import parse_values
from .entry import Entry

_STORE_ATTRIBUTES = {mode.value + suffix: (mode, bool(suffix)) for mode in c.StoreMode for suffix in (b"", b".SILENT")}


def parse_store(cursor: Cursor) -> c.Store | c.StoreAnnotation:
    """RFC 9051 §6.4.6."""
    return _parse_store(cursor, by_uid=False)


def parse_uid_store(cursor: Cursor) -> c.Store | c.StoreAnnotation:
    """RFC 9051 §6.4.9."""
    return _parse_store(cursor, by_uid=True)


def _parse_store(cursor: Cursor, *, by_uid: bool) -> c.Store | c.StoreAnnotation:
    cursor.space()
    messages = cursor.sequence_set()
    cursor.space()
    unchanged_since = None
    if cursor.take(b"("):
        unchanged_since = _parse_unchanged_since(cursor)
        cursor.space()
    name = cursor.word().upper()
    if name == b"ANNOTATION" and cursor.serves(Extension.ANNOTATE):
        cursor.space()
        annotations = parse_values(cursor)
        cursor.end()
        return c.StoreAnnotation(messages, annotations, by_uid, unchanged_since)
    attribute = _STORE_ATTRIBUTES.get(name)
    if attribute is None:
        raise Malformed(b"Invalid Store attribute")
    cursor.space()
    flags = _parse_flags(cursor)
    cursor.end()
    mode, silent = attribute
    return c.Store(messages, mode, flags, by_uid, silent, unchanged_since)


def _parse_unchanged_since(cursor: Cursor) -> int:
    name = cursor.atom()
    if name.upper() != b"UNCHANGEDSINCE" or not cursor.serves(Extension.CONDSTORE):
        raise Malformed(b"Invalid Store modifier " + name[:64])
    cursor.space()
    modseq = cursor.number64()
    cursor.expect(b")")
    return modseq


def _parse_flags(cursor: Cursor) -> tuple[str, ...]:
    """`flag-list / (flag *(SP flag))`."""
    flags: dict[str, None] = {}
    if cursor.next_octet() == b"(":
        for _ in cursor.elements(may_be_empty=True):
            flags[_parse_flag(cursor)] = None
        return tuple(flags)
    flags[_parse_flag(cursor)] = None
    while cursor.take(b" "):
        cursor.count_argument()
        flags[_parse_flag(cursor)] = None
    return tuple(flags)


def _parse_flag(cursor: Cursor) -> str:
    text = cursor.word()
    if text.startswith(b"\\"):
        flag = parse_system_flag(text)
        if flag is None:
            raise Malformed(b"Invalid system flag in Store command")
        return flag
    keyword = parse_keyword(text)
    if keyword is None:
        raise Malformed(b"Invalid flag name in Store command")
    return keyword


def _parse_target(cursor: Cursor) -> bytes:
    cursor.space()
    mailbox = cursor.astring()
    cursor.end()
    return mailbox


def parse_copy(cursor: Cursor) -> c.Copy:
    """RFC 9051 §6.4.7."""
    cursor.space()
    return c.Copy(cursor.sequence_set(), _parse_target(cursor), by_uid=False)


def parse_uid_copy(cursor: Cursor) -> c.Copy:
    """RFC 9051 §6.4.9."""
    cursor.space()
    return c.Copy(cursor.sequence_set(), _parse_target(cursor), by_uid=True)


def parse_move(cursor: Cursor) -> c.Move:
    """RFC 9051 §6.4.8."""
    cursor.space()
    return c.Move(cursor.sequence_set(), _parse_target(cursor), by_uid=False)


def parse_uid_move(cursor: Cursor) -> c.Move:
    """RFC 9051 §6.4.9."""
    cursor.space()
    return c.Move(cursor.sequence_set(), _parse_target(cursor), by_uid=True)


def parse_uid_expunge(cursor: Cursor) -> c.Expunge:
    """RFC 9051 §6.4.9."""
    cursor.space()
    uids = cursor.sequence_set()
    cursor.end()
    return c.Expunge(uids)


_MOVE: Final = frozenset({Extension.MOVE})

ENTRIES = {
    b"STORE": Entry(b"Store", c.Store, parse_store, by_number=True, takes_literal8=True),
    b"COPY": Entry(b"Copy", c.Copy, parse_copy, by_number=True),
    b"MOVE": Entry(b"Move", c.Move, parse_move, _MOVE, by_number=True),
}

UID_ENTRIES = {
    b"STORE": Entry(b"Uid", c.Store, parse_uid_store, takes_literal8=True),
    b"COPY": Entry(b"Uid", c.Copy, parse_uid_copy),
    b"MOVE": Entry(b"Uid", c.Move, parse_uid_move, _MOVE),
    b"EXPUNGE": Entry(b"Uid", c.Expunge, parse_uid_expunge, frozenset({Extension.UIDPLUS})),
}
