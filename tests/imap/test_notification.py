"""NOTIFY on real sockets: being told at any time, bursts, clients that are slow, silent or gone."""

import asyncio
import zlib
from collections.abc import Awaitable, Callable
from pathlib import Path

import pytest
from tests.imap.sockets import Client, Server, eventually, serve

from angarium.imap import dispatch
from angarium.imap.session import ImapSession
from angarium.operations.logins import Over
from angarium.store import Actor

_ALL = b"(MessageNew MessageExpunge FlagChange)"


def _run(
    test: Callable[[Server], Awaitable[None]], directory: Path, *, kind: str = "memory", options: str = ""
) -> None:
    async def talk() -> None:
        async with serve(directory, kind=kind, options=options) as server:
            await test(server)

    asyncio.run(talk())


async def _deliver(client: Client, mailbox: bytes = b"INBOX") -> None:
    assert (await client.ask(b"APPEND %b {16+}\r\nSubject: One\r\n\r\n" % mailbox))[-1].startswith(b"t OK")


@pytest.mark.parametrize("kind", ["memory", "sqlite"])
def test_client_is_told_while_no_command_runs(kind: str, tmp_path: Path) -> None:
    async def test(server: Server) -> None:
        told, other = await server.log_in(), await server.log_in()
        await told.ask(b"CREATE Work")
        await told.ask(b"SELECT INBOX")
        selected = b"(selected (MessageNew (uid) MessageExpunge))"
        assert await told.ask(b"NOTIFY SET %b (personal %b)" % (selected, _ALL)) == [b"t OK Completed"]
        await _deliver(other)
        assert [await told.line() for _ in range(3)] == [b"* 1 EXISTS", b"* 1 RECENT", b"* 1 FETCH (UID 1)"]
        await _deliver(other, b"Work")
        assert (await told.line()).startswith(b"* STATUS Work (MESSAGES 1 UIDNEXT 2 ")
        # A session that waits holds no task.
        connection = server.door.seats[0].connection
        await eventually(lambda: connection._task is None)

    _run(test, tmp_path, kind=kind)


def test_a_burst_is_told_in_a_few_lines(tmp_path: Path) -> None:
    async def test(server: Server) -> None:
        told, other = await server.log_in(), await server.log_in()
        await told.ask(b"NOTIFY SET (personal (MessageNew MessageExpunge))")
        other.send(b"b APPEND INBOX {16+}\r\nSubject: One\r\n\r\n\r\n" * 200)
        for _ in range(200):
            assert (await other.line()).startswith(b"b OK")
        lines = [await told.line()]
        while not lines[-1].startswith(b"* STATUS INBOX (MESSAGES 200 "):
            lines.append(await told.line())
        assert len(lines) < 20

    _run(test, tmp_path)


def test_what_a_slow_client_is_told_does_not_pile_up(tmp_path: Path) -> None:
    async def test(server: Server) -> None:
        slow, other = await server.log_in(receive_octets=4096), await server.log_in()
        names = [b"Work%d" % number for number in range(40)]
        for name in names:
            await other.ask(b"CREATE " + name)
        octets = b"Subject: Long\r\n\r\n" + b"0123456789 abcdef\r\n" * 110_000
        await other.ask(b"APPEND INBOX {%d+}\r\n%b" % (len(octets), octets))
        await slow.ask(b"SELECT INBOX")
        await slow.ask(b"NOTIFY SET (personal (MessageNew MessageExpunge))")
        slow.reader._transport.pause_reading()  # type: ignore[attr-defined]  # what a client that is busy does
        slow.send(b"f FETCH 1 BODY.PEEK[]\r\n" * 5)
        session = server.door.seats[0].connection.session
        assert session is not None
        await eventually(lambda: session.output.is_paused)
        sent_octets = session.output.sent_octets
        for _ in range(10):
            for name in names:
                await _deliver(other, name)
        assert session.output.is_paused
        assert session.output.sent_octets == sent_octets
        slow.reader._transport.resume_reading()  # type: ignore[attr-defined]
        for _ in range(5):
            await slow.line()
            await slow.reader.readexactly(len(octets))
            await slow.until(b"f OK")
        lines = [await slow.line() for _ in names]
        assert sorted(line.partition(b" (")[0] for line in lines) == sorted(b"* STATUS " + name for name in names)
        assert all(b"(MESSAGES 10 " in line for line in lines)

    _run(test, tmp_path)


def test_being_told_is_no_sign_of_life(tmp_path: Path) -> None:
    async def test(server: Server) -> None:
        told, other = await server.log_in(), await server.log_in()
        await told.ask(b"NOTIFY SET (personal (MessageNew MessageExpunge))")
        connection = server.door.seats[0].connection
        await eventually(lambda: connection._task is None)
        connection.active_s = 0.0
        await _deliver(other)
        assert (await told.line()).startswith(b"* STATUS INBOX")
        await eventually(lambda: connection._task is None)
        assert connection.active_s == 0.0
        await told.ask(b"NOOP")
        assert connection.active_s > 0

    _run(test, tmp_path)


