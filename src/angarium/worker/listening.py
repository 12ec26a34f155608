"""The listening sockets that a worker serves (DESIGN §2).

Each TCP address has one SO_REUSEPORT socket a slot, a unix address one socket that all workers share. The sockets are
the master's; a server of the event loop gets a duplicate, so that closing it leaves the connections that wait in the
kernel's queue to whoever serves the socket next.
"""

import asyncio
import socket
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import partial
from typing import Final

from angarium.config import Network, ServiceEntry
from angarium.connections import Pace
from angarium.worker.halfopen import HalfOpen
from angarium.worker.proxied import ProxyDoor
from angarium.worker.tls import ServiceTls
from angarium.worker.tlstransport import TlsTransport

_BACKLOG: Final = 1024

MakeProtocol = Callable[[], asyncio.Protocol]


@dataclass(slots=True)
class ListenerSockets:
    """One address and its sockets."""

    is_shared: bool
    sockets: list[socket.socket] = field(default_factory=list)

    def socket_of(self, slot: int) -> socket.socket | None:
        if self.is_shared:
            return self.sockets[0]
        return self.sockets[slot] if slot < len(self.sockets) else None

    def close(self) -> None:
        for each in self.sockets:
            each.close()


@dataclass(frozen=True, slots=True)
class Endpoint:
    """How connections of one listener are served from now on."""

    service: ServiceEntry
    make_protocol: MakeProtocol
    tls: ServiceTls | None
    """For TLS from the first octet."""
    proxies: tuple[Network, ...] = ()
    """Whose connections begin with a header of the PROXY protocol."""


class Listening:
    """The servers of one worker, by listener and slot; its methods are called one after another."""

    def __init__(self, loop: asyncio.AbstractEventLoop, listeners: dict[str, ListenerSockets], pace: Pace) -> None:
        self._loop = loop
        self._pace = pace
        self._listeners = listeners
        self._endpoints: Mapping[str, Endpoint] = {}
        self._servers: dict[tuple[str, int], asyncio.Server] = {}
        self._slots: set[int] = set()
        self._half_open = HalfOpen.within_descriptors()

    def add_sockets(self, listener: str, sockets: list[socket.socket], *, is_shared: bool) -> None:
        """Take the next sockets of a listener, to be served from the next `set_endpoints` on."""
        self._listeners.setdefault(listener, ListenerSockets(is_shared)).sockets.extend(sockets)

    async def set_endpoints(self, endpoints: Mapping[str, Endpoint]) -> None:
        """Serve new connections so; a listener without an endpoint is given up."""
        self._endpoints = endpoints
        self._close_servers(lambda _: True)
        for listener in [each for each in self._listeners if each not in endpoints]:
            self._listeners.pop(listener).close()
        for slot in sorted(self._slots):
            await self._serve(slot)

    async def adopt(self, slot: int) -> None:
        """Serve a slot too."""
        self._slots.add(slot)
        await self._serve(slot)

    def serves(self, slot: int) -> bool:
        """Whether the slot is this worker's."""
        return slot in self._slots

    def release(self, slot: int) -> None:
        """Leave a slot to another worker."""
        self._slots.discard(slot)
        self._close_servers(lambda served: served == slot)

    def close(self) -> None:
        """Accept nothing more, and give all sockets up."""
        self._slots.clear()
        self._close_servers(lambda _: True)
        for sockets in self._listeners.values():
            sockets.close()
        self._listeners.clear()

    async def _serve(self, slot: int) -> None:
        for listener, endpoint in self._endpoints.items():
            sockets = self._listeners[listener]
            # A worker serves a shared socket once, under the first of its slots.
            if sockets.is_shared and any(served == listener for served, _ in self._servers):
                continue
            listening = sockets.socket_of(slot)
            if listening is not None and (listener, slot) not in self._servers:
                self._servers[listener, slot] = await self._start(endpoint, listening.dup())

    async def _start(self, endpoint: Endpoint, listening: socket.socket) -> asyncio.Server:
        make_protocol = endpoint.make_protocol
        service = endpoint.service.name
        if endpoint.tls is not None:
            make_protocol = partial(
                TlsTransport,
                self._loop,
                endpoint.tls,
                make_protocol,
                service=service,
                half_open=self._half_open,
                pace=self._pace,
            )
        if listening.family == socket.AF_UNIX:
            return await self._loop.create_unix_server(make_protocol, sock=listening, backlog=_BACKLOG)
        if endpoint.proxies:
            make_protocol = partial(ProxyDoor, self._loop, endpoint.proxies, make_protocol, service=service)
        return await self._loop.create_server(make_protocol, sock=listening, backlog=_BACKLOG)

    def _close_servers(self, of_slot: Callable[[int], bool]) -> None:
        for listener, slot in list(self._servers):
            if of_slot(slot) and not (self._listeners[listener].is_shared and self._hand_on(listener, slot)):
                self._servers.pop((listener, slot)).close()

    def _hand_on(self, listener: str, slot: int) -> bool:
        """Keep the server of a shared socket for another slot that is still served."""
        others = self._slots - {slot}
        if slot in self._slots or not others:
            return False
        self._servers[listener, min(others)] = self._servers.pop((listener, slot))
        return True
