"""STARTTLS on real sockets (RFC 9051 §6.2.1): what a client is offered, and what somebody in between cannot do."""

import asyncio
import logging
import ssl
from collections.abc import Awaitable, Callable
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tests.imap.sockets import Client, Server, eventually, serve
from tests.worker.certificates import make_certificate

from angarium.worker.tlstransport import TlsTransport

_OK = b"s OK Begin TLS negotiation now"
_BEFORE = b"* CAPABILITY IMAP4rev1 "


@cache
def server_context() -> ssl.SSLContext:
    made = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    with TemporaryDirectory() as directory:
        made.load_cert_chain(make_certificate(Path(directory)))
    return made


class TlsClient:
    """A client above whose octets is TLS, sent in pieces of any size."""

    def __init__(self, client: Client, *, piece: int = 1 << 16) -> None:
        trusting = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        trusting.check_hostname = False
        trusting.verify_mode = ssl.CERT_NONE
        self._client = client
        self._piece = piece
        self._incoming, self._outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
        self._tls = trusting.wrap_bio(self._incoming, self._outgoing)
        self._heard = b""

    async def shake_hands(self) -> None:
        while True:
            try:
                self._tls.do_handshake()
            except ssl.SSLWantReadError:
                await self._say()
                await self._hear()
            else:
                await self._say()
                return

    async def ask(self, command: bytes) -> list[bytes]:
        """Send a command, and give all that is answered."""
        return await self.ask_all([b"t " + command])

    async def ask_all(self, lines: list[bytes]) -> list[bytes]:
        """Send lines, and give all that is answered to the last one, whose tag is `t`."""
        self._tls.write(b"".join([line + b"\r\n" for line in lines]))
        await self._say()
        while not any(line.startswith(b"t ") for line in self._heard.split(b"\r\n")[:-1]):
            await self._read()
        heard, self._heard = self._heard, b""
        return heard.split(b"\r\n")[:-1]

    async def _read(self) -> None:
        try:
            self._heard += self._tls.read(1 << 16)
        except ssl.SSLWantReadError:
            await self._hear()

    async def _say(self) -> None:
        octets = self._outgoing.read()
        for start in range(0, len(octets), self._piece):
            self._client.send(octets[start : start + self._piece])
            await self._client.writer.drain()

    async def _hear(self) -> None:
        data = await asyncio.wait_for(self._client.reader.read(self._piece), 10)
        if not data:
            raise EOFError
        self._incoming.write(data)


def _run(
    test: Callable[[Server], Awaitable[None]], directory: Path, *, options: str = "", offered: bool = True
) -> None:
    async def talk() -> None:
        async with serve(directory, options=options, tls=server_context() if offered else None) as server:
            await test(server)

    asyncio.run(talk())


async def _begun(server: Server, *, piece: int = 1 << 16) -> TlsClient:
    client = await server.connect()
    await client.line()
    client.send(b"s STARTTLS\r\n")
    assert await client.line() == _OK
    made = TlsClient(client, piece=piece)
    await made.shake_hands()
    return made


def test_what_is_announced_changes_with_it(tmp_path: Path) -> None:
    async def test(server: Server) -> None:
        client = await server.connect()
        assert b" ENABLE LANGUAGE STARTTLS LOGINDISABLED]" in await client.line()
        (before, _) = await client.ask(b"CAPABILITY")
        assert b" STARTTLS LOGINDISABLED " in before
        assert b" AUTH=" not in before
        assert (await client.ask(b"LOGIN alice secret")) == [
            b"t NO [PRIVACYREQUIRED] Login only available under a layer"
        ]
        client.send(b"s STARTTLS\r\n")
        assert await client.line() == _OK
        tls = TlsClient(client)
        await tls.shake_hands()
        (after, _) = await tls.ask(b"CAPABILITY")
        assert b" AUTH=PLAIN AUTH=LOGIN SASL-IR " in after
        assert b"STARTTLS" not in after
        assert b"LOGINDISABLED" not in after
        (welcome,) = await tls.ask(b"AUTHENTICATE PLAIN AGFsaWNlAHNlY3JldA==")
        assert welcome.startswith(b"t OK [CAPABILITY ")
        assert b"Success (tls protection)" in welcome
        assert b"STARTTLS" not in welcome

    _run(test, tmp_path, options="allowplaintext: no")


def test_passwords_may_go_both_ways_where_plaintext_is_allowed(tmp_path: Path) -> None:
    async def test(server: Server) -> None:
        client = await server.log_in()
        (line, _) = await client.ask(b"CAPABILITY")
        assert b"STARTTLS" not in line
        tls = await _begun(server)
        assert (await tls.ask(b"LOGIN alice secret"))[-1].startswith(b"t OK ")

    _run(test, tmp_path)


