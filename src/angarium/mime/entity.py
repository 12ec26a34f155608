"""What the header of a message or part says of the body below it (RFC 2045 §3), as the scanner and IMAP need it."""

from functools import lru_cache
from typing import NamedTuple

from .bodystructure import extension_fields, string_field
from .encodedword import decode_header, unfold
from .header import HeaderBlock
from .limits import Limits
from .parameters import (
    NO_DISPOSITION,
    ContentType,
    decode_parameter,
    parse_content_type,
    parse_disposition,
    parse_token,
)

_MAX_CONTENT_ID = 1000
_COMMON_ENCODINGS = {
    spelling: name
    for name in (b"7BIT", b"8BIT", b"BINARY", b"BASE64", b"QUOTED-PRINTABLE")
    for spelling in (b" %b\r\n" % name, b" %b\r\n" % name.lower())
}

_CACHED_OCTETS = 192
_CACHED_BLOCKS = 512


class Entity(NamedTuple):
    """The fields of one header that tell of its body; a named tuple for the reason that `part.Part` is one."""

    type: ContentType | None
    """None without a valid one: what it then is, the place tells (RFC 2045 §5.2, RFC 2046 §5.1.5)."""

    encoding: bytes
    """In capitals."""

    disposition: str
    """In capitals; empty without one."""

    filename: str | None
    """That of the disposition, decoded."""

    content_id: str
    id_and_description: bytes
    """As BODY sends them, and so the following two."""

    md5: bytes
    extension: bytes
    """Disposition, language and location, with a space before each."""


def read_entity(header: HeaderBlock, field_octets: int) -> Entity:
    """What `header` says, of each field the first `field_octets`."""
    content_type = header.first(b"content-type")
    disposition = header.first(b"content-disposition")
    content_id = header.first(b"content-id")
    parsed = NO_DISPOSITION if disposition is None else parse_disposition(unfold(disposition[:field_octets]))
    filename = None
    for name, value in parsed.parameters:
        if name in (b"FILENAME", b"FILENAME*"):
            filename = decode_parameter(name, value)[1]
    return Entity(
        None if content_type is None else parse_content_type(unfold(content_type[:field_octets])),
        _encoding(header, field_octets),
        parsed.type.decode("ascii"),
        filename,
        "" if content_id is None else decode_header(content_id[:_MAX_CONTENT_ID]),
        string_field(header, b"content-id", field_octets)
        + b" "
        + string_field(header, b"content-description", field_octets),
        string_field(header, b"content-md5", field_octets),
        extension_fields(header, parsed, field_octets),
    )


def entity_of_block(block: bytes, limits: Limits) -> Entity:
    """`read_entity` of a part's header."""
    if _is_usual(block) and len(block) <= limits.field_octets and len(block) <= limits.header_lines:
        return _entity_of_usual_block(block)
    return read_entity(HeaderBlock(block, limits.header_lines), limits.field_octets)


def _is_usual(block: bytes) -> bool:
    """Mail programs write the same few lines above their texts again and again, but for boundaries and file names; so
    that such blocks are read once for all messages."""
    return len(block) <= _CACHED_OCTETS and block.find(b"boundary=") < 0 and block.find(b"name=") < 0


@lru_cache(maxsize=_CACHED_BLOCKS)
def _entity_of_usual_block(block: bytes) -> Entity:
    return read_entity(HeaderBlock(block, _CACHED_OCTETS), _CACHED_OCTETS)


def _encoding(header: HeaderBlock, field_octets: int) -> bytes:
    value = header.first(b"content-transfer-encoding")
    if value is None:
        return b"7BIT"
    return _COMMON_ENCODINGS.get(value) or parse_token(unfold(value[:field_octets])) or b"7BIT"
