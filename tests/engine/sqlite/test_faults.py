"""Disks that are full or fail in the middle of a batch: a clear refusal, neighbours served, nothing half."""

import asyncio
import errno
import itertools
import os
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest
from tests.engine.rows import message_rows
from tests.faults.disk import FaultyDisk, FaultyVFS

from angarium.engine.commands import (
    Added,
    AddMessages,
    Author,
    CreateMailboxes,
    Done,
    NewMailbox,
    NewMessage,
    RestoreMailbox,
    StagedFile,
    Subscribe,
)
from angarium.engine.rows import AccountId, Content, InternalDate, MailboxId, ModSeq, SearchFields, Uid, UidValidity
from angarium.engine.sources import SystemSources
from angarium.engine.sqlite import SqliteEngine, SqliteOptions
from angarium.errors import AngariumError, DiskFailed, DiskFull, StoreBusy, StoreDamaged
from angarium.flags import Flags

AUTHOR = Author("alice")
TEXT = b"Subject: x\r\n\r\nhello\r\n"
_NUMBERS = itertools.count()


@dataclass
class Place:
    engine: SqliteEngine
    disk: FaultyDisk
    vfs: FaultyVFS
    account: AccountId
    inbox: MailboxId
    path: Path

    async def stage_and_add(self, text: bytes = TEXT) -> Added:
        async with self.engine.stage("default") as staged:
            staged.write(text)
            added = await self.engine.write(self.account, self.add(await staged.finish()))
        assert isinstance(added, Added)
        return added

    def add(self, file: StagedFile) -> AddMessages:
        content = Content(b"hash", 1, b"(e)", b"(b)", b"(bs)", b"p")
        message = NewMessage(file, Flags(), InternalDate(1), content, SearchFields("", "", "", "", "", "", None, ""))
        return AddMessages(self.inbox, (message,), AUTHOR)

    async def check_whole(self, expected: int) -> None:
        """Rows, counters and files agree, and every message is there."""
        row = await self.engine.mailbox(self.account, self.inbox)
        assert row is not None
        messages = await message_rows(self.engine, self.account, self.inbox)
        assert row.messages == len(messages) == expected
        for message in messages:
            with await self.engine.open_message(self.account, self.inbox, message.uid) as file:
                assert await file.read(0, 1000) == TEXT


@asynccontextmanager
async def place(tmp_path: Path) -> AsyncIterator[Place]:
    disk = FaultyDisk()
    vfs_name = f"faulty-{os.getpid()}-{next(_NUMBERS)}"
    vfs = FaultyVFS(vfs_name)
    sources = SystemSources()
    options = SqliteOptions(str(tmp_path / "state"), {"default": str(tmp_path / "spool")}, vfs=vfs_name)
    engine = await SqliteEngine.open(options, sources, disk)
    account = await engine.create_account("user.alice")
    inbox = MailboxId(sources.random_id())
    await engine.write(account, CreateMailboxes((NewMailbox(inbox, "", "default", ""),), AUTHOR))
    try:
        yield Place(engine, disk, vfs, account, inbox, tmp_path)
    finally:
        disk.fails = vfs.fails = lambda _method, _path: 0
        await engine.close()
        vfs.unregister()


def run(tmp_path: Path, test: Callable[[Place], Awaitable[None]]) -> None:
    async def main() -> None:
        async with place(tmp_path) as made:
            await test(made)

    asyncio.run(main())


def failing(number: int, method: str, part: str = "", *, times: int = 1) -> Callable[[str, str], int]:
    """Fail a method for paths that contain `part`, so many times."""
    left = [times]

    def fails(called: str, path: str) -> int:
        if called == method and part in path and left[0]:
            left[0] -= 1
            return number
        return 0

    return fails


@pytest.mark.parametrize(
    ("method", "number", "refusal"),
    [
        ("create", errno.ENOSPC, DiskFull),
        ("write", errno.ENOSPC, DiskFull),
        ("write", errno.EDQUOT, DiskFull),
        ("fsync", errno.EIO, DiskFailed),
        ("link", errno.ENOSPC, DiskFull),
        ("link", errno.EIO, DiskFailed),
        ("fsync_directory", errno.EIO, DiskFailed),
    ],
)
def test_a_delivery_that_the_disk_fails_is_refused_and_the_next_succeeds(
    method: str, number: int, refusal: type[AngariumError], tmp_path: Path
) -> None:
    async def test(made: Place) -> None:
        await made.stage_and_add()
        made.disk.fails = failing(number, method, times=1 if number != errno.ENOSPC else 2)
        with pytest.raises(refusal):
            await made.stage_and_add()
        made.disk.fails = failing(0, "")
        await made.stage_and_add()
        await made.check_whole(2)

    run(tmp_path, test)


