"""STLS on real sockets (RFC 2595 §4), and TLS from the first octet: what is offered, and what cannot be injected."""

import asyncio
import poplib
import ssl
from pathlib import Path

import pytest
from tests.connections.tls import server_context
from tests.pop3.office import Client, Office, settings

from angarium.pop3 import pop3_protocols
from angarium.worker.tls import Identity, ServiceTls
from angarium.worker.tlstransport import StartTls, TlsTransport


def with_tls(office: Office, directory: Path, options: str = "allowplaintext: no") -> ssl.SSLContext:
    office.settings = settings(options)
    context, client = server_context(directory)
    office.start_tls = StartTls(asyncio.get_running_loop(), ServiceTls(Identity(context)), "pop3")
    return client


async def test_mail_is_fetched_behind_it(office: Office, runner: asyncio.Runner, tmp_path: Path) -> None:
    context = with_tls(office, tmp_path)
    message = b"Subject: x\r\n\r\n" + b".y\r\n" * 40_000
    await office.add("user.alice", message)

    def fetch(port: int) -> bytes:
        client = poplib.POP3("127.0.0.1", port, timeout=20)
        capabilities = client.capa()
        assert "STLS" in capabilities
        assert not {"USER", "SASL"} & set(capabilities)
        client.stls(context=context)
        capabilities = client.capa()
        assert "STLS" not in capabilities
        assert capabilities["SASL"] == ["PLAIN", "LOGIN"]
        with pytest.raises(poplib.error_proto, match="TLS is active already"):
            client._shortcmd("STLS")  # type: ignore[attr-defined]
        client.user("alice")
        client.pass_("secret")
        lines = client.retr(1)[1]
        client.quit()
        return b"".join([line + b"\r\n" for line in lines])

    async with office.port() as port:
        assert await asyncio.get_running_loop().run_in_executor(None, fetch, port) == message
        await office.emptied.wait()


@pytest.mark.parametrize(
    "injected",
    [
        b"QUIT\r\n",
        b"AUTH PLAIN AGJvYgBzZWNyZXQ=\r\n",
        b"USER bob\r\nPASS secret\r\n",
        b"USER bob\r\n",
        b"USER b",
        b"LANG de\r\n",
        b"x" * 50_000,
    ],
)
async def test_what_came_before_it_is_forgotten(
    plain_office: Office, runner: asyncio.Runner, tmp_path: Path, injected: bytes
) -> None:
    context = with_tls(plain_office, tmp_path, "allowplaintext: yes")
    async with plain_office.client() as client:
        # What a man in the middle put behind it is no command of the encrypted session (CVE-2011-0411).
        client.send(b"USER mallory\r\nLANG de\r\nSTLS\r\n" + injected)
        assert await client.line() == b"+OK Name is a valid mailbox"
        assert await client.line() == b"+OK de Sprache wurde gewechselt"
        assert (await client.line()).startswith(b"+OK ")
        await client.writer.start_tls(context)
        assert await client.do(b"PASS secret") == b"-ERR [AUTH] Must give USER command"
        assert await client.do(b"USER alice") == b"+OK Name is a valid mailbox"
        assert (await client.do(b"PASS secret")).startswith(b"+OK Mailbox locked and ready")
        (seat,) = plain_office.seats.values()
        assert seat.user == "alice"


async def test_a_client_that_speaks_no_tls_behind_it_is_dropped(
    plain_office: Office, runner: asyncio.Runner, tmp_path: Path
) -> None:
    with_tls(plain_office, tmp_path, "allowplaintext: yes")
    async with plain_office.client() as client:
        assert await client.do(b"STLS") == b"+OK Begin TLS negotiation now"
        client.send(b"USER alice\r\nPASS secret\r\nSTAT\r\n")
        assert b"+OK" not in await client.reader.read()


async def test_it_comes_before_the_login_and_before_utf8(
    plain_office: Office, runner: asyncio.Runner, tmp_path: Path
) -> None:
    with_tls(plain_office, tmp_path, "allowplaintext: yes")
    async with plain_office.client() as client:
        assert await client.do(b"UTF8") == b"+OK UTF-8 is on"
        assert await client.do(b"STLS") == b"-ERR STLS comes before UTF8"
        # A line of an exchange is no command, whatever it says.
        assert await client.do(b"AUTH LOGIN") == b"+ VXNlcm5hbWU6"
        assert await client.do(b"STLS") == b"-ERR [AUTH] Invalid login"
        await client.do(b"USER alice")
        await client.do(b"PASS secret")
        assert b"STLS" not in await client.lines(b"CAPA")
        assert await client.do(b"STLS") == b"-ERR Unrecognized command"


async def test_tls_from_the_first_octet(plain_office: Office, runner: asyncio.Runner, tmp_path: Path) -> None:
    plain_office.settings = settings("allowplaintext: no")
    plain_office.is_tls = True
    context, trusting = server_context(tmp_path)
    loop = asyncio.get_running_loop()
    protocols = pop3_protocols(plain_office.host())
    server = await loop.create_server(
        lambda: TlsTransport(loop, ServiceTls(Identity(context)), protocols, service="pop3s"), "127.0.0.1", 0
    )
    async with server:
        port = server.sockets[0].getsockname()[1]
        reader, writer = await asyncio.open_connection("127.0.0.1", port, ssl=trusting, server_hostname="mail.test")
        client = Client(reader, writer)
        assert (await client.line()).startswith(b"+OK mail.example.org")
        assert b"SASL PLAIN LOGIN" in await client.lines(b"CAPA")
        assert (await client.do(b"AUTH PLAIN AGFsaWNlAHNlY3JldA==")).startswith(b"+OK Mailbox locked and ready")
        assert await client.do(b"QUIT") == b"+OK"
        await client.close()
        await plain_office.emptied.wait()
