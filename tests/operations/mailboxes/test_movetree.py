"""RENAME into another account: who may, where to, and what goes along."""

import pytest
from tests.store.world import AUTHOR, START_S, World, name

from angarium.engine.commands import PurgeMessages, SetQuota
from angarium.engine.rows import QuotaResource
from angarium.errors import (
    MailboxExists,
    MailboxHasChildren,
    MailboxNotFound,
    OperationNotSupported,
    PermissionDenied,
    QuotaExceeded,
)
from angarium.names import UserId
from angarium.operations.mailboxes import create, create_user, delete, rename, subscribe
from angarium.store import SelectedMailbox
from angarium.store.acl import parse_acl

ALL = "lrswipkxtea"


async def names_of(world: World, user: str | None = None) -> list[str]:
    actor = world.admin if user is None else world.user(user)
    return [each.name.internal for each in await world.store.visible(actor)]


async def subscriptions_of(world: World, user: str) -> list[str]:
    account = world.user(user).account
    assert account is not None
    return [row.name for row in await world.engine.subscriptions(account) if row.subscribed]


async def move(world: World, source: str, target: str, user: str | None = None) -> list[tuple[str, str]]:
    actor = world.admin if user is None else world.user(user)
    renamed = await rename(world.store, actor, name(source), name(target))
    return [(each.old.internal, each.new.internal) for each in renamed]


async def test_administrator_moves_a_tree_to_another_user(world: World) -> None:
    alice = world.user("alice")
    created = await create(world.store, alice, name("user.alice.work"))
    await create(world.store, alice, name("user.alice.work.sub"))
    await create(world.store, alice, name("user.alice.works"))
    await world.add("user.alice.work", ["\\Flagged"], [])
    before = await world.found("user.alice.work")
    assert await move(world, "user.alice.work", "user.bob.from.alice") == [
        ("user.alice.work", "user.bob.from.alice"),
        ("user.alice.work.sub", "user.bob.from.alice.sub"),
    ]
    assert await names_of(world) == [
        "user.alice",
        "user.alice.works",
        "user.bob",
        "user.bob.from",
        "user.bob.from.alice",
        "user.bob.from.alice.sub",
    ]
    after = await world.found("user.bob.from.alice", world.user("bob"))
    assert (after.id, after.row.uidvalidity, after.row.messages) == (created.mailbox, before.row.uidvalidity, 2)
    assert after.is_owner
    assert after.row.acl == before.row.acl
    assert await world.add("user.bob.from.alice", []) == (3,)


async def test_shared_mailbox_becomes_a_user_and_back(world: World) -> None:
    for mailbox in ("board", "board.sub", "board.sub.deep"):
        await world.create(mailbox, "anyone lrs")
    await world.add("board.sub", [])
    assert await move(world, "board.sub", "user.frank") == [
        ("board.sub", "user.frank"),
        ("board.sub.deep", "user.frank.deep"),
    ]
    assert await names_of(world) == ["user.alice", "user.bob", "user.frank", "user.frank.deep", "board"]
    frank = await world.store.actor(UserId("frank"))
    assert frank.account is not None
    assert (await world.found("user.frank", frank)).is_owner
    assert "user.frank" in await names_of(world, "alice")
    await move(world, "user.frank.deep", "wall")
    assert await names_of(world) == ["user.alice", "user.bob", "user.frank", "board", "wall"]


async def test_whole_shared_hierarchy_goes_below_another(world: World) -> None:
    for mailbox in ("board", "board.sub", "wall"):
        await world.create(mailbox, "anyone lrs")
    await move(world, "board", "wall.board")
    assert await names_of(world) == ["user.alice", "user.bob", "wall", "wall.board", "wall.board.sub"]
    assert await world.engine.account_id("board") is None
    await world.create("board", "anyone lrs")
    await move(world, "board", "user.carol")
    assert (await names_of(world))[2] == "user.carol"


async def test_user_needs_the_rights_on_both_sides(world: World) -> None:
    bob = world.user("bob")
    await world.create("user.alice.work", f"alice {ALL} bob lr")
    with pytest.raises(PermissionDenied):
        await rename(world.store, bob, name("user.alice.work"), name("user.bob.work"))
    await world.set_acl("user.alice.work", f"alice {ALL} bob lrx")
    with pytest.raises(PermissionDenied):
        await rename(world.store, bob, name("user.alice.work"), name("board.work"))
    assert await move(world, "user.alice.work", "user.bob.work", "bob") == [("user.alice.work", "user.bob.work")]
    await world.create("board", "bob lrk")
    await move(world, "user.bob.work", "board.work", "bob")
    assert "board.work" in await names_of(world, "alice")


