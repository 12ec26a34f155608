"""`ImapConnection` on real sockets: what comes in one packet, clients that are slow, silent or gone, and shutdown."""

import asyncio
from collections.abc import Awaitable, Callable
from pathlib import Path

import pytest
from tests.imap.sockets import Server, eventually, serve

from angarium.errors import DiskFailed
from angarium.imap import commands as c
from angarium.imap.handlers.table import HANDLERS
from angarium.imap.session import COMPLETED, Completion, ImapSession
from angarium.operations.logins import LoggedIn, Peer
from angarium.sasl import AnonymousWanted, CredentialsWanted

_MESSAGE = b"Subject: Long\r\n\r\n" + b"0123456789 abcdef\r\n" * 110_000
_COPIES = 12


def _run(
    test: Callable[[Server], Awaitable[None]], directory: Path, *, kind: str = "memory", options: str = ""
) -> None:
    async def talk() -> None:
        async with serve(directory, kind=kind, options=options) as server:
            await test(server)

    asyncio.run(talk())


def _append(octets: bytes) -> bytes:
    return b"APPEND INBOX {%d+}\r\n%b" % (len(octets), octets)


@pytest.mark.parametrize("kind", ["memory", "sqlite"])
def test_whole_session_in_one_packet(kind: str, tmp_path: Path) -> None:
    async def test(server: Server) -> None:
        client = await server.connect()
        client.send(
            b"a LOGIN alice secret\r\nb APPEND INBOX {16+}\r\nSubject: One\r\n\r\n\r\nc SELECT INBOX\r\n"
            b"d FETCH 1 (UID RFC822.SIZE)\r\ne LOGOUT\r\nf NOOP\r\n"
        )
        lines = (await client.rest()).split(b"\r\n")
        starts = [line[:4] for line in lines if line[:2] in (b"a ", b"b ", b"c ", b"d ", b"e ", b"f ")]
        assert starts == [b"a OK", b"b OK", b"c OK", b"d OK", b"e OK"]
        assert b"* 1 FETCH (UID 1 RFC822.SIZE 16)" in lines
        assert lines[-3:] == [b"* BYE LOGOUT received", b"e OK Completed", b""]
        assert (server.door.seats[0].user, server.door.seats[0].mailbox) == ("alice", "")

    _run(test, tmp_path, kind=kind)


@pytest.mark.parametrize(("virtdomains", "told"), [("on", "127.0.0.1"), ("userid", ""), ("off", "")])
def test_logins_know_the_address_that_the_client_came_to_where_it_counts(
    virtdomains: str, told: str, tmp_path: Path
) -> None:
    async def test(server: Server) -> None:
        peers: list[Peer] = []
        log_in = server.services.logins.log_in

        async def noting(credentials: CredentialsWanted | AnonymousWanted, peer: Peer) -> LoggedIn:
            peers.append(peer)
            return await log_in(credentials, peer)

        server.services.logins.log_in = noting  # type: ignore[method-assign]
        await server.log_in()
        assert [peer.server_address for peer in peers] == [told]

    _run(test, tmp_path, options=f"virtdomains: {virtdomains}")


def test_logins_of_many_clients_take_turns_and_nobody_else_waits(tmp_path: Path) -> None:
    async def test(server: Server) -> None:
        pace = server.services.pace
        assert pace is not None
        known, newcomer, hasty = await server.log_in(), await server.connect(), await server.connect()
        for client in (newcomer, hasty):
            await client.line()
        # Others have done all that may be done in this turn, and in many that follow.
        answered: list[bool] = []
        for _ in range(4000):
            pace.do(lambda: answered.append(False))
        for piece in (b"a LOGIN alice ", b"secret\r\nb NOOP\r\n"):
            newcomer.send(piece)
            await asyncio.sleep(0)
        hasty.send(b"a LOGIN alice secret\r\n")
        hasty.writer.transport.abort()
        assert (await known.ask(b"NOOP"))[-1].startswith(b"t OK ")
        assert len(answered) < 4000
        assert (await newcomer.until(b"b "))[0].startswith(b"a OK ")
        assert len(answered) == 4000
        await asyncio.wait_for(server.door.seats[2].left.wait(), 10)

    _run(test, tmp_path)


def test_client_that_closes_its_sending_side_gets_its_answers(tmp_path: Path) -> None:
    async def test(server: Server) -> None:
        client = await server.connect()
        client.send(b"a LOGIN alice secret\r\nb NOOP\r\n")
        client.writer.write_eof()
        assert (await client.rest()).endswith(b"b OK Completed\r\n")

    _run(test, tmp_path)


