"""Connections: flow control, time, the end, and real clients."""

import asyncio
import smtplib
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
import uvloop
from tests.connections.memory import MemoryTransport
from tests.lmtp.post import Client, Post, memory_transport, settings
from tests.store.world import World

from angarium.lmtp import LmtpProtocol

MESSAGE = b"Subject: Plain\r\n\r\nAll is well.\r\n.\r\n"
TRANSACTION = b"LHLO c\r\nMAIL FROM:<>\r\nRCPT TO:<alice>\r\nDATA\r\n"


@asynccontextmanager
async def connection(post: Post, family: int = socket.AF_UNIX) -> AsyncIterator[tuple[LmtpProtocol, MemoryTransport]]:
    """A connection that is greeted and waits, without a socket."""
    transport = memory_transport(family)
    protocol = LmtpProtocol(post.host())
    transport.begin(protocol)
    await settled()
    assert transport.written.startswith(b"220 ")
    try:
        yield protocol, transport
    finally:
        protocol.abort()
        await transport.is_closed.wait()
        await settled()
    assert not post.connections


async def settled() -> None:
    """Let tasks in memory come to rest."""
    for _ in range(50):
        await asyncio.sleep(0)


async def test_pipelined_commands_get_one_write(plain_world: World, runner: asyncio.Runner) -> None:
    async with connection(Post(plain_world, settings())) as (protocol, transport):
        protocol.data_received(b"LHLO c\r\n")
        await settled()
        writes = transport.writes
        protocol.data_received(b"MAIL FROM:<>\r\nRCPT TO:<alice>\r\nRCPT TO:<bob>\r\nDATA\r\n")
        await settled()
        assert transport.writes == writes + 1
        protocol.data_received(MESSAGE)
        await settled()
        assert transport.writes == writes + 2
        assert transport.written.count(b"Success") == 2


async def test_reading_stops_while_commands_are_executed(plain_world: World, runner: asyncio.Runner) -> None:
    async with connection(Post(plain_world, settings())) as (protocol, transport):
        protocol.data_received(b"NOOP\r\n" * 20_000)
        protocol.data_received(b"NOOP\r\n")
        assert not transport.is_read.is_set()
        await transport.is_read.wait()
        await settled()
        assert transport.written.count(b"250 2.0.0 ok\r\n") == 20_001


async def test_others_have_their_turn_while_commands_sent_ahead_are_executed(
    plain_world: World, runner: asyncio.Runner
) -> None:
    async with connection(Post(plain_world, settings())) as (protocol, transport):
        protocol.data_received(b"NOOP\r\n" * 1000)
        turns = 0
        while b"ok" not in transport.written:
            turns += 1
            await asyncio.sleep(0)
        assert turns > 20


async def test_reading_stops_for_a_client_that_takes_no_answers(plain_world: World, runner: asyncio.Runner) -> None:
    async with connection(Post(plain_world, settings())) as (protocol, transport):
        protocol.pause_writing()
        protocol.data_received(b"NOOP\r\n")
        await settled()
        protocol.data_received(b"NOOP\r\n" * 20_000)
        assert not transport.is_read.is_set()
        await settled()
        assert transport.written.count(b"ok") == 1
        protocol.resume_writing()
        await transport.is_read.wait()
        await settled()
        assert transport.written.count(b"ok") == 20_001


async def test_a_silent_client_is_dropped(plain_world: World, runner: asyncio.Runner, tmp_path: Path) -> None:
    post = Post(plain_world, settings("lmtp_timeout: 1s"))
    async with post.unix_client(tmp_path) as client:
        assert (await client.reply()).startswith(b"220")
        assert await client.reply() == b"421 4.4.2 Idle for too long\r\n"
        assert await client.reader.read() == b""
    assert not post.connections


async def test_a_client_that_is_silent_within_a_message_is_dropped(
    plain_world: World, runner: asyncio.Runner, tmp_path: Path
) -> None:
    post = Post(plain_world, settings("lmtp_timeout: 1s"))
    async with post.unix_client(tmp_path) as client:
        await client.begin(b"alice")
        client.send(b"Subject: half\r\n")
        assert await client.reply() == b"421 4.4.2 Idle for too long\r\n"
        assert await client.reader.read() == b""
    assert await post.uids("user.alice") == []


