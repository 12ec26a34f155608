"""Where a service listens: the `listen` and `proto` of cyrus.conf."""

import ipaddress
import re
import socket
from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Final

# sun_path holds 108 octets, the closing NUL included.
MAX_SOCKET_PATH: Final = 107

MAIL_PORTS: Final = {
    "http": 80,
    "pop3": 110,
    "nntp": 119,
    "imap": 143,
    "https": 443,
    "nntps": 563,
    "imaps": 993,
    "pop3s": 995,
    "kpop": 1109,
    "lmtp": 2003,
    "smmap": 2004,
    "csync": 2005,
    "mupdate": 3905,
    "sieve": 4190,
    "fud": 4201,
}
"""Ports of names that /etc/services may lack."""

_HOST: Final = re.compile(r"[A-Za-z0-9]([A-Za-z0-9.-]*[A-Za-z0-9])?", re.ASCII)
_PORT: Final = re.compile(r"[0-9]{1,5}", re.ASCII)
_SERVICE: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]*", re.ASCII)

ALLOWED: Final = "a port, a service name, host:port, [ipv6]:port, or the absolute path of a socket"

PortLookup = Callable[[str, str], int | None]
"""The port of a service name and `tcp` or `udp`; None where it is not known."""


class Proto(StrEnum):
    """The `proto` of a service: transport and, by the digit, one family of addresses."""

    TCP = "tcp"
    TCP4 = "tcp4"
    TCP6 = "tcp6"
    UDP = "udp"
    UDP4 = "udp4"
    UDP6 = "udp6"

    @property
    def transport(self) -> str:
        return self.value[:3]


@dataclass(frozen=True, slots=True)
class InetAddress:
    """A TCP or UDP port; without a host, on all addresses of the machine. Port 0 means a free one."""

    host: str | None
    port: int

    @property
    def is_loopback(self) -> bool:
        """Whether only this machine can reach it, as far as the text tells."""
        if self.host is None:
            return False
        try:
            return ipaddress.ip_address(self.host).is_loopback
        except ValueError:
            return self.host.lower() == "localhost"


@dataclass(frozen=True, slots=True)
class UnixAddress:
    """A socket in the file system."""

    path: Path


ListenAddress = InetAddress | UnixAddress


def system_port(service: str, transport: str) -> int | None:
    """The port that /etc/services has for a name."""
    try:
        return socket.getservbyname(service, transport)
    except OSError:
        return None


def parse_listen(text: str, proto: Proto, *, lookup: PortLookup = system_port) -> ListenAddress:
    """The address that a `listen` means. Raises ValueError."""
    if text.startswith("/"):
        if len(text.encode()) > MAX_SOCKET_PATH:
            raise ValueError(f"the path of a socket has at most {MAX_SOCKET_PATH} octets")
        return UnixAddress(Path(text))
    host, port = _split(text)
    return InetAddress(host, _parse_port(port, proto, lookup))


def _split(text: str) -> tuple[str | None, str]:
    if text.startswith("["):
        inner, closed, port = text[1:].partition("]:")
        if not closed:
            raise ValueError("an address in brackets is followed by a colon and a port")
        return str(ipaddress.IPv6Address(inner)), port
    host, colon, port = text.rpartition(":")
    if not colon:
        return None, port
    if host in ("", "*"):
        return None, port
    if ":" in host:
        raise ValueError("an IPv6 address stands in brackets")
    if not _HOST.fullmatch(host):
        raise ValueError("not a host")
    return host, port


def _parse_port(text: str, proto: Proto, lookup: PortLookup) -> int:
    if _PORT.fullmatch(text):
        if int(text) > 65_535:
            raise ValueError("ports go up to 65535")
        return int(text)
    if not _SERVICE.fullmatch(text):
        raise ValueError("not a port")
    port = lookup(text, proto.transport)
    if port is None:
        port = MAIL_PORTS.get(text.lower())
    if port is None:
        raise ValueError(f"no port is known for '{text}'")
    return port
