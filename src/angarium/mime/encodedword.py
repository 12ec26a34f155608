"""Encoded words of header fields (RFC 2047), and raw 8-bit header text (RFC 6532), as readable text."""

import binascii
import re

from .charset import decode, decode_unlabelled
from .octets import LF, NUL

_WORD = re.compile(rb"=\?([^?*\s]++)(?:\*[^?\s]*+)?\?([bBqQ])\?([^?]*+)\?=")
_LINE_BREAK = re.compile(rb"\r?\n")
_NOT_BASE64 = re.compile(rb"[^A-Za-z0-9+/]+")


def unfold(value: bytes) -> bytes:
    """A field's value on one line, without surrounding white space and without NUL (RFC 5322 §2.2.3)."""
    value = value.strip()
    if LF in value:
        value = _LINE_BREAK.sub(b"", value)
    if NUL in value:
        value = value.replace(b"\0", b"")
    return value


def decode_header(value: bytes) -> str:
    """The text of a header field's value, folded or not.

    White space between adjacent encoded words is dropped, and words of one charset are joined before they are decoded,
    since a character of several octets may be split between them (against RFC 2047 §5, and common). What cannot be
    decoded stays as it is.
    """
    return decode_unfolded(unfold(value))


def decode_unfolded(value: bytes) -> str:
    """`decode_header` of a value that is on one line already."""
    if value.find(b"=?") < 0:
        return value.decode("ascii") if value.isascii() else decode_unlabelled(value)
    pieces: list[str] = []
    charset = b""
    pending: list[bytes] = []
    position = 0
    for word in _WORD.finditer(value):
        start, end = word.span()
        between, position = value[position:start], end
        name, encoding, text = word.groups()
        name = name.lower()
        if pending and (name != charset or between.strip(b" \t\r")):
            pieces.append(decode(b"".join(pending), charset.decode("latin-1")))
            pending = []
            between = between if between.strip(b" \t\r") else b""
        elif pending:
            between = b""
        if between:
            pieces.append(decode_unlabelled(between))
        charset = name
        pending.append(_decode_word(encoding, text))
    if pending:
        pieces.append(decode(b"".join(pending), charset.decode("latin-1")))
    pieces.append(decode_unlabelled(value[position:]))
    return "".join(pieces)


def _decode_word(encoding: bytes, text: bytes) -> bytes:
    if encoding in (b"q", b"Q"):
        return binascii.a2b_qp(text, header=True)
    text = _NOT_BASE64.sub(b"", text)
    if len(text) % 4 == 1:  # a lone last digit carries no whole octet
        text = text[:-1]
    return binascii.a2b_base64(text + b"=" * (-len(text) % 4))
