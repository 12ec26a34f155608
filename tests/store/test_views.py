"""Views are fresh at each `get`, shared, and dropped by octets."""

import asyncio

import pytest
from tests.store.world import World

from angarium.engine.commands import EraseMailboxes, PurgeMessages
from angarium.engine.rows import NO_MODSEQ, AccountId, MailboxId, MessageRow, ModSeq
from angarium.errors import MailboxNotFound
from angarium.store import MailboxViews
from angarium.store.view import MailboxView
from angarium.store.views import Reader


async def _view(world: World, internal: str = "user.alice") -> MailboxView:
    mailbox = await world.found(internal)
    return await world.store.views.get(mailbox.account, mailbox.id)


async def test_view_shows_every_committed_change(world: World) -> None:
    await world.add("user.alice", ["\\Seen"], ["Work"])
    view = await _view(world)
    assert view.live_uids().tolist() == [1, 2]
    assert view.flags_at(1).keywords == ("Work",)
    await world.add("user.alice", [])
    await world.flag("user.alice", "1", "\\Flagged", "Play")
    await world.expunge("user.alice", "2")
    again = await _view(world)
    assert again is view
    assert view.live_uids().tolist() == [1, 3]
    assert view.flags_at(0).names() == ("\\Flagged", "\\Seen", "Play")
    assert view.highestmodseq == view.row.highestmodseq


async def test_view_stays_as_it_is_where_other_mailboxes_change(world: World) -> None:
    await world.create("user.alice.work", "alice lrs")
    await world.add("user.alice", [])
    view = await _view(world)
    stamp = view.stamp
    await world.add("user.alice.work", [])
    assert (await _view(world)).stamp == stamp


async def test_expunges_that_were_purged_before_the_view_saw_them_are_seen(world: World) -> None:
    await world.add("user.alice", [], [], [])
    before = await _view(world)
    await world.expunge("user.alice", "2")
    mailbox = await world.found("user.alice")
    await world.do("user.alice", PurgeMessages(mailbox.id, expunged_before_s=world.sources.time_s + 1))
    assert (await _view(world)).live_uids().tolist() == [1, 3]
    assert before.live_uids().tolist() == [1, 2, 3]


async def test_mailbox_that_is_gone_has_no_view(world: World) -> None:
    mailbox_id = await world.create("user.alice.work", "alice lrs")
    mailbox = await world.found("user.alice.work")
    await world.store.views.get(mailbox.account, mailbox_id)
    await world.do("user.alice", EraseMailboxes((mailbox_id,), world.admin.author()))
    with pytest.raises(MailboxNotFound):
        await world.store.views.get(mailbox.account, mailbox_id)


async def test_many_at_once_get_one_view(world: World) -> None:
    await world.add("user.alice", *[[] for _ in range(5)])
    views = await asyncio.gather(*[_view(world) for _ in range(8)])
    assert all(view is views[0] for view in views)
    await world.add("user.alice", [])
    again = await asyncio.gather(*[_view(world) for _ in range(8)])
    assert all(view is views[0] and view.live().size == 6 for view in again)


async def test_large_mailbox_is_loaded_too(plain_world: World) -> None:
    await plain_world.add("user.alice", *[[] for _ in range(1500)])
    assert (await _view(plain_world)).live().size == 1500


async def test_least_recently_used_view_is_dropped(plain_world: World) -> None:
    for work in ("a", "b", "c"):
        await plain_world.create(f"user.alice.{work}", "alice lrs")
        await plain_world.add(f"user.alice.{work}", *[[] for _ in range(50)])
    boxes = [await plain_world.found(f"user.alice.{work}") for work in ("a", "b", "c")]
    views = MailboxViews(plain_world.engine, octets=20_000)
    first, second = [await views.get(box.account, box.id) for box in boxes[:2]]
    assert await views.get(boxes[0].account, boxes[0].id) is first
    await views.get(boxes[2].account, boxes[2].id)
    assert views.octets <= 20_000
    assert await views.get(boxes[0].account, boxes[0].id) is first
    assert await views.get(boxes[1].account, boxes[1].id) is not second


async def test_compaction_leaves_what_a_reader_was_not_told_of(plain_world: World) -> None:
    await plain_world.add("user.alice", *[[] for _ in range(2000)])
    mailbox = await plain_world.found("user.alice")
    views = plain_world.store.views
    view = await views.get(mailbox.account, mailbox.id)
    reader = Reader()
    reader.told_modseq = view.modseq
    views.register(mailbox.account, mailbox.id, reader)
    await plain_world.expunge("user.alice", "1:1200")
    view = await views.get(mailbox.account, mailbox.id)
    assert view.uid.size == 2000
    reader.told_modseq = view.modseq
    await plain_world.flag("user.alice", "1999", "\\Flagged")
    compacted = await views.get(mailbox.account, mailbox.id)
    assert compacted is not view
    assert compacted.uid.size == compacted.live().size == 800
    assert view.uid.size == 2000


async def test_view_of_no_account_is_refused(plain_world: World) -> None:
    mailbox = await plain_world.found("user.alice")
    with pytest.raises(MailboxNotFound):
        await plain_world.store.views.get(mailbox.account, type(mailbox.id)("x" * 24))


async def test_change_while_the_view_is_loaded_is_not_lost(plain_world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    read = plain_world.engine.messages

    async def read_and_be_overtaken(
        account: AccountId, mailbox: MailboxId, *, changed_since: ModSeq = NO_MODSEQ
    ) -> list[MessageRow]:
        rows = await read(account, mailbox, changed_since=changed_since)
        await plain_world.add("user.alice", [])
        return rows

    for known in (1, 3):  # the first time the view is loaded, then it is advanced
        await plain_world.add("user.alice", [])
        with monkeypatch.context() as patch:
            patch.setattr(plain_world.engine, "messages", read_and_be_overtaken)
            assert (await _view(plain_world)).live().size == known
        assert (await _view(plain_world)).live().size == known + 1
