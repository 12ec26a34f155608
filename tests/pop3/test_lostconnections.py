"""A connection that is lost anywhere, and a QUIT that fails: what was deleted is gone in whole or not at all, and only
behind a QUIT."""

import asyncio

import pytest
from tests.connections.memory import MemoryTransport
from tests.pop3.office import NOTE, Office

from angarium import errors
from angarium.engine.commands import Command, Expunge, PurgeMessages, Result
from angarium.engine.rows import AccountId
from angarium.pop3 import Pop3Protocol

SESSION = b"USER alice\r\nPASS secret\r\nSTAT\r\nRETR 1\r\nDELE 1\r\nTOP 2 0\r\nDELE 3\r\nQUIT\r\n"
ALL, LEFT = [1, 2, 3], [2]


async def lose(office: Office, said: bytes, *, turns: int, is_half_closed: bool = False) -> None:
    """A client that says this in one piece, and is lost so many turns of the loop later."""
    transport = MemoryTransport()
    protocol = Pop3Protocol(office.host())
    transport.begin(protocol)
    protocol.data_received(said)
    if is_half_closed:
        protocol.eof_received()
    for _ in range(turns):
        await asyncio.sleep(0)
    transport.abort()
    await transport.is_closed.wait()
    await office.emptied.wait()
    # What had begun is carried through.
    others = [task for task in asyncio.all_tasks() if task is not asyncio.current_task()]
    if others:
        await asyncio.wait(others)


@pytest.mark.parametrize("is_half_closed", [False, True])
async def test_without_a_whole_quit_nothing_goes(
    plain_office: Office, runner: asyncio.Runner, is_half_closed: bool
) -> None:
    await plain_office.add("user.alice", NOTE, NOTE, NOTE)
    for end in range(len(SESSION)):
        await lose(plain_office, SESSION[:end], turns=20, is_half_closed=is_half_closed)
        assert await plain_office.uids() == ALL, SESSION[:end]
    await lose(plain_office, SESSION, turns=20, is_half_closed=is_half_closed)
    assert await plain_office.uids() == LEFT


async def test_a_connection_that_is_lost_in_any_turn_leaves_all_or_what_was_not_deleted(
    office: Office, runner: asyncio.Runner
) -> None:
    await office.add("user.alice", NOTE, NOTE, NOTE)
    left, turns = ALL, 0
    while left == ALL:
        assert turns < 1000
        await lose(office, SESSION, turns=turns)
        left = await office.uids()
        turns += 1
    assert left == LEFT
    assert turns > 1


@pytest.mark.parametrize(
    ("error", "answer"),
    [
        (errors.DiskFull("x"), b"-ERR [SYS/TEMP] Deleted messages were not removed"),
        (errors.DiskFailed("x"), b"-ERR [SYS/TEMP] Deleted messages were not removed"),
        (errors.StoreBusy("x"), b"-ERR [SYS/TEMP] Deleted messages were not removed"),
        (errors.StoreReadOnly("x"), b"-ERR [SYS/TEMP] Deleted messages were not removed"),
        (errors.AclChanged("x"), b"-ERR [SYS/TEMP] Deleted messages were not removed"),
        (errors.MailboxMoving("x"), b"-ERR [SYS/TEMP] Deleted messages were not removed"),
        (errors.MailboxNotFound("x"), b"-ERR [SYS/PERM] Deleted messages were not removed"),
        (KeyError("a fault of ours"), b"-ERR [SYS/TEMP] Internal error, connection closes"),
    ],
)
async def test_a_quit_that_fails_says_so_and_deletes_nothing(
    office: Office, runner: asyncio.Runner, monkeypatch: pytest.MonkeyPatch, error: Exception, answer: bytes
) -> None:
    write = office.world.engine.write

    async def refuse(account: AccountId, command: Command) -> Result:
        if isinstance(command, Expunge):
            raise error
        return await write(account, command)

    await office.add("user.alice", NOTE, NOTE, NOTE)
    async with office.client("alice") as client:
        await client.do(b"DELE 1")
        await client.do(b"DELE 3")
        monkeypatch.setattr(office.world.engine, "write", refuse)
        assert await client.do(b"QUIT") == answer
        assert await client.reader.read() == b""
    assert await office.uids() == ALL


async def test_a_message_that_was_expunged_and_purged_meanwhile_is_no_obstacle(
    office: Office, runner: asyncio.Runner
) -> None:
    await office.add("user.alice", NOTE, NOTE, NOTE)
    async with office.client("alice") as client:
        await office.world.expunge("user.alice", "1")
        mailbox = await office.world.found("user.alice")
        await office.world.do(
            "user.alice", PurgeMessages(mailbox.id, expunged_before_s=office.world.sources.time_s + 1, limit=10)
        )
        assert await client.do(b"LIST 1") == b"+OK 1 %d" % len(NOTE)
        assert await client.do(b"RETR 1") == b"-ERR Message no longer exists"
        assert await client.do(b"TOP 1 0") == b"-ERR Message no longer exists"
        for number in (1, 3):
            assert await client.do(b"DELE %d" % number) == b"+OK message deleted"
        assert await client.do(b"QUIT") == b"+OK"
    assert await office.uids() == LEFT
