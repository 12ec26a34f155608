"""ManageSieve over a world, with clients on sockets and without."""

import asyncio
import re
from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from tests.operations.logins.plainlogins import PlainLogins
from tests.store.world import World

from angarium.config import Settings, parse_settings
from angarium.engine.rows import AccountId
from angarium.engine.scripts import ScriptRow
from angarium.errors import SessionLimitExceeded
from angarium.managesieve import ManageSieveConnection, ManageSieveHost, managesieve_protocols
from angarium.managesieve.host import Connection, StartTls
from angarium.names import parse_userid
from angarium.operations.logins import Logins
from angarium.operations.scripts import CheckedScripts
from angarium.worker import MessageFiles, Telemetry

SERVER = "mail.example.org"
PLAIN_ALICE: Final = b"AGFsaWNlAHNlY3JldA=="
"""alice, secret."""

_ENDS: Final = re.compile(rb"(?:OK|NO|BYE)(?:[ \r]|$)")
_LITERAL: Final = re.compile(rb"\{([0-9]+)\}\r\n\Z")


def settings(text: str = "") -> Settings:
    """Settings with these lines in imapd.conf."""
    base = {"allowplaintext": "yes", "serverinfo": "min"}
    given = {line.partition(":")[0] for line in text.splitlines()}
    lines = [f"{name}: {value}" for name, value in base.items() if name not in given]
    lines += ["configdirectory: /var/imap", "partition-default: /var/spool/imap", f"servername: {SERVER}", text]
    return parse_settings("\n".join(lines) + "\n", file=Path("imapd.conf")).settings


class Seat:
    """A place in no table."""

    def __init__(self, office: "Office", connection: Connection) -> None:
        self._office = office
        self._connection = connection
        self.user = ""

    def log_in(self, userid: str) -> None:
        if userid in self._office.full:
            raise SessionLimitExceeded("maxlogins_per_user")
        self.user = userid

    def log_out(self) -> None:
        self.user = ""

    def leave(self) -> None:
        del self._office.seats[self._connection]
        if not self._office.seats:
            self._office.emptied.set()


@dataclass(slots=True)
class Office:
    """ManageSieve over a world."""

    world: World
    settings: Settings
    logins: Logins | None = None
    start_tls: StartTls | None = None
    places: int = 1000
    seats: dict[Connection, Seat] = field(default_factory=dict)
    """Those of connections that are there."""
    full: set[str] = field(default_factory=set)
    """Users who have too many sessions."""
    emptied: asyncio.Event = field(default_factory=asyncio.Event)
    alerts: MessageFiles = field(default_factory=MessageFiles)
    telemetry: Telemetry = field(default_factory=Telemetry)

    def host(self) -> ManageSieveHost:
        return ManageSieveHost(
            service="sieve",
            store=self.world.store,
            settings=self.settings,
            logins=self.logins or PlainLogins(self.world.store, self.settings),
            scripts=CheckedScripts(self.settings.sieve),
            door=self,
            alerts=self.alerts,
            telemetry=self.telemetry,
            start_tls=self.start_tls,
        )

    def admit(self, service: str, address: str, connection: Connection, *, session: str) -> Seat:
        assert (service, address) in (("sieve", "192.0.2.7"), ("sieve", "127.0.0.1"), ("sieve", "")), (service, address)
        assert session.startswith(SERVER)
        if len(self.seats) >= self.places:
            raise SessionLimitExceeded("maxchild")
        self.emptied.clear()
        self.seats[connection] = Seat(self, connection)
        return self.seats[connection]

    # Clients

    @asynccontextmanager
    async def client(self) -> AsyncIterator["Client"]:
        """A client on TCP that was greeted."""
        loop = asyncio.get_running_loop()
        async with await loop.create_server(managesieve_protocols(self.host()), "127.0.0.1", 0) as server:
            reader, writer = await asyncio.open_connection("127.0.0.1", server.sockets[0].getsockname()[1])
            client = Client(reader, writer)
            try:
                client.greeting = await client.answer()
                yield client
            finally:
                await client.close()
            await self.emptied.wait()

    async def converse(self, chunks: Iterable[bytes]) -> bytes:
        """What the server says, from greeting to close, to a client that sends these chunks and then no more."""
        transport = MemoryTransport()
        connection = ManageSieveConnection(self.host())
        transport.begin(connection)
        for chunk in chunks:
            await transport.is_read.wait()
            connection.data_received(chunk)
            await asyncio.sleep(0)
        connection.eof_received()
        await transport.is_closed.wait()
        return bytes(transport.written)

    # What is in the store

    async def account(self, user: str = "alice") -> AccountId:
        store = self.world.store
        account = (await store.actor(parse_userid(user, store.policy.names))).account
        assert account is not None
        return account

    async def scripts(self, user: str = "alice") -> dict[str, ScriptRow]:
        """Those of a user by name."""
        return {row.name: row for row in await self.world.engine.scripts(await self.account(user))}


@dataclass(slots=True)
class Client:
    """One end of a socket."""

    reader: asyncio.StreamReader
    writer: asyncio.StreamWriter
    greeting: bytes = b""

    def send(self, octets: bytes) -> None:
        self.writer.write(octets)

    async def line(self) -> bytes:
        """The next line, with the literals in it."""
        line = await self.reader.readuntil(b"\r\n")
        while (literal := _LITERAL.search(line)) is not None:
            line += await self.reader.readexactly(int(literal[1]))
            line += await self.reader.readuntil(b"\r\n")
        return line

    async def answer(self) -> bytes:
        """All lines up to the one that ends a command."""
        lines = [await self.line()]
        while _ENDS.match(lines[-1]) is None:
            lines.append(await self.line())
        return b"".join(lines)

    async def do(self, line: bytes) -> bytes:
        """The answer to a command."""
        self.send(line + b"\r\n")
        return await self.answer()

    async def log_in(self, response: bytes = PLAIN_ALICE) -> None:
        assert await self.do(b'AUTHENTICATE "PLAIN" "%s"' % response) == b"OK\r\n"

    async def close(self) -> None:
        self.writer.close()
        try:
            await self.writer.wait_closed()
        except ConnectionError:
            pass  # the server was first


class MemoryTransport(asyncio.Transport):
    """A connection without a socket."""

    def __init__(self) -> None:
        super().__init__()
        self._protocol: ManageSieveConnection | None = None
        self._is_closing = False
        self.written = bytearray()
        self.is_written = asyncio.Event()
        self.is_read = asyncio.Event()
        self.is_read.set()
        self.is_closed = asyncio.Event()

    def begin(self, protocol: ManageSieveConnection) -> None:
        self._protocol = protocol
        protocol.connection_made(self)

    def get_extra_info(self, name: str, default: object = None) -> object:
        return ("192.0.2.7", 4711) if name == "peername" else default

    def write(self, data: bytes | bytearray | memoryview) -> None:
        if not self._is_closing:
            self.written += data
            self.is_written.set()

    def pause_reading(self) -> None:
        self.is_read.clear()

    def resume_reading(self) -> None:
        self.is_read.set()

    def is_closing(self) -> bool:
        return self._is_closing

    def close(self) -> None:
        if not self._is_closing:
            self._is_closing = True
            self.is_read.set()
            asyncio.get_running_loop().call_soon(self._lose)

    def abort(self) -> None:
        self.close()

    def _lose(self) -> None:
        assert self._protocol is not None
        self._protocol.connection_lost(None)
        self.is_closed.set()
