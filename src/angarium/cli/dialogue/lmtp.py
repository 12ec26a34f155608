"""Logins in LMTP (RFC 2033, RFC 4954)."""

import re
from typing import Final

from angarium.cli.dialogue.programlines import LineReader, LmtpLineReader
from angarium.cli.dialogue.wire import Wire
from angarium.cli.dialogue.words import (
    CAPABILITY_LINES_MAX,
    Challenge,
    Offer,
    Outcome,
    begin_auth,
    decode_challenge,
    encode_response,
)
from angarium.cli.serverunavailable import ServerUnavailable
from angarium.errors import ClientExchangeFailed

_LINE: Final = re.compile(rb"([2-5][0-9]{2})([ -]?)(.*)", re.DOTALL)
_COMMAND_OCTETS_MAX: Final = 512
"""RFC 5321 §4.5.3.1.4, with the end of line."""
_CONTINUE: Final = 334


class LmtpWords:
    """A session up to the login."""

    service = "lmtp"
    farewell = b"QUIT"
    commands: frozenset[str] = frozenset()
    program_reader: type[LineReader] | None = LmtpLineReader

    def __init__(self, wire: Wire) -> None:
        self._wire = wire

    def greet(self) -> Offer:
        code, _ = self._reply()
        if code != 220:
            raise ServerUnavailable("the server does not want us")
        return self.renew()

    def request_tls(self) -> bool:
        self._wire.send_line(b"STARTTLS")
        return self._reply()[0] == 220

    def renew(self) -> Offer:
        self._wire.send_line(b"LHLO lmtptest")
        code, lines = self._reply()
        if code != 250:
            raise ServerUnavailable("that is no LMTP server")
        words = [line.decode("ascii", "replace").upper().split() for line in lines]
        mechanisms = [name for line in words if line[:1] == ["AUTH"] for name in line[1:]]
        return Offer(tuple(mechanisms), starttls=["STARTTLS"] in words)

    def authenticate(self, mechanism: str, initial: bytes | None) -> Challenge | Outcome:
        wire, octets_max = self._wire, _COMMAND_OCTETS_MAX
        return begin_auth(wire, mechanism, initial, command_octets_max=octets_max, turn=self._turn)

    def respond(self, response: bytes) -> Challenge | Outcome:
        self._wire.send_line(encode_response(response))
        return self._turn()

    def cancel(self) -> None:
        self._wire.send_line(b"*")
        self._reply()

    def log_in(self, command: str, name: str, password: str) -> Outcome:  # noqa: ARG002  each protocol has it
        """LMTP has no such command."""
        raise ClientExchangeFailed(f"there is no login by {command}")

    def _turn(self) -> Challenge | Outcome:
        code, lines = self._reply()
        if code == _CONTINUE:
            return Challenge(decode_challenge(lines[0].strip()))
        return Outcome(code == 235, lines[-1].decode("utf-8", "replace"))

    def _reply(self) -> tuple[int, list[bytes]]:
        """The code, and the text of each line."""
        lines: list[bytes] = []
        while len(lines) < CAPABILITY_LINES_MAX:
            match = _LINE.fullmatch(self._wire.read_line())
            if match is None:
                raise ServerUnavailable("that is no LMTP server")
            lines.append(match[3])
            if match[2] != b"-":
                return int(match[1]), lines
        raise ServerUnavailable("the server does not come to an end")
