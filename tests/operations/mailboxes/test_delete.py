"""DELETE, delayed and immediate."""

from dataclasses import replace

import pytest
from tests.store.world import START_S, World, name

from angarium.errors import (
    MailboxHasChildren,
    MailboxNotFound,
    OperationNotSupported,
    PermissionDenied,
    SpecialUseTaken,
)
from angarium.operations.mailboxes import create, delete
from angarium.store import Store, StorePolicy

STAMP = f"{START_S:08X}"


async def _names(world: World) -> list[str]:
    return [each.name.internal for each in await world.store.visible(world.admin)]


async def test_deleted_mailbox_waits_below_deleted(world: World) -> None:
    created = await create(world.store, world.user("alice"), name("user.alice.work"))
    await world.add("user.alice.work", [])
    assert await delete(world.store, world.user("alice"), name("user.alice.work")) == (name("user.alice.work"),)
    assert await _names(world) == ["user.alice", "user.bob", f"DELETED.user.alice.work.{STAMP}"]
    kept = await world.found(f"DELETED.user.alice.work.{STAMP}")
    assert (kept.id, kept.row.messages, kept.row.deleted_at_s) == (created.mailbox, 1, START_S)
    with pytest.raises(MailboxNotFound):
        await delete(world.store, world.user("alice"), name("user.alice.work"))


async def test_two_of_one_name_deleted_in_one_second(world: World) -> None:
    ids = []
    for _ in range(3):
        ids.append((await create(world.store, world.user("alice"), name("user.alice.work"))).mailbox)
        await delete(world.store, world.user("alice"), name("user.alice.work"))
    found = [(await world.found(f"DELETED.user.alice.work.{START_S + n:08X}")).id for n in range(3)]
    assert found == ids


async def test_new_mailbox_of_the_name_has_a_higher_uidvalidity(world: World) -> None:
    await create(world.store, world.user("alice"), name("user.alice.work"))
    before = (await world.found("user.alice.work")).row.uidvalidity
    await delete(world.store, world.user("alice"), name("user.alice.work"))
    await create(world.store, world.user("alice"), name("user.alice.work"))
    assert (await world.found("user.alice.work")).row.uidvalidity > before


async def test_mailbox_with_children_stays(world: World) -> None:
    await create(world.store, world.user("alice"), name("user.alice.a.b"))
    with pytest.raises(MailboxHasChildren):
        await delete(world.store, world.user("alice"), name("user.alice.a"))
    await delete(world.store, world.user("alice"), name("user.alice.a.b"))
    await delete(world.store, world.user("alice"), name("user.alice.a"))


async def test_inbox_cannot_be_deleted_by_its_user(plain_world: World) -> None:
    with pytest.raises(OperationNotSupported):
        await delete(plain_world.store, plain_world.user("alice"), name("user.alice"))
    await plain_world.set_acl("user.alice", "bob lrx")
    with pytest.raises(PermissionDenied):
        await delete(plain_world.store, plain_world.user("bob"), name("user.alice"))


async def test_administrator_needs_x_and_takes_all_of_a_user(world: World) -> None:
    await create(world.store, world.user("alice"), name("user.alice.a.b"))
    with pytest.raises(PermissionDenied):
        await delete(world.store, world.admin, name("user.alice"))
    await world.set_acl("user.alice", "alice lrs cyrus x")
    gone = await delete(world.store, world.admin, name("user.alice"))
    assert [each.internal for each in gone] == ["user.alice", "user.alice.a", "user.alice.a.b"]
    deleted = [f"DELETED.user.alice.{STAMP}", f"DELETED.user.alice.a.{STAMP}", f"DELETED.user.alice.a.b.{STAMP}"]
    assert sorted(await _names(world)) == sorted(["user.bob", *deleted])
    await create(world.store, world.admin, name("user.alice"))
    assert (await world.found("user.alice")).account == (await world.found(deleted[0])).account


async def test_right_x_is_needed(plain_world: World) -> None:
    await plain_world.create("board", "alice lrswipkte bob x carol rswipkte")
    with pytest.raises(PermissionDenied):
        await delete(plain_world.store, plain_world.user("alice"), name("board"))
    with pytest.raises(MailboxNotFound):
        await delete(plain_world.store, plain_world.user("carol"), name("board"))
    await delete(plain_world.store, plain_world.user("bob"), name("board"))


async def test_administrator_erases_what_waits(world: World) -> None:
    await create(world.store, world.user("alice"), name("user.alice.work"))
    await world.set_acl("user.alice.work", "alice lrx cyrus x")
    await delete(world.store, world.user("alice"), name("user.alice.work"))
    await delete(world.store, world.admin, name(f"DELETED.user.alice.work.{STAMP}"))
    assert await _names(world) == ["user.alice", "user.bob"]


async def test_immediate_delete_leaves_nothing(plain_world: World) -> None:
    policy: StorePolicy = replace(plain_world.store.policy, delayed_delete=False)
    store = Store(plain_world.engine, policy, plain_world.sources)
    await create(store, plain_world.user("alice"), name("user.alice.work"))
    await delete(store, plain_world.user("alice"), name("user.alice.work"))
    assert await _names(plain_world) == ["user.alice", "user.bob"]


async def test_protected_special_use_stays_but_for_administrators(world: World) -> None:
    alice = world.user("alice")
    await create(world.store, alice, name("user.alice.Drafts"), special_use=["\\Drafts"])
    await create(world.store, alice, name("user.alice.Later"), special_use=["\\Snoozed"])
    with pytest.raises(SpecialUseTaken):
        await delete(world.store, alice, name("user.alice.Drafts"))
    await delete(world.store, alice, name("user.alice.Later"))
    await world.set_acl("user.alice.Drafts", "bob l cyrus lx")
    with pytest.raises(PermissionDenied):
        await delete(world.store, world.user("bob"), name("user.alice.Drafts"))
    await delete(world.store, world.admin, name("user.alice.Drafts"))
    # The use is another mailbox's to have
    await create(world.store, alice, name("user.alice.Sketches"), special_use=["\\Drafts"])
