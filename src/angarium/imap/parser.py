"""`ImapParser`: octets of a client to events; it reads no socket, and nothing is read further than it was asked for.

Theory of operation. `receive_data` stores octets, `next_event` makes one event of them at a time, so that the session
executes each command before the next is looked at: its outcome decides what is legal then (`state`), whether the next
line is a command at all (`expect_line`), or whether those octets count (`drop_buffered`, STARTTLS).

A command is lines with literals between them. At the end of each line stands, perhaps, the announcement of a literal.
What has come of a command is kept in one buffer until its last line is there, and is then parsed at once (`grammar`),
which is faster than a parser that can stop at any octet, and simpler. The message of an APPEND, the one argument of any
size, is never part of that buffer: what stands before it is parsed when its literal is announced.

After an error the rest of the command is swallowed: the announced literals that the client sends without waiting, and
the lines between them (RFC 7888 §4). A literal that it waits with is not read: our refusal is the answer it waits for.

Memory: an unfinished line (`line_octets`), what has come of a command (`command_octets`), and one `receive_data` of
octets not looked at yet; so the session must stop reading while events are left.
"""

import re
from collections.abc import Callable
from enum import Enum, auto
from typing import ClassVar, Final

from .cursor import Cursor, Malformed, Refused
from .events import (
    AppendBegun,
    AppendFinished,
    CommandBad,
    CommandReceived,
    CommandRefused,
    Event,
    LineReceived,
    LiteralChunk,
    LiteralWanted,
)
from .grammar import COMMANDS, UID_COMMANDS, Entry, parse_append_head
from .limits import (
    COMMAND_TOO_LONG,
    LINE_TOO_LONG,
    LITERAL_TOO_LARGE,
    MESSAGE_TOO_LARGE,
    TOO_MANY_ARGUMENTS,
    ParserLimits,
)
from .literals import ANNOUNCEMENT_OCTETS, LiteralAnnouncement, find_literal
from .states import State, illegal_text

# tag (RFC 9051 §9), of a length that we are ready to send back, and the command's name, which may be missing
_HEAD = re.compile(rb"([^\x00-\x20\x7f-\xff(){%*\"\\+]{1,255}) ([^\x00-\x20\x7f(){\"]*)")
_NAME = re.compile(rb" ([^\x00-\x20\x7f(){\"]+)")

_NO_TAG: Final = b"*"
_APPEND: Final = b"APPEND"


class _Mode(Enum):
    """What the next octets are."""

    COMMAND = auto()
    """A line: the first of a command, or the next one after a literal."""
    LITERAL = auto()
    """A literal that is an argument."""
    MESSAGE_WANTED = auto()
    """The synchronising literal of an APPEND, which the client has not been told to send."""
    MESSAGE = auto()
    """The literal of an APPEND."""
    APPEND_TAIL = auto()
    """What follows it."""
    LINE = auto()
    """A line that is no command."""
    SKIPPED_LITERAL = auto()
    """A literal of a command that was refused."""
    SKIPPED_LINE = auto()
    """The rest of a line of such a command."""


class _Again(Enum):
    """Result of a step that has neither an event nor a want of octets."""

    AGAIN = auto()


class _LineTooLong(Exception):
    """More octets than a line may have, and no end of it."""


_Step = Event | None | _Again


