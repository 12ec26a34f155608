"""Limits of the IMAP parser, each with the text of its refusal: memory of a connection is bounded by them alone."""

from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from typing import Final

from angarium.config import Settings

from .dialect import SERVED, Extension


@dataclass(frozen=True, slots=True)
class ParserLimits:
    """What one command may be; the session gives smaller ones before login."""

    line_octets: int = 262_144
    """One line, its CRLF left out; RFC 7162 §4 asks for at least 8192, clients send sets of many thousand UIDs."""
    atom_octets: int = 131_072
    """`maxword`."""
    quoted_octets: int = 131_072
    """`maxquoted`."""
    literal_octets: int = 131_072
    """`maxliteral`: a literal that is an argument; a message in APPEND has its own limit."""
    command_octets: int = 1_048_576
    """A whole command with its literals, the message of an APPEND left out (`maxargssize`)."""
    message_octets: int = 0
    """The message of an APPEND (`maxmessagesize`); 0: as large as the file system takes."""
    unasked_octets: int | None = None
    """A literal that the client sends without waiting (RFC 7888 §5); None: as large as any other."""
    arguments: int = 10_000
    """Elements of all lists of one command together: flags, fetch items, search keys, patterns, …; those of a
    sequence-set are bounded by the line."""
    nesting: int = 50
    """Search keys and parentheses within one another."""


BEFORE_LOGIN: Final = ParserLimits(
    line_octets=16_384,
    atom_octets=1_024,
    quoted_octets=1_024,
    literal_octets=4_096,
    command_octets=32_768,
    arguments=100,
)
"""For those whom nobody knows yet; a SASL response of 12 KB still fits on a line."""

LINE_TOO_LONG: Final = b"Line too long"
ATOM_TOO_LONG: Final = b"Word too long"
QUOTED_TOO_LONG: Final = b"Quoted string too long"
LITERAL_TOO_LARGE: Final = b"Literal too large"
COMMAND_TOO_LONG: Final = b"Command too long"
LITERAL_UNASKED: Final = b"Literal too large to be sent without waiting"
MESSAGE_TOO_LARGE: Final = b"Message size exceeds fixed limit"
TOO_MANY_ARGUMENTS: Final = b"Too many arguments"
TOO_DEEPLY_NESTED: Final = b"Arguments nested too deeply"

_LITERAL_MINUS_OCTETS: Final = 4096
_NO_LITERAL_OCTETS: Final = -1
"""Less than an empty one has."""


def unasked_octets(served: AbstractSet[Extension], *, literalminus: bool) -> int | None:
    """`ParserLimits.unasked_octets` of a client: LITERAL+ or LITERAL-, of which IMAP4rev2 has the latter in it (RFC
    9051 §4.3)."""
    if not literalminus and Extension.LITERAL_PLUS in served:
        return None
    has_minus = (literalminus and Extension.LITERAL_MINUS in served) or Extension.IMAP4REV2 in served
    return _LITERAL_MINUS_OCTETS if has_minus else _NO_LITERAL_OCTETS


_APPEND_LIMIT_MAX: Final = 0xFFFFFFFF


def append_limit(settings: Settings) -> int:
    """APPENDLIMIT: the octets that a message may have; RFC 7889 §5 has a number of 32 bits for it."""
    return min(settings.limits.maxmessagesize or _APPEND_LIMIT_MAX, _APPEND_LIMIT_MAX)


def limits_before_login(settings: Settings) -> ParserLimits:
    """Small ones, for those whom nobody knows yet, as long as nothing is hidden from them."""
    limits = settings.limits
    return ParserLimits(
        line_octets=limits.max_line_before_login,
        atom_octets=BEFORE_LOGIN.atom_octets,
        quoted_octets=BEFORE_LOGIN.quoted_octets,
        literal_octets=limits.max_literal_before_login,
        command_octets=limits.max_line_before_login + 2 * limits.max_literal_before_login,
        unasked_octets=unasked_octets(SERVED, literalminus=settings.imap.literalminus),
        arguments=BEFORE_LOGIN.arguments,
    )


def limits_after_login(settings: Settings) -> ParserLimits:
    """Those of the options, as long as nothing is hidden from the client."""
    imap = settings.imap
    return ParserLimits(
        line_octets=imap.maxline,
        atom_octets=imap.maxword,
        quoted_octets=imap.maxquoted,
        literal_octets=imap.maxliteral,
        command_octets=imap.maxargssize or 2 * imap.maxline,
        message_octets=settings.limits.maxmessagesize,
        unasked_octets=unasked_octets(SERVED, literalminus=imap.literalminus),
        arguments=settings.limits.max_command_arguments,
        nesting=imap.maxnesting,
    )
