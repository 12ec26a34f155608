"""Responses about annotations: METADATA (RFC 5464 §4.4), ANNOTATION (RFC 5257 §4.4, and ANNOTATEMORE), and codes."""

from collections.abc import Iterable

from .terminals import serialize_astring, serialize_string

Attributes = Iterable[tuple[bytes, bytes | None]]
"""Attributes with their values; None is NIL."""


def serialize_metadata(mailbox: bytes, values: Attributes) -> bytes:
    """METADATA with values; names as strings, as Cyrus sends them."""
    return b"* METADATA " + serialize_astring(mailbox) + b" (" + _pairs(values) + b")\r\n"


def serialize_metadata_names(mailbox: bytes, entries: Iterable[bytes]) -> bytes:
    """METADATA that says which entries changed (RFC 5464 §4.4.2)."""
    return b"* METADATA " + serialize_astring(mailbox) + b" " + b" ".join(map(serialize_astring, entries)) + b"\r\n"


def serialize_annotation_response(mailbox: bytes, entry: bytes, attributes: Attributes) -> bytes:
    """ANNOTATION of ANNOTATEMORE, of one entry."""
    words = serialize_astring(mailbox), serialize_string(entry), _pairs(attributes)
    return b"* ANNOTATION %b %b (%b)\r\n" % words


def serialize_annotations(entries: Iterable[tuple[bytes, Attributes]]) -> bytes:
    """The value of ANNOTATION in a FETCH response."""
    return b"(" + b" ".join([_entry(entry, attributes) for entry, attributes in entries]) + b")"


def code_longentries(octets: int) -> bytes:
    """RFC 5464 §4.2.1."""
    return b"METADATA LONGENTRIES %d" % octets


def serialize_value(value: bytes | None) -> bytes:
    """`value`: a string, NIL, or a literal8 where there is NUL in it (RFC 5464 §5, RFC 4466 §6).

    A backslash is not quoted, as Cyrus has it: there are clients that do not take it back.
    """
    if value is None:
        return b"NIL"
    if b"\0" in value:
        return b"~{%d}\r\n%b" % (len(value), value)
    if b"\\" in value or b'"' in value:
        return b"{%d}\r\n%b" % (len(value), value)
    return serialize_string(value)


def _entry(entry: bytes, attributes: Attributes) -> bytes:
    pairs = b" ".join([b"%b %b" % (serialize_astring(name), serialize_value(value)) for name, value in attributes])
    return serialize_astring(entry) + b" (" + pairs + b")"


def _pairs(values: Attributes) -> bytes:
    return b" ".join([b"%b %b" % (serialize_string(name), serialize_value(value)) for name, value in values])
