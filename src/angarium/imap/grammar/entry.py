"""What the table of commands holds for each name."""

from collections.abc import Callable, Generator
from dataclasses import dataclass

from angarium.imap.commands import Command
from angarium.imap.cursor import Cursor
from angarium.imap.dialect import Dialect, Extension
from angarium.imap.events import AppendBegun, MessageBegun, ReplaceBegun, TextBegun, UrlGiven
from angarium.imap.states import CommandType


@dataclass(frozen=True, slots=True)
class Entry:
    """How a command is refused, when it is legal, and how its arguments are read.

    `parse` begins after the command's name, and reads up to the end of the command. Where `extensions` are named, one
    of them must be served. `by_number`: it speaks of message numbers, and so is nothing with UIDONLY (RFC 9586 §3.2).
    """

    title: bytes
    command: CommandType
    parse: Callable[[Cursor], Command]
    extensions: frozenset[Extension] = frozenset()
    by_number: bool = False
    takes_literal8: bool = False
    """Whether one of its arguments may be a `literal8`."""


@dataclass(frozen=True, slots=True)
class ArgumentWanted:
    """The line ends in a literal that is an argument: its octets are to be sent, and the cursor given the next line."""

    takes_literal8: bool = False


AppendStep = AppendBegun | ReplaceBegun | MessageBegun | TextBegun | UrlGiven | ArgumentWanted
AppendSteps = Generator[AppendStep, bytes, None]


@dataclass(frozen=True, slots=True)
class AppendEntry:
    """The same for a command that brings messages, which is read step by step (`append.py`)."""

    title: bytes
    command: CommandType
    begin: Callable[[Cursor, bytes], AppendSteps]
    extensions: frozenset[Extension] = frozenset()
    by_number: bool = False


def is_served(entry: Entry | AppendEntry, dialect: Dialect) -> bool:
    """Whether the command exists for this client."""
    return not entry.extensions or not entry.extensions.isdisjoint(dialect.served)


def is_in_parts(step: AppendStep) -> bool:
    """Whether a message begins whose parts follow, and so no literal is next."""
    match step:
        case AppendBegun() | MessageBegun():
            return step.is_catenated
        case ReplaceBegun():
            return step.append.is_catenated
        case _:
            return False
