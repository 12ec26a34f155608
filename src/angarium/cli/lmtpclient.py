"""An LMTP client for one message (RFC 2033), over a unix socket and with waits: what `deliver` needs, and no more."""

import os
import re
import select
import socket
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO, Final, Self

from angarium.cli.serverunavailable import ServerUnavailable

TIMEOUT_S: Final = 600.0
"""For one reply; a server that is busy may take its time (RFC 5321 §4.5.3.2)."""

_LINE: Final = re.compile(rb"([2-5][0-9]{2})([ -]?)(?:([245]\.[0-9]{1,3}\.[0-9]{1,3}) )?([^\r\n]*)\r?\n")
_LINE_OCTETS: Final = 4096
_LINES_MAX: Final = 100
_BLOCK_OCTETS: Final = 1 << 16
_SESSION: Final = " SESSIONID=<"


@dataclass(frozen=True, slots=True)
class ServerReply:
    """What the server says to one thing."""

    code: int
    enhanced: str
    """Empty without one."""
    text: str
    """The last line's, without the session's id."""

    @property
    def is_positive(self) -> bool:
        return self.code < 400


class LmtpClient:
    """A connection; a context manager that closes it."""

    def __init__(self, path: Path) -> None:
        """ServerUnavailable."""
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self._socket.settimeout(TIMEOUT_S)
        try:
            self._socket.connect(str(path))
        except OSError as error:
            self._socket.close()
            raise ServerUnavailable(f"{path}: {error.strerror or error}") from error
        self._incoming = self._socket.makefile("rb")

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._incoming.close()
        self._socket.close()

    def greet(self, name: str) -> None:
        """Be greeted, and say LHLO. ServerUnavailable."""
        self._expect_positive(self._reply())
        self._send(f"LHLO {name}\r\n".encode())
        self._expect_positive(self._reply())

    def begin(self, mail: str, recipients: list[str]) -> tuple[ServerReply, list[ServerReply]]:
        """MAIL, and RCPT for each recipient, in one go; the replies. ServerUnavailable."""
        self._send("".join([f"{line}\r\n" for line in (mail, *recipients)]).encode())
        return self._reply(), [self._reply() for _ in recipients]

    def send_message(self, message: BinaryIO, accepted: int) -> list[ServerReply]:
        """DATA with the message, whose lines may end as this machine's do; a reply for each accepted recipient, or one
        that is for all. ServerUnavailable."""
        self._send(b"DATA\r\n")
        reply = self._reply()
        if reply.code != 354:
            return [reply] * accepted
        for block in _as_data(message):
            self._send(block)
        return [self._reply() for _ in range(accepted)]

    def quit(self) -> None:
        """Say goodbye; whether the server hears it does not matter any more."""
        try:
            self._send(b"QUIT\r\n")
            self._reply()
        except ServerUnavailable:
            pass

    def relay(self, incoming: BinaryIO, outgoing: BinaryIO) -> None:
        """Be a pipe between the server and whoever speaks LMTP on the other side, until one of them ends."""
        self._socket.settimeout(None)
        sources = [incoming.fileno(), self._socket.fileno()]
        while self._socket.fileno() in sources:
            ready, _, _ = select.select(sources, [], [])
            if incoming.fileno() in ready:
                octets = os.read(incoming.fileno(), _BLOCK_OCTETS)
                if octets:
                    self._socket.sendall(octets)
                else:
                    sources.remove(incoming.fileno())
                    self._socket.shutdown(socket.SHUT_WR)
            if self._socket.fileno() in ready:
                octets = self._socket.recv(_BLOCK_OCTETS)
                if not octets:
                    return
                outgoing.write(octets)
                outgoing.flush()

    def _send(self, octets: bytes) -> None:
        try:
            self._socket.sendall(octets)
        except OSError as error:
            raise ServerUnavailable(f"the server does not listen: {error.strerror or error}") from error

    def _reply(self) -> ServerReply:
        for _ in range(_LINES_MAX):
            try:
                octets = self._incoming.readline(_LINE_OCTETS)
            except OSError as error:
                raise ServerUnavailable(f"the server does not answer: {error.strerror or error}") from error
            line = _LINE.fullmatch(octets)
            if line is None:
                raise ServerUnavailable("the server closed the connection" if not octets else "that is no LMTP server")
            if line[2] != b"-":
                text = _without_session(line[4].decode("utf-8", "replace"))
                return ServerReply(int(line[1]), (line[3] or b"").decode(), text)
        raise ServerUnavailable("that is no LMTP server")

    @staticmethod
    def _expect_positive(reply: ServerReply) -> None:
        if not reply.is_positive:
            raise ServerUnavailable(f"the server says: {reply.text}")


def _without_session(text: str) -> str:
    said, mark, rest = text.rpartition(_SESSION)
    return said if mark and rest.endswith(">") and rest.count(">") == 1 else text


def _as_data(message: BinaryIO) -> Iterator[bytes]:
    """The message as DATA has it: lines end with CRLF, and a dot more stands before a dot (RFC 5321 §4.5.2)."""
    is_at_line = True
    while line := message.readline(_BLOCK_OCTETS):
        if is_at_line and line.startswith(b"."):
            line = b"." + line
        is_at_line = line.endswith(b"\n")
        if is_at_line and not line.endswith(b"\r\n"):
            line = line[:-1] + b"\r\n"
        yield line
    yield b".\r\n" if is_at_line else b"\r\n.\r\n"
