"""Connections that come through a proxy, which says by the PROXY protocol whom it speaks for.

A connection from a proxy that is listed gets its protocol when the header is whole, and with it a transport that tells
the addresses of the header for those of the socket. What is read goes straight to that protocol; anybody else's
connection is handed over at once, and costs nothing more.
"""

import asyncio
import logging
from collections.abc import Callable, Iterable, Sequence
from ipaddress import ip_address
from typing import Any, Final, cast

from angarium.config import Network
from angarium.worker.proxyheader import Proxied, ProxyHeaderMalformed, parse_proxy_header

HEADER_TIMEOUT_S: Final = 10.0
"""The header is the first that a proxy sends; three seconds cover a packet that is lost."""

log = logging.getLogger(__name__)


class ProxyDoor(asyncio.Protocol):
    """The protocol of a connection until it is known who is at its other end."""

    __slots__ = ("_hurry", "_loop", "_make_protocol", "_proxies", "_received", "_service", "_transport")

    _transport: asyncio.Transport

    def __init__(
        self,
        loop: asyncio.AbstractEventLoop,
        proxies: Sequence[Network],
        make_protocol: Callable[[], asyncio.Protocol],
        *,
        service: str,
        timeout_s: float = HEADER_TIMEOUT_S,
    ) -> None:
        self._loop = loop
        self._proxies = proxies
        self._make_protocol = make_protocol
        self._service = service
        self._received = bytearray()
        self._hurry: asyncio.TimerHandle | None = loop.call_later(timeout_s, self._refuse, "no header has come in time")

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.Transport, transport)
        if not self._is_from_proxy():
            self._hand_over(self._transport)

    def data_received(self, data: bytes) -> None:
        if self._transport.is_closing():
            return
        self._received += data
        try:
            header = parse_proxy_header(self._received)
        except ProxyHeaderMalformed as error:
            self._refuse(str(error))
            return
        if header is None:
            return
        rest = bytes(self._received[header.octets :])
        if header.proxied is None:
            protocol = self._hand_over(self._transport)
        else:
            protocol = self._hand_over(ProxiedTransport(self._transport, header.proxied))
        if rest and not self._transport.is_closing():
            protocol.data_received(rest)

    def eof_received(self) -> bool:
        if self._received:
            self._refuse("the connection was closed before the header was whole")
        return False  # who says nothing only looks whether somebody is here

    def connection_lost(self, exc: Exception | None) -> None:  # noqa: ARG002  the base class names it
        self._stop_timer()

    def _is_from_proxy(self) -> bool:
        peername = self._transport.get_extra_info("peername")
        if not isinstance(peername, tuple):
            return False
        address = ip_address(peername[0].partition("%")[0])
        address = getattr(address, "ipv4_mapped", None) or address
        return any(address in network for network in self._proxies)

    def _hand_over(self, transport: asyncio.Transport) -> asyncio.Protocol:
        self._stop_timer()
        protocol = self._make_protocol()
        transport.set_protocol(protocol)
        protocol.connection_made(transport)
        return protocol

    def _refuse(self, reason: str) -> None:
        self._stop_timer()
        fields = {"service": self._service, "address": self._transport.get_extra_info("peername")[0], "reason": reason}
        log.warning("proxy_header_refused", extra=fields)
        self._transport.abort()

    def _stop_timer(self) -> None:
        if self._hurry is not None:
            self._hurry.cancel()
            self._hurry = None


class ProxiedTransport(asyncio.Transport):
    """A transport that tells who is at the other end of the proxy."""

    __slots__ = ("_below", "_proxied")

    def __init__(self, below: asyncio.Transport, proxied: Proxied) -> None:
        self._below = below
        self._proxied = proxied

    def get_extra_info(self, name: str, default: Any = None) -> Any:  # as in the class above
        match name:
            case "peername":
                return self._proxied.source
            case "sockname":
                return self._proxied.destination
            case _:
                return self._below.get_extra_info(name, default)

    def write(self, data: bytes | bytearray | memoryview) -> None:
        self._below.write(data)

    def writelines(self, list_of_data: Iterable[bytes | bytearray | memoryview]) -> None:
        self._below.writelines(list_of_data)

    def write_eof(self) -> None:
        self._below.write_eof()

    def can_write_eof(self) -> bool:
        return self._below.can_write_eof()

    def close(self) -> None:
        self._below.close()

    def abort(self) -> None:
        self._below.abort()

    def is_closing(self) -> bool:
        return self._below.is_closing()

    def pause_reading(self) -> None:
        self._below.pause_reading()

    def resume_reading(self) -> None:
        self._below.resume_reading()

    def is_reading(self) -> bool:
        return self._below.is_reading()

    def set_write_buffer_limits(self, high: int | None = None, low: int | None = None) -> None:
        self._below.set_write_buffer_limits(high, low)

    def get_write_buffer_size(self) -> int:
        return self._below.get_write_buffer_size()

    def get_write_buffer_limits(self) -> tuple[int, int]:
        return self._below.get_write_buffer_limits()

    def set_protocol(self, protocol: asyncio.BaseProtocol) -> None:
        self._below.set_protocol(protocol)

    def get_protocol(self) -> asyncio.BaseProtocol:
        return self._below.get_protocol()
