"""Strings as IMAP sends them (RFC 9051 §4.3, RFC 3501 §4.3): quoted where that is legal, else a literal.

Raw 8-bit text and CR or LF go out as a literal, which is legal in IMAP4rev1 and IMAP4rev2 alike; NUL is legal in
neither and is dropped.
"""

import re
from collections.abc import Sequence

from .octets import NUL

_SPECIAL = re.compile(rb"[^ !#-\[\]-~\t]").search
_QUOTABLE = re.compile(rb"[\x01-\x09\x0b\x0c\x0e-\x7f]*+").fullmatch


def string(value: bytes) -> bytes:
    """`value` as an IMAP string."""
    if not _SPECIAL(value):
        return b'"%b"' % value
    if NUL in value:
        return string(value.replace(b"\0", b""))
    if _QUOTABLE(value):
        return b'"%b"' % value.replace(b"\\", b"\\\\").replace(b'"', b'\\"')
    return b"{%d}\r\n%b" % (len(value), value)


def nstring(value: bytes | None) -> bytes:
    """`value` as an IMAP string, or NIL."""
    return b"NIL" if value is None else string(value)


def parameter_list(parameters: Sequence[tuple[bytes, bytes]]) -> bytes:
    """Attribute and value pairs as a parenthesised list (body-fld-param); NIL without any."""
    if not parameters:
        return b"NIL"
    return b"(%b)" % b" ".join([string(name) + b" " + string(value) for name, value in parameters])
