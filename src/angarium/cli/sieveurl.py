"""Where users manage their scripts, as a URL (RFC 5804 §3)."""

from collections.abc import Iterable
from typing import Final

from angarium.config import InetAddress, ServiceEntry, SieveService

_PORT: Final = 4190


def sieve_url(services: Iterable[ServiceEntry], *, host: str) -> str:
    """That of the ManageSieve service, on its own port where there are several; empty where there is none. Not of one
    with TLS from the first octet, since clients begin TLS by a command."""
    ports = [
        service.listen.port
        for service in services
        if isinstance(service.command, SieveService) and isinstance(service.listen, InetAddress)
        if not service.command.tls
    ]
    if not ports:
        return ""
    port = _PORT if _PORT in ports else ports[0]
    authority = f"[{host}]" if ":" in host else host
    return f"sieve://{authority}" if port == _PORT else f"sieve://{authority}:{port}"