async def test_a_stranger_cannot_stay_by_being_busy(plain_world: World, runner: asyncio.Runner) -> None:
    post = Post(plain_world, settings("login_timeout: 1s"))
    loop = asyncio.get_running_loop()
    async with connection(post, socket.AF_INET) as (protocol, transport):
        begun_s = loop.time()

        def be_busy() -> None:
            if not transport.is_closed.is_set() and loop.time() < begun_s + 5:
                protocol.data_received(b"NOOP\r\n")
                loop.call_later(0.1, be_busy)

        be_busy()
        await transport.is_closed.wait()
        assert loop.time() < begun_s + 3
        assert transport.written.endswith(b"250 2.0.0 ok\r\n421 4.4.2 Idle for too long\r\n")


async def test_an_idle_connection_ends_at_a_shutdown(plain_world: World, runner: asyncio.Runner) -> None:
    post = Post(plain_world, settings())
    async with connection(post) as (protocol, transport):
        protocol.data_received(b"LHLO c\r\nMAIL FROM:<>\r\n")
        await settled()
        protocol.close_for_shutdown()
        await transport.is_closed.wait()
        assert transport.written.endswith(b"250 2.1.0 ok\r\n421 4.3.2 System going down\r\n")


async def test_a_message_under_way_is_taken_at_a_shutdown(plain_world: World, runner: asyncio.Runner) -> None:
    post = Post(plain_world, settings())
    async with connection(post) as (protocol, transport):
        protocol.data_received(TRANSACTION)
        await settled()
        protocol.close_for_shutdown()
        await settled()
        assert transport.written.endswith(b"354 go ahead\r\n")
        protocol.data_received(MESSAGE + b"NOOP\r\n")
        await transport.is_closed.wait()
        status, farewell = transport.written.splitlines()[-2:]
        assert status.startswith(b"250 2.1.5 Success")
        assert farewell == b"421 4.3.2 System going down"
    assert await post.uids("user.alice") == [1]


async def test_a_shutdown_file_ends_and_refuses_connections_until_it_is_gone(
    plain_world: World, runner: asyncio.Runner
) -> None:
    post = Post(plain_world, settings())
    async with connection(post) as (idle, idle_transport), connection(post) as (busy, busy_transport):
        idle.data_received(b"LHLO c\r\n")
        busy.data_received(TRANSACTION)
        await settled()
        post.shutdown = "Back at noon"
        for protocol in (idle, busy):
            protocol.wake()
        await idle_transport.is_closed.wait()
        assert idle_transport.written.endswith(b"\r\n421 4.3.2 Back at noon\r\n")
        await settled()
        assert busy_transport.written.endswith(b"354 go ahead\r\n")
        busy.data_received(MESSAGE)
        await busy_transport.is_closed.wait()
        status, farewell = busy_transport.written.splitlines()[-2:]
        assert status.startswith(b"250 2.1.5 Success")
        assert farewell == b"421 4.3.2 Back at noon"
    assert await post.converse([]) == b"421 4.3.2 Back at noon\r\n"
    assert not post.connections
    post.shutdown = None
    assert (await post.converse([b"QUIT\r\n"])).startswith(b"220 ")


async def test_a_delivery_that_has_begun_outlives_its_connection(plain_world: World, runner: asyncio.Runner) -> None:
    post = Post(plain_world, settings())
    async with connection(post) as (protocol, transport):
        protocol.data_received(TRANSACTION + MESSAGE)
        protocol.abort()
        await transport.is_closed.wait()
        await settled()
    assert await post.uids("user.alice") == [1]


async def test_a_place_is_kept_until_both_the_connection_and_its_command_are_through(
    plain_world: World, runner: asyncio.Runner
) -> None:
    post = Post(plain_world, settings())
    async with connection(post) as (protocol, _):
        protocol.data_received(TRANSACTION + MESSAGE)
        protocol.connection_lost(None)
        assert len(post.connections) == 1
        await settled()
        assert post.connections == []


async def test_without_a_place_a_client_is_sent_away(plain_world: World, runner: asyncio.Runner) -> None:
    post = Post(plain_world, settings(), places=1)
    async with post.tcp_port() as port:
        first_reader, first_writer = await asyncio.open_connection("127.0.0.1", port)
        assert (await first_reader.readline()).startswith(b"220")
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        assert await reader.read() == b"421 4.3.2 Too many connections\r\n"
        for each in (first_writer, writer):
            each.close()
            await each.wait_closed()