async def test_nothing_is_learned_of_what_is_hidden(world: World) -> None:
    bob = world.user("bob")
    await world.create("user.bob.work", f"bob {ALL}")
    await world.create("user.alice.secret", f"alice {ALL}")
    for target in ("user.alice.secret", "user.alice.nosuch", "user.nobody", "nowhere.at.all"):
        with pytest.raises(PermissionDenied):
            await rename(world.store, bob, name("user.bob.work"), name(target))
    for source in ("user.alice.secret", "user.alice.nosuch"):
        with pytest.raises(MailboxNotFound):
            await rename(world.store, bob, name(source), name("user.bob.x"))


async def test_inbox_does_not_leave_its_user(plain_world: World) -> None:
    await plain_world.create("board", f"alice {ALL}")
    with pytest.raises(OperationNotSupported):
        await move(plain_world, "user.alice", "board.inbox", "alice")
    assert await names_of(plain_world) == ["user.alice", "user.bob", "board"]


async def test_deleted_user_comes_back_as_another(world: World) -> None:
    await world.add("user.bob", ["\\Flagged"])
    await world.set_acl("user.bob", f"bob {ALL} alice lrs cyrus {ALL}")
    await delete(world.store, world.admin, name("user.bob"))
    await create_user(world.store, world.admin, UserId("bob"))
    await move(world, f"DELETED.user.bob.{START_S:08X}", "user.bob2")
    found = await world.found("user.bob2")
    assert found.row.messages == 1
    assert [each.identifier for each in parse_acl(found.row.acl).entries] == ["bob", "alice", "cyrus"]
    assert await names_of(world) == ["user.alice", "user.bob", "user.bob2"]


async def test_last_mailbox_of_a_deleted_user_takes_the_account_along(world: World) -> None:
    await world.set_acl("user.bob", "bob lr cyrus x")
    await delete(world.store, world.admin, name("user.bob"))
    await move(world, f"DELETED.user.bob.{START_S:08X}", "user.alice.bob")
    assert await world.engine.account_id("user.bob") is None
    await move(world, "user.alice", "user.bob")
    assert await names_of(world) == ["user.bob", "user.bob.bob"]


async def test_user_gets_a_name_whose_account_has_nothing_left(world: World) -> None:
    """As after a crash, before the emptied account was forgotten."""
    await world.engine.create_account("user.carol")
    await move(world, "user.bob", "user.carol")
    assert await names_of(world) == ["user.alice", "user.carol"]


async def test_quota_of_the_target_counts(world: World) -> None:
    await world.create("user.alice.work", f"alice {ALL}")
    await world.add("user.alice.work", [], [])
    await world.do("user.bob", SetQuota("", {QuotaResource.MESSAGE: 1}, AUTHOR))
    with pytest.raises(QuotaExceeded):
        await move(world, "user.alice.work", "user.bob.work")
    assert await names_of(world) == ["user.alice", "user.alice.work", "user.bob"]
    assert await world.add("user.alice.work", []) == (3,)
    await world.do("user.bob", SetQuota("", {QuotaResource.MESSAGE: 3}, AUTHOR))
    await move(world, "user.alice.work", "user.bob.work")


async def test_seen_state_is_each_readers_own(world: World) -> None:
    bob = world.user("bob")
    await world.create("user.alice.work", f"alice {ALL} bob {ALL}")
    await world.add("user.alice.work", ["\\Seen"], [])
    await world.flag("user.alice.work", "2", "\\Seen", seen_account=bob.account)
    await move(world, "user.alice.work", "board")
    for user, uids in (("alice", [1]), ("bob", [2])):
        assert await _seen_by(world, "board", user) == uids
    await move(world, "board", "user.bob.work")
    for user, uids in (("alice", [1]), ("bob", [2])):
        assert await _seen_by(world, "user.bob.work", user) == uids


async def _seen_by(world: World, internal: str, user: str) -> list[int]:
    selected = await world.select(internal, user)
    await selected.refresh()
    return [uid for uid in selected.view.uid.tolist() if _has_seen(selected, uid)]


def _has_seen(selected: SelectedMailbox, uid: int) -> bool:
    if selected.seen.own is not None:
        return uid in selected.seen.own
    (index,) = selected.view.indexes_of_uids(selected.view.uid[selected.view.uid == uid])
    return "\\Seen" in selected.view.flags_at(int(index)).names()


async def test_subscriptions_follow_those_who_may_know(world: World) -> None:
    await world.create("user.alice.work", f"alice {ALL} bob {ALL}")
    await world.create("user.alice.own", "")
    await world.create("user.alice.workshop", "")
    for user in ("alice", "bob"):
        await subscribe(world.store, world.user(user), name("user.alice.work"))
    for internal in ("user.alice.own", "user.alice.workshop"):
        await subscribe(world.store, world.user("alice"), name(internal))
    await move(world, "user.alice.work", "user.bob.work")
    await move(world, "user.alice.own", "user.bob.own")
    assert await subscriptions_of(world, "alice") == ["user.alice.own", "user.alice.workshop", "user.bob.work"]
    assert await subscriptions_of(world, "bob") == ["user.alice.work"]
    await move(world, "user.alice.workshop", "user.alice.room", "alice")
    assert "user.alice.room" in await subscriptions_of(world, "alice")


