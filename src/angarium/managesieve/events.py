"""What the parser finds in the octets of a client."""

from dataclasses import dataclass, field

from angarium.managesieve.commands import Command
from angarium.managesieve.grammar import Problem


@dataclass(frozen=True, slots=True)
class CommandReceived:
    """A command; not looked at yet whether it is legal now."""

    command: Command


@dataclass(frozen=True, slots=True)
class CommandRefused:
    """What is no command; the parser goes on behind it, literals and all."""

    problem: Problem
    verb: bytes = b""
    """The name of the command in capitals, where it is known."""


@dataclass(frozen=True, slots=True)
class ResponseReceived:
    """What was sent in an exchange of a SASL mechanism."""

    octets: bytes | None = field(repr=False)
    """Still in base64; None where it was no string."""


Event = CommandReceived | CommandRefused | ResponseReceived
