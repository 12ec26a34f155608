"""How writes are executed over every engine: batches, many at once, advisory ones, announcements, the end."""

import asyncio
import contextlib
from contextlib import AsyncExitStack

import pytest
from tests.engine.contract.conftest import AUTHOR, Draft, Site, uid_set
from tests.engine.rows import message_rows

from angarium.engine.commands import (
    Added,
    AddMessages,
    ClaimRecent,
    Command,
    Copied,
    CopyMessages,
    CreateMailboxes,
    Expunge,
    Expunged,
    FlagOperation,
    FlagsStored,
    RemoveQuota,
    SetQuota,
    StoreFlags,
)
from angarium.engine.rows import AccountId, MailboxId, ModSeq, QuotaResource, Uid
from angarium.errors import AngariumError, MailboxNotFound, QuotaExceeded, QuotaRootNotFound
from angarium.flags import Flags

SEEN = Flags.of(["\\Seen"])
KIB = Draft(b"x" * 1024)


def mark_seen(mailbox: MailboxId, *uids: int) -> StoreFlags:
    """STORE +FLAGS (\\Seen)."""
    return StoreFlags(mailbox, uid_set(*uids), FlagOperation.ADD, SEEN, AUTHOR)


# Batches


async def test_a_batch_answers_each_command_in_its_place(site: Site) -> None:
    (work,) = await site.create("work")
    async with AsyncExitStack() as exits:
        batch: list[Command] = [
            await site.add_command(exits, site.inbox, Draft(), Draft()),
            mark_seen(site.inbox, 2),
            CopyMessages(site.inbox, uid_set(2), work, AUTHOR),
            Expunge(site.inbox, AUTHOR, only_deleted=False),
        ]
        results = await site.engine.write_batch(site.account, batch)
    assert [type(result) for result in results] == [Added, FlagsStored, Copied, Expunged]
    assert await site.flags(work) == {1: {"\\Seen"}}
    assert await site.uids(site.inbox) == []
    await site.check_counters()


async def test_a_refused_member_leaves_no_trace_and_its_neighbours_stand(site: Site) -> None:
    await site.engine.write(site.account, SetQuota("", {QuotaResource.STORAGE: 3}, AUTHOR))
    async with AsyncExitStack() as exits:
        batch: list[Command] = [
            await site.add_command(exits, site.inbox, KIB, KIB),
            await site.add_command(exits, site.inbox, Draft(flags=Flags.of(["ghost"])), KIB, KIB),
            RemoveQuota("nowhere", AUTHOR),
            await site.add_command(exits, site.inbox, Draft(b"x" * 1024, Flags.of(["kept"]))),
            mark_seen(site.inbox, 1, 2, 3),
        ]
        results = await site.engine.write_batch(site.account, batch)
    assert isinstance(results[1], QuotaExceeded)
    assert isinstance(results[2], QuotaRootNotFound)
    assert isinstance(results[3], Added)
    assert await site.flags(site.inbox) == {1: {"\\Seen"}, 2: {"\\Seen"}, 3: {"\\Seen", "kept"}}
    assert (await site.row(site.inbox)).keywords == ("kept",)
    file = await site.engine.open_message(site.account, site.inbox, Uid(3))
    assert await file.read(0, 2000) == b"x" * 1024
    file.close()
    await site.check_counters()


async def test_a_refused_write_that_is_alone_leaves_no_trace(site: Site) -> None:
    await site.engine.write(site.account, SetQuota("", {QuotaResource.STORAGE: 3}, AUTHOR))
    async with AsyncExitStack() as exits:
        await site.engine.write(site.account, await site.add_command(exits, site.inbox, KIB))
        with pytest.raises(QuotaExceeded):
            await site.engine.write(site.account, await site.add_command(exits, site.inbox, KIB, KIB, KIB))
        assert await site.uids(site.inbox) == [1]
        await site.engine.write(site.account, await site.add_command(exits, site.inbox, KIB, KIB))
    assert len(await site.uids(site.inbox)) == 3
    await site.check_counters()


async def test_modseqs_ascend_in_the_order_of_the_batch(site: Site) -> None:
    await site.add(site.inbox, Draft(), Draft(), Draft())
    results = await site.engine.write_batch(site.account, [mark_seen(site.inbox, uid) for uid in (3, 1, 2)])
    modseqs = [result.modseq for result in results if isinstance(result, FlagsStored) and result.modseq]
    assert len(modseqs) == 3
    assert modseqs == sorted(set(modseqs))