@pytest.mark.parametrize(
    ("method", "number", "refusal"),
    [
        ("write", errno.ENOSPC, DiskFull),
        ("write", errno.EIO, DiskFailed),
        ("sync", errno.EIO, DiskFailed),
    ],
)
def test_an_index_that_cannot_be_written_loses_nothing(
    method: str, number: int, refusal: type[AngariumError], tmp_path: Path
) -> None:
    async def test(made: Place) -> None:
        await made.stage_and_add()
        made.vfs.fails = failing(number, method, "-wal", times=3)
        with pytest.raises(refusal):
            await made.stage_and_add()
        made.vfs.fails = failing(0, "")
        await made.stage_and_add()
        await made.check_whole(2)

    run(tmp_path, test)


def test_one_member_of_a_batch_that_fails_leaves_its_neighbours_alone(tmp_path: Path) -> None:
    async def test(made: Place) -> None:
        async with made.engine.stage("default") as staged:
            staged.write(TEXT)
            add = made.add(await staged.finish())
            made.disk.fails = failing(errno.EIO, "link", "/2.")
            answers = await made.engine.write_batch(made.account, [add, add, Subscribe("user.bob", AUTHOR), add])
        kinds = [type(answer) for answer in answers]
        assert kinds == [Added, DiskFailed, Done, Added]
        await made.check_whole(2)

    run(tmp_path, test)


def test_a_full_disk_in_the_middle_of_a_batch_lets_through_what_fits(tmp_path: Path) -> None:
    async def test(made: Place) -> None:
        async with made.engine.stage("default") as staged:
            staged.write(TEXT)
            add = made.add(await staged.finish())
            made.vfs.fails = failing(errno.ENOSPC, "write", "-wal", times=1)
            answers = await made.engine.write_batch(made.account, [add, add, add])
        assert all(isinstance(answer, Added) for answer in answers), answers
        await made.check_whole(3)

    run(tmp_path, test)


def test_a_uid_whose_file_exists_already_is_burnt(tmp_path: Path) -> None:
    async def test(made: Place) -> None:
        directory = await made.engine.mailbox_directory(made.account, made.inbox)
        Path(directory, "1.").write_bytes(b"from a crash")
        Path(directory, "2.").write_bytes(b"from a crash")
        assert (await made.stage_and_add()).uids == (3,)
        assert Path(directory, "1.").read_bytes() == b"from a crash"
        await made.check_whole(1)

    run(tmp_path, test)


def test_a_file_with_no_room_for_another_link_is_copied(tmp_path: Path) -> None:
    async def test(made: Place) -> None:
        made.disk.fails = failing(errno.EMLINK, "link", times=1)
        await made.stage_and_add()
        await made.check_whole(1)

    run(tmp_path, test)


def test_a_header_that_cannot_be_written_refuses_the_write_that_needs_it(tmp_path: Path) -> None:
    async def test(made: Place) -> None:
        made.disk.fails = failing(errno.ENOSPC, "create", "mailbox.header", times=2)
        new = NewMailbox(MailboxId(SystemSources().random_id()), "work", "default", "")
        with pytest.raises(DiskFull):
            await made.engine.write(made.account, CreateMailboxes((new,), AUTHOR))
        assert [row.name for row in await made.engine.mailboxes(made.account)] == [""]

    run(tmp_path, test)


def test_a_mailbox_that_could_not_be_made_leaves_no_directory(tmp_path: Path) -> None:
    async def test(made: Place) -> None:
        made.vfs.fails = failing(errno.ENOSPC, "write", "-wal", times=3)
        new = NewMailbox(MailboxId(SystemSources().random_id()), "work", "default", "")
        with pytest.raises(DiskFull):
            await made.engine.write(made.account, CreateMailboxes((new,), AUTHOR))
        made.vfs.fails = failing(0, "")
        assert not list(tmp_path.glob(f"spool/uuid/*/*/{new.id}"))
        await made.engine.write(made.account, CreateMailboxes((new,), AUTHOR))
        assert list(tmp_path.glob(f"spool/uuid/*/*/{new.id}/mailbox.header"))

    run(tmp_path, test)


