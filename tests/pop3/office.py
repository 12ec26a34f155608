"""POP3 over a world, with clients on sockets and without."""

import asyncio
from collections.abc import AsyncIterator, Iterable
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path

from tests.engine.rows import message_rows
from tests.operations.logins.plainlogins import PASSWORD, PlainLogins, PlainVerifier
from tests.store.world import CONTENT, DATE, SEARCH, World, name

from angarium.auth import CredentialStamp, KnownSecret, VerifierSet
from angarium.config import Settings, parse_settings
from angarium.engine.commands import Added, AddMessages, Author, NewMessage
from angarium.engine.rows import InternalDate
from angarium.errors import SessionLimitExceeded
from angarium.flags import Flags
from angarium.names import UserId
from angarium.operations.logins import Logins
from angarium.pop3 import Connection, Pop3Host, Pop3Protocol, StartTls, pop3_protocols
from angarium.worker import MessageFiles, Telemetry

SERVER = "mail.example.org"
VERSION = "9.9"


def settings(text: str = "") -> Settings:
    """Settings with these lines in imapd.conf."""
    base = {"allowplaintext": "yes"}
    given = {line.partition(":")[0] for line in text.splitlines()}
    lines = [f"{option}: {value}" for option, value in base.items() if option not in given]
    lines += ["configdirectory: /var/imap", "partition-default: /var/spool/imap", f"servername: {SERVER}", text]
    return parse_settings("\n".join(lines) + "\n", file=Path("imapd.conf")).settings


class Secrets:
    """Every user's password is known as it is."""

    name = "secrets"

    async def secret(self, userid: UserId, _realm: str) -> KnownSecret | None:
        return KnownSecret(PASSWORD, CredentialStamp(str(userid)))


class Seat:
    """A place in no table."""

    def __init__(self, office: "Office", connection: Connection) -> None:
        self._office = office
        self._connection = connection
        self.user = ""
        self.mailbox = ""

    def log_in(self, userid: str) -> None:
        if userid in self._office.full:
            raise SessionLimitExceeded("maxlogins_per_user")
        self.user = userid

    def log_out(self) -> None:
        self.user = ""

    def select(self, mailbox: str) -> None:
        self.mailbox = mailbox

    def leave(self) -> None:
        del self._office.seats[self._connection]
        if not self._office.seats:
            self._office.emptied.set()


@dataclass(slots=True)
class Office:
    """POP3 over a world."""

    world: World
    settings: Settings = field(default_factory=settings)
    logins: Logins | None = None
    start_tls: StartTls | None = None
    is_tls: bool = False
    places: int = 1000
    seats: dict[Connection, Seat] = field(default_factory=dict)
    """Those of connections that are there."""
    full: set[str] = field(default_factory=set)
    """Users who have too many sessions."""
    emptied: asyncio.Event = field(default_factory=asyncio.Event)
    alerts: MessageFiles = field(default_factory=MessageFiles)
    telemetry: Telemetry = field(default_factory=Telemetry)

    def host(self) -> Pop3Host:
        return Pop3Host(
            store=self.world.store,
            logins=self.logins or PlainLogins(self.world.store, self.settings),
            settings=self.settings,
            version=VERSION,
            service="pop3",
            door=self,
            alerts=self.alerts,
            telemetry=self.telemetry,
            is_tls=self.is_tls,
            start_tls=self.start_tls,
        )

    def with_secrets(self) -> "Office":
        """From here on APOP is offered."""
        verifiers = VerifierSet(methods=(PlainVerifier(),), secrets=(Secrets(),))
        self.logins = PlainLogins(self.world.store, self.settings, verifiers)
        return self

    def admit(self, service: str, address: str, connection: Connection, *, session: str) -> Seat:
        assert (service, address) in (("pop3", "192.0.2.7"), ("pop3", "127.0.0.1")), (service, address)
        assert session.startswith(SERVER)
        if len(self.seats) >= self.places:
            raise SessionLimitExceeded("maxchild")
        self.emptied.clear()
        self.seats[connection] = Seat(self, connection)
        return self.seats[connection]

    # Mail

    async def add(
        self, internal: str, *messages: bytes, date: InternalDate = DATE, flags: tuple[str, ...] = ()
    ) -> tuple[int, ...]:
        """Messages of these octets; gives their UIDs."""
        tree, entry = await self.world.store.locate(name(internal))
        async with AsyncExitStack() as exits:
            new = []
            for octets in messages:
                staged = await exits.enter_async_context(self.world.engine.stage("default"))
                staged.write(octets)
                new.append(NewMessage(await staged.finish(), Flags.of(flags), date, CONTENT, SEARCH))
            added = await self.world.engine.write(tree.account, AddMessages(entry.row.id, tuple(new), Author("a test")))
        assert isinstance(added, Added)
        return tuple(int(uid) for uid in added.uids)

    async def uids(self, internal: str = "user.alice") -> list[int]:
        """The messages of a mailbox."""
        tree, entry = await self.world.store.locate(name(internal))
        return [row.uid for row in await message_rows(self.world.engine, tree.account, entry.row.id)]

    # Clients

    @asynccontextmanager
    async def port(self) -> AsyncIterator[int]:
        """A listener on a free port."""
        loop = asyncio.get_running_loop()
        async with await loop.create_server(pop3_protocols(self.host()), "127.0.0.1", 0) as server:
            yield server.sockets[0].getsockname()[1]

    @asynccontextmanager
    async def client(self, user: str = "", *, limit: int = 1 << 16) -> AsyncIterator["Client"]:
        """A client on TCP that was greeted, and has logged in where there is a user."""
        async with self.port() as port:
            client = Client(*await asyncio.open_connection("127.0.0.1", port, limit=limit))
            try:
                client.greeting = await client.line()
                if user:
                    assert await client.do(b"USER " + user.encode()) == b"+OK Name is a valid mailbox"
                    assert (await client.do(b"PASS " + PASSWORD.encode())).startswith(b"+OK Mailbox locked and ready")
                yield client
            finally:
                await client.close()
            await self.emptied.wait()

    async def converse(self, chunks: Iterable[bytes]) -> bytes:
        """What the server says, from greeting to close, to a client that sends these chunks and then no more."""
        transport = MemoryTransport()
        protocol = Pop3Protocol(self.host())
        transport.begin(protocol)
        for chunk in chunks:
            await transport.is_read.wait()
            protocol.data_received(chunk)
            await asyncio.sleep(0)
        protocol.eof_received()
        await transport.is_closed.wait()
        return bytes(transport.written)


