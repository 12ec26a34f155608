"""The first message of a client that begins TLS (RFC 8446 §4.1.2), as far as a server must know it before it answers:
which name it asks for, and which protocols it offers.

What cannot be read asks for nothing here, and is left to the TLS library to refuse; what is longer than any has to be
is refused at once, since anybody may send it.
"""

from dataclasses import dataclass
from typing import Final

_LENGTH_MAX: Final = 16_384
"""A client hello has some hundred octets, and two thousand with keys that quantum computers do not break."""
_OCTETS_MAX: Final = 2 * _LENGTH_MAX
"""With the headers of its records."""
_HANDSHAKE: Final = 22
_CLIENT_HELLO: Final = 1
_RECORD_HEADER: Final = 5
_MESSAGE_HEADER: Final = 4
_FRAGMENT_MAX: Final = 16_384
_BEFORE_SESSION: Final = 2 + 32
"""Version and random number."""
_SERVER_NAME: Final = 0
_HOST_NAME: Final = 0
_ALPN: Final = 16
_NAME_MAX: Final = 255


@dataclass(frozen=True, slots=True)
class ClientHello:
    """What a client asks for."""

    server_name: str = ""
    """In small letters; empty where it asks for none (RFC 6066 §3)."""
    protocols: tuple[bytes, ...] = ()
    """What it offers by ALPN (RFC 7301); empty where it does not."""


_UNREADABLE: Final = ClientHello()


class HelloTooLong(Exception):
    """More than a client hello can have, which is not waited for."""


class HelloReader:
    """Takes octets until the message is whole."""

    __slots__ = ("_message", "_records", "octets")

    def __init__(self) -> None:
        self.octets = bytearray()
        """All that came."""
        self._records = bytearray()
        """Not yet looked at."""
        self._message = bytearray()

    def receive(self, data: bytes) -> ClientHello | None:
        """What the client asks for, once that is known. HelloTooLong."""
        self.octets += data
        self._records += data
        if not self._take_records():
            return _UNREADABLE
        if len(self._message) >= _MESSAGE_HEADER:
            if self._message[0] != _CLIENT_HELLO:
                return _UNREADABLE
            length = _MESSAGE_HEADER + int.from_bytes(self._message[1:_MESSAGE_HEADER])
            if length > _LENGTH_MAX:
                raise HelloTooLong
            if len(self._message) >= length:
                return _parse(bytes(self._message[_MESSAGE_HEADER:length]))
        if len(self.octets) > _OCTETS_MAX:
            raise HelloTooLong
        return None

    def _take_records(self) -> bool:
        """Whether what came has the form of records so far."""
        records = self._records
        while records:
            if records[0] != _HANDSHAKE:
                return False
            if len(records) < _RECORD_HEADER:
                return True
            length = int.from_bytes(records[3:_RECORD_HEADER])
            if not 0 < length <= _FRAGMENT_MAX:
                return False
            if len(records) < _RECORD_HEADER + length:
                return True
            self._message += records[_RECORD_HEADER : _RECORD_HEADER + length]
            del records[: _RECORD_HEADER + length]
        return True


class _TooShort(Exception):
    """A length leads beyond the end."""


class _Cursor:
    """Reads numbers, and octets that stand behind their length."""

    __slots__ = ("_octets", "_position")

    def __init__(self, octets: bytes) -> None:
        self._octets = octets
        self._position = 0

    def __bool__(self) -> bool:
        return self._position < len(self._octets)

    def take(self, count: int) -> bytes:
        end = self._position + count
        if end > len(self._octets):
            raise _TooShort
        taken = self._octets[self._position : end]
        self._position = end
        return taken

    def number(self, octets: int) -> int:
        return int.from_bytes(self.take(octets))

    def vector(self, length_octets: int) -> bytes:
        return self.take(self.number(length_octets))


def _parse(body: bytes) -> ClientHello:
    try:
        return _requested(_extensions(body))
    except _TooShort:
        return _UNREADABLE


def _extensions(body: bytes) -> dict[int, bytes]:
    cursor = _Cursor(body)
    cursor.take(_BEFORE_SESSION)
    cursor.vector(1)  # session
    cursor.vector(2)  # cipher suites
    cursor.vector(1)  # compression methods
    found: dict[int, bytes] = {}
    rest = _Cursor(cursor.vector(2) if cursor else b"")
    while rest:
        kind = rest.number(2)
        found[kind] = rest.vector(2)
    return found


def _requested(extensions: dict[int, bytes]) -> ClientHello:
    name = ""
    if _SERVER_NAME in extensions:
        names = _Cursor(_Cursor(extensions[_SERVER_NAME]).vector(2))
        while names and not name:
            kind = names.number(1)
            octets = names.vector(2)
            if kind == _HOST_NAME and octets.isascii() and len(octets) <= _NAME_MAX:
                name = octets.decode().lower()
    protocols: list[bytes] = []
    if _ALPN in extensions:
        offered = _Cursor(_Cursor(extensions[_ALPN]).vector(2))
        while offered:
            protocols.append(offered.vector(1))
    return ClientHello(name, tuple(protocols))