async def test_an_empty_batch_answers_nothing(site: Site) -> None:
    before = await site.engine.state(site.account)
    assert await site.engine.write_batch(site.account, []) == []
    assert await site.engine.state(site.account) == before


async def test_a_batch_may_rest_on_what_it_makes(site: Site) -> None:
    new = site.new_mailbox("work")
    async with AsyncExitStack() as exits:
        add = await site.add_command(exits, new.id, Draft())
        results = await site.engine.write_batch(site.account, [CreateMailboxes((new,), AUTHOR), add])
    assert isinstance(results[1], Added)
    refused, created = await site.engine.write_batch(
        site.account, [mark_seen(MailboxId("y" * 24), 1), CreateMailboxes((site.new_mailbox("play"),), AUTHOR)]
    )
    assert isinstance(refused, MailboxNotFound)
    assert not isinstance(created, Exception)


# Many at once


async def test_many_tasks_add_to_one_mailbox_and_each_gets_its_own_uids(site: Site) -> None:
    async with asyncio.TaskGroup() as group:
        tasks = [group.create_task(site.add(site.inbox, Draft(b"%d" % number), Draft())) for number in range(40)]
    answers = [task.result() for task in tasks]
    uids = sorted(uid for answer in answers for uid in answer.uids)
    assert uids == list(range(1, 81))
    assert len({answer.modseq for answer in answers}) == 40
    by_modseq = sorted(answers, key=lambda answer: answer.modseq)
    assert [answer.uids[0] for answer in by_modseq] == list(range(1, 81, 2))
    for number, answer in enumerate(answers):
        file = await site.engine.open_message(site.account, site.inbox, answer.uids[0])
        assert await file.read(0, 9) == b"%d" % number
        file.close()
    await site.check_counters()


async def test_many_accounts_are_written_at_once(site: Site) -> None:
    accounts = [site.account, *[await site.engine.create_account(f"user.u{number}") for number in range(5)]]
    inboxes = [site.inbox]
    for account in accounts[1:]:
        new = site.new_mailbox("")
        await site.engine.write(account, CreateMailboxes((new,), AUTHOR))
        inboxes.append(new.id)
    async with AsyncExitStack() as exits:
        commands = {
            account: await site.add_command(exits, inbox, Draft(account.encode()))
            for account, inbox in zip(accounts, inboxes, strict=True)
        }
        async with asyncio.TaskGroup() as group:
            for _ in range(6):
                for account, command in commands.items():
                    group.create_task(site.do(command, Added, account=account))
    for account, inbox in zip(accounts, inboxes, strict=True):
        assert [row.uid for row in await message_rows(site.engine, account, inbox)] == [1, 2, 3, 4, 5, 6]
        file = await site.engine.open_message(account, inbox, Uid(6))
        assert await file.read(0, 99) == account.encode()
        file.close()


async def test_mixed_writes_of_many_tasks_keep_the_counters_exact(site: Site) -> None:
    (work,) = await site.create("work")
    await site.engine.write(site.account, SetQuota("", {}, AUTHOR))
    await site.add(site.inbox, *[Draft(b"x" * size) for size in range(1, 31)])

    async def worker(number: int) -> None:
        own = uid_set(*range(number, 31, 5))
        await site.engine.write(site.account, mark_seen(site.inbox, *own))
        await site.engine.write(site.account, CopyMessages(site.inbox, own, work, AUTHOR, move=number % 2 == 0))
        await site.engine.write(
            site.account, StoreFlags(site.inbox, own, FlagOperation.ADD, Flags.of(["\\Deleted", f"k{number}"]), AUTHOR)
        )
        await site.engine.write(site.account, Expunge(site.inbox, AUTHOR, own))

    async with asyncio.TaskGroup() as group:
        for number in range(1, 6):
            group.create_task(worker(number))
    assert await site.uids(site.inbox) == []
    assert (await site.row(work)).messages == 30
    assert (await site.row(work)).octets == sum(range(1, 31))
    await site.check_counters()


async def test_of_two_that_race_for_the_last_room_one_is_refused(site: Site) -> None:
    await site.engine.write(site.account, SetQuota("", {QuotaResource.STORAGE: 1}, AUTHOR))
    answers = await asyncio.gather(site.add(site.inbox, KIB), site.add(site.inbox, KIB), return_exceptions=True)
    assert sorted(type(answer).__name__ for answer in answers) == ["Added", "QuotaExceeded"]


