"""Watching the header of a message go by: where it ends, whether it is one, and which fields it has.

The watcher sees the message in chunks of any size and keeps no more than the beginning of one line, so that a header
line of a megabyte costs nothing.
"""

import re

from angarium.errors import MessageDefect, MessageInvalid

NAME_LIMIT_OCTETS = 998
"""A field's name ends within a line's greatest length (RFC 5322 §2.1.1)."""

# RFC 5322 §3.6.8; the blanks before the colon are those of its obsolete syntax (§4.5.8).
_FIELD = re.compile(rb"([!-9;-~]+)[ \t]*:")
_ENVELOPE_LINE = re.compile(rb">?From ")


class HeaderWatcher:
    """Watches a message with CRLF line ends until the empty line behind its header has passed.

    A message may begin with that empty line. The envelope line of an mbox file (`From ` or `>From `) is no field; with
    `envelope_line` it may be the first line all the same.
    """

    __slots__ = ("_envelope_line", "_line", "_names", "ended")

    def __init__(self, *, envelope_line: bool) -> None:
        self.ended = False
        self._envelope_line = envelope_line
        """Whether the line to come is the first, and may be one."""
        self._line = b""
        """The beginning of the line that is not complete yet."""
        self._names: set[bytes] = set()

    def has(self, name: bytes) -> bool:
        """Whether a field of this name, in lower case, was seen."""
        return name in self._names

    @property
    def is_within_line(self) -> bool:
        """Whether what was seen last is a line without its end."""
        return bool(self._line)

    def feed(self, data: bytes) -> int | None:
        """Look at the next chunk, which must not end between CR and LF; where in it the empty line begins, if it does.

        MessageInvalid for a line that is no field.
        """
        position = 0
        while True:
            newline = data.find(b"\n", position)
            end = len(data) if newline < 0 else newline
            line = self._line + data[position : min(end, position + NAME_LIMIT_OCTETS + 2 - len(self._line))]
            if newline < 0:
                self._line = line
                return None
            if line == b"\r":
                self.ended = True
                return position
            self._check(line)
            self._line = b""
            position = newline + 1

    def finish(self) -> None:
        """The message has ended within its header; MessageInvalid where its last line is no field."""
        if self._line:
            self._check(self._line)

    def _check(self, line: bytes) -> None:
        field = _FIELD.match(line)
        if field is not None:
            self._names.add(field[1].lower())
        elif not (self._names and line[:1] in (b" ", b"\t")) and not (
            self._envelope_line and _ENVELOPE_LINE.match(line)
        ):
            raise MessageInvalid(MessageDefect.HEADER)
        self._envelope_line = False
