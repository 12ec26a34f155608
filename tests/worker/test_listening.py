import asyncio
import socket
import ssl
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import cast

import pytest
import uvloop
from tests.worker.certificates import make_certificate

from angarium.config import ImapService, InetAddress, Position, Proto, ServiceEntry
from angarium.connections import Pace
from angarium.worker.listening import Endpoint, ListenerSockets, Listening
from angarium.worker.tls import Identity, ServiceTls

SERVICE = ServiceEntry(
    "imap", ImapService(tls=False), InetAddress("127.0.0.1", 0), Proto.TCP, None, Position(Path("cyrus.conf"), 1)
)


class Greeter(asyncio.Protocol):
    def __init__(self, greeting: bytes) -> None:
        self._greeting = greeting

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        made = cast("asyncio.Transport", transport)
        made.write(self._greeting)
        made.close()


def endpoint(greeting: bytes) -> Endpoint:
    return Endpoint(SERVICE, lambda: Greeter(greeting), None)


def test_tls_comes_first_where_there_is_a_context(tmp_path: Path) -> None:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(make_certificate(tmp_path))
    trusting = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    trusting.check_hostname = False
    trusting.verify_mode = ssl.CERT_NONE
    large = b"x" * 3_000_000

    def received(address: tuple[str, int]) -> bytes:
        with trusting.wrap_socket(socket.create_connection(address, timeout=10)) as client:
            found = b""
            while data := client.recv(1 << 16):
                found += data
            return found

    async def body(listening: Listening, sockets: ListenerSockets) -> None:
        await listening.set_endpoints({"key": Endpoint(SERVICE, lambda: Greeter(large), ServiceTls(Identity(context)))})
        await listening.adopt(0)
        assert await asyncio.to_thread(received, sockets.sockets[0].getsockname()) == large

    run(body)


def tcp_sockets(count: int) -> ListenerSockets:
    # Each on a port of its own, so that a test chooses the slot that it connects to.
    return ListenerSockets(is_shared=False, sockets=[socket.create_server(("127.0.0.1", 0)) for _ in range(count)])


async def greeting_of(listening: socket.socket, *, wait_s: float = 10.0) -> bytes:
    """What a new connection to this socket is greeted with; empty where nobody greets it."""
    reader, writer = await asyncio.open_connection(*listening.getsockname())
    try:
        async with asyncio.timeout(wait_s):
            return await reader.read()
    except TimeoutError:
        return b""
    finally:
        writer.close()


async def is_unserved(listening: socket.socket) -> bool:
    return await greeting_of(listening, wait_s=0.05) == b""


def run(body: Callable[[Listening, ListenerSockets], Awaitable[None]]) -> None:
    async def main() -> None:
        sockets = tcp_sockets(2)
        loop = asyncio.get_running_loop()
        listening = Listening(loop, {"key": sockets}, Pace(loop))
        await listening.set_endpoints({"key": endpoint(b"first")})
        await body(listening, sockets)
        listening.close()

    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(main())


def test_a_slot_is_served_from_its_adoption_to_its_release() -> None:
    async def body(listening: Listening, sockets: ListenerSockets) -> None:
        first, second = sockets.sockets
        await listening.adopt(1)
        assert await is_unserved(first)
        assert await greeting_of(second) == b"first"
        await listening.adopt(0)
        listening.release(1)
        assert await is_unserved(second)

    run(body)


def test_a_connection_made_while_nobody_serves_is_served_later() -> None:
    async def body(listening: Listening, sockets: ListenerSockets) -> None:
        await listening.adopt(0)
        listening.release(0)
        reader, writer = await asyncio.open_connection(*sockets.sockets[0].getsockname())
        await listening.adopt(0)
        assert await reader.read() == b"first"
        writer.close()

    run(body)


def test_new_endpoints_serve_new_connections_and_those_missing_are_given_up() -> None:
    async def body(listening: Listening, sockets: ListenerSockets) -> None:
        address = sockets.sockets[0].getsockname()
        await listening.adopt(0)
        await listening.set_endpoints({"key": endpoint(b"second")})
        assert await greeting_of(sockets.sockets[0]) == b"second"
        await listening.set_endpoints({})
        with pytest.raises(ConnectionRefusedError):
            await asyncio.open_connection(*address)

    run(body)


def test_a_shared_socket_is_served_until_the_last_slot_is_released() -> None:
    async def body(listening: Listening, sockets: ListenerSockets) -> None:
        with socket.create_server(("127.0.0.1", 0)) as shared:
            listening.add_sockets("shared", [shared.dup()], is_shared=True)
            await listening.set_endpoints({"key": endpoint(b"first"), "shared": endpoint(b"all")})
            await listening.adopt(0)
            await listening.adopt(1)
            listening.release(0)
            assert await greeting_of(shared) == b"all"
            listening.release(1)
            assert await is_unserved(shared)

    run(body)
