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


def basic_fields(content_type: ContentType, id_and_description: bytes, encoding: bytes, size_octets: int) -> bytes:
    """What every part that is no multipart begins with: type, parameters, id, description, encoding, size."""
    # Type, subtype and encoding are tokens of RFC 2045, which need no quoting.
    return b'"%b" "%b" %b %b "%b" %d' % (
        content_type.type,
        content_type.subtype,
        content_type.shown_parameters,
        id_and_description,
        encoding,
        size_octets,
    )


def single_structure(basic: bytes, extension: bytes) -> Structure:
    """A part without structure of its own; `basic` has the count of lines already where the type is text, and
    `extension` begins with MD5."""
    return Structure(b"(%b)" % basic, b"(%b %b)" % (basic, extension))


def message_structure(basic: bytes, envelope: bytes, message: Structure, lines: int, extension: bytes) -> Structure:
    """A message/rfc822 or message/global part and the message inside it; `extension` begins with MD5."""
    return Structure(
        b"(%b %b %b %d)" % (basic, envelope, message.body, lines),
        b"(%b %b %b %d %b)" % (basic, envelope, message.bodystructure, lines, extension),
    )


def multipart_structure(content_type: ContentType, children: Sequence[Structure], extension: bytes) -> Structure:
    """A multipart of at least one part; `extension` has no MD5."""
    subtype = content_type.subtype
    return Structure(
        b'(%b "%b")' % (b"".join([child.body for child in children]), subtype),
        b'(%b "%b" %b%b)'
        % (b"".join([child.bodystructure for child in children]), subtype, content_type.shown_parameters, extension),
    )


def string_field(header: HeaderBlock, name: bytes, field_octets: int) -> bytes:
    """A field of the header as a string, or NIL."""
    value = header.first(name)
    return b"NIL" if value is None else nstring(unfold(value[:field_octets]))


def extension_fields(header: HeaderBlock, disposition: Disposition, field_octets: int) -> bytes:
    """Disposition, language and location, with a space before each."""
    shown = b"NIL"
    if disposition.type:
        shown = b'("%b" %b)' % (disposition.type, parameter_list(disposition.parameters))
    if header.first(b"content-language") is None and header.first(b"content-location") is None:
        return b" %b NIL NIL" % shown
    return b" %b %b %b" % (
        shown,
        _languages(header, field_octets),
        string_field(header, b"content-location", field_octets),
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