async def test_what_a_reader_sees_never_goes_back(site: Site) -> None:
    await site.add(site.inbox, Draft())
    seen: list[ModSeq] = []

    async def reader() -> None:
        while len(seen) < 200:
            seen.append((await site.engine.state(site.account)).modseq)
            await asyncio.sleep(0)

    async def writer() -> None:
        for number in range(10):
            flags = Flags.of([f"k{number}"])
            stored = await site.do(StoreFlags(site.inbox, uid_set(1), FlagOperation.ADD, flags, AUTHOR), FlagsStored)
            assert stored.modseq is not None
            assert (await site.engine.state(site.account)).modseq >= stored.modseq

    await asyncio.gather(reader(), writer())
    assert seen == sorted(seen)


async def test_a_write_goes_on_when_its_waiter_is_cancelled(direct_site: Site) -> None:
    site = direct_site
    async with AsyncExitStack() as exits:
        command: AddMessages = await site.add_command(exits, site.inbox, Draft(b"wanted"))
        waiter = asyncio.create_task(site.engine.write(site.account, command))
        await asyncio.sleep(0)
        waiter.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await waiter
        assert (await site.do(command, Added)).uids == (2,)
    assert await site.uids(site.inbox) == [1, 2]


# Advisory writes


async def test_an_advisory_write_rides_with_the_next_commit(site: Site) -> None:
    await site.add(site.inbox, Draft())
    site.engine.advise(site.account, ClaimRecent(site.inbox, Uid(1)))
    await site.engine.write(site.account, mark_seen(site.inbox, 1))
    assert (await site.row(site.inbox)).recent_uid == 1


async def test_a_refused_advisory_write_disturbs_nobody(site: Site) -> None:
    await site.add(site.inbox, Draft())
    site.engine.advise(site.account, ClaimRecent(MailboxId("z" * 24), Uid(1)))
    site.engine.advise(site.account, ClaimRecent(site.inbox, Uid(1)))
    stored = await site.do(mark_seen(site.inbox, 1), FlagsStored)
    assert stored.changed == uid_set(1)
    assert (await site.row(site.inbox)).recent_uid == 1


async def test_an_advisory_write_is_made_though_nobody_writes(site: Site) -> None:
    await site.add(site.inbox, Draft())
    written = asyncio.Event()
    site.engine.subscribe(lambda _: written.set())
    site.engine.advise(site.account, ClaimRecent(site.inbox, Uid(1)))
    async with asyncio.timeout(30):
        await written.wait()
    assert (await site.row(site.inbox)).recent_uid == 1


# Announcements


async def test_listeners_hear_of_every_account_that_changed(site: Site) -> None:
    board = await site.engine.create_account("board")
    heard: list[AccountId] = []
    also: list[AccountId] = []
    leave = site.engine.subscribe(heard.append)
    site.engine.subscribe(also.append)
    await site.add(site.inbox, Draft())
    assert set(heard) == {site.account}
    await site.engine.write(board, CreateMailboxes((site.new_mailbox(""),), AUTHOR))
    assert set(heard) == set(also) == {site.account, board}
    leave()
    heard.clear()
    also.clear()
    await site.add(site.inbox, Draft())
    assert (heard, set(also)) == ([], {site.account})


async def test_the_change_can_be_read_when_it_is_announced(site: Site) -> None:
    tasks: list[asyncio.Task[list[int]]] = []
    site.engine.subscribe(lambda _: tasks.append(asyncio.ensure_future(site.uids(site.inbox))))
    await site.add(site.inbox, Draft())
    assert tasks
    assert await tasks[0] == [1]


# Care


async def test_a_checkpoint_changes_nothing_that_is_read(site: Site) -> None:
    await site.add(site.inbox, Draft(flags=SEEN))
    before = await site.dump()
    await site.engine.checkpoint()
    assert await site.dump() == before
    assert (await site.add(site.inbox, Draft())).uids == (2,)


async def test_a_closed_engine_refuses(site: Site) -> None:
    await site.engine.close()
    for call in (
        lambda: site.engine.state(site.account),
        lambda: site.engine.write(site.account, Expunge(site.inbox, AUTHOR)),
        lambda: site.engine.account_id("user.smith"),
        lambda: site.engine.create_account("board"),
    ):
        with pytest.raises(AngariumError):
            await call()
    await site.engine.close()
