"""What of a session goes into its telemetry: everything from the login on, but no credentials.

LOGIN and AUTHENTICATE are refused after login, and a client may send them all the same: by mistake, or ahead of the
refusal. Whatever line looks like one of them is cut behind its name, be it a command, part of a literal or a message,
since to tell these apart would be to trust the client. A literal that the line announces is left out as well, and so
are lines of one word after AUTHENTICATE, as SASL responses are.
"""

import re
from typing import Final

from angarium.connections import Recording

_CREDENTIALS: Final = re.compile(rb"[^ \r\n]* +(LOGIN|AUTHENTICATE)(?![^ \r\n])", re.IGNORECASE)
_BEGINNING: Final = re.compile(rb"[^ \r\n]*( +([A-Z]{0,12})?)?", re.IGNORECASE)
_LITERAL: Final = re.compile(rb"\{(\d{1,10})[+-]?\}\r?\n?\Z")
_LEFT_OUT: Final = b" (not recorded)\r\n"
_LINE_OCTETS_MAX: Final = 1024
"""A line whose beginning is longer without telling what it is, is left out."""


class CredentialFilter:
    """Takes what a client sends, in pieces of any size, and gives it on without credentials."""

    __slots__ = ("_after_authenticate", "_cut", "_held", "_is_within", "_skip_octets")

    def __init__(self, *, is_within: bool) -> None:
        """`is_within` where the first octets belong to a line of which the beginning is not known."""
        self._held = b""
        """The beginning of a line, while it may become credentials."""
        self._is_within = False
        """What comes belongs to a line that was given on in part."""
        self._cut = b"" if not is_within else b"?"
        """The end of the line that is left out; empty while none is."""
        self._skip_octets = 0
        """Of a literal that is left out."""
        self._after_authenticate = False

    def filter(self, data: bytes) -> bytes:
        """What may be recorded of what has come so far."""
        data = self._held + data
        self._held = b""
        given: list[bytes] = []
        start = 0
        while start < len(data):
            if self._skip_octets:
                skipped = min(self._skip_octets, len(data) - start)
                self._skip_octets -= skipped
                start += skipped
                continue
            end = data.find(b"\n", start) + 1
            piece = data[start:end] if end else data[start:]
            start += len(piece)
            self._take(piece, given, is_whole=end > 0)
        return b"".join(given)

    def _take(self, piece: bytes, given: list[bytes], *, is_whole: bool) -> None:
        """A line, or its end, or as much of it as has come."""
        if self._cut:
            self._leave_out(piece, is_whole=is_whole)
        elif self._is_within:
            given.append(piece)
            self._is_within = not is_whole
        elif (found := _CREDENTIALS.match(piece)) is not None and (is_whole or found.end() < len(piece)):
            self._after_authenticate = found[1].upper() == b"AUTHENTICATE"
            given.append(found[0] + _LEFT_OUT)
            self._cut = b"?"
            self._leave_out(piece[found.end() :], is_whole=is_whole)
        elif not is_whole and len(piece) <= _LINE_OCTETS_MAX and self._may_become_credentials(piece):
            self._held = piece
        elif (self._after_authenticate and b" " not in piece.strip()) or (not is_whole and _BEGINNING.fullmatch(piece)):
            given.append(_LEFT_OUT)
            self._cut = b"?"
            self._leave_out(piece, is_whole=is_whole)
        else:
            self._after_authenticate = False
            given.append(piece)
            self._is_within = not is_whole

    def _may_become_credentials(self, piece: bytes) -> bool:
        return self._after_authenticate or _BEGINNING.fullmatch(piece) is not None

    def _leave_out(self, piece: bytes, *, is_whole: bool) -> None:
        # The end of the line tells whether a literal belongs to it, wherever the pieces were cut.
        self._cut = (self._cut + piece)[-32:]
        if is_whole:
            literal = _LITERAL.search(self._cut)
            self._skip_octets = int(literal[1]) if literal is not None else 0
            self._cut = b"?" if literal is not None else b""


class SessionTelemetry:
    """One session's recording, while it has one."""

    __slots__ = ("_filter", "_recording")

    def __init__(self, recording: Recording, *, is_within: bool) -> None:
        self._recording = recording
        self._filter = CredentialFilter(is_within=is_within)

    def received(self, data: bytes) -> None:
        """The client sent this."""
        recorded = self._filter.filter(data)
        if recorded:
            self._recording.received(recorded)

    def sent(self, data: bytes) -> None:
        """The client is sent this."""
        self._recording.sent(data)

    def close(self) -> None:
        """The session, or what it records, is at its end."""
        self._recording.close()
