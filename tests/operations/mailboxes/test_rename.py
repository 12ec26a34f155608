"""RENAME of trees, of INBOX, of users; and bringing back what was deleted."""

from collections.abc import Awaitable, Callable

import pytest
from tests.store.world import START_S, World, name

from angarium.engine.commands import Command, Result
from angarium.engine.rows import AccountId
from angarium.errors import (
    MailboxExists,
    MailboxNameInvalid,
    MailboxNotFound,
    OperationNotSupported,
    PartitionNotFound,
    PermissionDenied,
)
from angarium.names import UserId
from angarium.operations.mailboxes import create, delete, rename
from angarium.rights import serialize_rights
from angarium.store.acl import parse_acl


async def _names(world: World) -> list[str]:
    return [each.name.internal for each in await world.store.visible(world.admin)]


async def test_tree_moves_with_ids_and_messages(world: World) -> None:
    alice = world.user("alice")
    created = await create(world.store, alice, name("user.alice.a.b"))
    await create(world.store, alice, name("user.alice.ab"))
    await world.add("user.alice.a.b", [], [])
    renamed = await rename(world.store, alice, name("user.alice.a"), name("user.alice.x.y"))
    assert [(each.old.internal, each.new.internal) for each in renamed] == [
        ("user.alice.a", "user.alice.x.y"),
        ("user.alice.a.b", "user.alice.x.y.b"),
    ]
    assert await _names(world) == [
        "user.alice",
        "user.alice.ab",
        "user.alice.x",
        "user.alice.x.y",
        "user.alice.x.y.b",
        "user.bob",
    ]
    moved = await world.found("user.alice.x.y.b", alice)
    assert (moved.id, moved.row.messages) == (created.mailbox, 2)


@pytest.mark.parametrize(
    ("source", "target", "refusal"),
    [
        ("user.alice.a", "user.alice.b", MailboxExists),
        ("user.alice.a", "user.alice", MailboxExists),
        ("user.alice.nosuch", "user.alice.c", MailboxNotFound),
        ("user.alice.a", "user.alice.a", PermissionDenied),
        ("user.alice.a", "user.alice.a.c", MailboxNameInvalid),
        ("user.alice.a", "DELETED.user.alice.a.6553F100", MailboxNameInvalid),
        ("user.alice.a", "user.bob.a", PermissionDenied),
        ("user.alice.a", "user.bob", PermissionDenied),
        ("user.alice.a", "user.nobody.a", PermissionDenied),
        ("user.alice.a", "board", MailboxExists),
        ("user.bob", "user.alice.c", MailboxNotFound),
        ("user.bob.nosuch", "user.alice.c", MailboxNotFound),
        ("user.alice", "user.alicia", PermissionDenied),
        ("board", "user.alice.c", PermissionDenied),
    ],
)
async def test_what_a_user_cannot_rename(
    plain_world: World, source: str, target: str, refusal: type[Exception]
) -> None:
    alice = plain_world.user("alice")
    await plain_world.create("board", "alice lrk")
    for internal in ("user.alice.a", "user.alice.b"):
        await create(plain_world.store, alice, name(internal))
    before = await _names(plain_world)
    with pytest.raises(refusal):
        await rename(plain_world.store, alice, name(source), name(target))
    assert await _names(plain_world) == before


async def test_right_x_on_the_mailbox_and_k_above_the_new_name(world: World) -> None:
    await world.create("board", "alice lrk bob lr")
    for internal, acl in (("board.a", "alice lrx bob lrx"), ("board.b", "alice lr")):
        await world.create(internal, acl)
    with pytest.raises(PermissionDenied):
        await rename(world.store, world.user("bob"), name("board.a"), name("board.c"))
    with pytest.raises(PermissionDenied):
        await rename(world.store, world.user("alice"), name("board.b"), name("board.c"))
    await rename(world.store, world.user("alice"), name("board.a"), name("board.c"))
    await rename(world.store, world.admin, name("board.b"), name("board.d"))
    assert await _names(world) == ["user.alice", "user.bob", "board", "board.c", "board.d"]