async def test_subscriptions_of_a_user_have_her_new_name(world: World) -> None:
    await world.add_user("ali")
    await world.create("user.alice.work", f"ali {ALL}")
    await world.create("user.ali.work", f"ali {ALL}")
    for internal in ("user.ali", "user.ali.work", "user.alice.work"):
        await subscribe(world.store, world.user("ali"), name(internal))
    await move(world, "user.ali", "user.alina")
    assert await subscriptions_of(world, "ali") == ["user.alice.work", "user.alina", "user.alina.work"]


async def test_what_is_taken_or_above_is_refused(plain_world: World) -> None:
    await plain_world.create("user.alice.work", f"alice {ALL}")
    await plain_world.create("user.bob.work", f"bob {ALL}")
    with pytest.raises(MailboxExists):
        await move(plain_world, "user.alice.work", "user.bob.work")
    await plain_world.create("user.alice.work.sub", f"alice {ALL}")
    await plain_world.create("user.bob.a.sub", f"bob {ALL}")
    with pytest.raises(MailboxExists):
        await move(plain_world, "user.alice.work", "user.bob.a")
    with pytest.raises(MailboxHasChildren):
        await delete(plain_world.store, plain_world.user("alice"), name("user.alice.work"))


async def test_session_goes_on_in_the_other_account(world: World) -> None:
    await world.create("user.alice.work", f"alice {ALL}")
    await world.add("user.alice.work", [], [], [])
    selected = await world.select("user.alice.work")
    await world.expunge("user.alice.work", "2")
    await move(world, "user.alice.work", "user.bob.work")
    assert await world.add("user.bob.work", ["\\Flagged"]) == (4,)
    for _ in range(2):
        await selected.refresh()
        told = selected.updates(allow_expunge=True)
    assert not told
    assert selected.mailbox.name.internal == "user.bob.work"
    assert selected.told_uids().tolist() == [1, 3, 4]
    await world.flag("user.bob.work", "3", "\\Answered")
    await selected.refresh()
    assert selected.updates(allow_expunge=True).changed.serialize() == b"3"


async def test_session_is_told_all_that_it_does_not_know(world: World) -> None:
    await world.create("user.alice.work", f"alice {ALL}")
    await world.add("user.alice.work", [], [], [])
    selected = await world.select("user.alice.work")
    highest = selected.highestmodseq
    await world.expunge("user.alice.work", "2")
    await move(world, "user.alice.work", "wall")
    await world.add("wall", ["\\Flagged"])
    await selected.refresh()
    told = selected.updates(allow_expunge=True)
    assert (told.expunged, told.exists) == ((2,), 3)
    assert set(told.changed) <= {1, 3}
    assert selected.highestmodseq > highest


async def test_session_without_a_right_there_ends(world: World) -> None:
    await world.create("user.alice.work", f"alice {ALL}")
    session = await world.select("user.alice.work")
    await world.set_acl("user.alice.work", "bob lrs")
    await move(world, "user.alice.work", "user.bob.work")
    with pytest.raises(MailboxNotFound):
        await session.refresh()


async def test_session_whose_account_is_forgotten_goes_on(world: World) -> None:
    await world.create("board", f"alice {ALL}")
    await world.add("board", [])
    selected = await world.select("board")
    await move(world, "board", "user.bob.board")
    assert await world.engine.account_id("board") is None
    await selected.refresh()
    assert selected.told_uids().tolist() == [1]
    await delete(world.store, world.user("alice"), name("user.bob.board"))
    with pytest.raises(MailboxNotFound):
        await selected.refresh()


async def test_session_ends_where_uidvalidity_is_another_one(world: World) -> None:
    """No UID that the client knows means anything then (RFC 9051 §2.3.1.1)."""
    await world.create("user.alice.work", f"alice {ALL}")
    world.sources.time_s += 10
    await world.create("user.bob.work", f"bob {ALL} alice {ALL}")
    selected = await world.select("user.alice.work")
    await move(world, "user.bob.work", "user.bob.former")
    before = await world.found("user.alice.work")
    await move(world, "user.alice.work", "user.bob.work")
    assert (await world.found("user.bob.work")).row.uidvalidity > before.row.uidvalidity
    with pytest.raises(MailboxNotFound):
        await selected.refresh()


async def test_view_of_a_mailbox_that_came_back_is_a_new_one(world: World) -> None:
    await world.create("user.alice.work", f"alice {ALL}")
    await world.add("user.alice.work", [], [])
    await (await world.select("user.alice.work")).refresh()
    await move(world, "user.alice.work", "user.bob.work")
    await world.expunge("user.bob.work", "1")
    found = await world.found("user.bob.work")
    await world.do("user.bob.work", PurgeMessages(found.id, 1 << 40))
    await world.add("user.bob.work", ["\\Flagged"])
    await move(world, "user.bob.work", "user.alice.work")
    selected = await world.select("user.alice.work")
    await selected.refresh()
    assert selected.view.uid.tolist() == [2, 3]
