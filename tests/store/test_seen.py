"""Another user's seen state over a view."""

from tests.store.world import World

from angarium.engine.rows import ModSeq
from angarium.sequenceset import UidSet
from angarium.store import SeenOverlay
from angarium.store.seen import load_seen


async def test_each_reader_has_seen_what_she_has_seen(world: World) -> None:
    await world.set_acl("user.alice", "alice lrs bob lrs")
    await world.add("user.alice", ["\\Seen", "\\Flagged"], ["\\Flagged"], [])
    await world.flag("user.alice", "2:3", "\\Seen", seen_account=world.user("bob").account)
    for user, flags, unseen, first in (("alice", [18, 2, 0], 2, 1), ("bob", [2, 18, 16], 1, 0)):
        mailbox = await world.found("user.alice", world.user(user))
        view = await world.store.views.get(mailbox.account, mailbox.id)
        seen = await load_seen(world.engine, mailbox)
        assert seen.flags(view, view.live()).tolist() == flags
        assert seen.unseen(view) == unseen
        assert seen.first_unseen(view) == first


async def test_expunged_messages_count_for_nobody(world: World) -> None:
    await world.set_acl("user.alice", "alice lrs bob lrs")
    await world.add("user.alice", [], [], [])
    await world.flag("user.alice", "1:2", "\\Seen", seen_account=world.user("bob").account)
    await world.expunge("user.alice", "1,3")
    mailbox = await world.found("user.alice", world.user("bob"))
    view = await world.store.views.get(mailbox.account, mailbox.id)
    seen = await load_seen(world.engine, mailbox)
    assert (seen.unseen(view), seen.first_unseen(view)) == (0, None)


async def test_modseq_is_the_larger_of_shared_and_own(world: World) -> None:
    await world.set_acl("user.alice", "alice lrs bob lrs")
    await world.add("user.alice", [], [])
    stored = await world.flag("user.alice", "2", "\\Seen", seen_account=world.user("bob").account)
    later = await world.flag("user.alice", "1", "\\Flagged")
    assert stored.modseq is not None
    assert later.modseq is not None
    mailbox = await world.found("user.alice", world.user("bob"))
    view = await world.store.views.get(mailbox.account, mailbox.id)
    seen = await load_seen(world.engine, mailbox)
    assert seen.modseqs(view, view.live()).tolist() == [later.modseq, stored.modseq]
    assert seen.highestmodseq(view) == later.modseq
    shared = SeenOverlay()
    assert shared.modseqs(view, view.live()).tolist() == [later.modseq, view.created_modseq[1]]
    assert shared.highestmodseq(view) == later.modseq


async def test_seen_state_of_somebody_else_moves_no_modseq_of_the_owner(world: World) -> None:
    await world.set_acl("user.alice", "alice lrs bob lrs")
    await world.add("user.alice", [])
    before = (await world.found("user.alice")).row.highestmodseq
    await world.flag("user.alice", "1", "\\Seen", seen_account=world.user("bob").account)
    assert (await world.found("user.alice")).row.highestmodseq == before


async def test_unchanged_state_is_not_parsed_again(world: World) -> None:
    await world.set_acl("user.alice", "alice lrs bob lrs")
    await world.add("user.alice", [])
    await world.flag("user.alice", "1", "\\Seen", seen_account=world.user("bob").account)
    mailbox = await world.found("user.alice", world.user("bob"))
    first = await load_seen(world.engine, mailbox)
    assert first.own == UidSet(((1, 1),))
    assert (await load_seen(world.engine, mailbox, first)).own is first.own


async def test_highestmodseq_of_a_reader_may_be_above_the_shared_one(plain_world: World) -> None:
    mailbox = await plain_world.found("user.alice")
    view = await plain_world.store.views.get(mailbox.account, mailbox.id)
    assert SeenOverlay(UidSet(), ModSeq(10**6)).highestmodseq(view) == 10**6
