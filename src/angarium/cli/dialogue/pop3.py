"""Logins in POP3 (RFC 1939, RFC 2449, RFC 5034)."""

import hashlib
from typing import Final

from angarium.cli.dialogue.programlines import LineReader
from angarium.cli.dialogue.wire import Wire
from angarium.cli.dialogue.words import (
    CAPABILITY_LINES_MAX,
    Challenge,
    Offer,
    Outcome,
    begin_auth,
    decode_challenge,
    encode_response,
    fit_for_line,
)
from angarium.cli.serverunavailable import ServerUnavailable
from angarium.errors import ClientExchangeFailed

_COMMAND_OCTETS_MAX: Final = 255
"""RFC 2449 §4, with the end of line."""


class Pop3Words:
    """A session up to the login."""

    service = "pop"
    farewell = b"QUIT"
    commands = frozenset({"user", "apop"})
    program_reader: type[LineReader] | None = None

    def __init__(self, wire: Wire) -> None:
        self._wire = wire
        self._greeting = b""

    def greet(self) -> Offer:
        self._greeting = self._wire.read_line()
        if not self._greeting.startswith((b"+OK", b"-ERR")):
            raise ServerUnavailable("that is no POP3 server")
        if self._greeting.startswith(b"-ERR"):
            raise ServerUnavailable("the server does not want us")
        return self.renew()

    def request_tls(self) -> bool:
        self._wire.send_line(b"STLS")
        return self._answer().is_success

    def renew(self) -> Offer:
        self._wire.send_line(b"CAPA")
        if not self._answer().is_success:
            return Offer()
        mechanisms: tuple[str, ...] = ()
        starttls, unavailable = False, {"user": "Server did not advertise USER"}
        for _ in range(CAPABILITY_LINES_MAX):
            line = self._wire.read_line()
            if line == b".":
                return Offer(mechanisms, starttls=starttls, unavailable=unavailable)
            words = line.decode("ascii", "replace").upper().split()
            if words[:1] == ["SASL"]:
                mechanisms = tuple(words[1:])
            starttls = starttls or words == ["STLS"]
            if words[:1] == ["USER"]:
                unavailable = {}
        raise ServerUnavailable("the server does not come to an end")

    def authenticate(self, mechanism: str, initial: bytes | None) -> Challenge | Outcome:
        wire, octets_max = self._wire, _COMMAND_OCTETS_MAX
        return begin_auth(wire, mechanism, initial, command_octets_max=octets_max, turn=self._turn)

    def respond(self, response: bytes) -> Challenge | Outcome:
        self._wire.send_line(encode_response(response))
        return self._turn()

    def cancel(self) -> None:
        self._wire.send_line(b"*")
        self._answer()

    def log_in(self, command: str, name: str, password: str) -> Outcome:
        """USER and PASS, or APOP."""
        if command == "apop":
            return self._log_in_by_digest(name, password)
        line = b"PASS " + fit_for_line(password)
        self._wire.send_line(b"USER " + fit_for_line(name))
        answer = self._answer()
        if not answer.is_success:
            return answer
        self._wire.send_line(line, shown="PASS <omitted>")
        return self._answer()

    def _log_in_by_digest(self, name: str, password: str) -> Outcome:
        timestamp = _timestamp_of(self._greeting)
        if timestamp is None:
            raise ClientExchangeFailed("the server's greeting has nothing for APOP")
        digest = hashlib.md5(timestamp + fit_for_line(password), usedforsecurity=False).hexdigest()
        self._wire.send_line(b"APOP " + fit_for_line(name) + b" " + digest.encode())
        return self._answer()

    def _turn(self) -> Challenge | Outcome:
        line = self._wire.read_line()
        if line.startswith(b"+OK") or not line.startswith(b"+"):
            return _outcome(line)
        return Challenge(decode_challenge(line[1:].strip()))

    def _answer(self) -> Outcome:
        return _outcome(self._wire.read_line())


def _timestamp_of(greeting: bytes) -> bytes | None:
    """RFC 1939 §7: it looks like a message-id, and stands somewhere."""
    for text in greeting.split(b"<")[1:]:
        inside, end, _ = text.partition(b">")
        if end and b"@" in inside[1:] and b" " not in inside:
            return b"<" + inside + b">"
    return None


def _outcome(line: bytes) -> Outcome:
    return Outcome(line.startswith(b"+OK"), line.decode("utf-8", "replace"))
