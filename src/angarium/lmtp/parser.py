"""`LmtpParser`: octets of a client to events; it reads no socket, and looks no further than it was asked to.

A command ends at CRLF and nowhere else (RFC 5321 §2.3.8): a bare LF within an address must not begin a second command.
A line longer than `LINE_OCTETS` is refused once and swallowed to its end.

What comes behind a DATA is commands until the session, having sent its 354, calls `expect_data`; a client that sends
the message of a DATA which was refused gets an error a line, and no line of it is stored. What comes behind a BDAT is
its chunk in any case (RFC 3030 §2), whatever the session makes of it. What comes behind an AUTH is a line of its
exchange as often as the session calls `expect_line`.

Memory: what was given to `receive_data` and not asked for yet; the session must stop reading while events are left.
"""

from enum import Enum, auto
from typing import Final

from angarium.lmtp.commands import Bdat
from angarium.lmtp.events import CommandReceived, CommandRefused, DataChunk, DataEnded, Event, LineReceived
from angarium.lmtp.grammar import CommandInvalid, Problem, parse_command
from angarium.lmtp.transparency import DataDecoder
from angarium.sasl import MAX_LINE_OCTETS

LINE_OCTETS: Final = 4096
"""The longest command line, with its CRLF; RFC 5321 §4.5.3.1.4 asks for 512, and RFC 4954 §3 for 500 more."""


class _Mode(Enum):
    """What the next octets are."""

    COMMAND = auto()
    REFUSED_LINE = auto()
    """The rest of a line that is too long."""
    DATA = auto()
    LINE = auto()
    """A line of an exchange (RFC 4954 §4)."""
    CHUNK = auto()
    """Octets of a BDAT, as many as it said."""
    DATA_ENDED = auto()
    """Commands again, once the end of the message, or of the chunk, was told."""


class LmtpParser:
    """One client's octets; one object a connection."""

    __slots__ = ("_buffer", "_chunk_octets", "_decoder", "_mode", "_position")

    def __init__(self) -> None:
        self._buffer = b""
        self._position = 0
        self._mode = _Mode.COMMAND
        self._decoder = DataDecoder()
        self._chunk_octets = 0
        """What is to come of a chunk."""

    @property
    def buffered_octets(self) -> int:
        """Octets that were not looked at yet."""
        return len(self._buffer) - self._position

    @property
    def is_in_data(self) -> bool:
        """Whether a message or chunk is on its way whose end was not told yet."""
        return self._mode in (_Mode.DATA, _Mode.CHUNK, _Mode.DATA_ENDED)

    def receive_data(self, data: bytes) -> None:
        """Take octets as they came."""
        self._buffer = self._buffer[self._position :] + data if self.buffered_octets else data
        self._position = 0

    def next_event(self) -> Event | None:
        """The next event; None if more octets are needed."""
        if self._mode is _Mode.DATA:
            return self._read_data()
        if self._mode is _Mode.CHUNK:
            return self._read_chunk()
        if self._mode is _Mode.DATA_ENDED:
            self._mode = _Mode.COMMAND
            return DataEnded()
        if self._mode is _Mode.LINE:
            return self._read_line()
        if self._mode is _Mode.REFUSED_LINE and not self._skip_line():
            return None
        return self._read_command()

    def expect_data(self) -> None:
        """What follows is a message: called when the answer to DATA is that it may come."""
        assert self._mode is _Mode.COMMAND
        self._mode = _Mode.DATA
        self._decoder = DataDecoder()

    def expect_line(self) -> None:
        """The next line is one of an exchange, and no command."""
        assert self._mode is _Mode.COMMAND
        self._mode = _Mode.LINE

    def _read_line(self) -> Event | None:
        end = self._buffer.find(b"\r\n", self._position, self._position + MAX_LINE_OCTETS + 2)
        if end < 0:
            if self.buffered_octets < MAX_LINE_OCTETS + 2:
                return None
            self._mode = _Mode.REFUSED_LINE
            return LineReceived(None)
        line = self._buffer[self._position : end]
        self._position = end + 2
        self._mode = _Mode.COMMAND
        return LineReceived(line)

    def _read_command(self) -> Event | None:
        end = self._buffer.find(b"\r\n", self._position, self._position + LINE_OCTETS)
        if end < 0:
            if self.buffered_octets < LINE_OCTETS:
                return None
            self._mode = _Mode.REFUSED_LINE
            return CommandRefused(Problem.LINE_TOO_LONG)
        line = self._buffer[self._position : end]
        self._position = end + 2
        try:
            command = parse_command(line)
        except CommandInvalid as error:
            return CommandRefused(error.problem)
        if isinstance(command, Bdat):
            self._chunk_octets = command.size_octets
            self._mode = _Mode.CHUNK if command.size_octets else _Mode.DATA_ENDED
        return CommandReceived(command)

    def _skip_line(self) -> bool:
        """Whether the end of the line was there."""
        end = self._buffer.find(b"\r\n", self._position)
        if end < 0:
            self._position = len(self._buffer) - self._buffer.endswith(b"\r")
            return False
        self._position = end + 2
        self._mode = _Mode.COMMAND
        return True

    def _read_data(self) -> Event | None:
        data = self._buffer[self._position :] if self._position else self._buffer
        content, end = self._decoder.decode(data)
        if end is None:
            self._buffer = b""
            self._position = 0
        else:
            self._position += end
            self._mode = _Mode.DATA_ENDED
        return DataChunk(content) if content else self._after_data()

    def _read_chunk(self) -> Event | None:
        octets = self._buffer[self._position : self._position + self._chunk_octets]
        if not octets:
            return None
        self._position += len(octets)
        self._chunk_octets -= len(octets)
        if not self._chunk_octets:
            self._mode = _Mode.DATA_ENDED
        return DataChunk(octets)

    def _after_data(self) -> Event | None:
        return None if self._mode is _Mode.DATA else self.next_event()