class ImapParser:
    """One client's octets; one object a connection.

    `limits` and `state` are the session's to replace, between two events.
    """

    __slots__ = (
        "_arguments_at",
        "_buffer",
        "_command",
        "_entry",
        "_literals",
        "_mode",
        "_remaining",
        "_scanned",
        "_start",
        "_tag",
        "limits",
        "state",
    )

    def __init__(self, limits: ParserLimits, *, state: State = State.NOT_AUTHENTICATED) -> None:
        self.limits = limits
        self.state = state
        self._buffer: bytes | bytearray = b""
        self._start = 0
        self._scanned = 0
        self._mode = _Mode.COMMAND
        self._tag = _NO_TAG
        self._entry: Entry | None = None
        self._command: bytearray | None = None
        self._arguments_at = 0
        self._literals = 0
        self._remaining = 0

    # What the session calls

    def receive_data(self, data: bytes) -> None:
        """Takes octets as they came; call `next_event` until it returns None before giving more."""
        if not data:
            return
        if self._start == len(self._buffer):
            self._buffer = data
            self._scanned = 0
        else:
            if isinstance(self._buffer, bytearray):
                del self._buffer[: self._start]
            else:
                self._buffer = bytearray(self._buffer[self._start :])
            self._buffer += data
            self._scanned -= self._start
        self._start = 0

    def next_event(self) -> Event | None:
        """The next event, None if more octets are needed."""
        while True:
            outcome = self._STEPS[self._mode](self)
            if not isinstance(outcome, _Again):
                return outcome

    def expect_line(self) -> None:
        """Makes the next line a LineReceived, once: call it after the continuation of AUTHENTICATE and IDLE is sent."""
        assert self._mode is _Mode.COMMAND
        assert self._command is None
        self._mode = _Mode.LINE

    def refuse_append(self) -> None:
        """Swallows what is left of the APPEND begun, whose answer the session gives."""
        assert self._mode in (_Mode.MESSAGE_WANTED, _Mode.MESSAGE, _Mode.APPEND_TAIL)
        if self._mode is _Mode.MESSAGE_WANTED:
            self._mode = _Mode.COMMAND
        else:
            self._mode = _Mode.SKIPPED_LITERAL

    def drop_buffered(self) -> None:
        """Forgets the octets that follow the last command (RFC 9051 §6.2.1: nothing may be carried into TLS)."""
        self._buffer = b""
        self._start = self._scanned = 0

    @property
    def buffered_octets(self) -> int:
        """Octets kept: not looked at yet, or of a command that is not whole."""
        return len(self._buffer) - self._start + len(self._command or b"")

    # Commands

    def _read_command(self) -> _Step:
        try:
            line = self._take_line()
        except _LineTooLong:
            if self._command is None:
                # no further than the limit, or the tag would depend on how much had come when the line grew too long
                match = _HEAD.match(self._buffer, self._start, self._start + self.limits.line_octets)
                self._tag = bytes(match[1]) if match else _NO_TAG
            self._command = None
            self._mode = _Mode.SKIPPED_LINE
            return CommandBad(self._tag, LINE_TOO_LONG)
        if line is None:
            return None
        announcement = find_literal(line)
        refusal: Event
        try:
            return self._parse_line(line, announcement)
        except Malformed as error:
            refusal = CommandBad(self._tag, error.text)
        except Refused as error:
            refusal = CommandRefused(self._tag, error.code, error.text)
        self._resynchronise(announcement)
        return refusal

    def _parse_line(self, line: bytes, announcement: LiteralAnnouncement | None) -> _Step:
        if self._command is None:
            self._begin_command(line)
            if announcement is not None:
                self._command = bytearray(line)
                self._literals = 0
                return self._announce(announcement, announcement.start)
            text = line
        else:
            line_at = len(self._command)
            self._command += line
            if len(self._command) > self.limits.command_octets:
                raise Refused(b"LIMIT", COMMAND_TOO_LONG)
            if announcement is not None:
                return self._announce(announcement, line_at + announcement.start)
            text = bytes(self._command)
        if self._entry is None:
            cursor = self._cursor(text)
            parse_append_head(cursor)
            raise Malformed(b"Missing required argument to Append")
        command = self._entry.parse(self._cursor(text))
        self._command = None
        return CommandReceived(self._tag, command)

    def _begin_command(self, line: bytes) -> None:
        """Reads tag and name, and sets `_tag`, `_entry` (None: APPEND) and `_arguments_at`."""
        match = _HEAD.match(line)
        if match is None:
            self._tag = _NO_TAG
            raise Malformed(b"Invalid tag")
        self._tag, name = match.groups()
        self._arguments_at = match.end()
        name = name.upper()
        if not name:
            raise Malformed(b"Null command")
        if name == b"UID":
            self._entry = self._find_uid_command(line)
        else:
            self._entry = COMMANDS.get(name)
        if self._entry is not None:
            refusal = illegal_text(self.state, self._entry.command)
        else:
            refusal = illegal_text(self.state, AppendBegun if name == _APPEND else None)
        if refusal is not None:
            raise Malformed(refusal)

    def _find_uid_command(self, line: bytes) -> Entry:
        match = _NAME.match(line, self._arguments_at)
        entry = UID_COMMANDS.get(match[1].upper()) if match else None
        if match is not None and entry is not None:
            self._arguments_at = match.end()
            return entry
        if self.state is State.NOT_AUTHENTICATED:
            raise Malformed(b"Please login first")
        raise Malformed(b"Unrecognized UID subcommand" if match else b"Missing required argument to Uid")

    def _cursor(self, text: bytes) -> Cursor:
        title = b"Append" if self._entry is None else self._entry.title
        return Cursor(text, self._arguments_at, name=title, limits=self.limits)

    # Literals

    def _announce(self, announcement: LiteralAnnouncement, at: int) -> _Step:
        """Goes on after a line that ends in a literal's announcement, which stands at `at` in the command."""
        assert self._command is not None
        if self._entry is None and self._command[self._arguments_at : at] != b" ":
            return self._begin_append(announcement, at)
        if announcement.is_binary:
            raise Malformed(b"Invalid literal")
        if announcement.size_octets > self.limits.literal_octets:
            raise Refused(b"LIMIT", LITERAL_TOO_LARGE)
        if len(self._command) + announcement.size_octets > self.limits.command_octets:
            raise Refused(b"LIMIT", COMMAND_TOO_LONG)
        self._literals += 1
        if self._literals > self.limits.arguments:
            raise Malformed(TOO_MANY_ARGUMENTS)
        self._command += b"\r\n"
        self._remaining = announcement.size_octets
        self._mode = _Mode.LITERAL
        return LiteralWanted() if announcement.synchronising else _Again.AGAIN

    def _read_literal(self) -> _Step:
        assert self._command is not None
        end = self._start + self._remaining
        if end > len(self._buffer):
            return None
        self._command += self._buffer[self._start : end]
        self._advance(end)
        self._mode = _Mode.COMMAND
        return _Again.AGAIN

    # APPEND

    def _begin_append(self, announcement: LiteralAnnouncement, at: int) -> AppendBegun:
        assert self._command is not None
        cursor = self._cursor(bytes(self._command))
        head = parse_append_head(cursor)
        if cursor.position != at:
            raise cursor.invalid()
        if 0 < self.limits.message_octets < announcement.size_octets:
            # RFC 7889 §4, with the code of RFC 4469 §4.2
            raise Refused(b"TOOBIG", MESSAGE_TOO_LARGE)
        self._command = None
        self._remaining = announcement.size_octets
        self._mode = _Mode.MESSAGE_WANTED if announcement.synchronising else _Mode.MESSAGE
        return AppendBegun(
            self._tag,
            head.mailbox,
            head.flags,
            head.internal_date,
            announcement.size_octets,
            announcement.is_binary,
        )

    def _want_message(self) -> LiteralWanted:
        self._mode = _Mode.MESSAGE
        return LiteralWanted()

    def _read_message(self) -> _Step:
        if not self._remaining:
            self._mode = _Mode.APPEND_TAIL
            return _Again.AGAIN
        start = self._start
        end = min(start + self._remaining, len(self._buffer))
        if start == end:
            return None
        chunk = self._octets(start, end)
        self._remaining -= end - start
        self._advance(end)
        return LiteralChunk(chunk)

    def _read_append_tail(self) -> _Step:
        try:
            line = self._take_line()
        except _LineTooLong:
            self._mode = _Mode.SKIPPED_LINE
            return CommandBad(self._tag, LINE_TOO_LONG)
        if line is None:
            return None
        if line:
            self._resynchronise(find_literal(line))
            return CommandBad(self._tag, b"Unexpected extra arguments to Append")
        self._mode = _Mode.COMMAND
        return AppendFinished(self._tag)

    # Lines that are no commands, and what is swallowed

    def _read_line(self) -> _Step:
        try:
            line = self._take_line()
        except _LineTooLong:
            self._mode = _Mode.SKIPPED_LINE
            return CommandBad(self._tag, LINE_TOO_LONG)
        if line is None:
            return None
        self._mode = _Mode.COMMAND
        return LineReceived(line)

    def _resynchronise(self, announcement: LiteralAnnouncement | None) -> None:
        """Gives up a command at the end of a line that ended with `announcement`."""
        self._command = None
        if announcement is None or announcement.synchronising:
            self._mode = _Mode.COMMAND
        else:
            self._remaining = announcement.size_octets
            self._mode = _Mode.SKIPPED_LITERAL

    def _skip_literal(self) -> _Step:
        end = min(self._start + self._remaining, len(self._buffer))
        self._remaining -= end - self._start
        self._advance(end)
        if self._remaining:
            return None
        self._mode = _Mode.SKIPPED_LINE
        return _Again.AGAIN

    def _skip_line(self) -> _Step:
        newline = self._buffer.find(b"\n", self._scanned)
        end = len(self._buffer) if newline < 0 else newline
        # of a line without end yet, keep what may be the beginning of an announcement, with a CR
        tail_at = max(self._start, end - ANNOUNCEMENT_OCTETS - 1)
        if newline < 0:
            self._start = tail_at
            self._scanned = end
            return None
        tail = self._octets(tail_at, end)
        self._advance(newline + 1)
        self._resynchronise(find_literal(tail.removesuffix(b"\r")))
        return _Again.AGAIN

    # The buffer: octets before `_start` are done with, those before `_scanned` hold no LF

    def _take_line(self) -> bytes | None:
        """The next line without its CRLF, or without a LF alone, which is what people type; None if it is not whole."""
        buffer, start = self._buffer, self._start
        newline = buffer.find(b"\n", self._scanned)
        if newline < 0:
            self._scanned = len(buffer)
            if len(buffer) - start > self.limits.line_octets + 1:
                raise _LineTooLong
            return None
        end = newline - 1 if newline > start and buffer[newline - 1] == 0x0D else newline
        if end - start > self.limits.line_octets:
            raise _LineTooLong
        line = self._octets(start, end)
        self._advance(newline + 1)
        return line

    def _octets(self, start: int, end: int) -> bytes:
        if isinstance(self._buffer, bytes):
            return self._buffer[start:end]
        with memoryview(self._buffer) as view:
            return bytes(view[start:end])

    def _advance(self, position: int) -> None:
        """Moves on, and lets go of the buffer at its end, so that an idle connection keeps none."""
        if position == len(self._buffer):
            self._buffer = b""
            position = 0
        self._start = self._scanned = position

    _STEPS: ClassVar[dict[_Mode, Callable[["ImapParser"], _Step]]] = {
        _Mode.COMMAND: _read_command,
        _Mode.LITERAL: _read_literal,
        _Mode.MESSAGE_WANTED: _want_message,
        _Mode.MESSAGE: _read_message,
        _Mode.APPEND_TAIL: _read_append_tail,
        _Mode.LINE: _read_line,
        _Mode.SKIPPED_LITERAL: _skip_literal,
        _Mode.SKIPPED_LINE: _skip_line,
    }
