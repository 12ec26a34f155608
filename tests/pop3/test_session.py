"""What sessions do with maildrops."""

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
from tests.pop3.office import Office, settings
from tests.store.world import World

from angarium.connections import Output
from angarium.engine.commands import Command, EraseMailboxes, Result, SetAnnotations
from angarium.engine.interface import MessageFile
from angarium.engine.rows import AccountId, AnnotationChange, InternalDate, MailboxId, Uid
from angarium.errors import DiskFailed
from angarium.flags import SystemFlags
from angarium.operations.logins import Over
from angarium.pop3 import Pop3Protocol, protocol, transaction
from angarium.store import Actor
from angarium.store.annotations import LAST_POP, POP3_NEW_UIDL, POP3_SHOW_AFTER

NOTE = b"Subject: a note\r\n\r\nText.\r\n"


def with_options(office: Office, text: str) -> Office:
    office.settings = settings(text)
    return office


async def annotate(office: Office, entry: str, value: bytes) -> None:
    mailbox = await office.world.found("user.alice")
    change = AnnotationChange(entry, None, value)
    await office.world.do("user.alice", SetAnnotations(mailbox.id, (change,), office.world.admin.author()))


async def flags(office: Office, uid: int) -> SystemFlags:
    mailbox = await office.world.found("user.alice")
    view = await office.world.store.views.get(mailbox.account, mailbox.id)
    return SystemFlags(int(view.flags[view.uid.tolist().index(uid)]))


# Deleting


async def test_what_was_deleted_goes_with_quit_and_not_before(office: Office, runner: asyncio.Runner) -> None:
    await office.add("user.alice", NOTE, NOTE, NOTE)
    async with office.client("alice") as client:
        assert await client.do(b"DELE 2") == b"+OK message deleted"
        assert await client.do(b"STAT") == b"+OK 2 %d" % (2 * len(NOTE))
        assert await client.do(b"UIDL 2") == b"-ERR No such message"
        assert await office.uids() == [1, 2, 3]
        assert await client.do(b"QUIT") == b"+OK"
        assert await office.uids() == [1, 3]


@pytest.mark.parametrize("end", [b"", b"DELE 2\r\n", b"QUI"])
async def test_a_connection_that_is_lost_deletes_nothing(office: Office, runner: asyncio.Runner, end: bytes) -> None:
    await office.add("user.alice", NOTE, NOTE)
    async with office.client("alice") as client:
        await client.do(b"DELE 1")
        client.send(end)
    assert await office.uids() == [1, 2]


async def test_rset_takes_it_back(office: Office, runner: asyncio.Runner) -> None:
    await office.add("user.alice", NOTE, NOTE)
    async with office.client("alice") as client:
        await client.do(b"DELE 1")
        assert await client.do(b"RSET") == b"+OK"
        assert await client.do(b"STAT") == b"+OK 2 %d" % (2 * len(NOTE))
        assert await client.do(b"QUIT") == b"+OK"
    assert await office.uids() == [1, 2]


async def test_a_write_that_fails_leaves_all_of_it(
    office: Office, runner: asyncio.Runner, monkeypatch: pytest.MonkeyPatch
) -> None:
    await office.add("user.alice", NOTE, NOTE)

    async def fail(*_: object) -> None:
        raise DiskFailed("the disk is gone")

    async with office.client("alice") as client:
        await client.do(b"DELE 1")
        await client.do(b"DELE 2")
        with monkeypatch.context() as patch:
            patch.setattr(office.world.engine, "write", fail)
            assert await client.do(b"QUIT") == b"-ERR [SYS/TEMP] Deleted messages were not removed"
        assert await client.reader.read() == b""
    assert await office.uids() == [1, 2]


async def test_all_goes_in_one_write(office: Office, runner: asyncio.Runner) -> None:
    await office.add("user.alice", *[NOTE] * 30)
    async with office.client("alice") as client:
        for number in range(1, 31, 3):
            await client.do(b"DELE %d" % number)
        account = (await office.world.found("user.alice")).account
        before = (await office.world.engine.state(account)).modseq
        assert await client.do(b"QUIT") == b"+OK"
        changes = await office.world.engine.changes(account, since=before, limit=100)
        (expunged,) = [change for change in changes if change.operation == "expunge"]
        assert expunged.uids == "1,4,7,10,13,16,19,22,25,28"
    assert len(await office.uids()) == 20


# Several sessions, and others than POP3


