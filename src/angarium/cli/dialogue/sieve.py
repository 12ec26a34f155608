"""Logins in ManageSieve (RFC 5804 §2.1, §2.2)."""

from typing import Final

from angarium.cli.dialogue.programlines import LineReader
from angarium.cli.dialogue.sieveresponse import (
    MAX_LITERAL_OCTETS,
    BadResponse,
    ResponseLine,
    literal_size,
    parse_line,
    serialize_argument,
    serialize_literal,
)
from angarium.cli.dialogue.wire import Wire
from angarium.cli.dialogue.words import (
    CAPABILITY_LINES_MAX,
    Challenge,
    Offer,
    Outcome,
    decode_challenge,
    encode_response,
)
from angarium.cli.serverunavailable import ServerUnavailable
from angarium.errors import ClientExchangeFailed

_ANSWER_OCTETS_MAX: Final = 2 * MAX_LITERAL_OCTETS
_LITERALS_MAX: Final = 16
"""In one line."""


class SieveWords:
    """A session up to the login, and the reader of all answers."""

    service = "sieve"
    farewell = b"LOGOUT"
    commands: frozenset[str] = frozenset()
    program_reader: type[LineReader] | None = None

    def __init__(self, wire: Wire) -> None:
        self._wire = wire

    def greet(self) -> Offer:
        return self._offer()

    def request_tls(self) -> bool:
        self._wire.send_line(b"STARTTLS")
        return self._outcome(self._read()).is_success

    def renew(self) -> Offer:
        """The server says it by itself once TLS stands."""
        return self._offer()

    def authenticate(self, mechanism: str, initial: bytes | None) -> Challenge | Outcome:
        command = b"AUTHENTICATE " + serialize_argument(mechanism.encode())
        if initial is not None:
            command += b" " + serialize_literal(encode_response(initial))
        self._wire.send_line(command)
        return self._turn()

    def respond(self, response: bytes) -> Challenge | Outcome:
        encoded = encode_response(response)
        self._wire.send_line(b"{%d+}" % len(encoded))
        self._wire.send_line(encoded)
        return self._turn()

    def cancel(self) -> None:
        self._wire.send_line(b'"*"')
        self._read()

    def log_in(self, command: str, name: str, password: str) -> Outcome:  # noqa: ARG002  each protocol has it
        """ManageSieve has no such command."""
        raise ClientExchangeFailed(f"there is no login by {command}")

    def read_answer(self) -> tuple[list[ResponseLine], ResponseLine]:
        """The lines of data of an answer, each with a string at least, and the one that ends it, which is no BYE."""
        lines: list[ResponseLine] = []
        octets = 0
        while (line := self._read()).condition is None:
            octets += sum([len(string) for string in (*line.strings, *line.code)])
            if len(lines) == CAPABILITY_LINES_MAX or octets > _ANSWER_OCTETS_MAX:
                raise ServerUnavailable("the server does not come to an end")
            if not line.strings:
                raise ServerUnavailable("that is no ManageSieve server")
            lines.append(line)
        return lines, line

    def _offer(self) -> Offer:
        lines, end = self.read_answer()
        if end.condition != "OK":
            raise ServerUnavailable(f"the server says: {end.text}")
        mechanisms: tuple[str, ...] = ()
        starttls = False
        for line in lines:
            name = line.strings[0].upper()
            if name == b"SASL" and len(line.strings) > 1:
                mechanisms = tuple(line.strings[1].decode("ascii", "replace").upper().split())
            starttls = starttls or name == b"STARTTLS"
        return Offer(mechanisms, starttls=starttls)

    def _turn(self) -> Challenge | Outcome:
        line = self._read()
        if line.condition is None and len(line.strings) == 1 and not line.atoms:
            return Challenge(decode_challenge(line.strings[0]))
        return self._outcome(line)

    def _outcome(self, line: ResponseLine) -> Outcome:
        final = None
        if line.condition == "OK" and len(line.code) == 2 and line.code[0].upper() == b"SASL":
            final = decode_challenge(line.code[1])
        return Outcome(line.condition == "OK", line.text, final)

    def _read(self) -> ResponseLine:
        octets = bytearray()
        try:
            for _ in range(_LITERALS_MAX):
                line = self._wire.read_line()
                octets += line
                size = literal_size(line)
                if size is None:
                    break
                if len(octets) + size > _ANSWER_OCTETS_MAX:
                    raise ServerUnavailable("the server's line is too long")
                octets += b"\r\n" + self._wire.read_exactly(size)
            else:
                raise ServerUnavailable("the server's line has too many parts")
            response = parse_line(bytes(octets))
        except BadResponse as error:
            raise ServerUnavailable(f"that is no ManageSieve server: {error}") from error
        if response.condition == "BYE":
            raise ServerUnavailable(f"the server says: {response.text or 'bye'}")
        return response
