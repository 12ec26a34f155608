"""Content-Type, Content-Disposition and their parameters (RFC 2045 §5.1, RFC 2183), continuations of RFC 2231 included.

A parameter is kept in two forms. For the wire, continuations are joined: `name*0`, `name*1` become `NAME`; with a
charset they become `NAME*` and stay percent-encoded (`utf-8''caf%C3%A9`), which is what Cyrus sends and clients decode.
For our own use the value is decoded to text.
"""

import re
from collections.abc import Sequence
from functools import lru_cache
from typing import NamedTuple
from urllib.parse import unquote_to_bytes

from .charset import decode
from .encodedword import decode_unfolded
from .imapstring import parameter_list
from .octets import ASTERISK, BACKSLASH, PARENTHESIS, SEMICOLON

_VALUE = re.compile(
    rb';[ \t]*+([^\s;="()]++)[ \t]*+=[ \t]*+'  # name
    rb'(?:"((?:[^"\\]|\\.)*+)"?'  # quoted, perhaps without its end
    rb'|([^\s;"]*+(?:[ \t]++[^\s;"=]++(?=[ \t]*+(?:;|\Z)))*+))',  # or plain: a name of two words is often not quoted
    re.DOTALL,
)
_ESCAPED = re.compile(rb"\\(.)", re.DOTALL)
_COMMENT = re.compile(rb"\([^()]*+\)")
# What lacks its end has it nowhere, so that it is looked for once only.
_COMMENT_OR_QUOTED = re.compile(rb'"(?:[^"\\]|\\.)*+(?:"|(\\?\Z))|\([^()]*+\)', re.DOTALL)
_MEDIA_TYPE = re.compile(rb"[ \t]*+([!#-'*+\-.0-9A-Z^-~]++)[ \t]*+/[ \t]*+([!#-'*+\-.0-9A-Z^-~]++)")
_TOKEN = re.compile(rb"[ \t]*+([!#-'*+\-.0-9A-Z^-~]++)")
_CONTINUED = re.compile(rb"([^*]++)(?:\*(\d{1,4}))?(\*)?")
_NOT_ATTRIBUTE_CHAR = re.compile(rb"[^!#$&+\-.0-9A-Z^_`a-z{|}~]")


class ContentType(NamedTuple):
    """A Content-Type; type and subtype in capitals. A named tuple for the reason that `part.Part` is one."""

    type: bytes
    subtype: bytes
    parameters: tuple[tuple[bytes, bytes], ...]
    decoded: tuple[tuple[str, str], ...]
    """The parameters as text, see `decode_parameter`."""

    shown_parameters: bytes
    """The parameters as BODY sends them."""

    charset: str
    """In lower case; empty where it names none, and so `name`."""

    name: str


class Disposition(NamedTuple):
    """A Content-Disposition (RFC 2183), in capitals; empty where there is none."""

    type: bytes
    parameters: list[tuple[bytes, bytes]]


_US_ASCII = (b"CHARSET", b"us-ascii")
NO_DISPOSITION = Disposition(b"", [])

_CACHED_OCTETS = 128
_MAX_PARAMETERS = 256


def content_type_of(type_: bytes, subtype: bytes, parameters: Sequence[tuple[bytes, bytes]]) -> ContentType:
    """The value of these parts, which are in the form that `parse_content_type` gives them."""
    decoded = tuple([decode_parameter(name, value) for name, value in parameters])
    charset = name = ""
    for attribute, text in decoded:
        if attribute == "charset":
            charset = text.lower()
        elif attribute == "name":
            name = text
    return ContentType(type_, subtype, tuple(parameters), decoded, parameter_list(parameters), charset, name)


def parse_content_type(value: bytes) -> ContentType | None:
    """An unfolded Content-Type; None where it has no valid type. Text without a charset is in US-ASCII, and Cyrus
    shows it so (RFC 2045 §5.2)."""
    if len(value) <= _CACHED_OCTETS and value[:5].lower() == b"text/":
        return _parse_text_type(value)
    return _parse_content_type(value)


@lru_cache(maxsize=1024)
def _parse_text_type(value: bytes) -> ContentType | None:
    """Texts name few charsets and no boundaries, so that most are read once for all messages."""
    return _parse_content_type(value)


