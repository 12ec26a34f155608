"""STARTTLS (RFC 3207)."""

import asyncio
import smtplib
import ssl
from pathlib import Path

import pytest
from tests.connections.tls import server_context
from tests.lmtp.post import Client, Post, settings
from tests.store.world import World
from tests.worker.certificates import Authority

from angarium.lmtp import lmtp_protocols
from angarium.worker.tls import Identity, ServiceTls
from angarium.worker.tlstransport import StartTls, TlsTransport


def post_with_tls(world: World, directory: Path) -> tuple[Post, ssl.SSLContext]:
    """LMTP with a certificate, and what trusts it."""
    context, client = server_context(directory)
    start_tls = StartTls(asyncio.get_running_loop(), ServiceTls(Identity(context)), "lmtp")
    return Post(world, settings(), preauthorised=True, start_tls=start_tls), client


async def test_mail_is_delivered_behind_it(world: World, runner: asyncio.Runner, tmp_path: Path) -> None:
    post, context = post_with_tls(world, tmp_path)

    def send(port: int) -> None:
        with smtplib.LMTP("127.0.0.1", port, local_hostname="client.example.net", timeout=20) as client:
            client.ehlo()
            assert client.has_extn("starttls")
            assert client.starttls(context=context)[0] == 220
            client.ehlo()
            assert not client.has_extn("starttls")
            assert client.docmd("STARTTLS")[0] == 503
            assert client.sendmail("ann@example.net", ["alice"], b"Subject: x\r\n\r\n" + b"y\r\n" * 40_000) == {}

    async with post.tcp_port() as port:
        await asyncio.get_running_loop().run_in_executor(None, send, port)
        await post.emptied.wait()
    assert b" with LMTPSA;\r\n" in await post.octets("user.alice")
    assert await post.body("user.alice") == b"y\r\n" * 40_000


async def test_what_came_before_it_is_forgotten(plain_world: World, runner: asyncio.Runner, tmp_path: Path) -> None:
    post, context = post_with_tls(plain_world, tmp_path)
    async with post.tcp_client() as client:
        assert (await client.reply()).startswith(b"220")
        for line in (b"LHLO c", b"MAIL FROM:<>", b"RCPT TO:<alice>", b"BDAT 6\r\nA: b"):
            assert (await client.do(line)).startswith(b"250")
        # What a man in the middle put behind it is no command of the encrypted session (CVE-2011-0411).
        assert await client.do(b"STARTTLS\r\nLHLO mallory\r\nMAIL FROM:<mallory>") == (
            b"220 2.0.0 Begin TLS negotiation now\r\n"
        )
        await client.writer.start_tls(context)
        assert (await client.do(b"BDAT 0 LAST")).startswith(b"503 5.5.1")
        assert (await client.do(b"MAIL FROM:<>")).startswith(b"503 5.5.1 Need LHLO")
        assert b"STARTTLS" not in await client.do(b"LHLO c")
        assert (await client.do(b"RCPT TO:<alice>")).startswith(b"503 5.5.1 Need MAIL")
        assert (await client.do(b"QUIT")).startswith(b"221")
    await post.emptied.wait()
    assert await post.uids("user.alice") == []


@pytest.mark.parametrize(("name", "answer"), [("cyrus", b"235 2.7.0"), ("alice", b"535 5.7.8")])
async def test_an_administrators_certificate_lets_deliver(
    plain_world: World, runner: asyncio.Runner, tmp_path: Path, name: str, answer: bytes
) -> None:
    users = Authority()
    post, client_context = post_with_tls(plain_world, tmp_path)
    server_context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    server_context.load_cert_chain(tmp_path / "cert.pem")
    server_context.load_verify_locations(users.write(tmp_path / "users.pem"))
    server_context.verify_mode = ssl.CERT_OPTIONAL
    post.start_tls = StartTls(asyncio.get_running_loop(), ServiceTls(Identity(server_context)), "lmtp")
    post.preauthorised, post.has_logins = False, True
    client_context.load_cert_chain(users.issue_for_user(name).write(tmp_path / "user.pem"))
    async with post.tcp_client() as client:
        await client.reply()
        assert b"EXTERNAL" not in await client.do(b"LHLO c")
        assert (await client.do(b"STARTTLS")).startswith(b"220")
        await client.writer.start_tls(client_context)
        assert b" EXTERNAL" in await client.do(b"LHLO c")
        assert (await client.do(b"AUTH EXTERNAL =")).startswith(answer)
    await post.emptied.wait()


async def test_a_client_that_speaks_no_tls_behind_it_is_dropped(
    plain_world: World, runner: asyncio.Runner, tmp_path: Path
) -> None:
    post, _ = post_with_tls(plain_world, tmp_path)
    async with post.tcp_client() as client:
        await client.reply()
        assert (await client.do(b"STARTTLS")).startswith(b"220")
        client.send(b"MAIL FROM:<>\r\nRCPT TO:<alice>\r\n")
        assert b"250" not in await client.reader.read()
    await post.emptied.wait()


async def test_a_unix_socket_has_none(plain_world: World, runner: asyncio.Runner, tmp_path: Path) -> None:
    post, _ = post_with_tls(plain_world, tmp_path)
    said = await post.converse([b"LHLO c\r\nSTARTTLS\r\n"])
    assert b"250-STARTTLS" not in said
    assert said.endswith(b"500 5.5.2 Syntax error\r\n")


async def test_tls_from_the_first_octet(plain_world: World, runner: asyncio.Runner, tmp_path: Path) -> None:
    context, trusting = server_context(tmp_path)
    post = Post(plain_world, settings(), preauthorised=True)
    loop = asyncio.get_running_loop()
    protocols = lmtp_protocols(post.host())
    tls = ServiceTls(Identity(context))
    server = await loop.create_server(lambda: TlsTransport(loop, tls, protocols, service="lmtp"), "127.0.0.1", 0)
    async with server:
        port = server.sockets[0].getsockname()[1]
        client = Client(*await asyncio.open_connection("127.0.0.1", port, ssl=trusting))
        assert (await client.reply()).startswith(b"220")
        assert b"STARTTLS" not in await client.do(b"LHLO c")
        assert (await client.do(b"STARTTLS")).startswith(b"503 5.5.1")
        for line in (b"MAIL FROM:<>", b"RCPT TO:<alice>", b"BDAT 6 LAST\r\nA: b\r\n"[:-2]):
            assert (await client.do(line)).startswith(b"250")
        assert (await client.do(b"QUIT")).startswith(b"221")
        client.writer.close()
        await client.writer.wait_closed()
        await post.emptied.wait()
    assert b" with LMTPSA;\r\n" in await post.octets("user.alice")