async def test_inbox_stays_and_its_messages_move(world: World) -> None:
    await world.add("user.alice", ["\\Seen"], [])
    inbox = await world.found("user.alice")
    await rename(world.store, world.user("alice"), name("user.alice"), name("user.alice.Old.2026"))
    after = await world.found("user.alice")
    assert (after.id, after.row.messages) == (inbox.id, 0)
    assert (await world.found("user.alice.Old.2026")).row.messages == 2


async def test_inbox_without_messages_can_be_renamed_too(plain_world: World) -> None:
    await rename(plain_world.store, plain_world.user("alice"), name("user.alice"), name("user.alice.Old"))
    assert await _names(plain_world) == ["user.alice", "user.alice.Old", "user.bob"]


async def test_user_keeps_everything_under_her_new_name(world: World) -> None:
    alice = world.user("alice")
    await create(world.store, alice, name("user.alice.work"))
    await world.set_acl("user.alice.work", "alice lrswipkxtea bob lrs -alice n")
    await world.add("user.alice.work", [])
    renamed = await rename(world.store, world.admin, name("user.alice"), name("user.alicia"))
    assert [each.new.internal for each in renamed] == ["user.alicia", "user.alicia.work"]
    alicia = await world.store.actor(UserId("alicia"))
    assert alicia.account == alice.account
    mailbox = await world.found("user.alicia.work", alicia)
    assert mailbox.is_owner
    assert mailbox.row.messages == 1
    acl = parse_acl(mailbox.row.acl)
    assert {(each.identifier, serialize_rights(each.rights)) for each in acl.entries} == {
        ("alicia", "lrswipkxtecda"),
        ("bob", "lrs"),
        ("-alicia", "n"),
    }
    assert await _names(world) == ["user.alicia", "user.alicia.work", "user.bob"]
    assert "user.alicia.work" in [each.name.internal for each in await world.store.visible(world.user("bob"))]
    with pytest.raises(MailboxNotFound):
        await world.found("user.alice.work", world.user("alice"))


async def test_shared_hierarchy_gets_another_name(plain_world: World) -> None:
    await plain_world.create("board", "anyone lrs")
    await plain_world.create("board.sub", "anyone lrs")
    await rename(plain_world.store, plain_world.admin, name("board"), name("wall"))
    assert await _names(plain_world) == ["user.alice", "user.bob", "wall", "wall.sub"]


@pytest.mark.parametrize(
    ("source", "target", "refusal"),
    [
        ("user.alice", "user.bob", MailboxExists),
        ("user.alice", "user.bob.x", OperationNotSupported),
        ("user.alice", "wall", OperationNotSupported),
        ("user.alice", "board.x", OperationNotSupported),
        ("board.sub", "user.alice", MailboxExists),
        ("board.sub", "user.carol.x", PermissionDenied),
        ("board", "board.sub.x", MailboxNameInvalid),
        ("board.nosuch", "user.alice.x", MailboxNotFound),
        ("user.nosuch", "user.x", MailboxNotFound),
    ],
)
async def test_what_an_administrator_cannot_rename(
    plain_world: World, source: str, target: str, refusal: type[Exception]
) -> None:
    await plain_world.create("board", "anyone lrs")
    await plain_world.create("board.sub", "anyone lrs")
    before = await _names(plain_world)
    with pytest.raises(refusal):
        await rename(plain_world.store, plain_world.admin, name(source), name(target))
    assert await _names(plain_world) == before


async def test_name_of_a_user_whose_mail_still_waits_is_taken(plain_world: World) -> None:
    await plain_world.set_acl("user.bob", "cyrus x")
    await delete(plain_world.store, plain_world.admin, name("user.bob"))
    with pytest.raises(MailboxExists):
        await rename(plain_world.store, plain_world.admin, name("user.alice"), name("user.bob"))


async def test_deleted_mailbox_is_brought_back(world: World) -> None:
    created = await create(world.store, world.user("alice"), name("user.alice.work"))
    await delete(world.store, world.user("alice"), name("user.alice.work"))
    deleted = name(f"DELETED.user.alice.work.{START_S:08X}")
    with pytest.raises(MailboxNotFound):
        await rename(world.store, world.user("alice"), deleted, name("user.alice.work"))
    await rename(world.store, world.admin, deleted, name("user.alice.back"))
    found = await world.found("user.alice.back", world.user("alice"))
    assert (found.id, found.row.deleted_at_s) == (created.mailbox, None)


