"""STARTTLS (RFC 5804 §2.2)."""

import asyncio
import ssl
from pathlib import Path

import pytest
from tests.connections.tls import server_context
from tests.managesieve.office import PLAIN_ALICE, Client, Office, settings
from tests.store.world import World

from angarium.managesieve import managesieve_protocols
from angarium.worker.tls import Identity, ServiceTls
from angarium.worker.tlstransport import StartTls, TlsTransport


@pytest.fixture
def trusting(world: World, tmp_path: Path, runner: asyncio.Runner) -> tuple[Office, ssl.SSLContext]:
    """ManageSieve with a certificate, where passwords need TLS; and what trusts it."""

    async def make() -> tuple[Office, ssl.SSLContext]:
        context, client = server_context(tmp_path)
        start_tls = StartTls(asyncio.get_running_loop(), ServiceTls(Identity(context)), "sieve")
        return Office(world, settings("allowplaintext: no"), start_tls=start_tls), client

    return runner.run(make())


async def test_capabilities_are_told_anew_behind_it(
    trusting: tuple[Office, ssl.SSLContext], runner: asyncio.Runner
) -> None:
    office, context = trusting
    async with office.client() as client:
        assert b'"SASL" ""\r\n' in client.greeting
        assert b'"STARTTLS"\r\n' in client.greeting
        assert await client.do(b"starttls") == b'OK "Begin TLS negotiation now"\r\n'
        await client.writer.start_tls(context)
        capabilities = await client.answer()
        assert capabilities.endswith(b"\r\nOK\r\n")
        assert b'"SASL" "PLAIN LOGIN"\r\n' in capabilities
        assert b"STARTTLS" not in capabilities
        assert await client.do(b"STARTTLS") == b'NO "TLS is active already"\r\n'
        await client.log_in()
        assert await client.do(b'PUTSCRIPT "x" {32000+}\r\n' + b"#" * 32000) == b"OK\r\n"
        assert await client.do(b"STARTTLS") == b'NO "Can\'t STARTTLS after AUTHENTICATE"\r\n'
        assert await client.do(b"UNAUTHENTICATE") == b"OK\r\n"
        assert await client.do(b"CAPABILITY") == capabilities
    assert "x" in await office.scripts()


@pytest.mark.parametrize(
    "injected",
    [
        b'NOOP "injected"\r\n',
        b'AUTHENTICATE "PLAIN" "%s"\r\n' % PLAIN_ALICE,
        b"NOOP {100+}\r\n",
        b"CAPABILITY",
        b'STARTTLS\r\nNOOP "injected"\r\n',
    ],
)
async def test_what_was_put_behind_it_is_forgotten(
    trusting: tuple[Office, ssl.SSLContext], runner: asyncio.Runner, injected: bytes
) -> None:
    office, context = trusting
    async with office.client() as client:
        # What a man in the middle put there is no command of the encrypted session (CVE-2011-0411).
        assert await client.do(b"STARTTLS\r\n" + injected[:-2]) == b'OK "Begin TLS negotiation now"\r\n'
        await client.writer.start_tls(context)
        assert b'"SASL" "PLAIN LOGIN"\r\n' in await client.answer()
        assert await client.do(b"NOOP") == b'OK "Done"\r\n'
        assert await client.do(b"LISTSCRIPTS") == b'NO "Authenticate first"\r\n'


async def test_a_client_that_speaks_no_tls_behind_it_is_told_nothing_and_dropped(
    trusting: tuple[Office, ssl.SSLContext], runner: asyncio.Runner
) -> None:
    office, _ = trusting
    async with office.client() as client:
        await client.do(b"STARTTLS")
        client.send(b'AUTHENTICATE "PLAIN" "%s"\r\nNOOP\r\n' % PLAIN_ALICE)
        said = await client.reader.read()
        assert b"OK" not in said
        assert b"IMPLEMENTATION" not in said


async def test_a_server_that_stops_during_the_handshake_says_nothing_in_plaintext(
    trusting: tuple[Office, ssl.SSLContext], runner: asyncio.Runner
) -> None:
    office, _ = trusting
    async with office.client() as client:
        await client.do(b"STARTTLS")
        for connection in tuple(office.seats):
            connection.close_for_shutdown()
        assert b"BYE" not in await client.reader.read()


async def test_without_a_certificate_there_is_none(office: Office, runner: asyncio.Runner) -> None:
    async with office.client() as client:
        assert b"STARTTLS" not in client.greeting
        assert await client.do(b"STARTTLS") == b'NO "TLS is not available"\r\n'


async def test_tls_from_the_first_octet(world: World, runner: asyncio.Runner, tmp_path: Path) -> None:
    context, trusting = server_context(tmp_path)
    office = Office(world, settings("allowplaintext: no"))
    loop = asyncio.get_running_loop()
    protocols = managesieve_protocols(office.host())
    tls = ServiceTls(Identity(context))
    server = await loop.create_server(lambda: TlsTransport(loop, tls, protocols, service="sieve"), "127.0.0.1", 0)
    async with server:
        port = server.sockets[0].getsockname()[1]
        client = Client(*await asyncio.open_connection("127.0.0.1", port, ssl=trusting))
        greeting = await client.answer()
        assert b'"SASL" "PLAIN LOGIN"\r\n' in greeting
        assert b"STARTTLS" not in greeting
        assert await client.do(b"STARTTLS") == b'NO "TLS is active already"\r\n'
        await client.log_in()
        assert await client.do(b"LOGOUT") == b'OK "Logout Complete"\r\n'
        await client.close()
        await office.emptied.wait()
