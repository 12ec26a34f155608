"""Logging in, commands sent ahead, time, and how sessions end."""

import asyncio
import hashlib
import logging
import re
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from tests.connections.memory import MemoryTransport
from tests.operations.logins.plainlogins import PASSWORD, PlainLogins
from tests.pop3.office import NOTE, Office
from tests.store.world import World

from angarium.engine.interface import MessageFile
from angarium.engine.rows import AccountId, MailboxId, Uid
from angarium.errors import DiskFailed
from angarium.operations.logins import Over
from angarium.pop3 import Pop3Protocol
from angarium.store import Actor
from angarium.store.annotations import LAST_POP

# Logging in


async def test_a_user_without_a_maildrop(office: Office, runner: asyncio.Runner) -> None:
    async with office.client() as client:
        await client.do(b"USER nobody")
        assert await client.do(b"PASS secret") == (b"-ERR [SYS/PERM] Unable to open maildrop: Mailbox does not exist")
        assert await client.do(b"STAT") == b"-ERR Unrecognized command"


@pytest.mark.parametrize("option", ["yes", "no"])
async def test_apop(office: Office, runner: asyncio.Runner, option: str) -> None:
    office.configure(f"allowapop: {option}")
    office.with_secrets()
    async with office.client() as client:
        challenge = re.search(rb"<[^<>@ ]+@mail\.example\.org>\Z", client.greeting)
        assert (challenge is not None) is (option == "yes")
        if challenge is None:
            assert await client.do(b"APOP alice " + b"0" * 32) == b"-ERR Unrecognized command"
            return
        digest = hashlib.md5(challenge[0] + PASSWORD.encode()).hexdigest().encode()
        assert await client.do(b"APOP alice " + b"0" * 32) == b"-ERR [AUTH] Invalid login"
        assert await client.do(b"APOP bob " + digest[:-1]) == b"-ERR [AUTH] Invalid login"
        assert (await client.do(b"APOP alice " + digest)).startswith(b"+OK Mailbox locked and ready")


async def test_a_folder_by_name(office: Office, runner: asyncio.Runner) -> None:
    office.configure("popsubfolders: yes")
    await office.world.create("user.alice.Work", "alice lrswipkxtean")
    await office.world.create("user.alice.Work.Old", "alice lrswipkxtean")
    await office.add("user.alice.Work.Old", NOTE)
    for user, messages in (("alice", 0), ("alice+Work", 0), ("alice+Work/Old", 1)):
        async with office.client(user) as client:
            assert (await client.do(b"STAT")).startswith(b"+OK %d " % messages)
            (seat,) = office.seats.values()
            assert seat.user == "alice"
    async with office.client() as client:
        for folder in (b"Nothing", b"/", b"..", b"\xc3\xa4*"):
            await client.do(b"USER alice+" + folder)
            answer = await client.do(b"PASS secret")
            assert answer == b"-ERR [SYS/PERM] Unable to open maildrop: Mailbox does not exist"


@pytest.mark.parametrize(("padding", "logins"), [(1, 1), (3, 3)])
async def test_logins_have_to_wait(office: Office, runner: asyncio.Runner, padding: int, logins: int) -> None:
    office.configure(f"popminpoll: 5\npoppollpadding: {padding}")

    async def log_in() -> bytes:
        async with office.client() as client:
            await client.do(b"USER alice")
            return await client.do(b"PASS secret")

    for _ in range(logins):
        assert (await log_in()).startswith(b"+OK")
    for _ in range(2):
        assert await log_in() == b"-ERR [LOGIN-DELAY] Logins must be at least 5 minutes apart"
    office.world.sources.time_s += int(timedelta(minutes=5).total_seconds())
    assert (await log_in()).startswith(b"+OK")
    assert (await log_in()).startswith(b"-ERR [LOGIN-DELAY] ")
    async with office.client() as client:
        assert b"LOGIN-DELAY 300" in await client.lines(b"CAPA")


async def test_the_last_visit_is_noted(office: Office, runner: asyncio.Runner) -> None:
    async with office.client("alice"):
        pass
    # The advice goes with the next write.
    await office.add("user.alice", NOTE)
    mailbox = await office.world.found("user.alice")
    rows = await office.world.engine.annotations(mailbox.account, mailbox.id)
    assert [(row.entry, row.value) for row in rows] == [(LAST_POP, b"14-Nov-2023 22:13:20 +0000")]


