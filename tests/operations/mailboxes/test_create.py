"""CREATE: whose, with which rights, and what strangers learn (nothing)."""

from dataclasses import replace

import pytest
from tests.store.world import World, name

from angarium.engine.rows import NO_MODSEQ
from angarium.errors import (
    MailboxExists,
    MailboxNameInvalid,
    PartitionNotFound,
    PermissionDenied,
    SpecialUseInvalid,
    SpecialUseTaken,
)
from angarium.names import UserId
from angarium.operations.mailboxes import create
from angarium.store import Actor, Store
from angarium.store.acl import parse_acl
from angarium.store.specialuse import SpecialUsePolicy


async def _acl(world: World, internal: str) -> str:
    return parse_acl((await world.found(internal)).row.acl).serialize().replace("\t", " ").strip()


async def test_new_mailbox_inherits_and_is_listed_at_once(world: World) -> None:
    await world.set_acl("user.alice", "alice lrswipkxtean bob lrs")
    created = await create(world.store, world.user("alice"), name("user.alice.Work"))
    assert created.names == (name("user.alice.Work"),)
    found = await world.found("user.alice.Work")
    assert (found.id, found.row.partition) == (created.mailbox, "default")
    assert await _acl(world, "user.alice.Work") == "alice lrswipkxtecdan bob lrs"
    assert "user.alice.Work" in [each.name.internal for each in await world.store.visible(world.user("bob"))]


async def test_missing_parents_become_real_mailboxes(world: World) -> None:
    created = await create(world.store, world.user("alice"), name("user.alice.a.b^b.c"))
    assert [each.internal for each in created.names] == ["user.alice.a", "user.alice.a.b^b", "user.alice.a.b^b.c"]
    ids = {(await world.found(each.internal)).id for each in created.names}
    assert len(ids) == 3
    with pytest.raises(MailboxExists):
        await create(world.store, world.user("alice"), name("user.alice.a"))


async def test_names_are_one_in_either_spelling_and_differ_in_case(world: World) -> None:
    await create(world.store, world.user("alice"), name("user.alice.Caf\u00e9"))
    with pytest.raises(MailboxExists):
        await create(world.store, world.user("alice"), name("user.alice.Cafe\u0301"))
    await create(world.store, world.user("alice"), name("user.alice.caf\u00e9"))


async def test_own_inbox_is_there_already(plain_world: World) -> None:
    with pytest.raises(MailboxExists):
        await create(plain_world.store, plain_world.user("alice"), name("user.alice"))


@pytest.mark.parametrize(
    "internal",
    [
        "user.bob",
        "user.bob.work",
        "user.bob.new",
        "user.nobody",
        "user.nobody.x",
        "board",
        "board.x",
        "secret.x",
        "new",
    ],
)
async def test_stranger_gets_one_answer_whatever_there_is(plain_world: World, internal: str) -> None:
    await plain_world.create("user.bob.work", "bob lrs")
    await plain_world.create("board", "anyone rswipxtea")
    await plain_world.create("secret", "bob lrswipkxtea")
    with pytest.raises(PermissionDenied):
        await create(plain_world.store, plain_world.user("alice"), name(internal))


async def test_right_k_above_is_what_counts(world: World) -> None:
    await world.create("board", "alice lrk bob lrs")
    await create(world.store, world.user("alice"), name("board.new"))
    with pytest.raises(PermissionDenied):
        await create(world.store, world.user("bob"), name("board.other"))
    await world.set_acl("board.new", "bob lrs")
    with pytest.raises(PermissionDenied):  # not MailboxExists: alice may not know of it any more
        await create(world.store, world.user("alice"), name("board.new"))
    with pytest.raises(PermissionDenied):
        await create(world.store, world.user("alice"), name("board.new.below"))


async def test_user_without_account_creates_nothing(plain_world: World) -> None:
    for internal in ("user.carol", "user.carol.work"):
        with pytest.raises(PermissionDenied):
            await create(plain_world.store, plain_world.user("carol"), name(internal))
    with pytest.raises(PermissionDenied):
        await create(plain_world.store, plain_world.anonymous, name("user.alice.x"))


async def test_administrator_creates_users_and_boards(world: World) -> None:
    await create(world.store, world.admin, name("user.carol"))
    assert await _acl(world, "user.carol") == "carol lrswipkxtecdan"
    await create(world.store, world.admin, name("user.carol.x"))
    assert await _acl(world, "user.carol.x") == "carol lrswipkxtecdan"
    created = await create(world.store, world.admin, name("board.sub"))
    assert [each.internal for each in created.names] == ["board", "board.sub"]
    assert await _acl(world, "board.sub") == "anyone lrs"
    with pytest.raises(MailboxExists):
        await create(world.store, world.admin, name("user.carol"))


