"""`ImapParser`: octets of a client to events; it reads no socket, and nothing is read further than it was asked for.

Theory of operation. `receive_data` stores octets, `next_event` makes one event of them at a time, so that the session
executes each command before the next is looked at: its outcome decides what is legal then (`state`, `dialect`), whether
the next line is a command at all (`expect_line`), or whether those octets count (`drop_buffered`, STARTTLS).

A command is lines with literals between them. At the end of each line stands, perhaps, the announcement of a literal.
What has come of a command is kept in one buffer until its last line is there, and is then parsed at once (`grammar`),
which is faster than a parser that can stop at any octet, and simpler. APPEND and REPLACE are read line by line instead
(`grammar.append`), since their messages, the one argument of any size, must never be part of that buffer: these go to
the session in chunks.

After an error the rest of the command is swallowed: the announced literals that the client sends without waiting, and
the lines between them (RFC 7888 §4). A literal that it waits with is not read: our refusal is the answer it waits for.

Memory: an unfinished line (`line_octets`), what has come of a command (`command_octets`), and one `receive_data` of
octets not looked at yet; so the session must stop reading while events are left.
"""

import re
from collections.abc import Callable
from enum import Enum, auto
from typing import ClassVar, Final

from .cursor import Cursor, Malformed, Refused, UidRequired
from .dialect import DEFAULT, Dialect
from .events import (
    AppendFinished,
    CommandBad,
    CommandReceived,
    CommandRefused,
    Event,
    LineReceived,
    LiteralChunk,
    LiteralWanted,
    UrlGiven,
)
from .grammar import COMMANDS, UID_COMMANDS, AppendEntry, AppendSteps, ArgumentWanted, Entry, is_in_parts, is_served
from .limits import (
    COMMAND_TOO_LONG,
    LINE_TOO_LONG,
    LITERAL_TOO_LARGE,
    LITERAL_UNASKED,
    TOO_MANY_ARGUMENTS,
    ParserLimits,
)
from .linebuffer import LineBuffer, LineTooLong
from .literals import LiteralAnnouncement, find_literal, is_unasked
from .states import LEGAL, State, illegal_text

# tag (RFC 9051 §9), of a length that we are ready to send back, and the command's name, which may be missing
_HEAD = re.compile(rb"([^\x00-\x20\x7f-\xff(){%*\"\\+]{1,255}) ([^\x00-\x20\x7f(){\"]*)")
_NAME = re.compile(rb" ([^\x00-\x20\x7f(){\"]+)")

_NO_TAG: Final = b"*"


class _Mode(Enum):
    """What the next octets are."""

    __hash__ = object.__hash__  # that of `Enum` is a function of Python, and this is asked for at each command

    COMMAND = auto()
    """A line: the first of a command, or the next one after a literal."""
    LITERAL = auto()
    """A literal that is an argument."""
    APPEND_STEP = auto()
    """None yet: there is more in the present line of an APPEND."""
    APPEND_LINE = auto()
    """The next line of an APPEND, after a literal."""
    MESSAGE_WANTED = auto()
    """The synchronising literal of a message, which the client has not been told to send."""
    MESSAGE = auto()
    """The literal of a message."""
    LINE = auto()
    """A line that is no command."""
    SKIPPED_LITERAL = auto()
    """A literal of a command that was refused."""
    SKIPPED_LINE = auto()
    """The rest of a line of such a command."""


class _Again(Enum):
    """Result of a step that has neither an event nor a want of octets."""

    AGAIN = auto()


_AGAIN: Final = _Again.AGAIN
_AT_COMMAND: Final = _Mode.COMMAND
"""Wanted by every connection; see `responses.OK`."""

_Step = Event | None | _Again