async def test_a_fault_in_the_session_ends_it_with_a_farewell(
    plain_world: World, runner: asyncio.Runner, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def fail(*_: object) -> None:
        raise ZeroDivisionError

    monkeypatch.setattr("angarium.lmtp.session.refusal_of", fail)
    async with connection(Post(plain_world, settings())) as (protocol, transport):
        protocol.data_received(b"NOOP\r\n")
        await transport.is_closed.wait()
        assert transport.written.endswith(b"421 4.3.0 Internal error\r\n")
    assert "session_failed" in [record.msg for record in caplog.records]


# Real sockets


@pytest.mark.parametrize("factory", [asyncio.new_event_loop, uvloop.new_event_loop])
def test_answers_go_out_at_once_on_each_loop(factory: type, tmp_path: Path) -> None:
    with asyncio.Runner(loop_factory=factory) as loop:
        loop.run(_check_nodelay(tmp_path))


async def _check_nodelay(directory: Path) -> None:
    world = await World.open("memory", directory)
    post = Post(world, settings(), preauthorised=True)
    async with post.tcp_client() as client:
        assert (await client.reply()).startswith(b"220")
        (served,) = post.connections
        assert isinstance(served, LmtpProtocol)
        descriptor = served._transport.get_extra_info("socket").fileno()
        with socket.socket(fileno=socket.dup(descriptor)) as own:
            assert own.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY)
        await deliver_and_quit(client)
    async with post.unix_client(directory) as client:
        assert (await client.reply()).startswith(b"220")
        await deliver_and_quit(client)
    assert await post.uids("user.alice") == [1, 2]
    assert not post.connections
    await world.engine.close()


async def deliver_and_quit(client: Client) -> None:
    client.send(TRANSACTION)
    for code in (b"250", b"250", b"250", b"354"):
        assert (await client.reply()).startswith(code)
    client.send(MESSAGE + b"QUIT\r\n")
    assert (await client.reply()).startswith(b"250 2.1.5 Success")
    assert await client.reply() == b"221 2.0.0 bye\r\n"
    assert await client.reader.read() == b""


async def test_a_client_that_closed_its_side_gets_its_answers(
    world: World, runner: asyncio.Runner, tmp_path: Path
) -> None:
    post = Post(world, settings())
    async with post.unix_client(tmp_path) as client:
        client.send(TRANSACTION + MESSAGE)
        client.writer.write_eof()
        assert (await client.reader.read()).splitlines()[-1].startswith(b"250 2.1.5 Success")
    assert await post.uids("user.alice") == [1]


@pytest.mark.parametrize("family", ["unix", "tcp"])
async def test_the_standard_librarys_client_delivers(
    world: World, runner: asyncio.Runner, tmp_path: Path, family: str
) -> None:
    post = Post(world, settings(), preauthorised=True)
    text = b"Subject: Dots\r\n\r\n.\r\n..\r\nThe end\r\n"

    def send(host: str, port: int) -> None:
        # One recipient each who is accepted: sendmail reads no more than one status.
        with smtplib.LMTP(host, port, local_hostname="client.example.net") as client:
            refused = client.sendmail("ann@example.net", ["alice", "nosuch"], text, ["BODY=8BITMIME"])
            assert {recipient: code for recipient, (code, _) in refused.items()} == {"nosuch": 550}
            assert client.sendmail("ann@example.net", "bob", text) == {}

    loop = asyncio.get_running_loop()
    if family == "tcp":
        async with post.tcp_port() as port:
            await loop.run_in_executor(None, send, "127.0.0.1", port)
    else:
        path = str(tmp_path / "lmtp")
        async with await loop.create_unix_server(lambda: LmtpProtocol(post.host()), path):
            await loop.run_in_executor(None, send, path, 0)
    for user in ("alice", "bob"):
        assert await post.body(f"user.{user}") == b".\r\n..\r\nThe end\r\n"


async def test_many_clients_at_once_each_get_their_mail_delivered(
    world: World, runner: asyncio.Runner, tmp_path: Path
) -> None:
    post = Post(world, settings(), preauthorised=True)

    async def deliver(port: int) -> None:
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        client = Client(reader, writer)
        assert (await client.reply()).startswith(b"220")
        await deliver_and_quit(client)
        writer.close()
        await writer.wait_closed()

    async with post.tcp_port() as port:
        await asyncio.gather(*[deliver(port) for _ in range(20)])
    assert await post.uids("user.alice") == list(range(1, 21))