def test_without_a_certificate_there_is_none(tmp_path: Path) -> None:
    async def test(server: Server) -> None:
        client = await server.connect()
        assert b"STARTTLS" not in await client.line()
        assert await client.ask(b"STARTTLS") == [b"t BAD Unrecognized command"]
        assert await client.ask(b"NOOP") == [b"t OK Completed"]

    _run(test, tmp_path, offered=False)


def test_what_is_hidden_is_refused(tmp_path: Path) -> None:
    async def test(server: Server) -> None:
        client = await server.connect()
        assert b"STARTTLS" not in await client.line()
        assert await client.ask(b"STARTTLS") == [b"t BAD Please login first"]

    _run(test, tmp_path, options="suppress_capabilities: STARTTLS")


def test_it_is_refused_where_it_has_no_place(tmp_path: Path) -> None:
    async def test(server: Server) -> None:
        client = await server.connect()
        await client.line()
        assert await client.ask(b"STARTTLS now") == [b"t BAD Unexpected extra arguments to Starttls"]
        tls = await _begun(server)
        assert await tls.ask(b"STARTTLS") == [b"t BAD Already did a successful Starttls"]
        await tls.ask(b"LOGIN alice secret")
        assert await tls.ask(b"STARTTLS") == [b"t BAD Can't Starttls after authentication"]
        plain = await server.log_in()
        assert await plain.ask(b"STARTTLS") == [b"t BAD Can't Starttls after authentication"]
        await plain.ask(b"SELECT INBOX")
        assert await plain.ask(b"STARTTLS") == [b"t BAD Can't Starttls after authentication"]

    _run(test, tmp_path)


INJECTED = b"i CAPABILITY\r\ni LOGIN eve secret\r\n"


@pytest.mark.parametrize("injected", [INJECTED, b"i NOOP", b"x" * 40_000, b"i LOGIN {3}\r\n", b"\r\n" * 1000])
def test_what_was_sent_behind_the_command_in_plaintext_is_forgotten(injected: bytes, tmp_path: Path) -> None:
    async def test(server: Server) -> None:
        client = await server.connect()
        await client.line()
        connection = server.door.seats[0].connection
        # In one piece, and while the command is executed; the latter is what waits for the task.
        connection.data_received(b'i ID ("name" "injected")\r\ns STARTTLS\r\n' + injected)
        connection.data_received(injected)
        assert (await client.until(b"s "))[-1] == _OK
        tls = TlsClient(client)
        await tls.shake_hands()
        (capabilities, answer) = await tls.ask(b"CAPABILITY")
        assert capabilities.startswith(_BEFORE)
        assert answer == b"t OK Completed"
        session = connection.session
        assert session is not None
        assert (session.client_id, session.client_name, session.parser.buffered_octets) == ("", "", 0)
        assert session.actor is None

    _run(test, tmp_path)


def test_what_is_sent_in_plaintext_later_is_no_handshake(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO)

    async def test(server: Server) -> None:
        client = await server.connect()
        await client.line()
        client.send(b"s STARTTLS\r\n")
        assert await client.line() == _OK
        client.send(INJECTED)
        rest = await client.rest()
        assert b"OK" not in rest
        assert rest[:1] in (b"", b"\x15")  # an alert, and nothing else in plaintext
        await asyncio.wait_for(server.door.seats[0].left.wait(), 5)

    _run(test, tmp_path)
    (record,) = [each for each in caplog.records if each.message == "tls_failed"]
    assert record.levelno == logging.INFO
    fields = vars(record)
    assert fields["service"] == "imap"
    assert fields["address"] == "127.0.0.1"
    assert fields["session"].startswith("mail.example.org-")
    assert fields["reason"]


def test_hiding_by_what_id_told_ends_with_it(tmp_path: Path) -> None:
    async def test(server: Server) -> None:
        client = await server.connect()
        await client.line()
        await client.ask(b'ID ("name" "odd")')
        (before, _) = await client.ask(b"CAPABILITY")
        assert b" MOVE " not in before
        client.send(b"s STARTTLS\r\n")
        await client.line()
        tls = TlsClient(client)
        await tls.shake_hands()
        (after, _) = await tls.ask(b"CAPABILITY")
        assert b" MOVE " in after

    _run(test, tmp_path, options="hide_capabilities: name:odd MOVE")


