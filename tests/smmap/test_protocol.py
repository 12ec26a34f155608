"""Connections of an MTA: order, flow control, time, the end."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path

import pytest
import uvloop
from tests.lmtp.post import settings
from tests.store.world import World

from angarium.connections import Connection
from angarium.smmap import SmmapHost, SmmapProtocol, smmap_protocols
from angarium.smmap.netstring import netstring


@dataclass(slots=True)
class Map:
    """A service."""

    world: World
    options: str = ""
    places: int = 100
    shutdown: str | None = None
    connections: list[Connection] = field(default_factory=list)
    emptied: asyncio.Event = field(default_factory=asyncio.Event)

    def host(self) -> SmmapHost:
        return SmmapHost(self.world.store, settings(self.options), self._admit, lambda: self.shutdown)

    def _admit(self, _address: str, connection: Connection, _session: str) -> Callable[[], None] | None:
        if len(self.connections) >= self.places:
            return None
        self.connections.append(connection)
        return lambda: self._leave(connection)

    def _leave(self, connection: Connection) -> None:
        self.connections.remove(connection)
        self.emptied.set()

    @asynccontextmanager
    async def client(
        self, directory: Path | None = None
    ) -> AsyncIterator[tuple[asyncio.StreamReader, asyncio.StreamWriter]]:
        """On a unix socket in `directory`, or on TCP."""
        loop = asyncio.get_running_loop()
        make = smmap_protocols(self.host())
        if directory is None:
            server = await loop.create_server(make, "127.0.0.1", 0)
            reader, writer = await asyncio.open_connection("127.0.0.1", server.sockets[0].getsockname()[1])
        else:
            server = await loop.create_unix_server(make, directory / "smmap")
            reader, writer = await asyncio.open_unix_connection(directory / "smmap")
        async with server:
            try:
                yield reader, writer
            finally:
                writer.close()
                with contextlib.suppress(ConnectionError):
                    await writer.wait_closed()


def request(key: str) -> bytes:
    return netstring(f"map {key}".encode())


def found(key: str) -> bytes:
    return netstring(f"OK {key}".encode())


MISSING = netstring(b"NOTFOUND Mailbox does not exist")


@pytest.mark.parametrize("is_unix", [True, False])
async def test_one_request_after_another_is_answered(
    world: World, runner: asyncio.Runner, tmp_path: Path, is_unix: bool
) -> None:
    map_ = Map(world)
    async with map_.client(tmp_path if is_unix else None) as (reader, writer):
        for key, answer in (("alice", found("alice")), ("nosuch", MISSING), ("+board", found("+board"))):
            writer.write(request(key))
            assert await reader.readexactly(len(answer)) == answer
        assert len(map_.connections) == 1
    await map_.emptied.wait()


@pytest.mark.parametrize("factory", [asyncio.new_event_loop, uvloop.new_event_loop])
def test_requests_that_come_together_are_answered_in_order(factory: type, tmp_path: Path) -> None:
    async def ask() -> None:
        world = await World.open("memory", tmp_path)
        map_ = Map(world)
        async with map_.client() as (reader, writer):
            writer.write((request("alice") + request("nosuch")) * 5000)
            writer.write_eof()
            assert await reader.read() == (found("alice") + MISSING) * 5000
        await map_.emptied.wait()
        await world.engine.close()

    with asyncio.Runner(loop_factory=factory) as loop:
        loop.run(ask())


async def test_what_is_no_netstring_ends_the_connection(world: World, runner: asyncio.Runner) -> None:
    map_ = Map(world)
    async with map_.client() as (reader, writer):
        writer.write(request("alice") + b"GET / HTTP/1.1\r\n" + request("bob"))
        assert await reader.read() == found("alice") + netstring(b"PERM Bad protocol (missing length)")
    await map_.emptied.wait()


async def test_a_bad_request_does_not(world: World, runner: asyncio.Runner) -> None:
    async with Map(world).client() as (reader, writer):
        writer.write(netstring(b"alice") + request("alice"))
        writer.write_eof()
        assert await reader.read() == netstring(b"PERM Bad protocol (missing key)") + found("alice")


async def test_a_silent_client_is_dropped(world: World, runner: asyncio.Runner) -> None:
    map_ = Map(world, "lmtp_timeout: 1s")
    async with map_.client() as (reader, _):
        assert await reader.read() == b""
    assert not map_.connections


async def test_without_a_place_a_client_is_sent_away(world: World, runner: asyncio.Runner) -> None:
    async with Map(world, places=0).client() as (reader, _):
        assert await reader.read() == b""


async def test_while_there_is_a_shutdown_file_nobody_is_served(world: World, runner: asyncio.Runner) -> None:
    map_ = Map(world)
    async with map_.client() as (reader, writer):
        writer.write(request("alice"))
        await reader.readexactly(len(found("alice")))
        map_.shutdown = "Back at noon"
        map_.connections[0].wake()
        assert await reader.read() == b""
    async with Map(world, shutdown="Back at noon").client() as (reader, _):
        assert await reader.read() == b""


async def test_a_server_that_stops_closes_when_it_has_answered(world: World, runner: asyncio.Runner) -> None:
    map_ = Map(world)
    async with map_.client() as (reader, writer):
        writer.write(request("alice"))
        await reader.readexactly(len(found("alice")))
        map_.connections[0].close_for_shutdown()
        assert await reader.read() == b""
    await map_.emptied.wait()


async def test_a_fault_ends_the_connection_and_is_logged(
    world: World, runner: asyncio.Runner, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    async def fail(*_: object, **__: object) -> None:
        raise ZeroDivisionError

    monkeypatch.setattr("angarium.smmap.lookup.resolve_recipient", fail)
    async with Map(world).client() as (reader, writer):
        writer.write(request("alice"))
        assert await reader.read() == b""
    assert "session_failed" in [record.msg for record in caplog.records]


class StalledTransport(asyncio.Transport):
    """A client that does not read."""

    def __init__(self) -> None:
        super().__init__()
        self.written = b""
        self.reads = asyncio.Event()
        self.reads.set()

    def get_extra_info(self, name: str, default: object = None) -> object:
        return self if name == "socket" else ("192.0.2.7", 4711)

    family = 2

    def write(self, data: bytes | bytearray | memoryview) -> None:
        self.written += data

    def pause_reading(self) -> None:
        assert self.reads.is_set()
        self.reads.clear()

    def resume_reading(self) -> None:
        assert not self.reads.is_set()
        self.reads.set()


async def test_nothing_gathers_for_a_client_that_does_not_read(world: World, runner: asyncio.Runner) -> None:
    protocol, transport = SmmapProtocol(Map(world).host()), StalledTransport()
    protocol.connection_made(transport)
    protocol.pause_writing()
    protocol.data_received(request("alice") * 10_000)
    for _ in range(100):
        await asyncio.sleep(0)
    assert transport.written == found("alice")
    assert not transport.reads.is_set()
    protocol.resume_writing()
    await transport.reads.wait()
    assert transport.written == found("alice") * 10_000
    protocol.connection_lost(None)