class ImapParser:
    """One client's octets; one object a connection.

    `limits`, `state` and `dialect` are the session's to replace, between two events.
    """

    __slots__ = (
        "_announcement",
        "_append",
        "_argument",
        "_arguments_at",
        "_buffer",
        "_command",
        "_command_octets",
        "_cursor",
        "_entry",
        "_literals",
        "_mode",
        "_remaining",
        "_tag",
        "dialect",
        "limits",
        "state",
    )

    def __init__(
        self, limits: ParserLimits, *, state: State = State.NOT_AUTHENTICATED, dialect: Dialect = DEFAULT
    ) -> None:
        self.limits = limits
        self.state = state
        self.dialect = dialect
        self._buffer = LineBuffer()
        self._mode = _AT_COMMAND
        self._tag = _NO_TAG
        self._arguments_at = 0
        self._literals = 0
        self._remaining = 0
        self._announcement: LiteralAnnouncement | None = None
        """At the end of the present line."""
        # A command that is parsed when it is whole
        self._entry: Entry | None = None
        self._command: bytearray | None = None
        # One that brings messages
        self._append: AppendSteps | None = None
        self._cursor: Cursor | None = None
        self._command_octets = 0
        self._argument = b""
        """The literal before the next line."""

    # What the session calls

    def receive_data(self, data: bytes) -> None:
        """Takes octets as they came; call `next_event` until it returns None before giving more."""
        self._buffer.receive(data)

    def next_event(self) -> Event | None:
        """The next event, None if more octets are needed."""
        while True:
            outcome = self._STEPS[self._mode](self)
            if outcome is not _AGAIN:
                return outcome

    def expect_line(self) -> None:
        """Makes the next line a LineReceived, once: call it after the continuation of AUTHENTICATE and IDLE is sent."""
        assert self._mode is _Mode.COMMAND
        assert self._command is None
        self._mode = _Mode.LINE

    def refuse_append(self) -> None:
        """Swallows what is left of the APPEND or REPLACE begun, whose answer the session gives."""
        assert self._append is not None
        self._give_up()
        match self._mode:
            case _Mode.MESSAGE_WANTED:
                self._mode = _Mode.COMMAND
            case _Mode.MESSAGE | _Mode.LITERAL:
                self._mode = _Mode.SKIPPED_LITERAL
            case _Mode.APPEND_LINE:
                self._mode = _Mode.SKIPPED_LINE
            case _:
                self._resynchronise()

    def drop_buffered(self) -> None:
        """Forgets the octets that follow the last command (RFC 9051 §6.2.1: nothing may be carried into TLS)."""
        self._buffer.clear()

    def take_buffered(self) -> bytes:
        """The octets that follow the last command, taken away: after COMPRESS they are compressed (RFC 4978 §3)."""
        return self._buffer.take_some(len(self._buffer))

    @property
    def buffered_octets(self) -> int:
        """Octets kept: not looked at yet, or of a command that is not whole."""
        return len(self._buffer) + len(self._command or b"") + len(self._argument)

    # Commands

    def _read_command(self) -> _Step:
        try:
            line = self._buffer.take_line(self.limits.line_octets)
        except LineTooLong:
            if self._command is None:
                # no further than the limit, or the tag would depend on how much had come when the line grew too long
                match = _HEAD.match(self._buffer.peek(self.limits.line_octets))
                self._tag = match[1] if match else _NO_TAG
            return self._line_too_long()
        if line is None:
            return None
        self._announcement = find_literal(line)
        try:
            return self._begin_command(line) if self._command is None else self._continue_command(self._command, line)
        except (Malformed, Refused) as error:
            return self._refuse(error)

    def _begin_command(self, line: bytes) -> _Step:
        """The first line: tag, name and what follows."""
        match = _HEAD.match(line)
        if match is None:
            self._tag = _NO_TAG
            raise Malformed(b"Invalid tag")
        self._tag, name = match.groups()
        self._arguments_at = match.end()
        name = name.upper()
        if not name:
            raise Malformed(b"Null command")
        entry = COMMANDS.get(name) if name != b"UID" else self._find_uid_command(line)
        if entry is not None and entry.extensions and not is_served(entry, self.dialect):
            entry = None
        if entry is None or entry.command not in LEGAL[self.state]:
            raise Malformed(illegal_text(self.state, None if entry is None else entry.command))
        if entry.by_number and self.dialect.uid_only:
            raise UidRequired
        cursor = Cursor(line, self._arguments_at, name=entry.title, limits=self.limits, dialect=self.dialect)
        if isinstance(entry, AppendEntry):
            return self._begin_append(entry, cursor)
        announcement = self._announcement
        if announcement is None:
            return CommandReceived(self._tag, entry.parse(cursor))
        self._entry = entry
        self._command = bytearray(line)
        self._literals = 0
        return self._announce(announcement, takes_literal8=entry.takes_literal8)

    def _continue_command(self, command: bytearray, line: bytes) -> _Step:
        """The line behind a literal."""
        entry = self._entry
        assert entry is not None
        command += line
        if len(command) > self.limits.command_octets:
            raise Refused(b"LIMIT", COMMAND_TOO_LONG)
        if self._announcement is not None:
            return self._announce(self._announcement, takes_literal8=entry.takes_literal8)
        text = bytes(command)
        cursor = Cursor(text, self._arguments_at, name=entry.title, limits=self.limits, dialect=self.dialect)
        parsed = entry.parse(cursor)
        self._command = None
        return CommandReceived(self._tag, parsed)

    def _find_uid_command(self, line: bytes) -> Entry | AppendEntry:
        match = _NAME.match(line, self._arguments_at)
        entry = UID_COMMANDS.get(match[1].upper()) if match else None
        if match is not None and entry is not None and is_served(entry, self.dialect):
            self._arguments_at = match.end()
            return entry
        if self.state is State.NOT_AUTHENTICATED:
            raise Malformed(b"Please login first")
        raise Malformed(b"Unrecognized UID subcommand" if match else b"Missing required argument to Uid")

    # Literals that are arguments

    def _announce(self, announcement: LiteralAnnouncement, *, takes_literal8: bool) -> _Step:
        """Goes on after a line that ends in the announcement of an argument."""
        so_far = self._command_octets if self._command is None else len(self._command)
        if announcement.is_binary and not takes_literal8:
            raise Malformed(b"Invalid literal")
        if is_unasked(announcement, self.limits.unasked_octets):
            raise Malformed(LITERAL_UNASKED, code=b"TOOBIG")
        if announcement.size_octets > self.limits.literal_octets:
            raise Refused(b"LIMIT", LITERAL_TOO_LARGE)
        if so_far + announcement.size_octets > self.limits.command_octets:
            raise Refused(b"LIMIT", COMMAND_TOO_LONG)
        self._literals += 1
        if self._literals > self.limits.arguments:
            raise Malformed(TOO_MANY_ARGUMENTS)
        if self._command is not None:
            self._command += b"\r\n"
        self._remaining = announcement.size_octets
        self._mode = _Mode.LITERAL
        return LiteralWanted() if announcement.synchronising else _AGAIN

    def _read_literal(self) -> _Step:
        octets = self._buffer.take_exactly(self._remaining)
        if octets is None:
            return None
        if self._command is not None:
            self._command += octets
            self._mode = _Mode.COMMAND
        else:
            self._argument = octets
            self._command_octets += len(octets)
            self._mode = _Mode.APPEND_LINE
        return _AGAIN

    # APPEND and REPLACE

    def _begin_append(self, entry: AppendEntry, cursor: Cursor) -> _Step:
        self._literals = 0
        self._command_octets = len(cursor.data)
        self._cursor = cursor
        self._append = entry.begin(cursor, self._tag)
        return self._run_append(None)

    def _run_append(self, argument: bytes | None) -> _Step:
        """Goes on to the next step; `argument` is the literal that the last one wanted, None at the beginning."""
        assert self._append is not None
        try:
            step = next(self._append) if argument is None else self._append.send(argument)
        except StopIteration:
            self._append = self._cursor = None
            self._mode = _Mode.COMMAND
            return AppendFinished(self._tag)
        announcement = self._announcement
        if isinstance(step, ArgumentWanted):
            assert announcement is not None
            return self._announce(announcement, takes_literal8=step.takes_literal8)
        if isinstance(step, UrlGiven) or is_in_parts(step):
            self._mode = _Mode.APPEND_STEP
            return step
        assert announcement is not None
        self._remaining = announcement.size_octets
        self._mode = _Mode.MESSAGE_WANTED if announcement.synchronising else _Mode.MESSAGE
        return step

    def _step_append(self) -> _Step:
        try:
            return self._run_append(b"")
        except (Malformed, Refused) as error:
            return self._refuse(error)

    def _read_append_line(self) -> _Step:
        try:
            line = self._buffer.take_line(self.limits.line_octets)
        except LineTooLong:
            return self._line_too_long()
        if line is None:
            return None
        self._announcement = find_literal(line)
        self._command_octets += len(line)
        argument, self._argument = self._argument, b""
        assert self._cursor is not None
        self._cursor.continue_with(line)
        try:
            if self._command_octets > self.limits.command_octets:
                raise Refused(b"LIMIT", COMMAND_TOO_LONG)
            return self._run_append(argument)
        except (Malformed, Refused) as error:
            return self._refuse(error)

    def _want_message(self) -> LiteralWanted:
        self._mode = _Mode.MESSAGE
        return LiteralWanted()

    def _read_message(self) -> _Step:
        if not self._remaining:
            self._mode = _Mode.APPEND_LINE
            return _AGAIN
        chunk = self._buffer.take_some(self._remaining)
        if not chunk:
            return None
        self._remaining -= len(chunk)
        return LiteralChunk(chunk)

    # Lines that are no commands, and what is swallowed

    def _read_line(self) -> _Step:
        try:
            line = self._buffer.take_line(self.limits.line_octets)
        except LineTooLong:
            return self._line_too_long()
        if line is None:
            return None
        self._mode = _Mode.COMMAND
        return LineReceived(line)

    def _line_too_long(self) -> CommandBad:
        self._give_up()
        self._mode = _Mode.SKIPPED_LINE
        return CommandBad(self._tag, LINE_TOO_LONG)

    def _refuse(self, error: Malformed | Refused) -> CommandBad | CommandRefused:
        """The end of a command at the present line."""
        self._give_up()
        self._resynchronise()
        if isinstance(error, Malformed):
            return CommandBad(self._tag, error.text, error.code)
        return CommandRefused(self._tag, error.code, error.text, error.saves)

    def _give_up(self) -> None:
        self._command = None
        self._append = self._cursor = None
        self._argument = b""

    def _resynchronise(self) -> None:
        """Swallows what the client sends of a command that is refused at the end of the present line."""
        announcement = self._announcement
        if announcement is None or announcement.synchronising:
            self._mode = _Mode.COMMAND
        else:
            self._remaining = announcement.size_octets
            self._mode = _Mode.SKIPPED_LITERAL

    def _skip_literal(self) -> _Step:
        self._remaining -= self._buffer.skip_some(self._remaining)
        if self._remaining:
            return None
        self._mode = _Mode.SKIPPED_LINE
        return _AGAIN

    def _skip_line(self) -> _Step:
        tail = self._buffer.skip_line()
        if tail is None:
            return None
        self._announcement = find_literal(tail)
        self._resynchronise()
        return _AGAIN

    _STEPS: ClassVar[dict[_Mode, Callable[["ImapParser"], _Step]]] = {
        _Mode.COMMAND: _read_command,
        _Mode.LITERAL: _read_literal,
        _Mode.APPEND_STEP: _step_append,
        _Mode.APPEND_LINE: _read_append_line,
        _Mode.MESSAGE_WANTED: _want_message,
        _Mode.MESSAGE: _read_message,
        _Mode.LINE: _read_line,
        _Mode.SKIPPED_LITERAL: _skip_literal,
        _Mode.SKIPPED_LINE: _skip_line,
    }
