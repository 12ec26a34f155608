"""`Cursor`: the terminals of the IMAP grammar (RFC 9051 §9), read one after another from one whole command.

The text is the command without its last CRLF; literals stand in it as they came, announcement, CRLF and octets.
"""

import re
from collections.abc import Iterator
from typing import Final

from angarium.sequenceset import MAXIMUM_UID, SequenceSet, SequenceSetInvalid

from .dialect import DEFAULT, Dialect, Extension
from .limits import ATOM_TOO_LONG, QUOTED_TOO_LONG, TOO_DEEPLY_NESTED, TOO_MANY_ARGUMENTS, ParserLimits
from .terminals import QuotableUtf8

MAXIMUM_NUMBER64: Final = 0x7FFF_FFFF_FFFF_FFFF

_ATOM = re.compile(rb"[^\x00-\x20\x7f-\xff(){%*\"\\\]]+")
# Wider than ASTRING-CHAR by `%`, `*`, `\` and octets above 0x7f, which Cyrus lets through here and refuses, where they
# matter, by the rules of mailbox names: clients do send passwords and names so.
_WORD = re.compile(rb"[^\x00-\x20\x7f(){\"]+")
_QUOTED = re.compile(rb'"([^"\\\r\n\x00]*(?:\\["\\][^"\\\r\n\x00]*)*)"')
_LITERAL = re.compile(rb"(~?)\{([0-9]{1,20})\+?\}\r?\n")
_NUMBER = re.compile(rb"[0-9]{1,19}")
_SEQUENCE = re.compile(rb"[0-9*:,$]+")
_ESCAPE = re.compile(rb"\\(.)")


class Malformed(Exception):
    """The command cannot be understood; `text` goes into the BAD, and so does `code`, if there is one."""

    def __init__(self, text: bytes, *, code: bytes = b"") -> None:
        super().__init__(text)
        self.text = text
        self.code = code


class UidRequired(Malformed):
    """A message number from a client that has enabled UIDONLY (RFC 9586 §3)."""

    def __init__(self) -> None:
        super().__init__(b"Message numbers are not allowed once UIDONLY is enabled", code=b"UIDREQUIRED")


class Refused(Exception):
    """The command is understood and cannot be served; `code` and `text` go into the NO.

    `saves`: it was to save a search result, which is empty after a NO (RFC 5182 §2.1).
    """

    def __init__(self, code: bytes, text: bytes, *, saves: bool = False) -> None:
        super().__init__(code, text)
        self.code = code
        self.text = text
        self.saves = saves


