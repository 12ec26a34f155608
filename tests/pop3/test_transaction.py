"""What sessions do with maildrops."""

import asyncio
import re

import pytest
from tests.pop3.office import NOTE, Office

from angarium.connections import Output
from angarium.engine.commands import Command, EraseMailboxes, Result, SetAnnotations
from angarium.engine.rows import AccountId, AnnotationChange, InternalDate
from angarium.errors import DiskFailed
from angarium.flags import SystemFlags
from angarium.pop3 import protocol, transaction
from angarium.store.annotations import POP3_NEW_UIDL, POP3_SHOW_AFTER


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
    office.configure("popsubfolders: yes")
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
    office.configure("max_unsent_size: 64K")
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
    office.configure(f"uidl_format: {form}")
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
    office.configure(f"popuseimapflags: {'yes' if obeys else 'no'}")
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
    office.configure("popuseacl: yes")
    await office.add("user.alice", NOTE)
    await office.world.set_acl("user.alice", f"alice {rights}")
    async with office.client("alice") as client:
        assert await client.message(b"RETR 1") == NOTE
        assert await client.do(b"DELE 1") == answer
        assert await client.do(b"QUIT") == b"+OK"


async def test_with_popuseacl_opening_takes_the_right_to_read(office: Office, runner: asyncio.Runner) -> None:
    office.configure("popuseacl: yes")
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
    office.configure("popuseacl: yes")
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
    office.configure("popuseacl: yes\npopminpoll: 1m")
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
