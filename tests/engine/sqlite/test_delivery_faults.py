"""Disks that are full or fail in the middle of a delivery: a clear refusal, and nothing of it is there."""

import errno
import shutil
from contextlib import AsyncExitStack, closing
from dataclasses import replace
from pathlib import Path

import pytest
from tests.engine.rows import message_rows
from tests.engine.sqlite.test_faults import AUTHOR, TEXT, Place, failing, run

from angarium.engine.commands import CreateMailboxes, Deliver, Delivered, Done, NewMailbox, RemoveDispatch, SetQuota
from angarium.engine.delivery import Deposit, Dispatch, Mark, MarkKind
from angarium.engine.rows import MailboxId, QuotaResource
from angarium.engine.sources import SystemSources
from angarium.engine.sqlite import SqliteEngine, SqliteOptions
from angarium.errors import AngariumError, DiskFailed, DiskFull

LATER_S = 1 << 40
MAIL = Dispatch("", ("bob@example.org",), b"Subject: x\r\n\r\n", "notify", "1@x", LATER_S)
WORK = MailboxId("w" * 24)


async def delivery(made: Place, exits: AsyncExitStack, number: int) -> Deliver:
    """Into two mailboxes, with mail to send."""
    staged = await exits.enter_async_context(made.engine.stage("default"))
    staged.write(TEXT)
    file = await staged.finish()
    message = made.add(file).messages[0]
    deposits = [
        Deposit(mailbox, message, mark=Mark(MarkKind.DELIVERED, f"{number} {mailbox}", LATER_S))
        for mailbox in (made.inbox, WORK)
    ]
    return Deliver(AUTHOR, tuple(deposits), (MAIL, replace(MAIL, file=file)))


async def check(made: Place, count: int) -> None:
    """So many deliveries are there, whole."""
    for mailbox in (made.inbox, WORK):
        rows = await message_rows(made.engine, made.account, mailbox)
        assert len(rows) == count
        for row in rows:
            with closing(await made.engine.open_message(made.account, mailbox, row.uid)) as file:
                assert await file.read(0, 100) == TEXT
    assert len(await made.engine.list_marks(made.account, MarkKind.DELIVERED)) == 2 * count
    queued = await made.engine.dispatches(made.account)
    assert [row.has_file for row in queued] == [False, True] * count
    for line in queued[1::2]:
        with closing(await made.engine.open_dispatch(made.account, line.number)) as file:
            assert await file.read(0, 100) == TEXT
    assert {row.work for row in queued} <= {number for number, _ in await made.engine.work()}
    (quota,) = await made.engine.quotas(made.account)
    assert quota.used[QuotaResource.STORAGE] == 2 * count * len(TEXT)


def files(made: Place) -> list[str]:
    return [path.name for path in made.path.glob("spool/*/?/?/**/*.")]


