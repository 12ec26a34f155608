"""Expiry."""

from datetime import timedelta
from importlib import import_module

import pytest
from tests.operations.messages.conftest import AUTHOR, World

from angarium.engine.commands import Deliver, MailboxRename, RemoveDispatch, RenameMailboxes
from angarium.engine.delivery import Dispatch
from angarium.engine.rows import AccountId
from angarium.errors import DiskFailed, PermissionDenied
from angarium.names import MailboxName
from angarium.operations.care import Expired, ExpirePlan, expire
from angarium.operations.messages import expunge
from angarium.store import AccountTree, Actor

PROGRAM = Actor.program("cyr_expire")
DAY = timedelta(days=1)
NOTHING = Expired()


async def expunge_some(world: World, name: str, count: int) -> None:
    for _ in range(count):
        await world.append(name, flags=["\\Deleted"])
    await world.append(name)
    await expunge(world.store, world.alice, await world.select(name))


async def test_old_expunged_messages_are_purged(world: World) -> None:
    await expunge_some(world, "user.alice", 3)
    plan = ExpirePlan(expunged_older_than=DAY)
    assert await expire(world.store, PROGRAM, plan) == NOTHING
    world.sources.time_s += 86_401
    assert await expire(world.store, PROGRAM, plan) == Expired(messages=3)
    assert await expire(world.store, PROGRAM, plan) == NOTHING
    assert set(await world.flags("user.alice")) == {4}


async def test_nothing_younger_than_ten_minutes_is_purged(world: World) -> None:
    await expunge_some(world, "user.alice", 1)
    plan = ExpirePlan(expunged_older_than=timedelta(0))
    world.sources.time_s += 590
    assert await expire(world.store, PROGRAM, plan) == NOTHING
    world.sources.time_s += 20
    assert (await expire(world.store, PROGRAM, plan)).messages == 1


async def test_many_are_purged_in_slices(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(import_module("angarium.operations.care.expire"), "_ROWS", 2)
    await expunge_some(world, "user.alice", 5)
    world.sources.time_s += 86_401
    assert (await expire(world.store, PROGRAM, ExpirePlan(expunged_older_than=DAY))).messages == 5


async def delete(world: World, name: str) -> None:
    """Delete a mailbox in the delayed way."""
    full = MailboxName.from_internal(name)
    relative = name[len(full.account_path("DELETED").account_name) + 1 :]
    stamp = f"{world.sources.time_s:08X}"
    new = f"{relative}.{stamp}" if relative else stamp
    rename = MailboxRename(world.mailboxes[name], new, deleted_at_s=world.sources.time_s)
    await world.engine.write(world.account_of(name), RenameMailboxes((rename,), AUTHOR))


async def test_mailboxes_deleted_long_ago_are_erased(world: World) -> None:
    await delete(world, "user.alice.work")
    plan = ExpirePlan(deleted_older_than=DAY)
    assert await expire(world.store, PROGRAM, plan) == NOTHING
    world.sources.time_s += 86_401
    assert await expire(world.store, PROGRAM, plan) == Expired(mailboxes=1)
    assert len(await world.engine.mailboxes(world.account_of("user.alice"))) == 1


async def test_a_mailbox_that_was_brought_back_meanwhile_stays(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    await delete(world, "user.alice.work")
    world.sources.time_s += 86_401
    account = world.account_of("user.alice")
    stale = await world.store.tree(account)
    back = MailboxRename(world.mailboxes["user.alice.work"], "work")
    await world.engine.write(account, RenameMailboxes((back,), AUTHOR))
    tree = world.store.tree

    async def answer(asked: AccountId) -> AccountTree:
        return stale if asked == account else await tree(asked)

    monkeypatch.setattr(world.store, "tree", answer)
    assert await expire(world.store, PROGRAM, ExpirePlan(deleted_older_than=DAY)) == NOTHING
    assert len(await world.engine.mailboxes(account)) == 2


async def test_an_account_goes_with_its_last_mailbox(world: World) -> None:
    await delete(world, "user.bob")
    empty = await world.engine.create_account("user.being-made")
    world.sources.time_s += 86_401
    plan = ExpirePlan(deleted_older_than=DAY, changes_older_than=DAY)
    assert (await expire(world.store, PROGRAM, plan)).failures == ()
    assert await world.engine.account_id("user.bob") is None
    assert await world.engine.account_id("user.being-made") == empty


async def test_an_account_whose_mail_waits_to_be_sent_stays_until_it_was(world: World) -> None:
    account = await world.engine.account_id("user.bob")
    assert account is not None
    mail = Dispatch("bob@example.org", ("ann@example.org",), b"Subject: x\r\n\r\n", "redirect", "1@x", 1 << 40)
    await world.engine.write(account, Deliver(AUTHOR, dispatches=(mail,)))
    await delete(world, "user.bob")
    world.sources.time_s += 86_401
    plan = ExpirePlan(deleted_older_than=DAY)
    assert await expire(world.store, PROGRAM, plan) == Expired(mailboxes=1)
    assert await expire(world.store, PROGRAM, plan) == NOTHING
    assert await world.engine.accounts_with_mail() == [account]
    await world.engine.write(account, RemoveDispatch(1, AUTHOR))
    assert await expire(world.store, PROGRAM, plan) == NOTHING
    assert await world.engine.account_id("user.bob") is None


async def test_the_change_log_is_pruned(world: World) -> None:
    await expunge_some(world, "user.alice", 1)
    world.sources.time_s += 86_401
    await world.append("user.alice")
    account = world.account_of("user.alice")
    expired = await expire(world.store, PROGRAM, ExpirePlan(changes_older_than=DAY))
    assert expired.changes > 0
    state = await world.engine.state(account)
    assert [change.modseq for change in await world.engine.changes(account, since=type(state.modseq)(0), limit=9)] == [
        state.modseq
    ]


@pytest.mark.parametrize(
    ("top", "messages", "mailboxes"),
    [("user.alice", 2, 1), ("user.alice.work", 0, 1), ("user.bob", 0, 0), ("user.al", 0, 0)],
)
async def test_only_the_tree_asked_for(memory_world: World, top: str, messages: int, mailboxes: int) -> None:
    world = memory_world
    await expunge_some(world, "user.alice", 2)
    await delete(world, "user.alice.work")
    world.sources.time_s += 86_401
    plan = ExpirePlan(DAY, DAY, DAY, top=MailboxName.from_internal(top))
    assert await expire(world.store, PROGRAM, plan) == Expired(messages, mailboxes)


async def test_a_bad_account_keeps_no_other_from_its_expiry(
    memory_world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    world = memory_world
    await expunge_some(world, "user.alice", 1)
    world.sources.time_s += 86_401
    bad = world.account_of("board")
    state = world.engine.state

    async def fail(account: object) -> object:
        if account == bad:
            raise DiskFailed("as asked for")
        return await state(account)  # type: ignore[arg-type]

    monkeypatch.setattr(world.engine, "state", fail)
    expired = await expire(world.store, PROGRAM, ExpirePlan(expunged_older_than=DAY))
    assert expired.messages == 1
    assert [name for name, _ in expired.failures] == ["board"]


async def test_only_administrators_may(memory_world: World) -> None:
    with pytest.raises(PermissionDenied):
        await expire(memory_world.store, memory_world.alice, ExpirePlan())
