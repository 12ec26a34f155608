"""What the parser finds in the octets of a client."""

from dataclasses import dataclass, field

from angarium.lmtp.commands import Command
from angarium.lmtp.grammar import Problem


@dataclass(frozen=True, slots=True)
class CommandReceived:
    """A command; not looked at yet whether it is legal now."""

    command: Command


@dataclass(frozen=True, slots=True)
class CommandRefused:
    """A line that is no command; the parser goes on with the next one."""

    problem: Problem


@dataclass(frozen=True, slots=True)
class LineReceived:
    """A line of an exchange that AUTH has begun, without its end; None for one that is too long."""

    octets: bytes | None = field(repr=False)


@dataclass(frozen=True, slots=True)
class DataChunk:
    """The next octets of the message, never none; behind DATA without the dots that the client put in front of dots."""

    octets: bytes = field(repr=False)


@dataclass(frozen=True, slots=True)
class DataEnded:
    """The message of DATA is whole, or the chunk of BDAT."""


Event = CommandReceived | CommandRefused | LineReceived | DataChunk | DataEnded
