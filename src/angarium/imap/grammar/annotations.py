"""Names and values of annotations, as METADATA (RFC 5464) and ANNOTATE (RFC 5257) share them."""

import re
from collections.abc import Generator
from typing import Final

from angarium.imap.commands import AnnotationValue
from angarium.imap.cursor import Cursor, Malformed
from angarium.imap.literals import find_literal

from .entry import ArgumentWanted

# RFC 5464 §3.2 and RFC 5257 §3.2: slash-separated, no empty component, ASCII without controls
_ENTRY = re.compile(rb"(?:/[^/\x00-\x1f\x7f-\xff]+)+")
_ATTRIBUTE = re.compile(rb"[^\x00-\x20\x7f-\xff/]+")
_WILDCARDS: Final = (b"*", b"%")


def entry_name(octets: bytes, *, with_wildcards: bool = False) -> str:
    """The name of an entry; Malformed for what is none."""
    if not _ENTRY.fullmatch(octets) and not (with_wildcards and octets in _WILDCARDS):
        raise Malformed(b"Invalid entry name")
    if not with_wildcards and any(wildcard in octets for wildcard in _WILDCARDS):
        raise Malformed(b"Invalid entry name")
    return octets.decode("ascii")


def attribute_name(octets: bytes, *, with_wildcards: bool = False) -> str:
    """The name of an attribute; Malformed for what is none."""
    if not _ATTRIBUTE.fullmatch(octets) or (not with_wildcards and any(wildcard in octets for wildcard in _WILDCARDS)):
        raise Malformed(b"Invalid attribute name")
    return octets.decode("ascii")


def parse_entry_names(cursor: Cursor) -> tuple[str, ...]:
    """`entries` of RFC 5257: `entry-match / "(" entry-match *(SP entry-match) ")"`."""
    return tuple([entry_name(octets, with_wildcards=True) for octets in _one_or_more(cursor)])


def parse_attribute_names(cursor: Cursor) -> tuple[str, ...]:
    """`attribs` of RFC 5257: `attrib / "(" attrib *(SP attrib) ")"`."""
    return tuple([attribute_name(octets, with_wildcards=True) for octets in _one_or_more(cursor)])


def _one_or_more(cursor: Cursor) -> list[bytes]:
    if cursor.next_octet() == b"(":
        return [cursor.astring() for _ in cursor.elements()]
    return [cursor.astring()]


def parse_values(cursor: Cursor) -> tuple[AnnotationValue, ...]:
    """`"(" entry-att *(SP entry-att) ")"` of RFC 5257, where the whole command is at hand."""
    steps = read_values(cursor)
    try:
        next(steps)
    except StopIteration as end:
        values: tuple[AnnotationValue, ...] = end.value
        return values
    raise cursor.invalid()


ValueSteps = Generator[ArgumentWanted, bytes, tuple[AnnotationValue, ...]]
Argument = Generator[ArgumentWanted, bytes, bytes]


def read_values(cursor: Cursor) -> ValueSteps:
    """The same, where a literal may be yet to come."""
    values: list[AnnotationValue] = []
    for _ in cursor.elements():
        yield from read_attributes(cursor, values)
    return tuple(values)


def read_attributes(cursor: Cursor, values: list[AnnotationValue]) -> Generator[ArgumentWanted, bytes, None]:
    """`entry SP "(" attrib SP value *(SP attrib SP value) ")"`, added to `values`."""
    entry = entry_name((yield from read_astring(cursor)))
    cursor.space()
    for _ in cursor.elements():
        attribute = attribute_name((yield from read_astring(cursor)))
        cursor.space()
        values.append(AnnotationValue(entry, attribute, (yield from _read_value(cursor))))


def read_astring(cursor: Cursor) -> Argument:
    """`astring`, which may be a literal yet to come."""
    if not _ends_in_literal(cursor):
        return cursor.astring()
    octets = yield ArgumentWanted()
    if b"\0" in octets:
        raise Malformed(b"Invalid literal: NUL in it")
    return octets


def _read_value(cursor: Cursor) -> Generator[ArgumentWanted, bytes, bytes | None]:
    if not _ends_in_literal(cursor):
        return cursor.nvalue()
    is_binary = cursor.next_octet() == b"~"
    octets = yield ArgumentWanted(takes_literal8=True)
    if not is_binary and b"\0" in octets:
        raise Malformed(b"Invalid literal: NUL in it")
    return octets


def _ends_in_literal(cursor: Cursor) -> bool:
    """Whether the announcement that ends the line is next; the octets are not in the cursor's text then."""
    if cursor.next_octet() not in (b"{", b"~"):
        return False
    announcement = find_literal(cursor.data)
    return announcement is not None and announcement.start == cursor.position
