"""What the parser tells the session, in the order in which the client sent it."""

from dataclasses import dataclass, field
from datetime import datetime
from typing import NamedTuple

from angarium.sequenceset import SequenceSet

from .commands import AnnotationValue, Command


class CommandReceived(NamedTuple):
    """A whole command, well-formed and legal in the state; the session answers it with `tag`."""

    # A tuple, since there is one a command, and a frozen dataclass takes four times as long.
    tag: bytes
    command: Command


@dataclass(frozen=True, slots=True)
class LiteralWanted:
    """The client waits for a continuation before it sends on: send `+ go ahead`."""


@dataclass(frozen=True, slots=True)
class AppendBegun:
    """APPEND up to its first message (RFC 9051 §6.3.12); none of the message has been read yet.

    What follows, after any of which the session may call `ImapParser.refuse_append` and answer `tag` itself:

        LiteralWanted?  LiteralChunk*                                   a message sent whole
        (TextBegun LiteralWanted? LiteralChunk* | UrlGiven)+            a message in parts (`is_catenated`, CATENATE)
        MessageBegun, and the same again                                each further message (MULTIAPPEND)
        AppendFinished | CommandBad | CommandRefused                    the end

    A message has ended when MessageBegun or AppendFinished comes. With the two refusals, or a lost connection, all
    messages are thrown away: RFC 3502 has all of them stored or none. LiteralWanted may also come for literals that are
    arguments, such as the mailbox or a URL.
    """

    tag: bytes
    mailbox: bytes
    flags: tuple[str, ...]
    internal_date: datetime | None
    size_octets: int
    """Of a message sent whole; 0 with `is_catenated`, whose parts have their own."""
    is_binary: bool = False
    """Sent as `literal8`, which may hold NUL."""
    is_utf8: bool = False
    """Sent as `UTF8 (~{…})`: its header may hold UTF-8 (RFC 6855 §4)."""
    is_catenated: bool = False
    """The parts of CATENATE follow (RFC 4469)."""
    annotations: tuple[AnnotationValue, ...] = ()
    """RFC 5257 §4.7."""


@dataclass(frozen=True, slots=True)
class ReplaceBegun:
    """REPLACE or UID REPLACE up to its message (RFC 8508 §3.2): an APPEND of one message, and the message that goes."""

    append: AppendBegun
    replaced: SequenceSet
    """One number or UID, or `*`."""
    by_uid: bool

    @property
    def tag(self) -> bytes:
        """That of the command."""
        return self.append.tag


@dataclass(frozen=True, slots=True)
class MessageBegun:
    """The next message of an APPEND of several (RFC 3502); the one before is whole. Fields as in AppendBegun."""

    flags: tuple[str, ...]
    internal_date: datetime | None
    size_octets: int
    is_binary: bool = False
    is_utf8: bool = False
    is_catenated: bool = False
    annotations: tuple[AnnotationValue, ...] = ()


@dataclass(frozen=True, slots=True)
class TextBegun:
    """`TEXT` of CATENATE, or `UTF8` among its parts: chunks of that many octets follow."""

    size_octets: int
    is_binary: bool = False
    is_utf8: bool = False


@dataclass(frozen=True, slots=True)
class UrlGiven:
    """`URL` of CATENATE: what it refers to is the next part; the octets are the client's, not looked at."""

    url: bytes


@dataclass(frozen=True, slots=True)
class LiteralChunk:
    """The next octets of the message or its part, never empty; chunks add up to `size_octets`."""

    data: bytes = field(repr=False)


@dataclass(frozen=True, slots=True)
class AppendFinished:
    """All messages are whole and nothing follows them in the command; now they may be stored."""

    tag: bytes


@dataclass(frozen=True, slots=True)
class LineReceived:
    """A line asked for by `ImapParser.expect_line`, without its CRLF: a SASL response, or IDLE's DONE."""

    line: bytes = field(repr=False)


@dataclass(frozen=True, slots=True)
class CommandBad:
    """Not a command, or not legal now: answer `<tag> BAD [<code>] <text>`; `tag` is `*` where there was none.

    The parser has resynchronised: what the command still sends is swallowed. The session counts these.
    """

    tag: bytes
    text: bytes
    code: bytes = b""
    """Empty but for UIDREQUIRED (RFC 9586 §3)."""


@dataclass(frozen=True, slots=True)
class CommandRefused:
    """Well-formed, and yet not done: answer `<tag> NO [<code>] <text>`. Resynchronised as for CommandBad."""

    tag: bytes
    code: bytes
    text: bytes
    saves: bool = False
    """It was to save a search result (RFC 5182 §2.1)."""


Event = (
    CommandReceived
    | LiteralWanted
    | AppendBegun
    | ReplaceBegun
    | MessageBegun
    | TextBegun
    | UrlGiven
    | LiteralChunk
    | AppendFinished
    | LineReceived
    | CommandBad
    | CommandRefused
)