class Cursor:
    """A position in a command; every method reads from it and moves it, or raises Malformed."""

    __slots__ = ("_arguments", "_depth", "data", "dialect", "limits", "name", "position")

    def __init__(
        self, data: bytes, position: int, *, name: bytes, limits: ParserLimits, dialect: Dialect = DEFAULT
    ) -> None:
        self.data = data
        self.position = position
        self.name = name
        """The command as refusals name it, such as `Select`."""
        self.limits = limits
        self.dialect = dialect
        self._arguments = 0
        self._depth = 0

    def continue_with(self, line: bytes) -> None:
        """Goes on with the line behind a literal, where a command is read line by line."""
        self.data = line
        self.position = 0

    def serves(self, extension: Extension) -> bool:
        """Whether the client may use the words of `extension`."""
        return extension in self.dialect.served

    def next_octet(self) -> bytes:
        """The octet at the position, left there; empty at the end."""
        return self.data[self.position : self.position + 1]

    def at_end(self) -> bool:
        """Whether nothing is left."""
        return self.position == len(self.data)

    def take(self, octets: bytes) -> bool:
        """Reads `octets` if they are next."""
        if self.data.startswith(octets, self.position):
            self.position += len(octets)
            return True
        return False

    def expect(self, octet: bytes) -> None:
        """Reads `octet`, or refuses."""
        if not self.take(octet):
            raise self.invalid()

    def space(self) -> None:
        """The one space before a required argument."""
        if not self.data.startswith(b" ", self.position):
            raise self.invalid()
        self.position += 1

    def end(self) -> None:
        """Refuses if anything is left."""
        if self.position != len(self.data):
            raise Malformed(b"Unexpected extra arguments to " + self.name)

    def invalid(self) -> Malformed:
        """What to raise where an argument should be: nothing is left, or something else is there."""
        if self.position >= len(self.data):
            return Malformed(b"Missing required argument to " + self.name)
        return Malformed(b"Invalid argument to " + self.name)

    def elements(self, *, may_be_empty: bool = False) -> Iterator[None]:
        """Reads `(` element *(SP element) `)`: one step for each element, which the caller reads in it."""
        self.expect(b"(")
        if may_be_empty and self.take(b")"):
            return
        while True:
            self.count_argument()
            yield
            if self.take(b")"):
                return
            self.space()

    def count_argument(self) -> None:
        """Counts an element against the limit; for what `elements` does not read."""
        self._arguments += 1
        if self._arguments > self.limits.arguments:
            raise Malformed(TOO_MANY_ARGUMENTS)

    def descend(self) -> None:
        """Counts a level of nesting against the limit; `ascend` leaves it."""
        self._depth += 1
        if self._depth > self.limits.nesting:
            raise Malformed(TOO_DEEPLY_NESTED)

    def ascend(self) -> None:
        """Leaves a level of nesting."""
        self._depth -= 1

    def atom(self) -> bytes:
        """`atom`."""
        return self._match(_ATOM)

    def word(self) -> bytes:
        """What stands for an atom where more than ATOM-CHAR is let through: flags, and astrings without quotes."""
        return self._match(_WORD)

    def _match(self, pattern: re.Pattern[bytes]) -> bytes:
        match = pattern.match(self.data, self.position)
        if match is None:
            raise self.invalid()
        return self._take(match)

    def _take(self, match: re.Match[bytes]) -> bytes:
        octets = match[0]
        if len(octets) > self.limits.atom_octets:
            raise Malformed(ATOM_TOO_LONG)
        self.position = match.end()
        return octets

    def astring(self) -> bytes:
        """`astring`, also where `mailbox` or `list-mailbox` is asked for."""
        match = _WORD.match(self.data, self.position)
        return self.string() if match is None else self._take(match)

    def string(self) -> bytes:
        """`string`."""
        return self.literal() if self.next_octet() == b"{" else self.quoted()

    def nstring(self) -> bytes | None:
        """`nstring`; None for NIL."""
        if self.next_octet() in (b'"', b"{"):
            return self.string()
        start = self.position
        if self.atom().upper() != b"NIL":
            self.position = start
            raise self.invalid()
        return None

    def nvalue(self) -> bytes | None:
        """`nstring / literal8`, as values of annotations are sent; only these may hold NUL."""
        if self.next_octet() in (b"~", b"{"):
            return self._literal(may_be_binary=True)
        octets = self.nstring()
        return None if octets is None else bytes(octets)  # kept, and told to clients that want no UTF-8 in quotes

    def quoted(self) -> bytes:
        """`quoted`; octets above 0x7f are let through, whoever uses the text decodes it.

        They must be UTF-8 where the client has said that they are.
        """
        match = _QUOTED.match(self.data, self.position)
        if match is None:
            raise self.invalid()
        octets = match[1]
        if len(octets) > self.limits.quoted_octets:
            raise Malformed(QUOTED_TOO_LONG)
        is_utf8 = not octets.isascii() and self.dialect.quotes_utf8
        if is_utf8:
            _require_utf8(octets)
        self.position = match.end()
        text = _ESCAPE.sub(rb"\1", octets) if b"\\" in octets else octets
        return QuotableUtf8(text) if is_utf8 else text  # so that it is told again as it was said

    def literal(self) -> bytes:
        """`literal`, whose size the parser has checked before it let it in."""
        return self._literal(may_be_binary=False)

    def _literal(self, *, may_be_binary: bool) -> bytes:
        match = _LITERAL.match(self.data, self.position)
        if match is None or (match[1] and not may_be_binary):
            raise self.invalid()
        start = match.end()
        octets = self.data[start : start + int(match[2])]
        if len(octets) != int(match[2]):  # never in a command, but in a search that was stored (RFC 5466)
            raise self.invalid()
        if not match[1] and b"\0" in octets:
            raise Malformed(b"Invalid literal: NUL in it")
        self.position = start + len(octets)
        return octets

    def number64(self) -> int:
        """`number64`."""
        match = _NUMBER.match(self.data, self.position)
        if match is None:
            raise self.invalid()
        value = int(match[0])
        if value > MAXIMUM_NUMBER64 or self.data[match.end() : match.end() + 1].isdigit():
            raise Malformed(b"Number out of range in " + self.name)
        self.position = match.end()
        return value

    def nz_number(self) -> int:
        """`nz-number`: what UIDs, message numbers and their like are."""
        value = self.number64()
        if not 0 < value <= MAXIMUM_UID:
            raise Malformed(b"Number out of range in " + self.name)
        return value

    def sequence_set(self) -> SequenceSet:
        """`sequence-set`."""
        match = _SEQUENCE.match(self.data, self.position)
        if match is None or (b"$" in match[0] and not self.serves(Extension.SEARCHRES)):
            if self.at_end():
                raise self.invalid()
            raise Malformed(b"Invalid sequence in " + self.name)
        try:
            numbers = SequenceSet.parse(match[0])
        except SequenceSetInvalid as error:
            raise Malformed(b"Invalid sequence in " + self.name) from error
        self.position = match.end()
        return numbers


def _require_utf8(octets: bytes) -> None:
    try:
        octets.decode("utf-8")
    except UnicodeDecodeError as error:
        raise Malformed(b"Invalid UTF-8 in quoted string") from error