async def test_sessions_have_limits(office: Office, runner: asyncio.Runner) -> None:
    office.full.add("alice")
    async with office.client() as client:
        await client.do(b"USER alice")
        assert await client.do(b"PASS secret") == b"-ERR [SYS/TEMP] Too many open sessions"
        assert await client.do(b"STAT") == b"-ERR Unrecognized command"
    office.places = 0
    office.emptied.set()
    async with office.client() as client:
        assert client.greeting == b"-ERR [SYS/TEMP] Too many connections"
        assert await client.reader.read() == b""


async def test_an_address_that_is_not_admitted_is_told_so(plain_office: Office, runner: asyncio.Runner) -> None:
    class Closed(PlainLogins):
        def admitted(self, _peer: object) -> bool:
            return False

    plain_office.logins = Closed(plain_office.world.store, plain_office.settings)
    plain_office.emptied.set()
    async with plain_office.client() as client:
        assert client.greeting == b"-ERR [SYS/PERM] Access denied"


async def test_passwords_need_tls(plain_office: Office, runner: asyncio.Runner) -> None:
    plain_office.configure("allowplaintext: no")
    async with plain_office.client() as client:
        assert await client.do(b"USER alice") == b"-ERR [AUTH] USER command only available under a layer"
        assert await client.do(b"AUTH PLAIN") == b"-ERR [AUTH] encryption needed to use mechanism"
        capabilities = await client.lines(b"CAPA")
        assert b"USER" not in capabilities
        assert not [line for line in capabilities if line.startswith(b"SASL")]


@pytest.mark.parametrize(
    ("over", "farewell"),
    [
        (Over.CREDENTIALS_CHANGED, b"-ERR [AUTH] Credentials have changed, please log in again"),
        (Over.EXPIRED, b"-ERR [AUTH] Credentials have expired, please log in again"),
        (Over.ACCESS_WITHDRAWN, b"-ERR [AUTH] Access has been withdrawn"),
    ],
)
@pytest.mark.parametrize("is_woken", [False, True])
async def test_a_login_that_holds_no_more_ends_the_session(
    plain_office: Office, runner: asyncio.Runner, over: Over, farewell: bytes, is_woken: bool
) -> None:
    class Revoking(PlainLogins):
        over: Over | None = None

        async def why_over(self, _actor: Actor) -> Over | None:
            return self.over

    logins = plain_office.logins = Revoking(plain_office.world.store, plain_office.settings)
    await plain_office.add("user.alice", NOTE)
    async with plain_office.client("alice") as client:
        await client.do(b"DELE 1")
        (connection,) = plain_office.seats
        if is_woken:
            connection.wake()  # as long as it holds nothing is said
            assert await client.do(b"NOOP") == b"+OK"
        logins.over = over
        if is_woken:
            connection.wake()
            assert await client.line() == farewell
        else:
            assert await client.do(b"QUIT") == farewell
        assert await client.reader.read() == b""
    assert await plain_office.uids() == [1]


async def test_groups_that_change_hold_at_once(office: Office, runner: asyncio.Runner) -> None:
    office.configure("popuseacl: yes")
    logins = office.logins = PlainLogins(office.world.store, office.settings)
    await office.add("user.alice", NOTE)
    await office.world.set_acl("user.alice", "alice lr group:removers te")
    async with office.client("alice") as client:
        assert await client.do(b"DELE 1") == b"-ERR [SYS/PERM] Permission denied"
        logins.groups["alice"] = frozenset({"removers"})
        assert await client.do(b"DELE 1") == b"+OK message deleted"


# Commands sent ahead, and too many of them


async def test_commands_that_are_sent_ahead_are_answered_in_order(office: Office, runner: asyncio.Runner) -> None:
    await office.add("user.alice", NOTE)
    async with office.client() as client:
        client.send(b"USER alice\r\nPASS secret\r\nSTAT\r\nRETR 1\r\nDELE 1\r\nQUIT\r\nSTAT\r\n")
        answers = (await client.reader.read()).split(b"\r\n")
    assert [answer[:4].strip() for answer in answers if answer[:1] in b"+-"][-7:].count(b"-ERR") == 0
    assert b"+OK 1 %d" % len(NOTE) in answers
    assert await office.uids() == []


async def test_an_answer_waits_for_no_later_command(
    office: Office, runner: asyncio.Runner, monkeypatch: pytest.MonkeyPatch
) -> None:
    opened = office.world.engine.open_message
    may_open = asyncio.Event()

    async def open_slowly(account: AccountId, mailbox: MailboxId, uid: Uid) -> MessageFile:
        await may_open.wait()
        return await opened(account, mailbox, uid)

    await office.add("user.alice", NOTE)
    async with office.client("alice") as client:
        monkeypatch.setattr(office.world.engine, "open_message", open_slowly)
        client.send(b"STAT\r\nNOOP\r\nRETR 1\r\nNOOP\r\n")
        async with asyncio.timeout(10):
            assert [await client.line() for _ in range(2)] == [b"+OK 1 %d" % len(NOTE), b"+OK"]
        may_open.set()
        assert [await client.line(), *await client.rest(), await client.line()] == [
            b"+OK Message follows",
            *NOTE.rstrip().split(b"\r\n"),
            b"+OK",
        ]


