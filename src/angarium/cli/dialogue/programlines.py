"""What a program says that uses a session of somebody else's: lines, and octets between them that are none.

A program says goodbye when it has done, which would end the session for those that come after it; so its farewell is
found, and kept from the server.
"""

from typing import Final, Protocol

_LINE_OCTETS_MAX: Final = 1 << 20
_DIGITS_MAX: Final = 10


class LineReader(Protocol):
    """What a protocol makes of lines."""

    undo: bytes
    """The command that undoes what a program has begun."""
    undone: bytes
    """The beginning of the line that answers it."""
    is_between: bool
    """Whether the next line is a command."""

    def octets_behind(self, line: bytes) -> int | None:
        """How many octets follow that are no lines; None: it is the farewell."""


class ImapLineReader:
    """Commands of IMAP and their literals (RFC 9051 §4.3)."""

    undo, undone = b"U01 UNSELECT", b"U01 "
    is_between = True

    def octets_behind(self, line: bytes) -> int | None:
        if line.upper().split()[1:] == [b"LOGOUT"]:
            return None
        return _number(line[line.rfind(b"{") + 1 : -1].removesuffix(b"+")) if line.endswith(b"}") else 0


class LmtpLineReader:
    """Commands of LMTP, and the messages behind DATA and BDAT (RFC 5321 §4.1.1.4, RFC 3030 §2)."""

    undo, undone = b"RSET", b"250 "

    def __init__(self) -> None:
        self.is_between = True

    def octets_behind(self, line: bytes) -> int | None:
        if not self.is_between:
            self.is_between = line == b"."
            return 0
        words = line.upper().split()
        if words == [b"QUIT"]:
            return None
        self.is_between = words != [b"DATA"]
        return _number(words[1]) if words[:1] == [b"BDAT"] and len(words) > 1 else 0


class ProgramLines:
    """The lines of one program, whatever ends them."""

    def __init__(self, reader: LineReader) -> None:
        self.reader = reader
        self._held = bytearray()
        self._octets = 0
        """So many to come that are no lines."""
        self.is_over = False
        """Whether it has said goodbye."""

    def take(self, octets: bytes) -> bytes:
        """What the server is to get now."""
        self._held += octets
        sent = bytearray()
        while self._held and not self.is_over:
            if self._octets:
                sent += self._held[: self._octets]
                count = min(self._octets, len(self._held))
                del self._held[:count]
                self._octets -= count
                continue
            end = self._held.find(b"\n")
            if end < 0:
                if len(self._held) > _LINE_OCTETS_MAX:
                    # No command, so what is made of it does not matter.
                    sent += self._held
                    self._held.clear()
                break
            line = bytes(self._held[:end]).removesuffix(b"\r")
            del self._held[: end + 1]
            behind = self.reader.octets_behind(line)
            self.is_over = behind is None
            if behind is not None:
                self._octets = behind
                sent += line + b"\r\n"
        return bytes(sent)

    @property
    def is_whole(self) -> bool:
        """Whether nothing has been begun, so that another program may go on."""
        return self.is_over or (self.reader.is_between and not self._held and not self._octets)


def _number(digits: bytes) -> int:
    return int(digits) if digits.isdigit() and len(digits) <= _DIGITS_MAX else 0
