"""Connections: their beginning and end, limits, timeouts, recording."""

import asyncio
import logging
from collections.abc import Collection

import pytest
from tests.connections.memory import MemoryTransport
from tests.managesieve.office import PLAIN_ALICE, Office, settings
from tests.operations.logins.plainlogins import PlainLogins
from tests.store.world import World

from angarium.managesieve import ManageSieveConnection
from angarium.operations.logins import Peer
from angarium.worker import MessageFiles


class Alerts(MessageFiles):
    """What the administrator says now."""

    def __init__(self, *, motd: str = "", shutdown: str | None = None) -> None:
        super().__init__()
        self.motd = motd
        self.shutdown = shutdown


async def test_the_message_of_the_day_is_in_the_greeting(office: Office, runner: asyncio.Runner) -> None:
    office.alerts = Alerts(motd="Back at noon")
    async with office.client() as client:
        assert client.greeting.endswith(b'\r\nOK "Back at noon"\r\n')


async def test_without_a_place_there_is_no_session(
    office: Office, runner: asyncio.Runner, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    office.places = 0
    assert await office.converse([b"NOOP\r\n"]) == b'BYE (TRYLATER) "Too many connections"\r\n'
    assert [record.message for record in caplog.records] == ["connection_refused"]


class ShutLogins(PlainLogins):
    """Access rules that let nobody in."""

    def admitted(self, peer: Peer) -> bool:
        assert (peer.address, peer.service, peer.protocol) == ("192.0.2.7", "sieve", "sieve")
        return False


async def test_who_is_not_let_in_is_told_nothing(office: Office, runner: asyncio.Runner) -> None:
    office.logins = ShutLogins(office.world.store, office.settings)
    assert await office.converse([b"NOOP\r\n"]) == b""


async def test_a_shutdown_file_ends_sessions_but_those_of_administrators(world: World, runner: asyncio.Runner) -> None:
    office = Office(world, settings("admins: cyrus"), alerts=Alerts(shutdown="Closed for today"))
    bye = b'BYE (TRYLATER) "Closed for today"\r\n'
    async with office.client() as client:
        assert await client.do(b"NOOP") == b'OK "Done"\r\n'
        client.send(b'AUTHENTICATE "PLAIN" "%s"\r\n' % PLAIN_ALICE)
        assert await client.reader.read() == b"OK\r\n" + bye
    async with office.client() as client:
        await client.log_in(b"AGN5cnVzAHNlY3JldA==")
        assert await client.do(b"NOOP") == b'OK "Done"\r\n'


async def test_a_session_is_woken_where_the_server_closes(office: Office, runner: asyncio.Runner) -> None:
    async with office.client() as client:
        await client.log_in()
        office.alerts.shutdown = "Closed"
        for connection in office.seats:
            connection.wake()
        assert await client.reader.read() == b'BYE (TRYLATER) "Closed"\r\n'


async def test_a_drain_says_goodbye(office: Office, runner: asyncio.Runner) -> None:
    async with office.client() as client:
        for connection in tuple(office.seats):
            connection.close_for_shutdown()
        assert await client.reader.read() == b'BYE (TRYLATER) "Server shutting down"\r\n'
    async with office.client() as client:
        for connection in tuple(office.seats):
            connection.abort()
        try:
            assert await client.reader.read() == b""
        except ConnectionResetError:
            pass


async def test_who_does_not_log_in_has_few_commands(world: World, runner: asyncio.Runner) -> None:
    office = Office(world, settings("max_commands_before_login: 5"))
    said = await office.converse([b"FOO\r\n" * 5 + b"NOOP\r\n" * 10])
    assert said.count(b"Expected a command") == 5
    assert said.endswith(b'OK "Done"\r\nBYE "Too many commands before login"\r\n')
    async with office.client() as client:
        await client.log_in()
        for _ in range(10):
            assert await client.do(b"NOOP") == b'OK "Done"\r\n'


async def test_a_browser_is_told_off(office: Office, runner: asyncio.Runner) -> None:
    said = await office.converse([b"POST / HTTP/1.1\r\nHost: x\r\n\r\nNOOP\r\n"])
    assert said.endswith(b'\r\nOK\r\nBYE "This is no web server"\r\n')


async def test_who_is_silent_is_dropped(world: World, runner: asyncio.Runner) -> None:
    office = Office(world, settings("login_timeout: 1s"))
    async with office.client() as client:
        assert await client.reader.read() == b'BYE "Autologout; idle for too long"\r\n'


async def test_who_is_nobody_again_is_given_no_longer_than_others(office: Office, runner: asyncio.Runner) -> None:
    loop = asyncio.get_running_loop()
    transport = MemoryTransport()
    connection = ManageSieveConnection(office.host())
    transport.begin(connection)

    async def wait_s_behind(octets: bytes) -> float:
        transport.is_written.clear()
        connection.data_received(octets)
        await transport.is_written.wait()
        await asyncio.sleep(0)
        assert connection._timer is not None
        return connection._timer.when() - loop.time()

    login_timeout_s = office.settings.limits.login_timeout.total_seconds()
    assert await wait_s_behind(b'AUTHENTICATE "PLAIN" "%s"\r\n' % PLAIN_ALICE) > login_timeout_s
    assert await wait_s_behind(b"UNAUTHENTICATE\r\n") <= login_timeout_s
    connection.connection_lost(None)


async def test_being_busy_puts_the_end_off_for_those_alone_who_are_known(
    office: Office, runner: asyncio.Runner, monkeypatch: pytest.MonkeyPatch
) -> None:
    loop = asyncio.get_running_loop()
    transport = MemoryTransport()
    connection = ManageSieveConnection(office.host())
    transport.begin(connection)
    now_s = loop.time()

    async def do(octets: bytes, *, at_s: float) -> bytes:
        monkeypatch.setattr(loop, "time", lambda: now_s + at_s)
        transport.written.clear()
        transport.is_written.clear()
        connection.data_received(octets)
        await transport.is_written.wait()
        connection._check_silence()
        return bytes(transport.written)

    try:
        assert await do(b"NOOP\r\n", at_s=170) == b'OK "Done"\r\n'
        assert await do(b'AUTHENTICATE "PLAIN" "%s"\r\n' % PLAIN_ALICE, at_s=179) == b"OK\r\n"
        assert await do(b"NOOP\r\n", at_s=179 + 31 * 60) == b'OK "Done"\r\n'
        assert await do(b"UNAUTHENTICATE\r\n", at_s=179 + 62 * 60) == b"OK\r\n"
        said = await do(b"NOOP\r\n", at_s=179 + 62 * 60 + 181)
        assert said == b'OK "Done"\r\nBYE "Autologout; idle for too long"\r\n'
    finally:
        monkeypatch.undo()
        connection.connection_lost(None)


async def test_a_client_that_does_not_take_its_answers_waits(office: Office, runner: asyncio.Runner) -> None:
    transport = MemoryTransport()
    connection = ManageSieveConnection(office.host())
    transport.begin(connection)
    transport.written.clear()
    connection.pause_writing()
    connection.data_received(b"NOOP\r\n" * 5)
    for _ in range(20):
        await asyncio.sleep(0)
    assert transport.written.count(b"Done") == 1
    for _ in range(100):
        connection.data_received(b"x" * 1000)
    assert not transport.is_read.is_set()
    connection.resume_writing()
    await transport.is_read.wait()
    assert transport.written.count(b"Done") == 5
    connection.eof_received()
    await transport.is_closed.wait()
    assert not office.seats


async def test_answers_that_are_ready_go_out_together(office: Office, runner: asyncio.Runner) -> None:
    transport = MemoryTransport()
    connection = ManageSieveConnection(office.host())
    transport.begin(connection)
    transport.written.clear()
    transport.writes = 0
    connection.data_received(b'NOOP "1"\r\nCAPABILITY\r\nNOOP "2"\r\n')
    while b'(TAG "2")' not in transport.written:
        transport.is_written.clear()
        await transport.is_written.wait()
    assert transport.writes == 1
    transport.abort()
    await transport.is_closed.wait()


async def test_a_client_that_vanishes_leaves_nothing(office: Office, runner: asyncio.Runner) -> None:
    for octets in (
        b'PUTSCRIPT "x" {5+}\r\nke',
        b'AUTHENTICATE "PLAIN"\r\n',
        b'AUTHENTICATE "PLAIN" "%s"\r\n' % PLAIN_ALICE,
        b'AUTHENTICATE "PLAIN" "%s"\r\nPUTSCRIPT "x" {5+}\r\nkeep;\r\n' % PLAIN_ALICE,
        b'AUTHENTICATE "PLAIN" "%s"\r\nPUTSCRIPT "x" {5+}\r\nkeep;\r\nSETACTIVE "x"\r\n' % PLAIN_ALICE,
    ):
        transport = MemoryTransport()
        connection = ManageSieveConnection(office.host())
        transport.begin(connection)
        connection.data_received(octets)
        connection.connection_lost(ConnectionResetError())
        await office.emptied.wait()


async def test_a_fault_of_ours_ends_the_session_and_is_logged(
    office: Office, runner: asyncio.Runner, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def broken(*_: object) -> None:
        raise RuntimeError("a bug")

    async with office.client() as client:
        await client.log_in()
        monkeypatch.setattr(type(office.world.engine), "scripts", broken)
        assert await client.do(b"LISTSCRIPTS") == b'BYE (TRYLATER) "Internal error"\r\n'
        assert await client.reader.read() == b""
    assert [record.message for record in caplog.records] == ["managesieve_session_failed"]


class Recording:
    """What was recorded."""

    def __init__(self) -> None:
        self.octets = b""
        self.is_closed = False

    def received(self, data: bytes) -> None:
        self.octets += b"C " + data

    def sent(self, data: bytes) -> None:
        self.octets += b"S " + data

    def close(self) -> None:
        self.is_closed = True


class Recorder:
    """Telemetry of alice."""

    users: Collection[str] = ("alice",)

    def __init__(self) -> None:
        self.recording = Recording()

    def record(self, user: str, *, service: str, session: str, octets_max: int, elapsed: bool) -> Recording:
        assert (user, service, elapsed) == ("alice", "sieve", False)
        assert session
        assert octets_max
        return self.recording


async def test_telemetry_has_the_session_but_no_credentials(office: Office, runner: asyncio.Runner) -> None:
    recorder = Recorder()
    office.telemetry = recorder  # type: ignore[assignment]  # another one of the protocol that the host asks for
    async with office.client() as client:
        await client.log_in()
        await client.do(b'PUTSCRIPT "x" {5+}\r\nkeep;')
        await client.do(b'AUTHENTICATE "PLAIN" "%s"' % PLAIN_ALICE)
        await client.do(b"AUTHENTICATE PLAIN %s" % PLAIN_ALICE)
        await client.do(b"UNAUTHENTICATE")
        await client.do(b"NOOP")
        await client.log_in(b"AGJvYgBzZWNyZXQ=")
    assert recorder.recording.is_closed
    assert recorder.recording.octets == (
        b'C PUTSCRIPT "x" {5+}\r\nkeep;\r\nS OK\r\n'
        b'C (not recorded)\r\nS NO "Already authenticated"\r\n'
        b'C (not recorded)\r\nS NO "Already authenticated"\r\n'
        b"C UNAUTHENTICATE\r\nS OK\r\n"
    )