@pytest.mark.parametrize("end", ["NONE", "UNAUTHENTICATE", "abort", "LOGOUT"])
def test_nobody_is_watched_for_whom_it_has_ended(end: str, tmp_path: Path) -> None:
    async def test(server: Server) -> None:
        client, watchers = await server.log_in(), server.services.watchers
        await client.ask(b"SELECT INBOX")
        assert not watchers.accounts
        await client.ask(b"NOTIFY SET (selected %b) (subscribed %b)" % (_ALL, _ALL))
        assert len(watchers.accounts) == 2
        if end == "abort":
            client.writer.transport.abort()
        elif end == "NONE":
            assert (await client.ask(b"NOTIFY NONE"))[-1] == b"t OK Completed"
        else:
            assert (await client.ask(end.encode()))[-1].startswith(b"t OK")
        await eventually(lambda: not watchers.accounts)

    _run(test, tmp_path)


def test_another_user_of_the_connection_is_told_as_ever(tmp_path: Path) -> None:
    async def test(server: Server) -> None:
        client, other = await server.log_in(), await server.log_in(b"bob")
        await client.ask(b"NOTIFY SET (personal (MessageNew MessageExpunge))")
        await client.ask(b"UNAUTHENTICATE")
        assert (await client.ask(b"LOGIN bob secret"))[-1].startswith(b"t OK")
        await client.ask(b"SELECT INBOX")
        await _deliver(other)
        assert await client.ask(b"NOOP") == [b"* 1 EXISTS", b"* 1 RECENT", b"t OK Completed"]

    _run(test, tmp_path)


def test_the_selected_mailbox_goes_while_it_is_watched(tmp_path: Path) -> None:
    async def test(server: Server) -> None:
        client, other = await server.log_in(), await server.log_in()
        await client.ask(b"CREATE Work")
        await client.ask(b"SELECT Work")
        await client.ask(b"NOTIFY SET (selected %b)" % _ALL)
        await other.ask(b"DELETE Work")
        assert await client.line() == b"* BYE Selected mailbox was deleted"
        assert await client.rest() == b""

    _run(test, tmp_path)


def test_credentials_that_were_changed_end_a_session_that_waits(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def test(server: Server) -> None:
        client, other = await server.log_in(), await server.log_in()
        await client.ask(b"NOTIFY SET (personal (MessageNew MessageExpunge))")
        session = server.door.seats[0].connection.session
        assert session is not None
        revoked = session.user

        async def why_over(actor: Actor) -> Over | None:
            return Over.CREDENTIALS_CHANGED if actor is revoked else None

        monkeypatch.setattr(server.services.logins, "why_over", why_over)
        await _deliver(other)
        assert await client.line() == b"* BYE [EXPIRED] Credentials have changed, please log in again"
        assert await client.rest() == b""

    _run(test, tmp_path)


@pytest.mark.parametrize("command", [b"NOOP", b"SELECT INBOX", b"IDLE"])
def test_a_login_that_holds_no_more_ends_a_session_that_does_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, command: bytes
) -> None:
    async def test(server: Server) -> None:
        client = await server.log_in()
        connection = server.door.seats[0].connection
        if command == b"IDLE":
            client.send(b"t IDLE\r\n")
            assert await client.line() == b"+ idling"
        else:
            await client.ask(command)
        connection.wake()  # as long as it holds nothing is said
        await eventually(lambda: connection._task is None)

        async def why_over(_: Actor) -> Over | None:
            return Over.EXPIRED

        monkeypatch.setattr(server.services.logins, "why_over", why_over)
        connection.wake()
        assert await client.rest() == b"* BYE [EXPIRED] Credentials have expired, please log in again\r\n"

    _run(test, tmp_path)


def test_compressed_connections_are_told_at_once(tmp_path: Path) -> None:
    async def test(server: Server) -> None:
        client, other = await server.log_in(), await server.log_in()
        await client.ask(b"NOTIFY SET (personal (MessageNew MessageExpunge))")
        assert (await client.ask(b"COMPRESS DEFLATE"))[-1].startswith(b"t OK")
        await _deliver(other)
        inflater, text = zlib.decompressobj(-15), b""
        while not text.endswith(b"\r\n"):
            text += inflater.decompress(await asyncio.wait_for(client.reader.read(1000), 10))
        assert text.startswith(b"* STATUS INBOX (MESSAGES 1 ")

    _run(test, tmp_path)


def test_who_is_always_told_something_is_heard_all_the_same(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    async def test(server: Server) -> None:
        client = await server.log_in()
        connection = server.door.seats[0].connection

        async def tell_and_wake(session: ImapSession) -> None:
            session.wake()
            await asyncio.sleep(0)

        with monkeypatch.context() as patched:
            patched.setattr(dispatch, "tell_changes", tell_and_wake)
            connection.wake()
            assert await client.ask(b"NOOP") == [b"t OK Completed"]
            assert await client.ask(b"NOOP") == [b"t OK Completed"]
        await eventually(lambda: connection._task is None)

    _run(test, tmp_path)