def test_a_language_that_was_asked_for_in_plaintext_is_forgotten(tmp_path: Path) -> None:
    async def test(server: Server) -> None:
        client = await server.connect()
        await client.line()
        assert (await client.ask(b"LANGUAGE de"))[0] == b"* LANGUAGE (de)"
        client.send(b"s STARTTLS\r\n")
        assert await client.line() == b"s OK TLS-Aushandlung kann beginnen"
        tls = TlsClient(client)
        await tls.shake_hands()
        assert await tls.ask(b"NOOP") == [b"t OK Completed"]
        assert (await tls.ask(b"LANGUAGE fr"))[0] == b"* LANGUAGE (fr)"
        assert await tls.ask(b"NOOP") == ["t OK Terminé".encode()]

    _run(test, tmp_path)


def test_a_client_that_leaves_during_the_handshake_leaves_its_seat(tmp_path: Path) -> None:
    async def test(server: Server) -> None:
        client = await server.connect()
        await client.line()
        client.send(b"s STARTTLS\r\n")
        await client.line()
        client.writer.write_eof()
        assert await client.rest() == b""
        await asyncio.wait_for(server.door.seats[0].left.wait(), 5)

    _run(test, tmp_path)


def test_nothing_is_said_in_plaintext_between_answer_and_handshake(tmp_path: Path) -> None:
    async def test(server: Server) -> None:
        client = await server.connect()
        await client.line()
        client.send(b"s STARTTLS\r\n")
        await client.line()
        connection = server.door.seats[0].connection
        await eventually(lambda: connection._task is None)
        connection.close_for_shutdown()
        assert await client.rest() == b""

    _run(test, tmp_path)


def test_who_is_too_slow_before_login_is_dropped_in_the_handshake_too(tmp_path: Path) -> None:
    async def test(server: Server) -> None:
        client = await server.connect()
        await client.line()
        client.send(b"s STARTTLS\r\n")
        await client.line()
        connection = server.door.seats[0].connection
        await eventually(lambda: connection._task is None)
        connection.time_out()
        assert await client.rest() == b""

    _run(test, tmp_path)


def test_a_session_goes_its_way_under_tls(tmp_path: Path) -> None:
    message = b"Subject: Long\r\n\r\n" + b"0123456789 abcdef\r\n" * 20_000

    async def test(server: Server) -> None:
        tls = await _begun(server)
        await tls.ask(b"LOGIN alice secret")
        answer = await tls.ask(b"APPEND INBOX {%d+}\r\n%b" % (len(message), message))
        assert answer[-1].startswith(b"t OK [APPENDUID ")
        await tls.ask(b"SELECT INBOX")
        answer = await tls.ask(b"FETCH 1 BODY.PEEK[]")
        assert b"\r\n".join(answer[1:-2]) + b"\r\n" == message
        assert isinstance(server.door.seats[0].connection._transport, TlsTransport)
        (*_, bye, answered) = await tls.ask(b"LOGOUT")
        assert (bye, answered) == (b"* BYE LOGOUT received", b"t OK Completed")

    _run(test, tmp_path)


def test_unauthenticate_keeps_tls(tmp_path: Path) -> None:
    async def test(server: Server) -> None:
        tls = await _begun(server)
        await tls.ask(b"LOGIN alice secret")
        (answer,) = await tls.ask(b"UNAUTHENTICATE")
        assert b"AUTH=PLAIN" in answer
        assert b"STARTTLS" not in answer
        assert await tls.ask(b"STARTTLS") == [b"t BAD Already did a successful Starttls"]
        assert (await tls.ask(b"LOGIN bob secret"))[-1].startswith(b"t OK ")

    _run(test, tmp_path, options="allowplaintext: no")


def test_it_may_follow_unauthenticate(tmp_path: Path) -> None:
    async def test(server: Server) -> None:
        client = await server.log_in()
        assert (await client.ask(b"UNAUTHENTICATE"))[-1].startswith(b"t OK [CAPABILITY IMAP4rev1 ")
        client.send(b"s STARTTLS\r\n")
        assert await client.line() == _OK
        tls = TlsClient(client)
        await tls.shake_hands()
        assert (await tls.ask(b"LOGIN bob secret"))[-1].startswith(b"t OK ")

    _run(test, tmp_path)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=25, deadline=None)
@given(piece=st.integers(1, 400), commands=st.integers(1, 60))
def test_records_may_be_cut_anywhere(piece: int, commands: int, tmp_path: Path) -> None:
    async def test(server: Server) -> None:
        tls = await _begun(server, piece=piece)
        lines = [b"c%d NOOP" % number for number in range(commands)]
        answers = await tls.ask_all([*lines, b"t NOOP"])
        assert answers == [b"c%d OK Completed" % number for number in range(commands)] + [b"t OK Completed"]

    _run(test, tmp_path)
