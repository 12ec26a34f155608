"""The text of a script, and where its characters stand."""

from angarium.sieve.facts import Mistake, ScriptInvalid
from angarium.sieve.position import Position


class Source:
    """A script as text with line feeds alone, so that files of any system can be scripts (RFC 5228 §8.1 has CRLF)."""

    __slots__ = ("text",)

    def __init__(self, octets: bytes) -> None:
        """Raises ScriptInvalid where the octets are not UTF-8, or not those of a text."""
        try:
            text = octets.decode()
        except UnicodeDecodeError as error:
            before = with_line_feeds(octets[: error.start].decode())
            raise ScriptInvalid((Mistake(_end_of(before), "the script is not UTF-8"),)) from error
        self.text = with_line_feeds(text)
        for char, name in (("\0", "NUL"), ("\r", "a CR without a LF")):
            offset = self.text.find(char)
            if offset >= 0:
                raise ScriptInvalid((Mistake(self.position(offset), f"a script cannot hold {name}"),))

    def position(self, offset: int) -> Position:
        """Where the character at `offset` stands; O(offset), for messages."""
        return _end_of(self.text[:offset])


def with_line_feeds(text: str) -> str:
    """A script with line feeds alone at the ends of its lines, and without a mark of its byte order."""
    # CR CR LF comes of two programs that both made CRLF of the line ends.
    return text.removeprefix("\ufeff").replace("\r\r\n", "\n").replace("\r\n", "\n")


def _end_of(text: str) -> Position:
    return Position(text.count("\n") + 1, len(text) - text.rfind("\n"))