async def test_two_sessions_have_their_own_snapshots(office: Office, runner: asyncio.Runner) -> None:
    await office.add("user.alice", NOTE, NOTE)
    async with office.client("alice") as one, office.client("alice") as other:
        await one.do(b"DELE 1")
        await other.do(b"DELE 1")
        assert await one.do(b"QUIT") == b"+OK"
        await office.add("user.alice", b"Subject: new\r\n\r\n")
        assert await other.do(b"STAT") == b"+OK 1 %d" % len(NOTE)
        assert await other.message(b"RETR 2") == NOTE
        assert await other.do(b"RETR 3") == b"-ERR No such message"
        # What the first has expunged is no obstacle.
        assert await other.do(b"QUIT") == b"+OK"
        assert await office.uids() == [2, 3]
        await other.reader.read()


async def test_what_is_expunged_meanwhile_is_told_of_sensibly(office: Office, runner: asyncio.Runner) -> None:
    await office.add("user.alice", NOTE, NOTE)
    async with office.client("alice") as client:
        await office.world.expunge("user.alice", "1")
        answer = await client.do(b"RETR 1")
        if answer == b"+OK Message follows":
            await client.rest()
        else:
            assert answer == b"-ERR Message no longer exists"
        assert await client.message(b"RETR 2") == NOTE
        assert await client.do(b"DELE 1") == b"+OK message deleted"
        assert await client.do(b"QUIT") == b"+OK"
    assert await office.uids() == [2]


async def test_a_mailbox_that_is_deleted_meanwhile_is_gone(office: Office, runner: asyncio.Runner) -> None:
    await office.world.create("user.alice.Work", "alice lrswipkxtean")
    with_options(office, "popsubfolders: yes")
    await office.add("user.alice.Work", NOTE)
    async with office.client("alice+Work") as client:
        await client.do(b"DELE 1")
        mailbox = await office.world.found("user.alice.Work")
        await office.world.do("user.alice", EraseMailboxes((mailbox.id,), office.world.admin.author()))
        await office.world.engine.refresh_catalogue(mailbox.account)
        assert await client.do(b"RETR 1") == b"-ERR No such message"
        await client.do(b"RSET")
        assert await client.do(b"RETR 1") == b"-ERR [SYS/PERM] Mailbox does not exist"
        assert await client.do(b"DELE 1") == b"-ERR [SYS/PERM] Mailbox does not exist"
        assert await client.do(b"QUIT") == b"+OK"


# Messages