def test_slow_reader_is_waited_for_and_hinders_nobody(tmp_path: Path) -> None:
    async def test(server: Server) -> None:
        slow, other = await server.log_in(receive_octets=4096), await server.log_in()
        assert (await other.ask(_append(_MESSAGE)))[-1].startswith(b"t OK")
        await slow.ask(b"SELECT INBOX")
        slow.send(b"".join([b"f%d FETCH 1 BODY.PEEK[]\r\n" % number for number in range(_COPIES)]))
        slow.reader._transport.pause_reading()  # type: ignore[attr-defined]  # what a client that is busy does
        session = server.door.seats[0].connection.session
        assert session is not None
        await eventually(lambda: session.output.is_paused)
        assert (await other.ask(b"SELECT INBOX"))[-1].startswith(b"t OK")
        # What is in the sockets' buffers and ours is far less than what was asked for.
        assert session.output.sent_octets < _COPIES * len(_MESSAGE) // 2
        slow.reader._transport.resume_reading()  # type: ignore[attr-defined]
        for number in range(_COPIES):
            assert await slow.line() == b"* 1 FETCH (BODY[] {%d}" % len(_MESSAGE)
            assert await slow.reader.readexactly(len(_MESSAGE)) == _MESSAGE
            assert await slow.line() == b")"
            assert (await slow.line()).startswith(b"f%d OK" % number)

    _run(test, tmp_path)


def test_client_that_never_reads_is_dropped_in_the_end(tmp_path: Path) -> None:
    async def test(server: Server) -> None:
        slow = await server.log_in(receive_octets=4096)
        assert (await slow.ask(_append(_MESSAGE)))[-1].startswith(b"t OK")
        await slow.ask(b"SELECT INBOX")
        slow.reader._transport.pause_reading()  # type: ignore[attr-defined]
        slow.send(b"".join([b"f FETCH 1 BODY.PEEK[]\r\n" for _ in range(_COPIES)]))
        (seat,) = server.door.seats
        session = seat.connection.session
        assert session is not None
        await eventually(lambda: session.output.is_paused)
        seat.connection.time_out()
        await asyncio.wait_for(seat.left.wait(), 5)
        await eventually(lambda: seat.connection.session is None)
        assert session.output.sent_octets < _COPIES * len(_MESSAGE)

    _run(test, tmp_path)


def test_changes_reach_a_client_in_idle(tmp_path: Path) -> None:
    async def test(server: Server) -> None:
        idling, other = await server.log_in(), await server.log_in()
        await idling.ask(b"SELECT INBOX")
        idling.send(b"i IDLE\r\n")
        assert await idling.line() == b"+ idling"
        await other.ask(_append(b"Subject: One\r\n\r\n"))
        assert [await idling.line(), await idling.line()] == [b"* 1 EXISTS", b"* 1 RECENT"]
        # What another process announces is announced to the watchers by the engine in the same way.
        account = server.services.watchers.accounts[0]
        await other.ask(b"SELECT INBOX")
        await other.ask(b"STORE 1 +FLAGS (\\Flagged)")
        assert await idling.line() == b"* 1 FETCH (FLAGS (\\Recent \\Flagged))"
        idling.send(b"DONE\r\n")
        assert await idling.line() == b"i OK Completed"
        assert account not in server.services.watchers.accounts

    _run(test, tmp_path)


def test_client_gone_from_idle_is_watched_for_no_more(tmp_path: Path) -> None:
    async def test(server: Server) -> None:
        client = await server.log_in()
        await client.ask(b"SELECT INBOX")
        client.send(b"i IDLE\r\n")
        await client.line()
        assert server.services.watchers.accounts
        client.writer.transport.abort()
        await server.door.seats[0].left.wait()
        await eventually(lambda: not server.services.watchers.accounts)

    _run(test, tmp_path)


@pytest.mark.parametrize("idle", [False, True])
def test_shutdown_says_goodbye_at_once_where_nothing_runs(idle: bool, tmp_path: Path) -> None:
    async def test(server: Server) -> None:
        client = await server.log_in()
        await client.ask(b"SELECT INBOX")
        if idle:
            client.send(b"i IDLE\r\n")
            await client.line()
        server.door.seats[0].connection.close_for_shutdown()
        assert await client.rest() == b"* BYE Server shutting down\r\n"

    _run(test, tmp_path)


def test_shutdown_waits_for_a_message_on_its_way(tmp_path: Path) -> None:
    async def test(server: Server) -> None:
        client = await server.log_in()
        client.send(b"a APPEND INBOX {16}\r\n")
        assert await client.line() == b"+ go ahead"
        server.door.seats[0].connection.close_for_shutdown()
        client.send(b"Subject: One\r\n\r\n\r\nb NOOP\r\n")
        answer, bye, nothing = (await client.rest()).split(b"\r\n")
        assert answer.startswith(b"a OK [APPENDUID ")
        assert (bye, nothing) == (b"* BYE Server shutting down", b"")

    _run(test, tmp_path)


