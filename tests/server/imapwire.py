"""IMAP as it goes over the wire: responses taken apart, and a client that keeps a transcript of everything."""

import re
import select
import socket
import time
import zlib
from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

Value = bytes | list["Value"]
"""An atom, string or number; or what stands between parentheses."""

_TOKEN: Final = re.compile(rb' *(?:(\()|(\))|"((?:[^"\\]|\\.)*)"|\{(\d+)\}\r\n|([^ ()"{\r\n]+))')
_LITERAL: Final = re.compile(rb"\{(\d+)\}\r\n\Z")
_STATUS: Final = re.compile(rb"(OK|NO|BAD|BYE|PREAUTH) (?:\[([A-Z-]+)(?: ([^\]]*))?\] ?)?(.*)\r\n", re.DOTALL)
_TRANSCRIPT_LINES: Final = 2000
_SHOWN_OCTETS: Final = 300


def parse_values(octets: bytes) -> list[Value]:
    """What stands in a response, literals included."""
    values, end = _parse_until_closed(octets, 0)
    assert octets[end:].strip() == b"", octets
    return values


def _parse_until_closed(octets: bytes, at: int) -> tuple[list[Value], int]:
    values: list[Value] = []
    while match := _TOKEN.match(octets, at):
        at = match.end()
        opened, closed, quoted, literal, atom = match.groups()
        if closed:
            return values, at
        if opened:
            inner, at = _parse_until_closed(octets, at)
            values.append(inner)
        elif literal is not None:
            values.append(octets[at : at + int(literal)])
            at += int(literal)
        else:
            values.append(re.sub(rb"\\(.)", rb"\1", quoted) if quoted is not None else atom)
    return values, at


def parse_uids(text: bytes) -> list[int]:
    """The numbers of a sequence-set, in its order."""
    found: list[int] = []
    for part in text.split(b","):
        first, _, last = part.partition(b":")
        found += range(int(first), int(last or first) + 1)
    return found


@dataclass(frozen=True, slots=True)
class Status:
    """OK, NO, BAD or BYE with its code."""

    condition: str
    code: str
    argument: bytes
    text: bytes


@dataclass(frozen=True, slots=True)
class Response:
    """One response, its literals included."""

    tag: str
    octets: bytes
    """What stands behind the tag, with CR LF."""

    @property
    def status(self) -> Status | None:
        match = _STATUS.fullmatch(self.octets)
        if match is None:
            return None
        condition, code, argument, text = match.groups()
        return Status(condition.decode(), (code or b"").decode(), argument or b"", text)

    @property
    def number(self) -> tuple[int, str] | None:
        """As `5 EXISTS`."""
        match = re.match(rb"(\d+) ([A-Z]+)", self.octets)
        return (int(match[1]), match[2].decode()) if match else None


class ImapWire:
    """A connection whose every line is kept, the newest last."""

    def __init__(self, host: str, port: int, *, timeout_s: float) -> None:
        self._address, self._timeout_s = (host, port), timeout_s
        self._socket = socket.create_connection(self._address, timeout=timeout_s)
        self._received = bytearray()
        self._deflater: zlib._Compress | None = None
        self._inflater: zlib._Decompress | None = None
        self._numbers = 0
        self.transcript: deque[tuple[float, str]] = deque(maxlen=_TRANSCRIPT_LINES)

    def close(self) -> None:
        self._socket.close()

    def connect_again(self) -> None:
        """Another connection, perhaps to another worker."""
        self._socket.close()
        self._socket = socket.create_connection(self._address, timeout=self._timeout_s)
        self._received.clear()
        self._deflater = self._inflater = None

    def compress(self) -> None:
        """From here on both directions are compressed (RFC 4978)."""
        self._deflater, self._inflater = zlib.compressobj(wbits=-15), zlib.decompressobj(wbits=-15)

    def new_tag(self) -> str:
        self._numbers += 1
        return f"a{self._numbers}"

    def send(self, octets: bytes) -> None:
        self._keep("C", octets)
        if self._deflater is not None:
            octets = self._deflater.compress(octets) + self._deflater.flush(zlib.Z_SYNC_FLUSH)
        self._socket.sendall(octets)

    def receive(self) -> Response:
        """The next response; ConnectionError where the server has closed."""
        octets = self._read_line()
        while match := _LITERAL.search(octets):
            octets += self._read(int(match[1])) + self._read_line()
        self._keep("S", octets)
        tag, _, rest = octets.partition(b" ")
        return Response(tag.decode(), rest)

    def receive_until(self, tag: str) -> Iterator[Response]:
        """All responses until the one with this tag, which is the last."""
        while True:
            response = self.receive()
            yield response
            if response.tag == tag:
                return

    def has_input(self, timeout_s: float) -> bool:
        """Whether the server says something in this time."""
        return bool(self._received or select.select([self._socket], [], [], timeout_s)[0])

    def _read_line(self) -> bytes:
        start = 0
        while (end := self._received.find(b"\r\n", start)) < 0:
            start = max(0, len(self._received) - 1)
            self._receive_more()
        return self._read(end + 2)

    def _read(self, octets: int) -> bytes:
        while len(self._received) < octets:
            self._receive_more()
        read = bytes(self._received[:octets])
        del self._received[:octets]
        return read

    def _receive_more(self) -> None:
        more = self._socket.recv(65_536)
        if not more:
            raise ConnectionError(f"the server closed the connection after {bytes(self._received)!r}")
        self._received += more if self._inflater is None else self._inflater.decompress(more)

    def _keep(self, who: str, octets: bytes) -> None:
        shown = octets[:_SHOWN_OCTETS].decode("latin-1").rstrip("\r\n").replace("\r\n", "⏎")
        self.transcript.append((time.monotonic(), f"{who}: {shown}"))
