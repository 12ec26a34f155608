"""BODY and BODYSTRUCTURE of one part, from its header and what its children gave (RFC 9051 §7.5.2)."""

from collections.abc import Sequence
from typing import NamedTuple

from .encodedword import unfold
from .header import HeaderBlock
from .imapstring import nstring, parameter_list, string
from .parameters import ContentType, Disposition


class Structure(NamedTuple):
    """A part as BODY and as BODYSTRUCTURE show it; the latter adds the extension data."""

    body: bytes
    bodystructure: bytes


def basic_fields(
    header: HeaderBlock, content_type: ContentType, encoding: bytes, size_octets: int, field_octets: int
) -> bytes:
    """What every part that is no multipart begins with: type, parameters, id, description, encoding, size."""
    # Type, subtype and encoding are tokens of RFC 2045, which need no quoting.
    return b'"%b" "%b" %b %b %b "%b" %d' % (
        content_type.type,
        content_type.subtype,
        parameter_list(content_type.parameters),
        _text(header, b"content-id", field_octets),
        _text(header, b"content-description", field_octets),
        encoding,
        size_octets,
    )


def single_structure(basic: bytes, header: HeaderBlock, disposition: Disposition, field_octets: int) -> Structure:
    """A part without structure of its own; `basic` has the count of lines already where the type is text."""
    return Structure(b"(%b)" % basic, b"(%b%b)" % (basic, _single_extension(header, disposition, field_octets)))


def message_structure(
    basic: bytes,
    envelope: bytes,
    message: Structure,
    lines: int,
    extension_of: tuple[HeaderBlock, Disposition],
    field_octets: int,
) -> Structure:
    """A message/rfc822 or message/global part and the message inside it."""
    extension = _single_extension(*extension_of, field_octets)
    return Structure(
        b"(%b %b %b %d)" % (basic, envelope, message.body, lines),
        b"(%b %b %b %d%b)" % (basic, envelope, message.bodystructure, lines, extension),
    )


def multipart_structure(
    content_type: ContentType,
    children: Sequence[Structure],
    extension_of: tuple[HeaderBlock, Disposition],
    field_octets: int,
) -> Structure:
    """A multipart of at least one part."""
    subtype = content_type.subtype
    parameters = parameter_list(content_type.parameters)
    extension = _disposition_language_location(*extension_of, field_octets)
    return Structure(
        b'(%b "%b")' % (b"".join([child.body for child in children]), subtype),
        b'(%b "%b" %b%b)' % (b"".join([child.bodystructure for child in children]), subtype, parameters, extension),
    )


def _text(header: HeaderBlock, name: bytes, field_octets: int) -> bytes:
    value = header.first(name)
    return b"NIL" if value is None else nstring(unfold(value[:field_octets]))


def _single_extension(header: HeaderBlock, disposition: Disposition, field_octets: int) -> bytes:
    tail = _disposition_language_location(header, disposition, field_octets)
    if header.first(b"content-md5") is None:
        return b" NIL" + tail
    return b" " + _text(header, b"content-md5", field_octets) + tail


def _disposition_language_location(header: HeaderBlock, disposition: Disposition, field_octets: int) -> bytes:
    if header.first(b"content-language") is None and header.first(b"content-location") is None:
        if not disposition.type:
            return b" NIL NIL NIL"
        return b' ("%b" %b) NIL NIL' % (disposition.type, parameter_list(disposition.parameters))
    shown = b"NIL"
    if disposition.type:
        shown = b"(%b %b)" % (string(disposition.type), parameter_list(disposition.parameters))
    return b" %b %b %b" % (
        shown,
        _languages(header, field_octets),
        _text(header, b"content-location", field_octets),
    )


def _languages(header: HeaderBlock, field_octets: int) -> bytes:
    """One language as a string, several as a list (RFC 3282)."""
    value = header.first(b"content-language")
    if value is None:
        return b"NIL"
    languages = [tag.strip() for tag in unfold(value[:field_octets]).split(b",")]
    shown = [string(tag) for tag in languages if tag]
    if not shown:
        return b"NIL"
    return shown[0] if len(shown) == 1 else b"(%b)" % b" ".join(shown)