async def test_administrator_creates_nothing_below_a_missing_user(plain_world: World) -> None:
    with pytest.raises(PermissionDenied):
        await create(plain_world.store, plain_world.admin, name("user.carol.x"))
    assert await plain_world.engine.account_id("user.carol") is None


async def test_administrator_of_a_domain_creates_in_it_alone(plain_world: World) -> None:
    admin = Actor(UserId("admin", "example.com"), is_admin=True)
    await create(plain_world.store, admin, name("example.com!user.carol"))
    assert await _acl(plain_world, "example.com!user.carol") == "carol@example.com lrswipkxtecdan"
    for internal in ("user.dave", "example.org!user.dave", "board"):
        with pytest.raises(PermissionDenied):
            await create(plain_world.store, admin, name(internal))


async def test_partitions_are_the_administrators(world: World) -> None:
    for partition in ("archive", "nosuch"):
        with pytest.raises(PermissionDenied):
            await create(world.store, world.user("alice"), name("user.alice.x"), partition=partition)
    with pytest.raises(PartitionNotFound):
        await create(world.store, world.admin, name("user.carol"), partition="nosuch")
    assert await world.engine.account_id("user.carol") is None
    await create(world.store, world.admin, name("user.alice.x"), partition="archive")
    await create(world.store, world.user("alice"), name("user.alice.x.y"))
    assert (await world.found("user.alice.x.y")).row.partition == "archive"


@pytest.mark.parametrize("internal", ["DELETED", "DELETED.foo", "DELETED.user.alice", "DELETED.user.alice.6553F100"])
async def test_names_of_deleted_mailboxes_are_kept_for_these(plain_world: World, internal: str) -> None:
    for actor in (plain_world.admin, plain_world.user("alice")):
        with pytest.raises(MailboxNameInvalid):
            await create(plain_world.store, actor, name(internal))


async def test_a_user_may_call_a_mailbox_as_the_deleted_ones(plain_world: World) -> None:
    await create(plain_world.store, plain_world.user("alice"), name("user.alice.DELETED.x.6553F100"))
    assert (await plain_world.found("user.alice.DELETED.x.6553F100")).row.deleted_at_s is None


async def test_change_log_tells_who_created(plain_world: World) -> None:
    await create(plain_world.store, plain_world.user("alice"), name("user.alice.x"))
    account = plain_world.user("alice").account
    assert account is not None
    mailbox = await plain_world.found("user.alice.x")
    changes = await plain_world.engine.changes(account, since=NO_MODSEQ, limit=100)
    assert [change.actor for change in changes if change.mailbox == mailbox.id] == ["alice"]


async def test_special_use_is_given_to_the_mailbox_that_was_asked_for(world: World) -> None:
    alice = world.user("alice")
    await create(world.store, alice, name("user.alice.Drafts"), special_use=["\\drafts", "\\Important"])
    assert (await world.found("user.alice.Drafts")).row.special_use == "\\Drafts \\Important"
    (shown,) = [each for each in await world.store.visible(alice) if each.special_use]
    assert (shown.name, shown.special_use) == (name("user.alice.Drafts"), "\\Drafts \\Important")
    for attribute, refusal in (("\\Drafts", SpecialUseTaken), ("\\Foo", SpecialUseInvalid)):
        with pytest.raises(refusal):
            await create(world.store, alice, name("user.alice.Other"), special_use=[attribute])
    await create(world.store, world.user("bob"), name("user.bob.Drafts"), special_use=["\\Drafts"])


@pytest.mark.parametrize("attribute", ["\\Sent", "\\Drafts"])
async def test_who_may_create_with_others_learns_nothing_of_their_uses(world: World, attribute: str) -> None:
    await world.set_acl("user.alice", "alice lrswipkxtean bob lrk")
    await create(world.store, world.user("alice"), name("user.alice.Drafts"), special_use=["\\Drafts"])
    with pytest.raises(PermissionDenied):
        await create(world.store, world.user("bob"), name("user.alice.x"), special_use=[attribute])
    await create(world.store, world.user("bob"), name("user.alice.x"))


async def test_stranger_gets_no_other_answer_for_a_special_use(plain_world: World) -> None:
    for internal in ("user.bob.Drafts", "user.nobody.Drafts", "board"):
        with pytest.raises(PermissionDenied):
            await create(plain_world.store, plain_world.user("alice"), name(internal), special_use=["\\Drafts"])


async def test_nothing_is_created_below_a_mailbox_of_a_childless_use(world: World) -> None:
    policy = SpecialUsePolicy(childless=frozenset({"\\trash"}))
    store = Store(world.engine, replace(world.store.policy, special_use=policy), world.sources)
    await create(store, world.user("alice"), name("user.alice.Trash"), special_use=["\\Trash"])
    with pytest.raises(PermissionDenied):
        await create(store, world.user("alice"), name("user.alice.Trash.sub"))
    await create(store, world.admin, name("user.alice.Trash.sub"))
