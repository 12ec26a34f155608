"""What the parser tells the session, in the order in which the client sent it."""

from dataclasses import dataclass, field
from datetime import datetime

from .commands import Command


@dataclass(frozen=True, slots=True)
class CommandReceived:
    """A whole command, well-formed and legal in the state; the session answers it with `tag`."""

    tag: bytes
    command: Command


@dataclass(frozen=True, slots=True)
class LiteralWanted:
    """The client waits for a continuation before it sends on: send `+ go ahead`."""


@dataclass(frozen=True, slots=True)
class AppendBegun:
    """APPEND up to its message (RFC 9051 §6.3.12); none of the message has been read yet.

    The session calls `ImapParser.refuse_append` and answers `tag` itself, or reads on: LiteralWanted if the literal is
    a synchronising one, then LiteralChunks. After the last of them one of AppendFinished, CommandBad, CommandRefused
    ends the command; with the latter two (or a lost connection) the staged message is thrown away.
    """

    tag: bytes
    mailbox: bytes
    flags: tuple[str, ...]
    internal_date: datetime | None
    size_octets: int
    is_binary: bool = False
    """Sent as `literal8`, which may hold NUL."""


@dataclass(frozen=True, slots=True)
class LiteralChunk:
    """The next octets of the message, never empty; chunks add up to `size_octets`."""

    data: bytes = field(repr=False)


@dataclass(frozen=True, slots=True)
class AppendFinished:
    """The message is whole and nothing follows it in the command; now it may be stored."""

    tag: bytes


@dataclass(frozen=True, slots=True)
class LineReceived:
    """A line asked for by `ImapParser.expect_line`, without its CRLF: a SASL response, or IDLE's DONE."""

    line: bytes = field(repr=False)


@dataclass(frozen=True, slots=True)
class CommandBad:
    """Not a command, or not legal now: answer `<tag> BAD <text>`; `tag` is `*` where there was none.

    The parser has resynchronised: what the command still sends is swallowed. The session counts these.
    """

    tag: bytes
    text: bytes


@dataclass(frozen=True, slots=True)
class CommandRefused:
    """Well-formed, and yet not done: answer `<tag> NO [<code>] <text>`. Resynchronised as for CommandBad."""

    tag: bytes
    code: bytes
    text: bytes


Event = (
    CommandReceived
    | LiteralWanted
    | AppendBegun
    | LiteralChunk
    | AppendFinished
    | LineReceived
    | CommandBad
    | CommandRefused
)
