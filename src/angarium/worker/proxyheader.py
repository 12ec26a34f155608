"""The header of the PROXY protocol, versions 1 and 2, as HAProxy has described it: whom a proxy speaks for."""

import re
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv6Address, ip_address
from typing import Final

_SIGNATURE: Final = b"\r\n\r\n\x00\r\nQUIT\n"
_FIXED: Final = 16
"""Octets of version 2 before those that it counts."""
_OCTETS_MAX: Final = 16_384
_LINE_MAX: Final = 107
_LINE_START: Final = b"PROXY "
_LINE: Final = re.compile(rb"PROXY (TCP4|TCP6) ([0-9A-Fa-f:.]+) ([0-9A-Fa-f:.]+) ([0-9]{1,5}) ([0-9]{1,5})")
_UNKNOWN: Final = re.compile(rb"PROXY UNKNOWN(?: .*)?")
_LOCAL, _PROXY = 0x20, 0x21
_UNSPECIFIED: Final = 0x00
_ADDRESS_OCTETS: Final = {0x11: 4, 0x21: 16}
"""Of one address, for TCP over IPv4 and IPv6."""
_UNIX_STREAM: Final = 0x31
_UNIX_OCTETS: Final = 216
_PORT_MAX: Final = 65_535


class ProxyHeaderMalformed(ValueError):
    """What came is no header; the text says why."""


@dataclass(frozen=True, slots=True)
class Proxied:
    """The connection that a proxy speaks for."""

    source: tuple[str, int]
    destination: tuple[str, int]


@dataclass(frozen=True, slots=True)
class ProxyHeader:
    """A header that is whole."""

    octets: int
    proxied: Proxied | None
    """None where the proxy speaks for itself, or for somebody without an address."""


def parse_proxy_header(received: bytes | bytearray) -> ProxyHeader | None:
    """The header that `received` begins with; None where it is not whole yet. ProxyHeaderMalformed."""
    if received[: len(_SIGNATURE)] == _SIGNATURE[: len(received)]:
        return _parse_binary(bytes(received))
    if received[: len(_LINE_START)] == _LINE_START[: len(received)]:
        return _parse_line(bytes(received[:_LINE_MAX]))
    raise ProxyHeaderMalformed("there is no header")


def _parse_line(received: bytes) -> ProxyHeader | None:
    line, end, _ = received.partition(b"\r\n")
    if not end:
        if len(received) >= _LINE_MAX:
            raise ProxyHeaderMalformed("the line is too long")
        return None
    octets = len(line) + len(end)
    if _UNKNOWN.fullmatch(line):
        return ProxyHeader(octets, None)
    match = _LINE.fullmatch(line)
    if match is None:
        raise ProxyHeaderMalformed("the line is not of the form")
    family = IPv4Address if match[1] == b"TCP4" else IPv6Address
    try:
        source, destination = family(match[2].decode()), family(match[3].decode())
    except ValueError as error:
        raise ProxyHeaderMalformed(f"an address is none: {error}") from None
    ports = int(match[4]), int(match[5])
    if max(ports) > _PORT_MAX:
        raise ProxyHeaderMalformed("a port is out of range")
    return ProxyHeader(octets, Proxied((_text(source), ports[0]), (_text(destination), ports[1])))


def _parse_binary(received: bytes) -> ProxyHeader | None:
    if len(received) < _FIXED:
        return None
    command, family = received[12], received[13]
    octets = _FIXED + int.from_bytes(received[14:_FIXED])
    if command not in (_LOCAL, _PROXY):
        raise ProxyHeaderMalformed("version or command is unknown")
    if octets > _OCTETS_MAX:
        raise ProxyHeaderMalformed("the header is too long")
    if len(received) < octets:
        return None
    if command == _LOCAL or family == _UNSPECIFIED:
        return ProxyHeader(octets, None)
    if family == _UNIX_STREAM and octets >= _FIXED + _UNIX_OCTETS:
        return ProxyHeader(octets, None)
    length = _ADDRESS_OCTETS.get(family)
    if length is None or octets < _FIXED + 2 * length + 4:
        raise ProxyHeaderMalformed("the addresses are of no stream, or too short")
    # What follows the addresses (TLVs) is nothing that a mail server acts by.
    source, destination, ports = _FIXED, _FIXED + length, _FIXED + 2 * length
    return ProxyHeader(
        octets,
        Proxied(
            (_text(ip_address(received[source:destination])), int.from_bytes(received[ports : ports + 2])),
            (_text(ip_address(received[destination:ports])), int.from_bytes(received[ports + 2 : ports + 4])),
        ),
    )


def _text(address: IPv4Address | IPv6Address) -> str:
    mapped = address.ipv4_mapped if isinstance(address, IPv6Address) else None
    return str(mapped or address)
