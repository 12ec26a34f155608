"""POP3 over a world, with clients on sockets and without."""

import asyncio
from collections.abc import AsyncIterator, Iterable
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field

from tests.connections.door import Door
from tests.connections.memory import MemoryTransport
from tests.connections.settings import settings_of
from tests.connections.socketclient import SocketClient
from tests.engine.rows import message_rows
from tests.operations.logins.plainlogins import PASSWORD, PlainLogins, PlainVerifier
from tests.store.world import CONTENT, DATE, SEARCH, World, name

from angarium.auth import CredentialStamp, KnownSecret, VerifierSet
from angarium.auth.fairturns import NOBODY, Claimant
from angarium.config import Settings
from angarium.connections import Pace, StartTls
from angarium.engine.commands import Added, AddMessages, Author, NewMessage
from angarium.engine.rows import InternalDate
from angarium.flags import Flags
from angarium.names import UserId
from angarium.operations.logins import Logins
from angarium.pop3 import Pop3Host, Pop3Protocol, pop3_protocols
from angarium.worker import MessageFiles, Telemetry

SERVER = "mail.example.org"
VERSION = "9.9"
NOTE = b"Subject: a note\r\n\r\nText.\r\n"


def settings(text: str = "") -> Settings:
    """Settings with these lines in imapd.conf."""
    return settings_of(text, {"allowplaintext": "yes"})


class Secrets:
    """Every user's password is known as it is."""

    name = "secrets"

    async def secret(self, userid: UserId, _realm: str, _: Claimant = NOBODY) -> KnownSecret | None:
        return KnownSecret(PASSWORD, CredentialStamp(str(userid)))


@dataclass(slots=True)
class Office(Door):
    """POP3 over a world."""

    world: World
    settings: Settings = field(default_factory=settings)
    logins: Logins | None = None
    start_tls: StartTls | None = None
    is_tls: bool = False
    alerts: MessageFiles = field(default_factory=MessageFiles)
    telemetry: Telemetry = field(default_factory=Telemetry)

    def configure(self, text: str) -> None:
        """These lines in imapd.conf, for connections from now on."""
        self.settings = settings(text)

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
            pace=Pace(asyncio.get_running_loop()),
        )

    def with_secrets(self) -> "Office":
        """From here on APOP is offered."""
        verifiers = VerifierSet(methods=(PlainVerifier(),), secrets=(Secrets(),))
        self.logins = PlainLogins(self.world.store, self.settings, verifiers)
        return self

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
        return await MemoryTransport().converse(Pop3Protocol(self.host()), chunks)


@dataclass(slots=True)
class Client(SocketClient):
    """Reads answers."""

    greeting: bytes = b""

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