def _parse_content_type(value: bytes) -> ContentType | None:
    media_type = _MEDIA_TYPE.match(value)
    if media_type is None:
        return None
    type_ = media_type[1].upper()
    parameters = parse_parameters(value)
    if type_ == b"TEXT" and not any(name in (b"CHARSET", b"CHARSET*") for name, _ in parameters):
        parameters.append(_US_ASCII)
    return content_type_of(type_, media_type[2].upper(), parameters)


def parse_disposition(value: bytes) -> Disposition:
    """An unfolded Content-Disposition."""
    kind = parse_token(value)
    return Disposition(kind, parse_parameters(value)) if kind else NO_DISPOSITION


def parse_token(value: bytes) -> bytes:
    """The first word of an unfolded field in capitals, as of Content-Disposition; empty without one."""
    token = _TOKEN.match(value)
    return token[1].upper() if token else b""


def parse_parameters(value: bytes) -> list[tuple[bytes, bytes]]:
    """The parameters of an unfolded field: names in capitals, values unquoted, continuations joined; first one wins."""
    if SEMICOLON not in value:
        return []
    if PARENTHESIS in value:
        value = _COMMENT_OR_QUOTED.sub(_without_comment, value)
    pairs = [
        (name.upper(), plain or (_ESCAPED.sub(rb"\1", quoted) if BACKSLASH in quoted else quoted))
        for name, quoted, plain in _VALUE.findall(value)[:_MAX_PARAMETERS]
    ]
    if len(pairs) > 1:
        pairs.reverse()
        found = dict(pairs)  # the first of a name
        pairs = list(found.items())[::-1]
    if ASTERISK in value and any(ASTERISK in name for name, _ in pairs):
        return _join_continuations(pairs)
    return pairs


def _without_comment(match: re.Match[bytes]) -> bytes:
    if not match[0].startswith(b'"'):
        return b" "
    return match[0] if match[1] is None else _COMMENT.sub(b" ", match[0])


def _join_continuations(pairs: list[tuple[bytes, bytes]]) -> list[tuple[bytes, bytes]]:
    """RFC 2231 §3: sections in the order of their numbers, up to the first that is missing."""
    sections: dict[bytes, dict[int, tuple[bool, bytes]]] = {}
    joined: dict[bytes, bytes] = {}
    for name, value in pairs:
        parts = _CONTINUED.fullmatch(name)
        if parts is None or parts[2] is None:
            joined.setdefault(name, value)
            continue
        joined.setdefault(parts[1], b"")  # holds the place of the first section
        sections.setdefault(parts[1], {}).setdefault(int(parts[2]), (parts[3] is not None, value))
    result: dict[bytes, bytes] = {}
    for name, value in joined.items():
        if name in sections and not value:
            name, value = _join_sections(name, sections[name])
        result.setdefault(name, value)
    return list(result.items())


def _join_sections(name: bytes, sections: dict[int, tuple[bool, bytes]]) -> tuple[bytes, bytes]:
    present: list[tuple[bool, bytes]] = []
    while len(present) in sections:
        present.append(sections[len(present)])
    if not any(extended for extended, _ in present):
        return name, b"".join([value for _, value in present])
    pieces = [value if extended else _NOT_ATTRIBUTE_CHAR.sub(_percent, value) for extended, value in present]
    if not present[0][0]:  # no section named a charset
        pieces.insert(0, b"''")
    return name + b"*", b"".join(pieces)


def _percent(match: re.Match[bytes]) -> bytes:
    return b"%%%02X" % match[0][0]


def decode_parameter(name: bytes, value: bytes) -> tuple[str, str]:
    """A parameter as text: name in lower case without `*`, value decoded (RFC 2231 §4, and encoded words, which have
    no place there and are common)."""
    if name[-1:] == b"*":
        charset, quote, rest = value.partition(b"'")
        _, second_quote, encoded = rest.partition(b"'")
        if quote and second_quote:
            return name[:-1].decode("latin-1").lower(), decode(unquote_to_bytes(encoded), charset.decode("latin-1"))
    return name.decode("latin-1").lower(), decode_unfolded(value)


TEXT_PLAIN = content_type_of(b"TEXT", b"PLAIN", (_US_ASCII,))
MESSAGE_RFC822 = content_type_of(b"MESSAGE", b"RFC822", ())
