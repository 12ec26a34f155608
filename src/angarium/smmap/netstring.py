"""Netstrings (`5:hello,`), in which sendmail and Postfix speak to socket maps: read without I/O, and written.

Memory: what was given to `receive_data` and not asked for yet, and one unfinished netstring of `REQUEST_OCTETS` at
most; a longer one is refused as soon as its length is there. Behind one that is malformed nobody knows where the next
begins, so the parser gives nothing more.
"""

import re
from typing import Final

REQUEST_OCTETS: Final = 4096
"""The longest request; a map's name and an address are much shorter (RFC 5321 §4.5.3.1)."""

# No zeros in front, so that each string has one spelling.
_LENGTH: Final = re.compile(rb"(0|[1-9][0-9]{0,8}):")
_LENGTH_OCTETS: Final = 10


class NetstringInvalid(Exception):
    """What came is no netstring, or too long; `str()` says why."""


class NetstringParser:
    """One client's octets; one object a connection."""

    __slots__ = ("_buffer", "_position")

    def __init__(self) -> None:
        self._buffer = b""
        self._position = 0

    @property
    def buffered_octets(self) -> int:
        """Octets that were not looked at yet."""
        return len(self._buffer) - self._position

    def receive_data(self, data: bytes) -> None:
        """Take octets as they came."""
        self._buffer = self._buffer[self._position :] + data if self.buffered_octets else data
        self._position = 0

    def next_string(self) -> bytes | None:
        """The next string; None if more octets are needed. NetstringInvalid, from then on at each call."""
        if not self.buffered_octets:
            return None
        length = _LENGTH.match(self._buffer, self._position)
        if length is None:
            prefix = self._buffer[self._position : self._position + _LENGTH_OCTETS]
            if len(prefix) < _LENGTH_OCTETS and prefix.isdigit() and (prefix[:1] != b"0" or prefix == b"0"):
                return None
            raise NetstringInvalid("missing length")
        octets = int(length[1])
        if octets > REQUEST_OCTETS:
            raise NetstringInvalid("too long")
        end = length.end() + octets
        if len(self._buffer) <= end:
            return None
        if self._buffer[end] != ord(","):
            raise NetstringInvalid("missing terminator")
        self._position = end + 1
        return self._buffer[length.end() : end]


def netstring(octets: bytes) -> bytes:
    """The octets as a netstring."""
    return b"%d:%b," % (len(octets), octets)
