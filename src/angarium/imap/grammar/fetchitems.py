"""The items of FETCH (RFC 9051 §6.4.5, RFC 3501 §6.4.5, and those of extensions), which NOTIFY and UPDATE name too."""

import re
from collections.abc import Mapping
from typing import Final

from angarium.fetchitem import (
    ALL,
    FAST,
    FULL,
    Annotation,
    BinarySection,
    BinarySize,
    BodySection,
    FetchAttribute,
    FetchItem,
    Partial,
    Preview,
    SectionKind,
)
from angarium.imap.cursor import MAXIMUM_NUMBER64, Cursor, Malformed
from angarium.imap.dialect import Extension
from angarium.imap.limits import ParserLimits

from .annotations import parse_attribute_names, parse_entry_names

_MACROS: Final[dict[bytes, tuple[FetchItem, ...]]] = {b"ALL": ALL, b"FAST": FAST, b"FULL": FULL}

_SIMPLE: Final[Mapping[bytes, FetchItem]] = {attribute.value: attribute for attribute in FetchAttribute} | {
    # RFC822.HEADER alone of the three leaves \Seen as it is (RFC 3501 §6.4.5)
    b"RFC822": BodySection(is_rfc822=True),
    b"RFC822.HEADER": BodySection(kind=SectionKind.HEADER, peek=True, is_rfc822=True),
    b"RFC822.TEXT": BodySection(kind=SectionKind.TEXT, is_rfc822=True),
}

_NAME = re.compile(rb"[A-Za-z0-9.-]+")
_UNKNOWN = re.compile(rb"[^\x00-\x20\x7f-\xff()]{1,64}")
_WITH_SECTION: Final = (b"BODY", b"BODY.PEEK", b"BINARY", b"BINARY.PEEK", b"BINARY.SIZE")
_PART = re.compile(rb"[1-9][0-9]{0,9}(?:\.[1-9][0-9]{0,9})*")
_SECTION_TEXT = re.compile(rb"HEADER(?:\.FIELDS(?:\.NOT)?)?|TEXT|MIME", re.IGNORECASE)
_PARTIAL = re.compile(rb"<([0-9]{1,19})\.([1-9][0-9]{0,18})>")

_CONTROL = re.compile(rb"[\x00-\x1f\x7f]")

_KINDS: Final = {kind.value: kind for kind in SectionKind}
_FIELD_KINDS: Final = (SectionKind.HEADER_FIELDS, SectionKind.HEADER_FIELDS_NOT)


_EXTENSIONS: Final[dict[bytes, Extension]] = {
    b"ANNOTATION": Extension.ANNOTATE,
    b"BINARY": Extension.BINARY,
    b"BINARY.PEEK": Extension.BINARY,
    b"BINARY.SIZE": Extension.BINARY,
    b"DIGEST.SHA1": Extension.DIGEST_SHA1,
    b"EMAILID": Extension.OBJECTID,
    b"MODSEQ": Extension.CONDSTORE,
    b"PREVIEW": Extension.PREVIEW,
    b"SAVEDATE": Extension.SAVEDATE,
    b"THREADID": Extension.OBJECTID,
}
"""Without which an item is none."""


def parse_items(cursor: Cursor) -> tuple[FetchItem, ...]:
    """`"ALL" / "FULL" / "FAST" / fetch-att / "(" fetch-att *(SP fetch-att) ")"`; each item once."""
    if cursor.next_octet() != b"(":
        return _parse_item_or_macro(cursor)
    return parse_item_list(cursor)


def parse_item_list(cursor: Cursor) -> tuple[FetchItem, ...]:
    """`"(" fetch-att *(SP fetch-att) ")"`; each item once."""
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
        raise cursor.invalid() if cursor.at_end() else _unknown(cursor)
    name = match[0].upper()
    end = match.end()
    if cursor.data[end : end + 1] == b"[":
        return _parse_section(cursor, name)
    item = _SIMPLE.get(name)
    if item is not None and _is_served(cursor, name):
        cursor.position = end
        return item
    if name == b"PREVIEW" and cursor.serves(Extension.PREVIEW):
        cursor.position = end
        return _parse_preview(cursor)
    if name == b"ANNOTATION" and cursor.serves(Extension.ANNOTATE):
        cursor.position = end
        return _parse_annotation(cursor)
    raise _unknown(cursor)


def _is_served(cursor: Cursor, name: bytes) -> bool:
    return name not in _EXTENSIONS or cursor.serves(_EXTENSIONS[name])


def _unknown(cursor: Cursor) -> Malformed:
    """What to raise where no item is: it is named as the client wrote it, but in capitals."""
    match = _UNKNOWN.match(cursor.data, cursor.position)
    return Malformed(b"Invalid Fetch attribute " + match[0].upper() if match else b"Invalid Fetch attribute")


def _parse_preview(cursor: Cursor) -> Preview:
    """`"PREVIEW" [SP "(" preview-mod *(SP preview-mod) ")"]` (RFC 8970 §6)."""
    if not cursor.take(b" ("):
        return Preview()
    cursor.position -= 1
    for _ in cursor.elements():
        modifier = cursor.atom()
        if modifier.upper() != b"LAZY":
            raise Malformed(b"Invalid Preview modifier " + modifier[:64])
    return Preview(lazy=True)


def _parse_annotation(cursor: Cursor) -> Annotation:
    """`"ANNOTATION" SP "(" entries SP attribs ")"` (RFC 5257 §5)."""
    cursor.space()
    cursor.expect(b"(")
    entries = parse_entry_names(cursor)
    cursor.space()
    attributes = parse_attribute_names(cursor)
    cursor.expect(b")")
    return Annotation(entries, attributes)


def parse_section_spec(octets: bytes, limits: ParserLimits) -> BodySection:
    """`section-spec` alone, as in an IMAP URL (RFC 5092 §11, enc-section); empty for the whole message. Malformed."""
    cursor = Cursor(octets + b"]", 0, name=b"Section", limits=limits)
    section = _parse_body_section(cursor, peek=True)
    cursor.end()
    if section.partial is not None:
        raise Malformed(b"Invalid body section")
    return section


def _parse_section(cursor: Cursor, name: bytes) -> FetchItem:
    if name not in _WITH_SECTION or not _is_served(cursor, name):
        raise _unknown(cursor)
    cursor.position += len(name) + 1
    if name in (b"BODY", b"BODY.PEEK"):
        return _parse_body_section(cursor, peek=name == b"BODY.PEEK")
    if name in (b"BINARY", b"BINARY.PEEK"):
        part = _parse_part(cursor)
        _close_section(cursor)
        return BinarySection(part, _parse_partial(cursor), peek=name == b"BINARY.PEEK")
    part = _parse_part(cursor)
    _close_section(cursor)
    return BinarySize(part)


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
