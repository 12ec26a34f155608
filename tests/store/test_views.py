"""Views are fresh at each `get`, shared, and dropped by octets."""

import asyncio
import random
from dataclasses import fields

import pytest
from tests.engine.rows import rows_of
from tests.store.world import AUTHOR, World

from angarium.engine.columns import MailboxMessages, MessageColumns
from angarium.engine.commands import EraseMailboxes, FlagOperation, FlagsStored, PurgeMessages, StoreFlags
from angarium.engine.rows import NO_MODSEQ, AccountId, MailboxId, ModSeq
from angarium.errors import MailboxNotFound
from angarium.flags import Flags, SystemFlags
from angarium.sequenceset import UidSet
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
    ) -> MailboxMessages:
        found = await read(account, mailbox, changed_since=changed_since)
        await plain_world.add("user.alice", [])
        return found

    for known in (1, 3):  # the first time the view is loaded, then it is advanced
        await plain_world.add("user.alice", [])
        with monkeypatch.context() as patch:
            patch.setattr(plain_world.engine, "messages", read_and_be_overtaken)
            assert (await _view(plain_world)).live().size == known
        assert (await _view(plain_world)).live().size == known + 1


class Counting:
    """Counts how often messages are read."""

    def __init__(self, world: World, monkeypatch: pytest.MonkeyPatch) -> None:
        self.count = 0
        self._read = world.engine.messages
        monkeypatch.setattr(world.engine, "messages", self._messages)

    async def _messages(
        self, account: AccountId, mailbox: MailboxId, *, changed_since: ModSeq = NO_MODSEQ
    ) -> MailboxMessages:
        self.count += 1
        return await self._read(account, mailbox, changed_since=changed_since)


async def _store(world: World, command: StoreFlags) -> FlagsStored:
    """A STORE that the views are told of."""
    account = (await world.found("user.alice")).account
    result = await world.engine.write(account, command)
    assert isinstance(result, FlagsStored)
    world.store.views.stored(account, command, result)
    return result


async def _check_view(world: World) -> None:
    """The view is what one is that is loaded now."""
    mailbox = await world.found("user.alice")
    view = await _view(world)
    loaded = await MailboxViews(world.engine, octets=1 << 30).get(mailbox.account, mailbox.id)
    assert (view.row, view.modseq, view.first_unseen()) == (loaded.row, loaded.modseq, loaded.first_unseen())
    live, all_loaded = view.live(), loaded.live()
    columns = [field.name for field in fields(MessageColumns)]
    shown, expected = (
        MessageColumns(*[getattr(each, name)[indexes] for name in columns])
        for each, indexes in ((view, live), (loaded, all_loaded))
    )
    assert rows_of(shown) == rows_of(expected)


async def test_view_takes_what_its_own_worker_stored_without_reading(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    names = ["\\Seen", "\\Deleted", "\\Flagged", *[f"k{number}" for number in range(70)]]
    await world.add("user.alice", names, ["\\Seen"], [], ["\\Deleted", "k69"], [])
    await world.expunge("user.alice", "5")
    view = await _view(world)
    reads = Counting(world, monkeypatch)
    chance = random.Random(3)
    for _ in range(60):
        command = StoreFlags(
            view.mailbox,
            UidSet.from_numbers(chance.sample(range(1, 8), 3)),
            chance.choice(list(FlagOperation)),
            Flags.of(chance.sample(names, chance.randint(0, 3))),
            AUTHOR,
            writable=SystemFlags(chance.randint(0, 31)),
            keywords_writable=chance.random() < 0.5,
        )
        result, before, stamp = await _store(world, command), reads.count, view.stamp
        assert await _view(world) is view
        assert (view.stamp, reads.count) == (stamp, before), "it was told already"
        assert result.modseq in (None, view.modseq)
        await _check_view(world)


async def test_what_a_view_cannot_know_of_a_store_is_read(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    await world.add("user.alice", [], ["Work"], [])
    view = await _view(world)
    reads = Counting(world, monkeypatch)
    uids, add = UidSet(((1, 2),)), FlagOperation.ADD

    async def check(command: StoreFlags, *, reads_expected: int) -> None:
        before = reads.count
        await _store(world, command)
        await _view(world)
        assert reads.count - before == reads_expected
        await _check_view(world)

    flagged = StoreFlags(view.mailbox, uids, add, Flags.of(["\\Flagged"]), AUTHOR)
    await check(StoreFlags(view.mailbox, uids, add, Flags.of(["NewOne"]), AUTHOR), reads_expected=1)
    await check(StoreFlags(view.mailbox, uids, add, Flags.of(["newone", "WORK"]), AUTHOR), reads_expected=0)
    await world.flag("user.alice", "3", "\\Answered")
    await check(flagged, reads_expected=1)
    bob = world.actors["bob"].account
    own = StoreFlags(view.mailbox, uids, add, Flags.of(["\\Seen", "\\Draft"]), AUTHOR, seen_account=bob)
    await check(own, reads_expected=1)
    await world.expunge("user.alice", "1")
    await check(StoreFlags(view.mailbox, uids, add, Flags.of(["\\Deleted"]), AUTHOR), reads_expected=1)


async def test_store_while_the_view_is_being_advanced_is_read(
    plain_world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    world = plain_world
    await world.add("user.alice", [], [])
    view = await _view(world)
    await world.flag("user.alice", "1", "\\Answered")
    read = world.engine.messages
    flagged = StoreFlags(view.mailbox, UidSet(((2, 2),)), FlagOperation.ADD, Flags.of(["\\Flagged"]), AUTHOR)

    async def read_and_store(
        account: AccountId, mailbox: MailboxId, *, changed_since: ModSeq = NO_MODSEQ
    ) -> MailboxMessages:
        found = await read(account, mailbox, changed_since=changed_since)
        monkeypatch.undo()
        await _store(world, flagged)
        return found

    monkeypatch.setattr(world.engine, "messages", read_and_store)
    assert (await _view(world)).flags_at(0).names() == ("\\Answered",)
    assert view.flags_at(1).names() == ()
    await _check_view(world)
    assert view.flags_at(1).names() == ("\\Flagged",)
