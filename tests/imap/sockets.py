"""Real connections for tests: an IMAP server on a free port of loopback, and clients that read lines."""

import asyncio
import socket
import ssl
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path

from tests.imap.transcript import open_services

from angarium.connections import Connection, Pace
from angarium.errors import SessionLimitExceeded
from angarium.imap.connection import ImapConnection
from angarium.imap.factory import ImapFactory
from angarium.imap.services import ImapServices
from angarium.worker.tls import Identity, ServiceTls
from angarium.worker.tlstransport import StartTls

_PATIENCE_S = 10.0
_GLANCE_S = 0.001


async def eventually(condition: Callable[[], bool]) -> None:
    """Let others run until something is the case that nobody announces."""
    for _ in range(int(_PATIENCE_S / _GLANCE_S)):
        if condition():
            return
        await asyncio.sleep(_GLANCE_S)
    raise AssertionError("it never was the case")


class CountedSeat:
    """A place that says when it is left."""

    def __init__(self, connection: ImapConnection) -> None:
        self.connection = connection
        self.user = ""
        self.mailbox = ""
        self.left = asyncio.Event()

    def acted_by(self, userid: str) -> None: ...

    def wake_at(self, time_s: float) -> None: ...

    def log_in(self, userid: str) -> None:
        self.user = userid

    def log_out(self) -> None:
        self.user = ""

    def select(self, mailbox: str) -> None:
        self.mailbox = mailbox

    def leave(self) -> None:
        self.left.set()


class CountingDoor:
    """Admits as many as it is told to."""

    def __init__(self) -> None:
        self.seats: list[CountedSeat] = []
        self.places = 100

    def admit(self, service: str, address: str, connection: Connection, *, session: str) -> CountedSeat:
        if len(self.seats) == self.places:
            raise SessionLimitExceeded("full")
        assert (service, address) == ("imap", "127.0.0.1")
        assert isinstance(connection, ImapConnection)
        self.seats.append(CountedSeat(connection))
        return self.seats[-1]


class Client:
    """One client; its greeting has been read."""

    def __init__(self, connected: socket.socket, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.socket = connected
        self.reader = reader
        self.writer = writer

    def send(self, octets: bytes) -> None:
        self.writer.write(octets)

    async def line(self) -> bytes:
        """The next line without its CRLF; empty at the end."""
        return (await asyncio.wait_for(self.reader.readline(), _PATIENCE_S)).removesuffix(b"\r\n")

    async def until(self, start: bytes) -> list[bytes]:
        """Lines up to the one that starts so."""
        lines = [await self.line()]
        while not lines[-1].startswith(start):
            assert lines[-1], lines
            lines.append(await self.line())
        return lines

    async def rest(self) -> bytes:
        """All that comes until the server closes."""
        return await asyncio.wait_for(self.reader.read(), _PATIENCE_S)

    async def ask(self, command: bytes) -> list[bytes]:
        """Send a command, and give all that is answered."""
        self.send(b"t " + command + b"\r\n")
        return await self.until(b"t ")


class Server:
    """A listening server."""

    def __init__(self, services: ImapServices, door: CountingDoor, address: tuple[str, int]) -> None:
        self.services = services
        self.door = door
        self._address = address
        self._clients: list[Client] = []

    async def connect(self, *, receive_octets: int = 0) -> Client:
        """A client, with a small buffer of its socket where `receive_octets` are given."""
        connected = socket.socket()
        if receive_octets:
            connected.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, receive_octets)
        connected.setblocking(False)
        await asyncio.get_running_loop().sock_connect(connected, self._address)
        reader, writer = await asyncio.open_connection(sock=connected, limit=1 << 16)
        client = Client(connected, reader, writer)
        self._clients.append(client)
        return client

    async def log_in(self, user: bytes = b"alice", *, receive_octets: int = 0) -> Client:
        """A client who has logged in."""
        client = await self.connect(receive_octets=receive_octets)
        await client.line()
        assert (await client.ask(b"LOGIN " + user + b" secret"))[-1].startswith(b"t OK ")
        return client

    async def close(self) -> None:
        """Part from all clients, and wait until the server has let go of them."""
        for client in self._clients:
            client.writer.transport.abort()
        for seat in self.door.seats:
            await asyncio.wait_for(seat.left.wait(), _PATIENCE_S)


@asynccontextmanager
async def serve(
    directory: Path, *, kind: str = "memory", options: str = "", tls: ssl.SSLContext | None = None
) -> AsyncIterator[Server]:
    """A server over an engine of `kind`, with STARTTLS where there is a context for it."""
    async with open_services(kind, directory, options) as services:
        services = replace(services, pace=Pace(asyncio.get_running_loop()))
        if tls is not None:
            start_tls = StartTls(asyncio.get_running_loop(), ServiceTls(Identity(tls)), "imap")
            services = replace(services, start_tls=start_tls)
        door = CountingDoor()
        factory = ImapFactory(services, door, service="imap", is_tls=False)
        listening = await asyncio.get_running_loop().create_server(factory, "127.0.0.1", 0)
        server = Server(services, door, listening.sockets[0].getsockname())
        try:
            yield server
        finally:
            await server.close()
            listening.close()
            await listening.wait_closed()