@pytest.mark.parametrize(
    ("where", "method", "part", "number", "refusal"),
    [
        ("disk", "link", "/2.", errno.ENOSPC, DiskFull),
        ("disk", "link", "/2.", errno.EIO, DiskFailed),
        ("disk", "link", WORK, errno.ENOSPC, DiskFull),
        ("disk", "link", "/queue/", errno.ENOSPC, DiskFull),
        ("disk", "link", "/queue/", errno.EIO, DiskFailed),
        ("disk", "fsync_directory", WORK, errno.EIO, DiskFailed),
        ("disk", "fsync_directory", "/queue/", errno.EIO, DiskFailed),
        ("disk", "fsync_directory", "/queue/", errno.ENOSPC, DiskFull),
        ("vfs", "write", ".db-wal", errno.ENOSPC, DiskFull),
        ("vfs", "write", "account", errno.ENOSPC, DiskFull),
        ("vfs", "write", "account", errno.EIO, DiskFailed),
        ("vfs", "sync", "account", errno.EIO, DiskFailed),
        ("vfs", "write", "work.db", errno.ENOSPC, DiskFull),
        ("vfs", "sync", "work.db", errno.EIO, DiskFailed),
    ],
)
def test_a_delivery_that_the_disk_fails_is_there_whole_or_not_at_all(
    where: str, method: str, part: str, number: int, refusal: type[AngariumError], tmp_path: Path
) -> None:
    async def test(made: Place) -> None:
        await made.engine.write(made.account, CreateMailboxes((NewMailbox(WORK, "work", "default", ""),), AUTHOR))
        await made.engine.write(made.account, SetQuota("", {QuotaResource.STORAGE: 1000}, AUTHOR))
        async with AsyncExitStack() as exits:
            assert isinstance(await made.engine.write(made.account, await delivery(made, exits, 1)), Delivered)
            before = files(made)
            command = await delivery(made, exits, 2)
            broken = made.disk if where == "disk" else made.vfs
            broken.fails = failing(number, method, part, times=3)
            with pytest.raises(refusal):
                await made.engine.write(made.account, command)
            broken.fails = failing(0, "")
            await check(made, 1)
            if (where, part, number) != ("vfs", "account", errno.EIO):  # whose commit may yet turn out valid
                assert files(made) == before
            again = await made.engine.write(made.account, command)
            assert isinstance(again, Delivered)
            assert None not in again.uids
            await check(made, 2)
            await made.engine.sweep_queues()
            await check(made, 2)
            assert len(list(made.path.glob("spool/queue/?/?/*"))) == 2

    run(tmp_path, test)


def test_a_file_to_send_with_no_room_for_another_link_is_copied(tmp_path: Path) -> None:
    async def test(made: Place) -> None:
        async with made.engine.stage("default") as staged:
            staged.write(TEXT)
            mail = replace(MAIL, file=await staged.finish())
            made.disk.fails = failing(errno.EMLINK, "link", "/queue/")
            await made.engine.write(made.account, Deliver(AUTHOR, dispatches=(mail,)))
        (row,) = await made.engine.dispatches(made.account)
        with closing(await made.engine.open_dispatch(made.account, row.number)) as file:
            assert await file.read(0, 100) == TEXT

    run(tmp_path, test)


def test_a_note_that_cannot_be_removed_does_not_turn_a_delivery_into_a_refusal(tmp_path: Path) -> None:
    async def test(made: Place) -> None:
        await made.engine.write(made.account, Deliver(AUTHOR, dispatches=(MAIL,)))
        made.vfs.fails = failing(errno.ENOSPC, "write", "work.db", times=100)
        assert isinstance(await made.engine.write(made.account, RemoveDispatch(1, AUTHOR)), Done)
        made.vfs.fails = failing(0, "")
        assert await made.engine.dispatches(made.account) == []
        assert await made.engine.accounts_with_mail() == [made.account]  # until the note is known to be stale

    run(tmp_path, test)


def test_a_line_whose_commit_turns_out_valid_after_a_crash_has_its_file_and_its_note(tmp_path: Path) -> None:
    """Nobody was told of it: it is sent once, or a second time by who tries again, and never without its file."""

    async def test(made: Place) -> None:
        async with made.engine.stage("default") as staged:
            staged.write(TEXT)
            mail = replace(MAIL, file=await staged.finish())
            made.vfs.fails = failing(errno.EIO, "sync", "account")
            with pytest.raises(DiskFailed):
                await made.engine.write(made.account, Deliver(AUTHOR, dispatches=(mail,)))
            made.vfs.fails = failing(0, "")
        copy = tmp_path / "copy"
        shutil.copytree(tmp_path / "state", copy)  # what a crash at this moment may leave
        options = SqliteOptions(str(copy), {"default": str(tmp_path / "spool")})
        for shared in copy.glob("**/*-shm"):
            shared.unlink()
        other = await SqliteEngine.open(options, SystemSources())
        (row,) = await other.dispatches(made.account)
        assert row.work in {number for number, _ in await other.work()}
        with closing(await other.open_dispatch(made.account, row.number)) as file:
            assert await file.read(0, 100) == TEXT
        await other.close()

    run(tmp_path, test)
