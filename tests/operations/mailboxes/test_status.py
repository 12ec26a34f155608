"""STATUS by the row's counters, and by the reader's own seen state."""

import pytest
from tests.store.world import World, name

from angarium.errors import MailboxNotFound, PermissionDenied
from angarium.operations.mailboxes import status


async def test_counters_of_the_owner(world: World) -> None:
    await world.add("user.alice", ["\\Seen"], ["\\Deleted"], [])
    found = await status(world.store, world.user("alice"), name("user.alice"))
    row = (await world.found("user.alice")).row
    assert (found.messages, found.recent, found.unseen, found.deleted) == (3, 3, 2, 1)
    assert (found.uidnext, found.uidvalidity, found.highestmodseq) == (4, row.uidvalidity, row.highestmodseq)
    assert (found.mailbox, found.size_octets) == (row.id, row.octets)


async def test_recent_is_what_no_session_was_told_of(world: World) -> None:
    await world.add("user.alice", [], [])
    assert (await status(world.store, world.user("alice"), name("user.alice"))).recent == 2
    await world.select("user.alice")
    assert (await status(world.store, world.user("alice"), name("user.alice"))).recent == 0
    await world.add("user.alice", [])
    assert (await status(world.store, world.user("alice"), name("user.alice"))).recent == 1


async def test_unseen_of_another_user_is_her_own(world: World) -> None:
    await world.set_acl("user.alice", "alice lrs bob lrs")
    await world.add("user.alice", ["\\Seen"], ["\\Seen"], [])
    bob = world.user("bob")
    for uids, unseen in ((None, 3), ("3", 2), ("1:2", 0)):
        if uids is not None:
            await world.flag("user.alice", uids, "\\Seen", seen_account=bob.account)
        assert (await status(world.store, bob, name("user.alice"))).unseen == unseen
    assert (await status(world.store, world.user("alice"), name("user.alice"))).unseen == 1


async def test_highestmodseq_counts_the_readers_own_changes(world: World) -> None:
    await world.set_acl("user.alice", "alice lrs bob lrs")
    await world.add("user.alice", [])
    bob = world.user("bob")
    stored = await world.flag("user.alice", "1", "\\Seen", seen_account=bob.account)
    alice_s = await status(world.store, world.user("alice"), name("user.alice"))
    bob_s = await status(world.store, bob, name("user.alice"))
    assert bob_s.highestmodseq == stored.modseq
    assert stored.modseq is not None
    assert alice_s.highestmodseq < stored.modseq


async def test_visitor_has_seen_nothing(world: World) -> None:
    await world.set_acl("user.alice", "alice lrs anonymous lr")
    await world.add("user.alice", ["\\Seen"])
    found = await status(world.store, world.anonymous, name("user.alice"))
    assert (found.unseen, found.recent) == (1, 0)


async def test_read_is_needed(plain_world: World) -> None:
    with pytest.raises(MailboxNotFound):
        await status(plain_world.store, plain_world.user("bob"), name("user.alice"))
    await plain_world.set_acl("user.alice", "alice lrs bob l")
    with pytest.raises(PermissionDenied):
        await status(plain_world.store, plain_world.user("bob"), name("user.alice"))


async def test_messages_are_not_looked_at_for_what_nobody_asked(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    await world.add("user.alice", [])
    await world.select("user.alice")
    await world.add("user.alice", ["\\Deleted"])
    alice = world.user("alice")
    assert (await status(world.store, alice, name("user.alice"))).recent == 1
    await world.add("user.alice", [])
    monkeypatch.setattr(world.engine, "messages", None)
    found = await status(world.store, alice, name("user.alice"), recent=False)
    assert (found.messages, found.recent, found.unseen, found.deleted) == (3, 0, 3, 1)
