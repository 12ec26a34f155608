"""A message as the answer to RETR and TOP has it (RFC 1939 §3, §7), chunk by chunk, held in memory nowhere.

Lines end with CRLF, as they do in stored messages: a dot behind a lone CR or LF begins no line.
"""

import re
from typing import Final

_LINE_END: Final = b"\r\n"
_DOT: Final = re.compile(rb"\n\.")
"""Told from other text in half the time that `bytes.replace` needs to find nothing."""


class DotStuffer:
    """Puts a dot more where a line begins with one; one object a message."""

    __slots__ = ("_tail",)

    def __init__(self) -> None:
        self._tail = _LINE_END
        """The last two octets: a message begins as a line does."""

    def stuff(self, chunk: bytes) -> bytes:
        """The octets to send for the next ones of the message. Where nothing begins with a dot they are not copied."""
        if not chunk:
            return chunk
        stuffed = chunk
        if b"." in chunk and _DOT.search(chunk) is not None:  # base64 has none at all
            stuffed = chunk.replace(b"\r\n.", b"\r\n..")
        if self._tail == _LINE_END:
            if chunk.startswith(b"."):
                stuffed = b"." + stuffed
        elif self._tail.endswith(b"\r") and chunk.startswith(b"\n."):
            stuffed = b"\n." + stuffed[1:]
        self._tail = (self._tail + chunk[-2:])[-2:]
        return stuffed

    def end(self) -> bytes:
        """The line that ends the answer; a last line without an end gets one before."""
        return b".\r\n" if self._tail == _LINE_END else b"\r\n.\r\n"


class TopCutter:
    """Lets the header through, the empty line behind it, and so many lines of the body (TOP); one object a message."""

    __slots__ = ("_is_in_body", "_lines", "_tail", "is_done")

    def __init__(self, lines: int) -> None:
        self._lines = lines
        """Of the body, to come."""
        self._is_in_body = False
        self._tail = _LINE_END
        """The last octets, in which the empty line may have begun: a message may begin with it."""
        self.is_done = False
        """Nothing more is let through."""

    def cut(self, chunk: bytes) -> bytes:
        """What is let through of the next octets."""
        if self.is_done:
            return b""
        if self._is_in_body:
            return chunk[: self._end_of_lines(chunk, 0)]
        joined = self._tail + chunk
        found = joined.find(b"\r\n\r\n")
        if found < 0:
            self._tail = joined[-3:]
            return chunk
        self._is_in_body = True
        return chunk[: self._end_of_lines(chunk, max(0, found + 4 - len(self._tail)))]

    def _end_of_lines(self, chunk: bytes, start: int) -> int:
        """Where the lines that are wanted end; the end of the chunk where there are not so many."""
        ends = chunk.count(b"\n", start)
        if ends < self._lines:
            self._lines -= ends
            return len(chunk)
        self.is_done = True
        rest = chunk[start:].split(b"\n", self._lines)[-1]
        return len(chunk) - len(rest)