@dataclass(slots=True)
class Client:
    """One end of a socket."""

    reader: asyncio.StreamReader
    writer: asyncio.StreamWriter
    greeting: bytes = b""

    def send(self, octets: bytes) -> None:
        self.writer.write(octets)

    async def line(self) -> bytes:
        """The next line without its CRLF."""
        return (await self.reader.readuntil(b"\r\n"))[:-2]

    async def do(self, command: bytes) -> bytes:
        """The first line of the answer to a command."""
        self.send(command + b"\r\n")
        return await self.line()

    async def lines(self, command: bytes) -> list[bytes]:
        """The lines behind an answer that is good."""
        assert (await self.do(command)).startswith(b"+OK"), command
        return await self.rest()

    async def rest(self) -> list[bytes]:
        """Lines up to the dot, without the dots that were put in."""
        lines = []
        while (line := await self.line()) != b".":
            lines.append(line[1:] if line.startswith(b".") else line)
        return lines

    async def message(self, command: bytes) -> bytes:
        """A message, its lines ended as they were."""
        return b"".join([line + b"\r\n" for line in await self.lines(command)])

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
        self._protocol: Pop3Protocol | None = None
        self._is_closing = False
        self.written = bytearray()
        self.is_read = asyncio.Event()
        self.is_read.set()
        self.is_closed = asyncio.Event()

    def begin(self, protocol: Pop3Protocol) -> None:
        self._protocol = protocol
        protocol.connection_made(self)

    def get_extra_info(self, name: str, default: object = None) -> object:
        return ("192.0.2.7", 4711) if name == "peername" else default

    def set_write_buffer_limits(self, high: int | None = None, low: int | None = None) -> None: ...

    def get_write_buffer_size(self) -> int:
        return 0

    def write(self, data: bytes | bytearray | memoryview) -> None:
        self.written += data

    def writelines(self, list_of_data: Iterable[bytes | bytearray | memoryview]) -> None:
        for data in list_of_data:
            self.written += data

    def pause_reading(self) -> None:
        assert self.is_read.is_set()
        self.is_read.clear()

    def resume_reading(self) -> None:
        assert not self.is_read.is_set()
        self.is_read.set()

    def is_closing(self) -> bool:
        return self._is_closing

    def close(self) -> None:
        if not self._is_closing:
            self._is_closing = True
            asyncio.get_running_loop().call_soon(self._lose)

    def abort(self) -> None:
        self.close()

    def _lose(self) -> None:
        assert self._protocol is not None
        self._protocol.connection_lost(None)
        self.is_closed.set()