def test_shutdown_waits_for_the_command_that_runs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    async def test(server: Server) -> None:
        begun, may_end = asyncio.Event(), asyncio.Event()

        async def noop(session: ImapSession, _: c.Noop) -> Completion:
            begun.set()
            await may_end.wait()
            return COMPLETED

        monkeypatch.setitem(HANDLERS, c.Noop, noop)
        client = await server.log_in()
        client.send(b"a NOOP\r\nb NOOP\r\n")
        await begun.wait()
        server.door.seats[0].connection.close_for_shutdown()
        may_end.set()
        assert await client.rest() == b"a OK Completed\r\n* BYE Server shutting down\r\n"

    _run(test, tmp_path)


def test_silent_client_is_logged_out(tmp_path: Path) -> None:
    async def test(server: Server) -> None:
        client = await server.log_in()
        client.send(b"a APPEND INBOX {16}\r\n")
        await client.line()
        server.door.seats[0].connection.time_out()
        assert await client.rest() == b"* BYE Autologout; idle for too long\r\n"

    _run(test, tmp_path)


def test_what_is_sent_ahead_of_a_slow_command_is_answered_after_it(tmp_path: Path) -> None:
    commands = 60_000

    async def test(server: Server) -> None:
        may_log_in = asyncio.Event()
        log_in = server.services.logins.log_in

        async def slowly(credentials: CredentialsWanted | AnonymousWanted, peer: Peer) -> LoggedIn:
            await may_log_in.wait()
            return await log_in(credentials, peer)

        server.services.logins.log_in = slowly  # type: ignore[method-assign]
        client = await server.connect()
        await client.line()
        client.send(b"a LOGIN alice secret\r\n" + b"n NOOP\r\n" * commands + b"z NOOP\r\n")
        connection = server.door.seats[0].connection
        await eventually(lambda: connection._reading_paused)
        assert connection._ahead_octets < 1 << 20
        may_log_in.set()
        lines = await client.until(b"z ")
        assert len(lines) == commands + 2

    _run(test, tmp_path)


def test_what_waits_for_a_client_and_what_it_sends_ahead_are_limited_by_options(tmp_path: Path) -> None:
    async def test(server: Server) -> None:
        await server.log_in()
        connection = server.door.seats[0].connection
        assert connection._transport is not None
        assert connection._transport.get_write_buffer_limits()[1] == 20_480
        connection.data_received(b"a NOOP\r\n")  # begins a task
        for octets, is_paused in ((16_384, False), (1, True)):
            connection.data_received(b"x" * octets)
            assert connection._reading_paused is is_paused
        connection.abort()

    _run(test, tmp_path, options="max_ahead_size: 16K\nmax_unsent_size: 20K")


def test_message_of_a_client_that_is_gone_leaves_no_file(tmp_path: Path) -> None:
    def files() -> list[str]:
        return sorted([str(path) for path in (tmp_path / "partitions").rglob("*") if path.is_file()])

    async def test(server: Server) -> None:
        client = await server.log_in()
        before = files()
        client.send(b"a APPEND INBOX {100000}\r\n")
        await client.line()
        client.send(b"Subject: One\r\n\r\n" + b"x" * 50_000)
        await eventually(lambda: files() != before)
        client.writer.transport.abort()
        await server.door.seats[0].left.wait()
        await eventually(lambda: files() == before)

    _run(test, tmp_path, kind="sqlite")


def test_our_own_bug_ends_the_session_and_is_logged(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    async def noop(session: ImapSession, _: c.Noop) -> Completion:
        raise ZeroDivisionError

    monkeypatch.setitem(HANDLERS, c.Noop, noop)

    async def test(server: Server) -> None:
        client = await server.log_in()
        client.send(b"a NOOP\r\nb NOOP\r\n")
        assert await client.rest() == b"* BYE [SERVERBUG] Internal error, connection closes\r\n"

    _run(test, tmp_path)
    (record,) = [record for record in caplog.records if record.message == "imap_session_failed"]
    assert record.exc_info is not None
    assert record.exc_info[0] is ZeroDivisionError


def test_refusal_of_the_end_is_logged(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    async def failing(_: ImapSession) -> None:
        raise DiskFailed("gone")

    async def test(server: Server) -> None:
        client = await server.log_in()
        monkeypatch.setattr("angarium.imap.dispatch.end", failing)
        client.send(b"a LOGOUT\r\n")
        assert (await client.rest()).endswith(b"a OK Completed\r\n")

    _run(test, tmp_path)
    assert "imap_session_not_ended" in caplog.messages


def test_nobody_is_admitted_beyond_the_limit(tmp_path: Path) -> None:
    async def test(server: Server) -> None:
        server.door.places = 1
        await server.log_in()
        refused = await server.connect()
        assert await refused.rest() == b"* BYE Too many connections\r\n"

    _run(test, tmp_path)


def test_worker_can_drop_a_connection(tmp_path: Path) -> None:
    async def test(server: Server) -> None:
        client = await server.log_in()
        server.door.seats[0].connection.abort()
        assert await client.rest() == b""

    _run(test, tmp_path)
