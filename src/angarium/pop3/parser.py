"""`Pop3Parser`: octets of a client to events; it reads no socket.

A line ends with CRLF, or with LF alone, which is what people type. One that is longer than `line_octets` is refused
once and swallowed to its end. Which lines are commands and which belong to an exchange of SASL, the session says by
`expect_line`, so no event is looked for before it is asked for.

Memory: what was given to `receive_data` and not asked for yet; the connection must stop reading while much is left.
"""

from typing import Final

from angarium.pop3.events import CommandReceived, CommandRefused, Event, LineReceived, Problem
from angarium.pop3.grammar import CommandInvalid, parse_command
from angarium.sasl import MAX_LINE_OCTETS

LINE_OCTETS: Final = MAX_LINE_OCTETS + 64
"""The longest line without its end; RFC 2449 §4 asks for 253, and RFC 5034 §4 for what responses of SASL need."""


class Pop3Parser:
    """One client's octets; one object a connection."""

    __slots__ = ("_buffer", "_expects_line", "_is_skipping", "_line_octets", "_position")

    def __init__(self, *, line_octets: int = LINE_OCTETS) -> None:
        self._line_octets = line_octets
        self._buffer = b""
        self._position = 0
        self._is_skipping = False
        """What comes is the rest of a line that was too long."""
        self._expects_line = False

    @property
    def buffered_octets(self) -> int:
        """Octets that were not looked at yet."""
        return len(self._buffer) - self._position

    def receive_data(self, data: bytes) -> None:
        """Take octets as they came."""
        self._buffer = self._buffer[self._position :] + data if self.buffered_octets else data
        self._position = 0

    def expect_line(self) -> None:
        """The next line is no command."""
        self._expects_line = True

    def next_event(self) -> Event | None:
        """The next event; None if more octets are needed."""
        if self._is_skipping and not self._skip():
            return None
        line = self._next_line()
        if line is None:
            if not self.buffered_octets:
                self._buffer, self._position = b"", 0  # which may have been many commands
            return None
        if self._expects_line:
            self._expects_line = False
            return LineReceived(line)
        if len(line) > self._line_octets:
            return CommandRefused(Problem.LINE_TOO_LONG)
        try:
            return CommandReceived(parse_command(line), line)
        except CommandInvalid as error:
            return CommandRefused(error.problem, error.command)

    def _next_line(self) -> bytes | None:
        """A line; of one that is too long its beginning, which is too long as well."""
        end = self._buffer.find(b"\n", self._position, self._position + self._line_octets + 2)
        if end < 0:
            if self.buffered_octets < self._line_octets + 2:
                return None
            self._is_skipping = True
            line = self._buffer[self._position : self._position + self._line_octets + 1]
            self._position += len(line)
            return line
        line = self._buffer[self._position : end]
        self._position = end + 1
        return line.removesuffix(b"\r")

    def _skip(self) -> bool:
        """Whether the end of the line was there."""
        end = self._buffer.find(b"\n", self._position)
        if end < 0:
            self._buffer, self._position = b"", 0
            return False
        self._position = end + 1
        self._is_skipping = False
        return True