async def test_deleted_inbox_is_brought_back(world: World) -> None:
    await world.set_acl("user.alice", "alice lrs cyrus x")
    await delete(world.store, world.admin, name("user.alice"))
    await rename(world.store, world.admin, name(f"DELETED.user.alice.{START_S:08X}"), name("user.alice"))
    assert (await world.found("user.alice", world.user("alice"))).is_owner


async def test_partition_is_the_administrators_and_stays(plain_world: World) -> None:
    await plain_world.create("user.alice.a", "alice lrx")
    source, target = name("user.alice.a"), name("user.alice.b")
    with pytest.raises(PermissionDenied):
        await rename(plain_world.store, plain_world.user("alice"), source, target, partition="default")
    with pytest.raises(PartitionNotFound):
        await rename(plain_world.store, plain_world.admin, source, target, partition="nosuch")
    with pytest.raises(OperationNotSupported):
        await rename(plain_world.store, plain_world.admin, source, target, partition="archive")
    await rename(plain_world.store, plain_world.admin, source, target, partition="default")


async def _meanwhile(world: World, other: Callable[[], Awaitable[object]], monkeypatch: pytest.MonkeyPatch) -> None:
    """Have `other` done by somebody else right before the next write."""
    write = world.engine.write

    async def writing(account: AccountId, command: Command) -> Result:
        monkeypatch.undo()
        await other()
        return await write(account, command)

    monkeypatch.setattr(world.engine, "write", writing)


async def test_of_two_renames_at_one_time_the_later_one_sees_the_names_of_the_other(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    alice = world.user("alice")
    for each in ("a", "a.d", "b"):
        await create(world.store, alice, name(f"user.alice.{each}"))
    await _meanwhile(
        world, lambda: rename(world.store, alice, name("user.alice.a"), name("user.alice.gone")), monkeypatch
    )
    with pytest.raises(MailboxNotFound):
        await rename(world.store, alice, name("user.alice.a.d"), name("user.alice.a.e"))
    await _meanwhile(world, lambda: rename(world.store, alice, name("user.alice.b"), name("user.alice.c")), monkeypatch)
    await rename(world.store, alice, name("user.alice.gone.d"), name("user.alice.b.d"))
    assert await _names(world) == [
        "user.alice",
        "user.alice.b",
        "user.alice.b.d",
        "user.alice.c",
        "user.alice.gone",
        "user.bob",
    ]


async def test_a_mailbox_that_is_created_meanwhile_goes_along(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    alice = world.user("alice")
    await create(world.store, alice, name("user.alice.a"))
    await _meanwhile(world, lambda: create(world.store, alice, name("user.alice.a.new")), monkeypatch)
    await rename(world.store, alice, name("user.alice.a"), name("user.alice.c"))
    assert await _names(world) == ["user.alice", "user.alice.c", "user.alice.c.new", "user.bob"]


async def test_a_mailbox_is_created_where_its_name_says_though_the_one_above_goes_meanwhile(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    alice = world.user("alice")
    await create(world.store, alice, name("user.alice.a"))
    await _meanwhile(world, lambda: rename(world.store, alice, name("user.alice.a"), name("user.alice.c")), monkeypatch)
    await create(world.store, alice, name("user.alice.a.new"))
    assert await _names(world) == ["user.alice", "user.alice.a", "user.alice.a.new", "user.alice.c", "user.bob"]


async def test_a_mailbox_that_got_another_name_meanwhile_is_not_deleted(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    alice = world.user("alice")
    await create(world.store, alice, name("user.alice.a"))
    await _meanwhile(world, lambda: rename(world.store, alice, name("user.alice.a"), name("user.alice.c")), monkeypatch)
    with pytest.raises(MailboxNotFound):
        await delete(world.store, alice, name("user.alice.a"))
    assert await _names(world) == ["user.alice", "user.alice.c", "user.bob"]
