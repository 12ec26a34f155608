"""What a parser finds in the octets of a client."""

from dataclasses import dataclass, field
from enum import Enum, auto

from angarium.pop3.commands import Command, CommandType


class Problem(Enum):
    """Why a line is no command."""

    UNKNOWN = auto()
    HTTP = auto()
    """It is a request of a web browser, which somebody's page made send mail commands here."""
    LINE_TOO_LONG = auto()
    ARGUMENT_MISSING = auto()
    ARGUMENT_EXTRA = auto()
    NOT_A_NUMBER = auto()
    NOT_A_WORD = auto()
    """A mechanism or a language whose octets are none of one."""


@dataclass(frozen=True, slots=True)
class CommandReceived:
    """A command; it may be one that is not legal now."""

    command: Command
    line: bytes = field(default=b"", repr=False, compare=False)
    """As it came, without its end."""


@dataclass(frozen=True, slots=True)
class CommandRefused:
    """A line that is no command."""

    problem: Problem
    command: CommandType | None = None
    """Which one it was meant to be, where its name is known."""


@dataclass(frozen=True, slots=True)
class LineReceived:
    """The line that was asked for by `expect_line`, without its end."""

    line: bytes = field(repr=False)


Event = CommandReceived | CommandRefused | LineReceived
