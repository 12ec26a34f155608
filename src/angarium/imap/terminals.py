"""Octets of the terminals of responses (RFC 9051 §9): astring, string, nstring, literal, lists."""

import re
from collections.abc import Iterable, Sequence

import numpy as np
from numpy.typing import NDArray

# An atom by the strictest reader: RFC 3501's ATOM-CHAR, and not the word NIL, which some take for nil anywhere.
_ATOM = re.compile(rb"(?!NIL\Z)[^\x00-\x20\x7f-\xff(){%*\"\\\]]+\Z", re.IGNORECASE)
_ATOM_LINES = re.compile(rb"(?:[^\x00-\x20\x7f-\xff(){%*\"\\\]]+\n)+\Z")
_NOT_QUOTED = re.compile(rb"[\x00\r\n\x80-\xff]")
_ESCAPED = re.compile(rb'(["\\])')

_NOT_QUOTED_UTF8 = re.compile(rb"[\x00\r\n]")

QUOTED_OCTETS = 1024
"""Longer strings go out as literals, since clients may have a limit of their own for quoted ones."""


class QuotableUtf8(bytes):
    """UTF-8 for a client that takes it in quoted strings (RFC 9051 §4.3, RFC 9755 §3); for others it is a literal."""


def serialize_literal(octets: bytes) -> bytes:
    """`literal`."""
    return b"{%d}\r\n%b" % (len(octets), octets)


def serialize_string(octets: bytes) -> bytes:
    """`string`: quoted where that is legal for all clients, else a literal. NUL must not be in it."""
    not_quoted = _NOT_QUOTED_UTF8 if type(octets) is QuotableUtf8 else _NOT_QUOTED
    if len(octets) > QUOTED_OCTETS or not_quoted.search(octets):
        return serialize_literal(octets)
    if b'"' in octets or b"\\" in octets:
        octets = _ESCAPED.sub(rb"\\\1", octets)
    return b'"' + octets + b'"'


def serialize_nstring(octets: bytes | None) -> bytes:
    """`nstring`; None is NIL."""
    return b"NIL" if octets is None else serialize_string(octets)


def serialize_astring(octets: bytes) -> bytes:
    """`astring`, as which mailbox names, identifiers and quota roots are sent: an atom where it can be one."""
    return octets if _ATOM.match(octets) else serialize_string(octets)


def serialize_astrings(octets: Sequence[bytes]) -> list[bytes]:
    """Each as `serialize_astring` gives it; faster where all are atoms, as names are that LIST tells."""
    lines = b"".join([each + b"\n" for each in octets])
    if _ATOM_LINES.match(lines) and lines.count(b"\n") == len(octets) and b"nil" not in lines.lower():
        return list(octets)
    return [serialize_astring(each) for each in octets]


def serialize_flags(flags: Iterable[str]) -> bytes:
    """`flag-list` with its parentheses."""
    return b"(" + " ".join(flags).encode("ascii") + b")"


def serialize_numbers(numbers: Iterable[int]) -> bytes:
    """Numbers with a space before each, as SEARCH lists them."""
    return "".join([f" {number}" for number in numbers]).encode("ascii")


def serialize_ranges(ranges: Iterable[tuple[int, int]]) -> bytes:
    """`sequence-set` of ranges in their own order, which a sort may have made (RFC 5267 §3.2)."""
    return ",".join([str(first) if first == last else f"{first}:{last}" for first, last in ranges]).encode("ascii")


def ranges_of(numbers: NDArray[np.integer]) -> list[tuple[int, int]]:
    """Numbers in any order as ranges of neighbours that ascend one by one."""
    if not numbers.size:
        return []
    breaks = np.flatnonzero(np.diff(numbers.astype(np.int64)) != 1) + 1
    firsts = numbers[np.concatenate(([0], breaks))]
    lasts = numbers[np.concatenate((breaks - 1, [-1]))]
    return list(zip(firsts.tolist(), lasts.tolist(), strict=True))
