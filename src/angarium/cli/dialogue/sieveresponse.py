"""Lines of a ManageSieve server (RFC 5804 §4), without I/O."""

import re
from dataclasses import dataclass
from typing import Final

_LITERAL: Final = re.compile(rb"\{([0-9]{1,10})\+?\}\Z")
_TOKEN: Final = re.compile(
    rb'"(?P<quoted>(?:[^"\\\r\n\0]|\\["\\])*)"'
    rb"|\{(?P<size>[0-9]{1,10})\+?\}\r\n"
    rb"|(?P<open>\()|(?P<close>\))"
    rb'|(?P<atom>[^\s"(){}\\\0]+)'
    rb"|(?P<space> +)"
)
_ESCAPED: Final = re.compile(rb"\\(.)")
_QUOTED_OCTETS_MAX: Final = 1024
_ENDS: Final = frozenset({"OK", "NO", "BYE"})

MAX_LITERAL_OCTETS: Final = 64 * 1024 * 1024
"""The longest script that is taken."""


class BadResponse(Exception):
    """These octets are not a line of a ManageSieve server."""


@dataclass(frozen=True, slots=True)
class ResponseLine:
    """A line, with the literals in it."""

    atoms: tuple[str, ...]
    """Words that are no strings, in capitals, and outside of parentheses."""
    strings: tuple[bytes, ...]
    code: tuple[bytes, ...] = ()
    """What stands in parentheses, an atom first."""

    @property
    def condition(self) -> str | None:
        """OK, NO or BYE, where the line ends an answer."""
        first = self.atoms[0] if self.atoms else ""
        return first if first in _ENDS else None

    @property
    def text(self) -> str:
        """What a person is told; empty where it is nothing."""
        return self.strings[0].decode("utf-8", "replace") if self.strings else ""


def literal_size(line: bytes) -> int | None:
    """How many octets follow a line, without its end, before it goes on; None for one that does not. BadResponse where
    they are too many."""
    match = _LITERAL.search(line)
    if match is None:
        return None
    size = int(match[1])
    if size > MAX_LITERAL_OCTETS:
        raise BadResponse(f"a literal of {size} octets")
    return size


def parse_line(octets: bytes) -> ResponseLine:
    """A line with its literals and without its last end. BadResponse."""
    atoms: list[str] = []
    strings: list[bytes] = []
    code: list[bytes] = []
    place, is_in_code = 0, False
    while place < len(octets):
        match = _TOKEN.match(octets, place)
        if match is None:
            raise BadResponse(f"octet {place} is out of place")
        place = match.end()
        match match.lastgroup:
            case "quoted":
                (code if is_in_code else strings).append(_ESCAPED.sub(rb"\1", match["quoted"]))
            case "size":
                end = place + int(match["size"])
                if end > len(octets):
                    raise BadResponse("a literal is cut off")
                (code if is_in_code else strings).append(octets[place:end])
                place = end
            case "atom" if is_in_code:
                code.append(match["atom"])
            case "atom":
                atoms.append(match["atom"].decode("ascii", "replace").upper())
            case "open" | "close":
                if is_in_code is (match.lastgroup == "open"):
                    raise BadResponse("parentheses do not match")
                is_in_code = not is_in_code
    if is_in_code:
        raise BadResponse("a parenthesis is not closed")
    return ResponseLine(tuple(atoms), tuple(strings), tuple(code))


def serialize_argument(octets: bytes) -> bytes:
    """A string of a command: quoted where it may be, else a literal that waits for nothing (RFC 5804 §4)."""
    if len(octets) > _QUOTED_OCTETS_MAX or any(special in octets for special in (b"\r", b"\n", b"\0")):
        return serialize_literal(octets)
    return b'"' + octets.replace(b"\\", b"\\\\").replace(b'"', b'\\"') + b'"'


def serialize_literal(octets: bytes) -> bytes:
    """The form that takes all octets."""
    return b"{%d+}\r\n" % len(octets) + octets
