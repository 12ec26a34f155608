"""Users on the mail side."""

from dataclasses import replace

import pytest
from tests.store.world import START_S, World, name

from angarium.errors import AccountExists, AccountNotFound, MailboxNotFound, PartitionNotFound, PermissionDenied
from angarium.names import UserId
from angarium.operations.mailboxes import create, create_user, delete_user
from angarium.store import Store

CAROL = UserId("carol")


async def test_new_user_has_an_inbox_of_her_own(world: World) -> None:
    account = await create_user(world.store, world.admin, CAROL, partition="archive")
    carol = await world.store.actor(CAROL)
    assert carol.account == account
    inbox = await world.found("user.carol", carol)
    assert inbox.is_owner
    assert inbox.row.partition == "archive"
    await create(world.store, carol, name("user.carol.work"))
    with pytest.raises(AccountExists):
        await create_user(world.store, world.admin, CAROL)


async def test_deleted_user_leaves_her_mail_below_deleted(world: World) -> None:
    await create(world.store, world.user("alice"), name("user.alice.work"))
    await world.add("user.alice", [])
    await delete_user(world.store, world.admin, UserId("alice"))
    with pytest.raises(MailboxNotFound):
        await world.found("user.alice", world.user("alice"))
    kept = await world.found(f"DELETED.user.alice.{START_S:08X}")
    assert kept.row.messages == 1
    account = await create_user(world.store, world.admin, UserId("alice"))
    assert account == kept.account
    assert (await world.found("user.alice")).row.messages == 0


async def test_immediate_deletion_erases(plain_world: World) -> None:
    policy = replace(plain_world.store.policy, delayed_delete=False)
    store = Store(plain_world.engine, policy, plain_world.sources)
    await delete_user(store, plain_world.admin, UserId("alice"))
    assert [each.name.internal for each in await store.visible(plain_world.admin)] == ["user.bob"]


async def test_only_administrators_make_and_remove_users(plain_world: World) -> None:
    for actor in (plain_world.user("alice"), plain_world.anonymous):
        with pytest.raises(PermissionDenied):
            await create_user(plain_world.store, actor, CAROL)
        with pytest.raises(PermissionDenied):
            await delete_user(plain_world.store, actor, UserId("alice"))


async def test_unknown_users_and_partitions(plain_world: World) -> None:
    with pytest.raises(AccountNotFound):
        await delete_user(plain_world.store, plain_world.admin, CAROL)
    with pytest.raises(PartitionNotFound):
        await create_user(plain_world.store, plain_world.admin, CAROL, partition="nosuch")
    assert await plain_world.engine.account_id("user.carol") is None
