"""Announcements of literals at the end of a line (RFC 9051 §4.3, RFC 7888, RFC 3516 §4.4)."""

import re
from dataclasses import dataclass

# A server must look for these at the end of any line, even of one that it cannot parse, or it would take the literal of
# a broken command for further commands (RFC 7888 §4). More than 20 digits are no number64, and so no announcement.
_ANNOUNCEMENT = re.compile(rb"(~?)\{([0-9]{1,20})(\+?)\}\Z")

ANNOUNCEMENT_OCTETS = 24
"""The longest announcement: a line's end of that size suffices to find it."""


@dataclass(frozen=True, slots=True)
class LiteralAnnouncement:
    """`{n}`, `{n+}`, `~{n}` or `~{n+}`; `start` is where it begins in the line."""

    size_octets: int
    synchronising: bool
    is_binary: bool
    start: int


def find_literal(line: bytes | bytearray) -> LiteralAnnouncement | None:
    """The announcement that ends `line`, which comes without its CRLF; None if there is none."""
    if not line.endswith(b"}"):
        return None
    match = _ANNOUNCEMENT.search(line, max(0, len(line) - ANNOUNCEMENT_OCTETS))
    if match is None:
        return None
    return LiteralAnnouncement(
        size_octets=int(match[2]),
        synchronising=not match[3],
        is_binary=bool(match[1]),
        start=match.start(),
    )


def is_unasked(announcement: LiteralAnnouncement, unasked_octets: int | None) -> bool:
    """Whether a literal that the client does not wait with is larger than those may be (`ParserLimits`)."""
    return unasked_octets is not None and unasked_octets < announcement.size_octets and not announcement.synchronising