async def test_answers_that_are_ready_go_out_together(plain_office: Office, runner: asyncio.Runner) -> None:
    await plain_office.add("user.alice", NOTE)
    transport = MemoryTransport()
    connection = Pop3Protocol(plain_office.host())
    transport.begin(connection)
    for said, answers in (
        (b"USER alice\r\nPASS secret\r\n", 2),
        (b"NOOP\r\nSTAT\r\nLIST\r\nRETR 1\r\nDELE 1\r\nRSET\r\n", 6),
    ):
        transport.written.clear()
        transport.writes = 0
        connection.data_received(said)
        while transport.written.count(b"+OK") < answers:
            transport.is_written.clear()
            await transport.is_written.wait()
    assert transport.writes == 1
    transport.abort()
    await transport.is_closed.wait()


async def test_many_commands_sent_ahead_are_read_as_they_are_done(office: Office, runner: asyncio.Runner) -> None:
    said = await office.converse([b"USER alice\r\nPASS secret\r\n", *[b"NOOP\r\n" * 500] * 20, b"QUIT\r\n"])
    assert said.count(b"+OK\r\n") == 10_001


async def test_bad_commands_end_a_session(plain_office: Office, runner: asyncio.Runner) -> None:
    plain_office.configure("max_bad_commands: 3")
    async with plain_office.client("alice") as client:
        for line in (b"FOO", b"RETR x"):
            assert (await client.do(line)).startswith(b"-ERR")
        assert await client.do(b"NOOP") == b"+OK"
        client.send(b"FOO\r\nBAR\r\nUSER x\r\n")
        assert (await client.reader.read()).endswith(b"-ERR Too many bad commands\r\n")


async def test_commands_before_login_are_counted(plain_office: Office, runner: asyncio.Runner) -> None:
    plain_office.configure("max_commands_before_login: 5")
    said = await plain_office.converse([b"CAPA\r\n" * 10])
    assert said.endswith(b"-ERR Too many commands before login\r\n")
    assert said.count(b"+OK List") == 6


# Time, and the end


async def test_silence_ends_a_session_without_a_word(plain_office: Office, runner: asyncio.Runner) -> None:
    plain_office.settings = replace(
        plain_office.settings, pop3=replace(plain_office.settings.pop3, poptimeout=timedelta(milliseconds=30))
    )
    await plain_office.add("user.alice", NOTE)
    async with plain_office.client("alice") as client:
        await client.do(b"DELE 1")
        assert await client.reader.read() == b""
    assert await plain_office.uids() == [1]


async def test_who_does_not_log_in_is_dropped(plain_office: Office, runner: asyncio.Runner) -> None:
    plain_office.settings = replace(
        plain_office.settings, limits=replace(plain_office.settings.limits, login_timeout=timedelta(milliseconds=30))
    )
    async with plain_office.client() as client:
        try:
            while not client.reader.at_eof():
                client.send(b"CAPA\r\n")
                await client.reader.read(4096)
        except ConnectionError:
            pass  # what was sent last was not read any more


async def test_a_shutdown_file_ends_sessions(plain_office: Office, runner: asyncio.Runner) -> None:
    await plain_office.add("user.alice", NOTE)
    async with plain_office.client("alice") as client:
        await client.do(b"DELE 1")
        plain_office.alerts.shutdown = "System going down"
        for connection in plain_office.seats:
            connection.wake()
        assert await client.reader.read() == b"-ERR [SYS/TEMP] System going down\r\n"
    assert await plain_office.uids() == [1]
    async with plain_office.client() as client:
        assert client.greeting.startswith(b"+OK ")
        assert await client.reader.read() == b"-ERR [SYS/TEMP] System going down\r\n"


async def test_draining_ends_sessions(plain_office: Office, runner: asyncio.Runner) -> None:
    async with plain_office.client("alice") as client:
        for connection in plain_office.seats:
            connection.close_for_shutdown()
        assert await client.reader.read() == b"-ERR [SYS/TEMP] Server shutting down\r\n"


