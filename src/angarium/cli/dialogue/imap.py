"""Logins in IMAP (RFC 9051 §6.2)."""

import re
from typing import Final

from angarium.cli.dialogue.programlines import ImapLineReader, LineReader
from angarium.cli.dialogue.wire import Wire
from angarium.cli.dialogue.words import (
    CAPABILITY_LINES_MAX,
    Challenge,
    Offer,
    Outcome,
    decode_challenge,
    encode_initial,
    encode_response,
)
from angarium.cli.serverunavailable import ServerUnavailable

_CODE: Final = b"[CAPABILITY "
_ATOM: Final = re.compile(rb"[A-Za-z0-9!#$&'+,\-./:;<=>?@^_`|~]+")
_AUTHENTICATE: Final = b"A01"
_LOGIN: Final = b"L01"


class ImapWords:
    """A session up to the login."""

    service = "imap"
    farewell = b"Q01 LOGOUT"
    commands = frozenset({"login"})
    program_reader: type[LineReader] | None = ImapLineReader

    def __init__(self, wire: Wire) -> None:
        self._wire = wire

    def greet(self) -> Offer:
        greeting = self._wire.read_line()
        words = greeting.upper().split()
        if words[:2] not in ([b"*", b"OK"], [b"*", b"PREAUTH"]):
            raise ServerUnavailable("the server does not want us" if words[:1] == [b"*"] else "that is no IMAP server")
        start = greeting.upper().find(_CODE)
        end = greeting.find(b"]", start)
        return _offer(greeting[start + len(_CODE) : end]) if 0 <= start < end else self.renew()

    def request_tls(self) -> bool:
        self._wire.send_line(b"S01 STARTTLS")
        line, _ = self._wait_for(b"S01")
        return _condition(line) == b"OK"

    def renew(self) -> Offer:
        self._wire.send_line(b"C01 CAPABILITY")
        _, untagged = self._wait_for(b"C01")
        found = [line[len(b"* CAPABILITY ") :] for line in untagged if line.upper().startswith(b"* CAPABILITY ")]
        return _offer(b" ".join(found))

    def authenticate(self, mechanism: str, initial: bytes | None) -> Challenge | Outcome:
        command = _AUTHENTICATE + b" AUTHENTICATE " + mechanism.encode()
        self._wire.send_line(command if initial is None else command + b" " + encode_initial(initial))
        return self._turn(_AUTHENTICATE)

    def respond(self, response: bytes) -> Challenge | Outcome:
        self._wire.send_line(encode_response(response))
        return self._turn(_AUTHENTICATE)

    def cancel(self) -> None:
        self._wire.send_line(b"*")
        self._wait_for(_AUTHENTICATE)

    def log_in(self, command: str, name: str, password: str) -> Outcome:  # noqa: ARG002  each protocol has it
        encoded = name.encode("utf-8", "surrogateescape")
        is_atom = _ATOM.fullmatch(encoded) is not None
        secret = password.encode("utf-8", "surrogateescape")
        if is_atom:
            self._wire.send_line(_LOGIN + b" LOGIN " + encoded + b" {%d}" % len(secret))
        else:
            self._wire.send_line(_LOGIN + b" LOGIN {%d}" % len(encoded))
            if (refusal := self._refusal_of_literal()) is not None:
                return refusal
            self._wire.send_line(encoded + b" {%d}" % len(secret))
        if (refusal := self._refusal_of_literal()) is not None:
            return refusal
        self._wire.send_line(secret, shown="<omitted>")
        line, _ = self._wait_for(_LOGIN)
        return _outcome(line)

    def compress(self) -> bool:
        """Ask for compression (RFC 4978); whether what comes from now on is compressed."""
        self._wire.send_line(b"Z01 COMPRESS DEFLATE")
        line, _ = self._wait_for(b"Z01")
        return _condition(line) == b"OK"

    def _turn(self, tag: bytes) -> Challenge | Outcome:
        line, _ = self._wait_for(tag, or_continuation=True)
        if line.startswith(b"+"):
            return Challenge(decode_challenge(line[1:].strip()))
        return _outcome(line)

    def _refusal_of_literal(self) -> Outcome | None:
        line, _ = self._wait_for(_LOGIN, or_continuation=True)
        return None if line.startswith(b"+") else _outcome(line)

    def _wait_for(self, tag: bytes, *, or_continuation: bool = False) -> tuple[bytes, list[bytes]]:
        """The line that ends the command, or asks to go on, and those before it."""
        untagged: list[bytes] = []
        while len(untagged) < CAPABILITY_LINES_MAX:
            line = self._wire.read_line()
            if line.startswith(tag + b" ") or (or_continuation and line.startswith(b"+")):
                return line, untagged
            if line.upper().startswith(b"* BYE"):
                raise ServerUnavailable("the server ends the session")
            untagged.append(line)
        raise ServerUnavailable("the server does not come to an end")


def _offer(capabilities: bytes) -> Offer:
    words = capabilities.decode("ascii", "replace").upper().split()
    mechanisms = tuple([word.removeprefix("AUTH=") for word in words if word.startswith("AUTH=")])
    # RFC 9051 §6.2.3: the password must not be sent then.
    unavailable = {"login": "Server advertised LOGINDISABLED"} if "LOGINDISABLED" in words else {}
    starttls, initial_response = "STARTTLS" in words, "SASL-IR" in words
    return Offer(mechanisms, starttls=starttls, initial_response=initial_response, unavailable=unavailable)


def _condition(line: bytes) -> bytes:
    """OK, NO or BAD."""
    return b"".join(line.upper().split()[1:2])


def _outcome(line: bytes) -> Outcome:
    return Outcome(_condition(line) == b"OK", line.decode("utf-8", "replace"))
