"""`ManageSieveParser`: octets of a client to events; it reads no socket.

A command is a line, or several that literals stand between (RFC 5804 §4). What is refused is refused once, as soon as
it is known, and then swallowed to its end, the literals that it announces included: what a client meant as a script is
never taken for commands. A line ends at LF, with or without a CR before it.

Memory: the words of one command, each within its limit, and what was received and not looked at yet; the session must
stop reading while events are left.
"""

from dataclasses import dataclass
from typing import Final

from angarium.managesieve.events import CommandReceived, CommandRefused, Event, ResponseReceived
from angarium.managesieve.grammar import (
    Announced,
    Argument,
    CommandInvalid,
    Problem,
    Word,
    announced_at_end,
    find_signature,
    parse_command,
    split_line,
)

STRING_OCTETS: Final = 1024
"""The longest name or tag in a literal; RFC 5804 §1.6 asks for 512."""
_TAIL_OCTETS: Final = 64
"""Of a line that is swallowed: enough to see what literal it announces."""


@dataclass(frozen=True, slots=True)
class ParserLimits:
    """What a client may send; all in octets."""

    line: int
    """A line, and a response in an exchange of SASL."""
    script: int


class ManageSieveParser:
    """One client's octets; one object a connection."""

    __slots__ = (
        "_buffer",
        "_expects_response",
        "_literal",
        "_octets",
        "_scanned",
        "_skips",
        "_swallows",
        "_words",
        "limits",
    )

    def __init__(self, limits: ParserLimits) -> None:
        self.limits = limits
        self._buffer = bytearray()
        self._scanned = 0
        """Octets of the buffer that hold no end of a line."""
        self._words: list[Word] = []
        """Of the command that is coming."""
        self._octets: list[bytes] = []
        """What they came as."""
        self._literal: int | None = None
        """The size of the literal that is coming."""
        self._swallows = False
        """The rest of this command is left out."""
        self._skips = 0
        """Octets of a literal that is left out."""
        self._expects_response = False

    @property
    def buffered_octets(self) -> int:
        """Octets that were not looked at yet."""
        return len(self._buffer)

    @property
    def is_within(self) -> bool:
        """Whether a part of a command has come."""
        return bool(self._buffer or self._words or self._swallows)

    def receive_data(self, data: bytes) -> None:
        """Take octets as they came."""
        self._buffer += data

    def expect_response(self) -> None:
        """What comes next is a response in an exchange of SASL."""
        self._expects_response = True

    def take_octets(self) -> bytes:
        """What the command of the last event came as."""
        octets, self._octets = b"".join(self._octets), []
        return octets

    def next_event(self) -> Event | None:
        """The next event; None if more octets are needed."""
        if not self._words:
            self._octets = []
        while True:
            if self._skips and not self._skip():
                return None
            if self._literal is not None and not self._take_literal(self._literal):
                return None
            line = self._next_line()
            if line is None:
                return self._refuse_long_line()
            if self._swallows:
                self._swallow(line)
                continue
            event = self._take_line(line)
            if event is not None:
                return event

    # Lines

    def _next_line(self) -> bytes | None:
        """The next line, with its end; None if it is not whole."""
        newline = self._buffer.find(b"\n", self._scanned)
        if newline < 0:
            self._scanned = len(self._buffer)
            return None
        return self._take(newline + 1)

    def _take(self, count: int) -> bytes:
        octets = bytes(self._buffer[:count])
        del self._buffer[:count]
        self._scanned = 0
        return octets

    def _refuse_long_line(self) -> Event | None:
        if self._swallows:
            del self._buffer[:-_TAIL_OCTETS]
            self._scanned = len(self._buffer)
        elif len(self._buffer) > self.limits.line:
            return self._refuse(Problem.LINE_TOO_LONG, b"")
        return None

    def _take_line(self, octets: bytes) -> Event | None:
        """An event where the line ends a command, or cannot belong to one."""
        self._octets.append(octets)
        text = octets[:-2] if octets.endswith(b"\r\n") else octets[:-1]
        if len(text) > self.limits.line:
            return self._refuse(Problem.LINE_TOO_LONG, octets)
        try:
            line = split_line(text)
            self._words += line.words
            if line.literal is not None:
                self._begin_literal(line.literal)
                return None
            return self._finish()
        except CommandInvalid as error:
            return self._refuse(error.problem, octets)

    def _finish(self) -> Event:
        """CommandInvalid."""
        words = self._words
        if self._expects_response:
            # A bare asterisk cancels as well, as it does in IMAP.
            if len(words) != 1 or not (words[0].is_string or words[0].octets == b"*"):
                raise CommandInvalid(Problem.SYNTAX)
            event: Event = ResponseReceived(words[0].octets)
        else:
            event = CommandReceived(parse_command(words))
        self._words = []
        self._expects_response = False
        return event

    # Literals

    def _begin_literal(self, literal: Announced) -> None:
        """CommandInvalid, where it is not read."""
        if literal.synchronising:
            raise CommandInvalid(Problem.SYNCHRONISING)
        if self._expects_response:
            if self._words:
                raise CommandInvalid(Problem.SYNTAX)
            argument = Argument.RESPONSE
        else:
            arguments = find_signature(self._words).arguments
            if len(self._words) > len(arguments):
                raise CommandInvalid(Problem.SYNTAX)
            argument = arguments[len(self._words) - 1]
        self._require_room(argument, literal.size_octets)
        self._literal = literal.size_octets

    def _require_room(self, argument: Argument, size_octets: int) -> None:
        if argument is Argument.SCRIPT:
            limit, problem = self.limits.script, Problem.SCRIPT_TOO_LARGE
        elif argument is Argument.RESPONSE:
            limit, problem = self.limits.line, Problem.STRING_TOO_LONG
        else:
            limit = STRING_OCTETS
            problem = Problem.NAME if argument is Argument.NAME else Problem.STRING_TOO_LONG
        if size_octets > limit:
            raise CommandInvalid(problem)

    def _take_literal(self, size_octets: int) -> bool:
        """Whether it is whole."""
        if len(self._buffer) < size_octets:
            return False
        octets = self._take(size_octets)
        self._octets.append(octets)
        self._words.append(Word(octets, is_string=True))
        self._literal = None
        return True

    # What is refused

    def _refuse(self, problem: Problem, line: bytes) -> Event:
        """`line` is what is known of the line that it was found in; where it is not whole, it has no LF."""
        verb = b"" if not self._words or self._words[0].is_string else self._words[0].octets.upper()
        is_response, self._expects_response = self._expects_response, False
        self._words = []
        self._swallows = True
        if line:
            self._swallow(line)
        return ResponseReceived(None) if is_response else CommandRefused(problem, verb)

    def _swallow(self, line: bytes) -> None:
        """A line with its end: the command goes on behind the literal that it announces, or is over."""
        announced = announced_at_end(line.rstrip(b"\r\n"))
        self._swallows = announced is not None
        self._skips = announced or 0

    def _skip(self) -> bool:
        """Whether the literal is over."""
        skipped = min(self._skips, len(self._buffer))
        del self._buffer[:skipped]
        self._scanned = 0
        self._skips -= skipped
        return not self._skips
