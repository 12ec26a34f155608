"""`Entry`: what the table of commands holds for each name."""

from collections.abc import Callable
from dataclasses import dataclass

from angarium.imap.commands import Command
from angarium.imap.cursor import Cursor
from angarium.imap.states import CommandType


@dataclass(frozen=True, slots=True)
class Entry:
    """How a command is refused, when it is legal, and how its arguments are read.

    `parse` begins after the command's name, and reads up to the end of the command.
    """

    title: bytes
    command: CommandType
    parse: Callable[[Cursor], Command]