async def test_a_fault_of_ours_ends_the_session_alone(
    plain_office: Office, runner: asyncio.Runner, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    async def fail(*_: object) -> None:
        raise KeyError("a fault")

    await plain_office.add("user.alice", NOTE)
    async with plain_office.client("alice") as client:
        monkeypatch.setattr(plain_office.world.engine, "open_message", fail)
        assert await client.do(b"RETR 1") == b"-ERR [SYS/TEMP] Internal error, connection closes"
        assert await client.reader.read() == b""
    assert [record.message for record in caplog.records if record.levelno >= logging.ERROR] == ["pop3_session_failed"]


async def test_a_message_that_breaks_off_has_no_end(
    office: Office, runner: asyncio.Runner, monkeypatch: pytest.MonkeyPatch
) -> None:
    await office.add("user.alice", NOTE)
    async with office.client("alice") as client:
        opened = office.world.engine.open_message

        async def open_broken(*words: object) -> object:
            class Broken:
                size_octets = len(NOTE)

                async def read(self, *_: int) -> bytes:
                    raise DiskFailed("the disk is gone")

                def close(self) -> None: ...

            (await opened(*words)).close()  # type: ignore[arg-type]
            return Broken()

        monkeypatch.setattr(office.world.engine, "open_message", open_broken)
        client.send(b"RETR 1\r\nSTAT\r\n")
        assert await client.reader.read() == b"+OK Message follows\r\n"


@pytest.mark.parametrize("content", [None, b"", NOTE[:10], NOTE + b"more"])
async def test_a_file_that_is_not_what_it_was_is_not_passed_off_as_the_message(
    runner: asyncio.Runner, tmp_path: Path, content: bytes | None
) -> None:
    """Who fetches and deletes would be left with less than there was."""
    office = Office(await World.open("sqlite", tmp_path))
    await office.add("user.alice", NOTE, NOTE)
    (damaged,) = [path for path in tmp_path.rglob("1.") if path.is_file()]
    damaged.unlink()
    if content is not None:
        damaged.write_bytes(content)
    async with office.client("alice") as client:
        assert await client.do(b"RETR 1") == b"-ERR [SYS/PERM] Message file is missing"
        assert await client.do(b"TOP 1 0") == b"-ERR [SYS/PERM] Message file is missing"
        assert await client.message(b"RETR 2") == NOTE
    await office.world.engine.close()


async def test_a_file_that_loses_octets_while_it_is_sent_has_no_end(
    plain_office: Office, runner: asyncio.Runner, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Shrinking:
        size_octets = len(NOTE)

        async def read(self, *_: int) -> bytes:
            return NOTE[:10]

        def close(self) -> None: ...

    async def open_shrinking(*_: object) -> Shrinking:
        return Shrinking()

    await plain_office.add("user.alice", NOTE)
    async with plain_office.client("alice") as client:
        monkeypatch.setattr(plain_office.world.engine, "open_message", open_shrinking)
        client.send(b"RETR 1\r\nQUIT\r\n")
        assert await client.reader.read() == b"+OK Message follows\r\n"


# What is recorded


async def test_the_log_says_what_a_session_did(
    plain_office: Office, runner: asyncio.Runner, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    await plain_office.add("user.alice", NOTE, NOTE)
    async with plain_office.client("alice") as client:
        await client.message(b"RETR 1")
        await client.do(b"DELE 1")
        await client.do(b"QUIT")
        await client.reader.read()
    (ended,) = [record for record in caplog.records if record.message == "session_ended"]
    assert (ended.user, ended.retrieved, ended.deleted, ended.commands) == ("alice", 1, 1, 5)  # type: ignore[attr-defined]
    assert PASSWORD not in caplog.text


async def test_sessions_are_recorded_without_credentials(
    plain_office: Office, runner: asyncio.Runner, tmp_path: Path
) -> None:
    log = tmp_path / "log"
    (log / "alice").mkdir(parents=True)
    plain_office.telemetry.look(log)
    async with plain_office.client("alice") as client:
        for line in (b"STAT", b"PASS sesame", b"AUTH PLAIN c2VzYW1l", b"PAS sesame", b"RETR 1"):
            await client.do(line)
        await client.do(b"QUIT")
        await client.reader.read()
    plain_office.telemetry.write()
    (path,) = (log / "alice").iterdir()
    recorded = path.read_bytes()
    assert path.name.startswith("pop3-mail.example.org-")
    assert b"<STAT\r\n" in recorded
    assert b">+OK 0 0\r\n" in recorded
    assert b"<QUIT\r\n" in recorded
    assert recorded.count(b"(not recorded)") == 3
    assert b"sesame" not in recorded
    assert b"c2VzYW1l" not in recorded
    assert PASSWORD.encode() not in recorded
