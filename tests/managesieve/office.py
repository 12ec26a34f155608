"""ManageSieve over a world, with clients on sockets and without."""

import asyncio
import re
from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Final

from tests.connections.door import Door
from tests.connections.memory import MemoryTransport
from tests.connections.settings import settings_of
from tests.connections.socketclient import SocketClient
from tests.operations.logins.plainlogins import PlainLogins
from tests.store.world import World

from angarium.config import Settings
from angarium.connections import Pace, StartTls
from angarium.engine.rows import AccountId
from angarium.engine.scripts import ScriptRow
from angarium.managesieve import ManageSieveConnection, ManageSieveHost, managesieve_protocols
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
    return settings_of(text, {"allowplaintext": "yes", "serverinfo": "min"})


@dataclass(slots=True)
class Office(Door):
    """ManageSieve over a world."""

    world: World
    settings: Settings
    logins: Logins | None = None
    start_tls: StartTls | None = None
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
            pace=Pace(asyncio.get_running_loop()),
        )

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
        return await MemoryTransport().converse(ManageSieveConnection(self.host()), chunks)

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
class Client(SocketClient):
    """Reads answers."""

    greeting: bytes = b""

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
