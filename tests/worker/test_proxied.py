"""Connections through a proxy, on real sockets."""

import asyncio
import logging
import socket
import ssl
from collections.abc import Awaitable, Callable
from ipaddress import ip_network
from pathlib import Path
from typing import cast

import pytest
import uvloop
from tests.worker.certificates import make_certificate
from tests.worker.test_proxyheader import IPV4, OVER_IPV4, binary

from angarium.config import Network
from angarium.worker.proxied import ProxyDoor
from angarium.worker.tls import Identity, ServiceTls
from angarium.worker.tlstransport import StartTls, TlsTransport

HERE = (ip_network("127.0.0.1"), ip_network("::1"))
ELSEWHERE = (ip_network("192.0.2.0/24"),)
LINE = b"PROXY TCP4 192.0.2.7 198.51.100.1 40000 993\r\n"


class Teller(asyncio.Protocol):
    """Tells who the client is, and then what it says."""

    start_tls: StartTls | None = None
    transport: asyncio.Transport

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = cast(asyncio.Transport, transport)
        self.transport.set_write_buffer_limits(high=1000)
        peername, sockname = transport.get_extra_info("peername"), transport.get_extra_info("sockname")
        assert transport.get_extra_info("socket") is not None
        self.transport.write(f"{peername[0]} {sockname[0]}\r\n".encode())

    def data_received(self, data: bytes) -> None:
        if self.start_tls is not None and data == b"STARTTLS\r\n":
            self.start_tls(self.transport, session="s", established=lambda: self.transport.write(b"begun\r\n"))
            return
        self.transport.writelines([b"<", data, b">"])

    def tls_begun(self, transport: asyncio.Transport) -> None:
        self.transport = transport

    def eof_received(self) -> bool:
        self.transport.pause_reading()
        self.transport.resume_reading()
        assert not self.transport.is_closing()
        self.transport.close()
        return True


def run(
    body: Callable[[int], Awaitable[None]],
    proxies: tuple[Network, ...] = HERE,
    make_protocol: Callable[[asyncio.AbstractEventLoop], asyncio.Protocol] = lambda _: Teller(),
    timeout_s: float = 60,
) -> None:
    async def main() -> None:
        loop = asyncio.get_running_loop()

        def door() -> ProxyDoor:
            return ProxyDoor(loop, proxies, lambda: make_protocol(loop), service="imap", timeout_s=timeout_s)

        server = await loop.create_server(door, "127.0.0.1", 0)
        async with asyncio.timeout(20):
            await body(server.sockets[0].getsockname()[1])
        server.close()

    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(main())


async def said(port: int, *pieces: bytes) -> bytes:
    """All that a client hears that sends these and ends."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.get_extra_info("socket").setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    heard = b""
    try:
        for piece in pieces:
            writer.write(piece)
            await writer.drain()
            await asyncio.sleep(0)
        writer.write_eof()
        heard = await reader.read()
    except ConnectionError:
        heard += b"<reset>"
    finally:
        writer.close()
        try:
            await writer.wait_closed()
        except ConnectionError:
            pass
    return heard


@pytest.mark.parametrize("header", [LINE, binary(0x21, 0x11, IPV4), binary(0x21, 0x11, IPV4 + b"\x04\x00\x01x")])
@pytest.mark.parametrize("is_cut", [False, True])
def test_the_address_of_the_header_counts(header: bytes, is_cut: bool) -> None:
    async def body(port: int) -> None:
        octets = header + b"a NOOP\r\n"
        pieces = [octets[place : place + 1] for place in range(len(octets))] if is_cut else [octets]
        heard = await said(port, *pieces)
        expected = f"{OVER_IPV4.source[0]} {OVER_IPV4.destination[0]}\r\n".encode()
        assert heard.startswith(expected)
        assert heard.removeprefix(expected).replace(b"><", b"") == b"<a NOOP\r\n>"

    run(body)


@pytest.mark.parametrize("header", [b"PROXY UNKNOWN\r\n", binary(0x20, 0, b"")])
def test_a_proxy_may_speak_for_itself(header: bytes) -> None:
    async def body(port: int) -> None:
        assert await said(port, header + b"x") == b"127.0.0.1 127.0.0.1\r\n<x>"

    run(body)


@pytest.mark.parametrize(
    ("octets", "reason"),
    [
        (b"a NOOP\r\n", "there is no header"),
        (b"PROXY TCP4 1.2.3.4\r\n", "the line is not of the form"),
        (b"PROXY TCP4 1.2", "the connection was closed before the header was whole"),
    ],
)
def test_a_proxy_without_its_header_is_refused(octets: bytes, reason: str, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO)

    async def body(port: int) -> None:
        assert await said(port, octets) in (b"", b"<reset>")

    run(body)
    (record,) = caplog.records
    assert (record.message, vars(record)["address"], vars(record)["service"]) == (
        "proxy_header_refused",
        "127.0.0.1",
        "imap",
    )
    assert vars(record)["reason"] == reason


def test_a_proxy_that_only_looks_whether_somebody_is_here_is_not_told_of(caplog: pytest.LogCaptureFixture) -> None:
    async def body(port: int) -> None:
        assert await said(port) == b""

    run(body)
    assert not caplog.records


def test_a_proxy_that_says_nothing_is_not_waited_for(caplog: pytest.LogCaptureFixture) -> None:
    async def body(port: int) -> None:
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.write(b"PROXY ")
        try:
            assert await reader.read() == b""
        except ConnectionError:
            pass
        writer.close()

    run(body, timeout_s=0.05)
    assert [vars(record)["reason"] for record in caplog.records] == ["no header has come in time"]


def test_who_is_no_proxy_is_served_and_its_header_is_what_it_says() -> None:
    async def body(port: int) -> None:
        assert await said(port, LINE) == b"127.0.0.1 127.0.0.1\r\n<" + LINE + b">"

    run(body, ELSEWHERE)


@pytest.mark.parametrize("is_implicit", [True, False])
def test_tls_comes_behind_the_header(is_implicit: bool, tmp_path: Path) -> None:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    certificate = make_certificate(tmp_path)
    context.load_cert_chain(certificate)
    trusting = ssl.create_default_context(cafile=str(certificate))
    trusting.check_hostname = False
    tls = ServiceTls(Identity(context))

    def protocol(loop: asyncio.AbstractEventLoop) -> asyncio.Protocol:
        if is_implicit:
            return TlsTransport(loop, tls, Teller, service="imaps")
        teller = Teller()
        teller.start_tls = StartTls(loop, tls, "imap")
        return teller

    def talk(port: int) -> None:
        with socket.create_connection(("127.0.0.1", port), timeout=20) as plain:
            plain.sendall(LINE)
            if not is_implicit:
                assert plain.recv(100) == b"192.0.2.7 198.51.100.1\r\n"
                plain.sendall(b"STARTTLS\r\n")
            with trusting.wrap_socket(plain) as client:
                assert client.recv(100) == (b"192.0.2.7 198.51.100.1\r\n" if is_implicit else b"begun\r\n")
                client.sendall(b"hello")
                heard = b""
                while len(heard) < 7:
                    heard += client.recv(100)
                assert heard == b"<hello>"

    async def body(port: int) -> None:
        await asyncio.to_thread(talk, port)

    run(body, make_protocol=protocol)
