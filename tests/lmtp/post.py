"""A post office for tests: LMTP over a world, with clients on sockets and without."""

import asyncio
import socket
import struct
from collections.abc import AsyncIterator, Callable, Iterable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path

from tests.connections.memory import MemoryTransport
from tests.connections.settings import settings_of
from tests.connections.socketclient import SocketClient
from tests.engine.rows import message_rows
from tests.operations.logins.plainlogins import PlainLogins
from tests.store.world import AUTHOR, World, name

from angarium.config import Settings
from angarium.connections import Connection, StartTls
from angarium.engine.commands import SetQuota
from angarium.engine.rows import QuotaResource, Uid
from angarium.lmtp import Backlog, LmtpHost, LmtpProtocol, lmtp_protocols
from angarium.operations.delivery import DeliveryContext
from angarium.operations.scripts import CheckedScripts

SERVER = "mail.example.org"


def settings(text: str = "") -> Settings:
    """Settings with these lines in imapd.conf."""
    return settings_of(text)


@dataclass(slots=True)
class Post:
    """LMTP over a world."""

    world: World
    settings: Settings
    preauthorised: bool = False
    connections: list[Connection] = field(default_factory=list)
    """Those that have a place."""
    emptied: asyncio.Event = field(default_factory=asyncio.Event)
    places: int = 1000
    delivered: int = 0
    backlog: Backlog = field(default_factory=Backlog)
    shutdown: str | None = None
    """What the shutdown file says."""
    serves_users: bool = False
    start_tls: StartTls | None = None
    has_logins: bool = False
    """Whether peers may say who they are."""

    def delivery(self) -> DeliveryContext:
        scripts = CheckedScripts(self.settings.sieve)
        return DeliveryContext(store=self.world.store, settings=self.settings, scripts=scripts)

    def host(self) -> LmtpHost:
        return LmtpHost(
            self.delivery(),
            self.backlog,
            self._admit,
            self._count,
            shutdown_text=lambda: self.shutdown,
            preauthorised=self.preauthorised,
            serves_users=self.serves_users,
            start_tls=self.start_tls,
            logins=PlainLogins(self.world.store, self.settings, admins_only=True) if self.has_logins else None,
        )

    def _admit(self, _address: str, connection: Connection, _session: str) -> Callable[[], None] | None:
        if len(self.connections) >= self.places:
            return None
        self.connections.append(connection)
        self.emptied.clear()
        return lambda: self._leave(connection)

    def _leave(self, connection: Connection) -> None:
        self.connections.remove(connection)
        if not self.connections:
            self.emptied.set()

    def _count(self) -> None:
        self.delivered += 1

    # Clients

    @asynccontextmanager
    async def unix_client(self, directory: Path) -> AsyncIterator["Client"]:
        """A client on a unix socket that the server has greeted."""
        path = directory / "lmtp"
        async with await asyncio.get_running_loop().create_unix_server(lmtp_protocols(self.host()), path):
            reader, writer = await asyncio.open_unix_connection(path)
            async with _client(reader, writer) as client:
                yield client

    @asynccontextmanager
    async def tcp_port(self, address: str = "127.0.0.1") -> AsyncIterator[int]:
        """A listener on a free port."""
        server = await asyncio.get_running_loop().create_server(lmtp_protocols(self.host()), address, 0)
        async with server:
            yield server.sockets[0].getsockname()[1]

    @asynccontextmanager
    async def tcp_client(self, address: str = "127.0.0.1") -> AsyncIterator["Client"]:
        """A client on TCP that the server has greeted."""
        async with self.tcp_port(address) as port:
            reader, writer = await asyncio.open_connection(address, port)
            async with _client(reader, writer) as client:
                yield client

    async def converse(self, chunks: Iterable[bytes], *, family: int = socket.AF_UNIX, uid: int = 0) -> bytes:
        """What the server says, from greeting to close, to a client that sends these chunks and then no more."""
        return await memory_transport(family, uid).converse(LmtpProtocol(self.host()), chunks)

    # What is in the mailboxes

    async def quota(self, internal: str, limit_kib: int) -> None:
        """Limit an account."""
        await self.world.do(internal, SetQuota("", {QuotaResource.STORAGE: limit_kib}, AUTHOR))

    async def uids(self, internal: str) -> list[int]:
        """The messages of a mailbox."""
        tree, entry = await self.world.store.locate(name(internal))
        return [row.uid for row in await message_rows(self.world.engine, tree.account, entry.row.id)]

    async def octets(self, internal: str, uid: int = 1) -> bytes:
        """A message as it is stored."""
        tree, entry = await self.world.store.locate(name(internal))
        message = await self.world.engine.open_message(tree.account, entry.row.id, Uid(uid))
        try:
            return await message.read(0, message.size_octets)
        finally:
            message.close()

    async def body(self, internal: str, uid: int = 1) -> bytes:
        """What stands behind the header."""
        return (await self.octets(internal, uid)).partition(b"\r\n\r\n")[2]


@asynccontextmanager
async def _client(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> AsyncIterator["Client"]:
    client = Client(reader, writer)
    try:
        yield client
    finally:
        await client.close()


@dataclass(slots=True)
class Client(SocketClient):
    """Reads replies."""

    async def reply(self) -> bytes:
        """The next reply, its lines together."""
        lines = [await self.reader.readuntil(b"\r\n")]
        while lines[-1][3:4] == b"-":
            lines.append(await self.reader.readuntil(b"\r\n"))
        return b"".join(lines)

    async def do(self, line: bytes) -> bytes:
        """The reply to a command."""
        self.send(line + b"\r\n")
        return await self.reply()

    async def begin(self, *recipients: bytes) -> None:
        """A transaction as far as the answer to DATA, the greeting included."""
        assert (await self.reply()).startswith(b"220 ")
        commands = [b"LHLO client.example.net", b"MAIL FROM:<ann@example.net>"]
        commands += [b"RCPT TO:<%s>" % recipient for recipient in recipients]
        for command in commands:
            assert (await self.do(command)).startswith(b"250"), command
        assert await self.do(b"DATA") == b"354 go ahead\r\n"


@dataclass(frozen=True, slots=True)
class _Socket:
    """What a transport says of its socket."""

    family: int
    uid: int

    def getsockopt(self, level: int, name: int, octets: int) -> bytes:
        """Whose process it is."""
        assert (level, name) == (socket.SOL_SOCKET, socket.SO_PEERCRED)
        return struct.pack("3i", 4711, self.uid, 100)


def memory_transport(family: int, uid: int = 0) -> MemoryTransport:
    """A connection without a socket, on TCP or from a user of the machine."""
    return MemoryTransport(socket=_Socket(family, uid))