@pytest.mark.parametrize("size", [0, 1, 70_000, 131_071, 131_072, 131_073, 400_000])
async def test_messages_come_as_they_are(office: Office, runner: asyncio.Runner, size: int) -> None:
    body = (b".line of a body\r\n..\r\n" * (size // 21 + 1))[:size]
    message = b"Subject: x\r\n\r\n" + body
    await office.add("user.alice", message)
    async with office.client("alice") as client:
        await client.do(b"LIST 1")
        got = await client.message(b"RETR 1")
        assert got == (message if message.endswith(b"\r\n") else message + b"\r\n")
        assert await client.do(b"NOOP") == b"+OK"


async def test_top(office: Office, runner: asyncio.Runner) -> None:
    header = b"Subject: x\r\nX-Long: " + b"y" * 200_000 + b"\r\n\r\n"
    await office.add("user.alice", header + b"1\r\n.2\r\n3\r\n", b"Subject: no body\r\n")
    async with office.client("alice", limit=1 << 20) as client:
        assert await client.message(b"TOP 1 0") == header
        assert await client.message(b"TOP 1 2") == header + b"1\r\n.2\r\n"
        assert await client.message(b"TOP 1 4294967296") == header + b"1\r\n.2\r\n3\r\n"
        assert await client.message(b"TOP 2 1") == b"Subject: no body\r\n"


async def test_lists_of_many_messages(office: Office, runner: asyncio.Runner, monkeypatch: pytest.MonkeyPatch) -> None:
    slice_ = 50
    monkeypatch.setattr(transaction, "SLICE", slice_)
    count = 2 * slice_ + 7
    await office.add("user.alice", *[b"X: y\r\n\r\n"] * count)
    async with office.client("alice") as client:
        for number in (1, slice_, slice_ + 1, count):
            await client.do(b"DELE %d" % number)
        left = [number for number in range(1, count + 1) if number not in (1, slice_, slice_ + 1, count)]
        assert await client.lines(b"LIST") == [b"%d 8" % number for number in left]
        names = await client.lines(b"UIDL")
        assert [line.rpartition(b".")[2] for line in names] == [b"%d" % number for number in left]
        assert len({line.split(b" ")[1].partition(b".")[0] for line in names}) == 1


async def test_a_client_that_does_not_read_holds_up_nobody(
    office: Office, runner: asyncio.Runner, monkeypatch: pytest.MonkeyPatch
) -> None:
    paused = asyncio.Event()

    class Watched(Output):
        def pause(self) -> None:
            super().pause()
            paused.set()

    monkeypatch.setattr(protocol, "Output", Watched)
    with_options(office, "max_unsent_size: 64K")
    await office.add("user.alice", b"X: y\r\n\r\n" + b"z" * 4_000_000 + b"\r\n")
    async with office.client("alice") as slow:
        slow.send(b"RETR 1\r\n" * 20)
        async with office.client("bob") as other:
            assert await other.do(b"NOOP") == b"+OK"
            await asyncio.wait_for(paused.wait(), 20)
            assert await other.do(b"NOOP") == b"+OK"
            await other.do(b"QUIT")
            await other.reader.read()
            slow.writer.transport.abort()


@pytest.mark.parametrize(
    ("form", "pattern"),
    [
        ("cyrus", rb"1 \d+\.1"),
        ("uidonly", rb"1 1"),
        ("dovecot", rb"1 00000001[0-9a-f]{8}"),
        ("courier", rb"1 \d+-1"),
    ],
)
async def test_forms_of_uidl(office: Office, runner: asyncio.Runner, form: str, pattern: bytes) -> None:
    with_options(office, f"uidl_format: {form}")
    await office.add("user.alice", NOTE)
    async with office.client("alice") as client:
        (line,) = await client.lines(b"UIDL")
        assert re.fullmatch(pattern, line)
        assert await client.do(b"UIDL 1") == b"+OK " + line


async def test_old_names_of_messages(office: Office, runner: asyncio.Runner) -> None:
    await office.add("user.alice", NOTE)
    await annotate(office, POP3_NEW_UIDL, b"false")
    async with office.client("alice") as client:
        assert await client.lines(b"UIDL") == [b"1 1"]


# What shows


async def test_messages_before_a_date_do_not_show(office: Office, runner: asyncio.Runner) -> None:
    await office.add("user.alice", NOTE, date=InternalDate(1_600_000_000, 0))
    await office.add("user.alice", NOTE, date=InternalDate(1_600_000_001, 0))
    await annotate(office, POP3_SHOW_AFTER, b"13-Sep-2020 14:26:40 +0200")
    async with office.client("alice") as client:
        assert [line.rpartition(b".")[2] for line in await client.lines(b"UIDL")] == [b"2"]


@pytest.mark.parametrize("obeys", [False, True])
async def test_flags_of_imap(office: Office, runner: asyncio.Runner, obeys: bool) -> None:
    with_options(office, f"popuseimapflags: {'yes' if obeys else 'no'}")
    await office.add("user.alice", NOTE, NOTE, NOTE, NOTE)
    await office.world.flag("user.alice", "2", "\\Deleted")
    async with office.client("alice") as client:
        left = 3 if obeys else 4
        assert (await client.do(b"STAT")).startswith(b"+OK %d " % left)
        await client.message(b"RETR 1")
        await client.message(b"TOP %d 1" % left)
        await client.message(b"RETR 2")
        await client.do(b"DELE 2")
        assert await flags(office, 1) is SystemFlags.NONE
        assert await client.do(b"QUIT") == b"+OK"
    assert await flags(office, 1) is (SystemFlags.SEEN if obeys else SystemFlags.NONE)
    assert await flags(office, 4) is SystemFlags.NONE
    assert await office.uids() == ([1, 2, 4] if obeys else [1, 3, 4])


# Rights


async def test_without_popuseacl_a_maildrop_is_its_owners(office: Office, runner: asyncio.Runner) -> None:
    await office.add("user.alice", NOTE)
    await office.world.set_acl("user.alice", "bob lrswipkxtean")
    async with office.client("alice") as client:
        assert await client.message(b"RETR 1") == NOTE
        await client.do(b"DELE 1")
        assert await client.do(b"QUIT") == b"+OK"
    assert await office.uids() == []


@pytest.mark.parametrize(
    ("rights", "answer"),
    [
        ("lrswipkxtean", b"+OK message deleted"),
        ("lrte", b"+OK message deleted"),
        ("lrt", b"-ERR [SYS/PERM] Permission denied"),
        ("lre", b"-ERR [SYS/PERM] Permission denied"),
        ("lrs", b"-ERR [SYS/PERM] Permission denied"),
    ],
)
async def test_with_popuseacl_deleting_takes_rights(
    office: Office, runner: asyncio.Runner, rights: str, answer: bytes
) -> None:
    with_options(office, "popuseacl: yes")
    await office.add("user.alice", NOTE)
    await office.world.set_acl("user.alice", f"alice {rights}")
    async with office.client("alice") as client:
        assert await client.message(b"RETR 1") == NOTE
        assert await client.do(b"DELE 1") == answer
        assert await client.do(b"QUIT") == b"+OK"


async def test_with_popuseacl_opening_takes_the_right_to_read(office: Office, runner: asyncio.Runner) -> None:
    with_options(office, "popuseacl: yes")
    await office.world.set_acl("user.alice", "alice l")
    async with office.client() as client:
        await client.do(b"USER alice")
        assert await client.do(b"PASS secret") == b"-ERR [SYS/PERM] Unable to open maildrop: Permission denied"
        (seat,) = office.seats.values()
        assert seat.user == ""
        # Nobody is logged in, and another user may be.
        await client.do(b"USER bob")
        assert (await client.do(b"PASS secret")).startswith(b"+OK")


async def test_rights_that_go_meanwhile_are_gone(office: Office, runner: asyncio.Runner) -> None:
    with_options(office, "popuseacl: yes")
    await office.add("user.alice", NOTE, NOTE)
    async with office.client("alice") as client:
        await client.do(b"DELE 1")
        await office.world.set_acl("user.alice", "alice lr")
        assert await client.do(b"DELE 2") == b"-ERR [SYS/PERM] Permission denied"
        assert await client.do(b"QUIT") == b"-ERR [SYS/PERM] Deleted messages were not removed"
    assert await office.uids() == [1, 2]


async def test_rights_that_go_while_the_maildrop_opens_are_gone(
    office: Office, runner: asyncio.Runner, monkeypatch: pytest.MonkeyPatch
) -> None:
    with_options(office, "popuseacl: yes\npopminpoll: 1m")
    await office.add("user.alice", NOTE)
    write = office.world.engine.write

    async def write_behind_another(account: AccountId, command: Command) -> Result:
        if isinstance(command, SetAnnotations):
            monkeypatch.undo()
            await office.world.set_acl("user.alice", "bob lr")
        return await write(account, command)

    async with office.client() as client:
        await client.do(b"USER alice")
        monkeypatch.setattr(office.world.engine, "write", write_behind_another)
        assert (await client.do(b"PASS secret")).startswith(b"+OK")
        assert await client.do(b"RETR 1") == b"-ERR [SYS/PERM] Permission denied"


# Logging in


async def test_a_user_without_a_maildrop(office: Office, runner: asyncio.Runner) -> None:
    async with office.client() as client:
        await client.do(b"USER nobody")
        assert await client.do(b"PASS secret") == (b"-ERR [SYS/PERM] Unable to open maildrop: Mailbox does not exist")
        assert await client.do(b"STAT") == b"-ERR Unrecognized command"


@pytest.mark.parametrize("option", ["yes", "no"])
async def test_apop(office: Office, runner: asyncio.Runner, option: str) -> None:
    with_options(office, f"allowapop: {option}").with_secrets()
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
    with_options(office, "popsubfolders: yes")
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
    with_options(office, f"popminpoll: 5\npoppollpadding: {padding}")

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
    with_options(plain_office, "allowplaintext: no")
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
    with_options(office, "popuseacl: yes")
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
    with_options(plain_office, "max_bad_commands: 3")
    async with plain_office.client("alice") as client:
        for line in (b"FOO", b"RETR x"):
            assert (await client.do(line)).startswith(b"-ERR")
        assert await client.do(b"NOOP") == b"+OK"
        client.send(b"FOO\r\nBAR\r\nUSER x\r\n")
        assert (await client.reader.read()).endswith(b"-ERR Too many bad commands\r\n")


async def test_commands_before_login_are_counted(plain_office: Office, runner: asyncio.Runner) -> None:
    with_options(plain_office, "max_commands_before_login: 5")
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
