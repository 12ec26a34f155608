"""FETCH (RFC 9051 §6.4.5, RFC 3501 §6.4.5, RFC 7162 §3.1.4)."""

import re
from collections.abc import Mapping
from typing import Final

from angarium.fetchitem import (
    ALL,
    FAST,
    FULL,
    BinarySection,
    BinarySize,
    BodySection,
    FetchAttribute,
    FetchItem,
    Partial,
    SectionKind,
)
from angarium.imap import commands as c
from angarium.imap.cursor import MAXIMUM_NUMBER64, Cursor, Malformed

from .entry import Entry

_MACROS: Final[dict[bytes, tuple[FetchItem, ...]]] = {b"ALL": ALL, b"FAST": FAST, b"FULL": FULL}

_SIMPLE: Final[Mapping[bytes, FetchItem]] = {attribute.value: attribute for attribute in FetchAttribute} | {
    # RFC822.HEADER alone of the three leaves \Seen as it is (RFC 3501 §6.4.5)
    b"RFC822": BodySection(is_rfc822=True),
    b"RFC822.HEADER": BodySection(kind=SectionKind.HEADER, peek=True, is_rfc822=True),
    b"RFC822.TEXT": BodySection(kind=SectionKind.TEXT, is_rfc822=True),
}

_NAME = re.compile(rb"[A-Za-z0-9.-]+")
_PART = re.compile(rb"[1-9][0-9]{0,9}(?:\.[1-9][0-9]{0,9})*")
_SECTION_TEXT = re.compile(rb"HEADER(?:\.FIELDS(?:\.NOT)?)?|TEXT|MIME", re.IGNORECASE)
_PARTIAL = re.compile(rb"<([0-9]{1,19})\.([1-9][0-9]{0,18})>")

_CONTROL = re.compile(rb"[\x00-\x1f\x7f]")

_KINDS: Final = {kind.value: kind for kind in SectionKind}
_FIELD_KINDS: Final = (SectionKind.HEADER_FIELDS, SectionKind.HEADER_FIELDS_NOT)


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
    items = _parse_items(cursor)
    if by_uid and FetchAttribute.UID not in items:
        items = (FetchAttribute.UID, *items)
    changed_since = _parse_changed_since(cursor) if cursor.take(b" ") else None
    cursor.end()
    return c.Fetch(messages, items, by_uid, changed_since)


def _parse_items(cursor: Cursor) -> tuple[FetchItem, ...]:
    if cursor.next_octet() != b"(":
        return _parse_item_or_macro(cursor)
    items: dict[FetchItem, None] = {}
    for _ in cursor.elements():
        items[_parse_item(cursor)] = None
    return tuple(items)


def _parse_item_or_macro(cursor: Cursor) -> tuple[FetchItem, ...]:
    match = _NAME.match(cursor.data, cursor.position)
    macro = _MACROS.get(match[0].upper()) if match else None
    if match is None or macro is None:
        return (_parse_item(cursor),)
    cursor.position = match.end()
    return macro


def _parse_item(cursor: Cursor) -> FetchItem:
    match = _NAME.match(cursor.data, cursor.position)
    if match is None:
        raise cursor.invalid() if cursor.at_end() else Malformed(b"Invalid Fetch attribute")
    name = match[0].upper()
    end = match.end()
    if cursor.data[end : end + 1] == b"[":
        cursor.position = end + 1
        return _parse_section(cursor, name)
    item = _SIMPLE.get(name)
    if item is None:
        raise Malformed(b"Invalid Fetch attribute " + name[:64])
    cursor.position = end
    return item


def _parse_section(cursor: Cursor, name: bytes) -> FetchItem:
    if name in (b"BODY", b"BODY.PEEK"):
        return _parse_body_section(cursor, peek=name == b"BODY.PEEK")
    if name in (b"BINARY", b"BINARY.PEEK"):
        part = _parse_part(cursor)
        _close_section(cursor)
        return BinarySection(part, _parse_partial(cursor), peek=name == b"BINARY.PEEK")
    if name == b"BINARY.SIZE":
        part = _parse_part(cursor)
        _close_section(cursor)
        return BinarySize(part)
    raise Malformed(b"Invalid Fetch attribute " + name[:64])


def _parse_body_section(cursor: Cursor, *, peek: bool) -> BodySection:
    part = _parse_part(cursor)
    kind = SectionKind.WHOLE
    if not part or cursor.take(b"."):
        kind = _parse_kind(cursor, required=bool(part))
    fields = _parse_fields(cursor) if kind in _FIELD_KINDS else ()
    _close_section(cursor)
    if kind is SectionKind.MIME and not part:
        raise Malformed(b"Invalid body section")
    return BodySection(part, kind, fields, _parse_partial(cursor), peek)


def _parse_part(cursor: Cursor) -> tuple[int, ...]:
    match = _PART.match(cursor.data, cursor.position)
    if match is None:
        return ()
    cursor.position = match.end()
    return tuple([int(number) for number in match[0].split(b".")])


def _parse_kind(cursor: Cursor, *, required: bool) -> SectionKind:
    match = _SECTION_TEXT.match(cursor.data, cursor.position)
    if match is None:
        if required:
            raise Malformed(b"Invalid body section")
        return SectionKind.WHOLE
    cursor.position = match.end()
    return _KINDS[match[0].upper()]


def _parse_fields(cursor: Cursor) -> tuple[bytes, ...]:
    cursor.space()
    fields: list[bytes] = []
    for _ in cursor.elements():
        field = cursor.astring()
        # a literal or an empty string could bring what no header field's name can be, and the answer repeats it
        if not field or _CONTROL.search(field):
            raise Malformed(b"Invalid body section")
        fields.append(field)
    return tuple(fields)


def _close_section(cursor: Cursor) -> None:
    if not cursor.take(b"]"):
        raise Malformed(b"Invalid body section")


def _parse_partial(cursor: Cursor) -> Partial | None:
    if cursor.next_octet() != b"<":
        return None
    match = _PARTIAL.match(cursor.data, cursor.position)
    if match is None:
        raise Malformed(b"Invalid body partial")
    offset, count = int(match[1]), int(match[2])
    if max(offset, count) > MAXIMUM_NUMBER64:
        raise Malformed(b"Invalid body partial")
    cursor.position = match.end()
    return Partial(offset, count)


def _parse_changed_since(cursor: Cursor) -> int:
    cursor.expect(b"(")
    name = cursor.atom()
    if name.upper() != b"CHANGEDSINCE":
        raise Malformed(b"Invalid Fetch modifier " + name[:64])
    cursor.space()
    modseq = cursor.number64()
    cursor.expect(b")")
    return modseq


ENTRIES = {b"FETCH": Entry(b"Fetch", c.Fetch, parse_fetch)}
UID_ENTRIES = {b"FETCH": Entry(b"Uid", c.Fetch, parse_uid_fetch)}