def test_a_mailbox_that_could_not_be_restored_keeps_its_directory_and_header(tmp_path: Path) -> None:
    async def test(made: Place) -> None:
        await made.stage_and_add()
        directory = Path(await made.engine.mailbox_directory(made.account, made.inbox))
        before = {path.name for path in directory.iterdir()}
        await made.engine.recreate_account(made.account, "user.alice")
        new = NewMailbox(made.inbox, "", "default", "")
        command = RestoreMailbox(new, UidValidity(7), Uid(1001), ModSeq(1001), (), AUTHOR)
        made.vfs.fails = failing(errno.ENOSPC, "write", "-wal", times=3)
        with pytest.raises(DiskFull):
            await made.engine.write(made.account, command)
        made.vfs.fails = failing(0, "")
        assert {path.name for path in directory.iterdir()} == before
        await made.engine.write(made.account, command)
        assert (await made.stage_and_add()).uids == (1001,)

    run(tmp_path, test)


def test_a_file_whose_commit_may_yet_turn_out_valid_stays(tmp_path: Path) -> None:
    """The log's sync failed: after a crash the commit may be found whole, and its message must be there."""

    async def test(made: Place) -> None:
        made.vfs.fails = failing(errno.EIO, "sync", "-wal")
        with pytest.raises(DiskFailed):
            await made.stage_and_add()
        directory = Path(await made.engine.mailbox_directory(made.account, made.inbox))
        assert (directory / "1.").read_bytes() == TEXT
        assert (await made.stage_and_add()).uids == (2,)
        await made.check_whole(1)

    run(tmp_path, test)


def test_a_catalogue_that_cannot_be_repaired_keeps_nobody_from_reading(tmp_path: Path) -> None:
    async def test(made: Place) -> None:
        await made.stage_and_add()  # and the catalogue was not refreshed since the mailbox was made
        options = SqliteOptions(str(tmp_path / "state"), {"default": str(tmp_path / "spool")}, vfs=made.vfs.vfs_name)
        other = await SqliteEngine.open(options, SystemSources())
        made.vfs.fails = failing(errno.ENOSPC, "write", "mailboxes.db", times=1_000)
        assert len(await message_rows(other, made.account, made.inbox)) == 1
        made.vfs.fails = failing(0, "")
        await other.refresh_catalogue(made.account)
        assert len(await other.catalogue(account=made.account)) == 1
        await other.close()

    run(tmp_path, test)


def test_a_full_queue_refuses_at_once(tmp_path: Path) -> None:
    async def main() -> None:
        options = SqliteOptions(str(tmp_path / "state"), {"default": str(tmp_path / "spool")}, account_queue_commands=2)
        engine = await SqliteEngine.open(options, SystemSources())
        account = await engine.create_account("user.alice")
        commands = [Subscribe(f"user.{number}", AUTHOR) for number in range(3)]
        with pytest.raises(StoreBusy):
            await engine.write_batch(account, commands)
        assert await engine.subscriptions(account) == []
        await engine.write_batch(account, commands[:2])
        await engine.close()

    asyncio.run(main())


def test_a_damaged_account_file_is_said_to_be_damaged_and_others_are_served(tmp_path: Path) -> None:
    async def main() -> None:
        options = SqliteOptions(str(tmp_path / "state"), {"default": str(tmp_path / "spool")})
        engine = await SqliteEngine.open(options, SystemSources())
        alice, bob = await engine.create_account("user.alice"), await engine.create_account("user.bob")
        await engine.state(alice)
        await engine.checkpoint()
        await engine.close()
        path = tmp_path / "state" / "account" / alice[0] / alice[1] / f"{alice}.db"
        path.write_bytes(b"this is no database" * 1000)
        engine = await SqliteEngine.open(options, SystemSources())
        with pytest.raises(StoreDamaged, match=str(path)):
            await engine.state(alice)
        with pytest.raises(StoreDamaged, match=str(path)):
            await engine.write(alice, Subscribe("user.bob", AUTHOR))
        await engine.write(bob, Subscribe("user.alice", AUTHOR))
        await engine.close()

    asyncio.run(main())
