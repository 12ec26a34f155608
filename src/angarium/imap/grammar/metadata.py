"""GETMETADATA and SETMETADATA (RFC 5464), GETANNOTATION and SETANNOTATION (ANNOTATEMORE, as Cyrus has them)."""

import re
from typing import Final

from angarium.imap import commands as c
from angarium.imap.cursor import Cursor, Malformed
from angarium.imap.dialect import Extension

from .annotations import (
    attribute_name,
    entry_name,
    parse_attribute_names,
    parse_entry_names,
    parse_values,
)
from .entry import Entry

# RFC 5464 §6: all entries begin so; cyradm asks for `/private/*`
_ROOTED = re.compile(r"/(?:private|shared)(?:/|\Z)", re.IGNORECASE)

_DEPTHS: Final = {depth.value: depth for depth in c.Depth}


def metadata_entry(octets: bytes, *, with_wildcards: bool = False) -> str:
    """The name of an entry of METADATA."""
    if not octets.startswith(b"/"):
        raise Malformed(b"entry must begin with /shared or /private")
    name = entry_name(octets, with_wildcards=with_wildcards)
    if not _ROOTED.match(name):
        raise Malformed(b"entry must begin with /shared or /private")
    return name


def parse_metadata_entries(cursor: Cursor) -> tuple[str, ...]:
    """`"(" entry *(SP entry) ")"`, with wildcards."""
    return tuple([metadata_entry(cursor.astring(), with_wildcards=True) for _ in cursor.elements()])


class _Options:
    """Options of GETMETADATA; each once."""

    __slots__ = ("depth", "max_size_octets")

    def __init__(self) -> None:
        self.max_size_octets: int | None = None
        self.depth: c.Depth | None = None

    def parse(self, cursor: Cursor) -> None:
        """`"(" getmetadata-option *(SP getmetadata-option) ")"`."""
        for _ in cursor.elements():
            name = cursor.atom()
            match name.upper():
                case b"MAXSIZE" if self.max_size_octets is None:
                    cursor.space()
                    self.max_size_octets = cursor.number64()
                case b"DEPTH" if self.depth is None:
                    cursor.space()
                    self.depth = _DEPTHS.get(cursor.atom().upper())
                    if self.depth is None:
                        raise Malformed(b"Invalid depth in Getmetadata")
                case _:
                    raise Malformed(b"Invalid Getmetadata option " + name[:64])


def parse_getmetadata(cursor: Cursor) -> c.GetMetadata:
    """`GETMETADATA [options] mailbox [options] entries`.

    RFC 5464 has the options before the mailbox in its grammar (§5) and behind it in its examples (§4.2.1); clients
    send both. A list behind the mailbox holds options where it begins with a letter, as no entry does.
    """
    options = _Options()
    cursor.space()
    if cursor.next_octet() == b"(":
        options.parse(cursor)
        cursor.space()
    mailbox = cursor.astring()
    cursor.space()
    if cursor.next_octet() == b"(" and cursor.data[cursor.position + 1 : cursor.position + 2].isalpha():
        options.parse(cursor)
        cursor.space()
    if cursor.next_octet() == b"(":
        entries = parse_metadata_entries(cursor)
    else:
        entries = (metadata_entry(cursor.astring(), with_wildcards=True),)
    cursor.end()
    return c.GetMetadata(mailbox, entries, options.max_size_octets, options.depth or c.Depth.ZERO)


def parse_setmetadata(cursor: Cursor) -> c.SetMetadata:
    """`"SETMETADATA" SP mailbox SP "(" entry SP value *(SP entry SP value) ")"`."""
    cursor.space()
    mailbox = cursor.astring()
    cursor.space()
    values: list[c.MetadataValue] = []
    for _ in cursor.elements():
        entry = metadata_entry(cursor.astring())
        cursor.space()
        values.append(c.MetadataValue(entry, cursor.nvalue()))
    cursor.end()
    return c.SetMetadata(mailbox, tuple(values))


def parse_getannotation(cursor: Cursor) -> c.GetAnnotation:
    """`"GETANNOTATION" SP list-mailbox SP entries SP attribs`."""
    cursor.space()
    mailbox = cursor.astring()
    cursor.space()
    entries = parse_entry_names(cursor)
    cursor.space()
    attributes = parse_attribute_names(cursor)
    cursor.end()
    return c.GetAnnotation(mailbox, entries, attributes)


def parse_setannotation(cursor: Cursor) -> c.SetAnnotation:
    """`"SETANNOTATION" SP list-mailbox SP (entry-att / "(" entry-att *(SP entry-att) ")")`."""
    cursor.space()
    mailbox = cursor.astring()
    cursor.space()
    values = parse_values(cursor) if cursor.next_octet() == b"(" else _parse_entry_values(cursor)
    cursor.end()
    return c.SetAnnotation(mailbox, values)


def _parse_entry_values(cursor: Cursor) -> tuple[c.AnnotationValue, ...]:
    """`entry SP "(" attrib SP value *(SP attrib SP value) ")"`."""
    values: list[c.AnnotationValue] = []
    entry = entry_name(cursor.astring())
    cursor.space()
    for _ in cursor.elements():
        attribute = attribute_name(cursor.astring())
        cursor.space()
        values.append(c.AnnotationValue(entry, attribute, cursor.nvalue()))
    return tuple(values)


_METADATA: Final = frozenset({Extension.METADATA})
_ANNOTATEMORE: Final = frozenset({Extension.ANNOTATEMORE})

ENTRIES = {
    b"GETMETADATA": Entry(b"Getmetadata", c.GetMetadata, parse_getmetadata, _METADATA),
    b"SETMETADATA": Entry(b"Setmetadata", c.SetMetadata, parse_setmetadata, _METADATA, takes_literal8=True),
    b"GETANNOTATION": Entry(b"Getannotation", c.GetAnnotation, parse_getannotation, _ANNOTATEMORE),
    b"SETANNOTATION": Entry(b"Setannotation", c.SetAnnotation, parse_setannotation, _ANNOTATEMORE, takes_literal8=True),
}
