"""What a session is told: against a model of a client that believes every word."""

import asyncio
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.store.world import World

from angarium.engine.commands import FlagOperation, MailboxRename, RenameMailboxes
from angarium.engine.rows import AccountId, MailboxId, SeenRow
from angarium.errors import AngariumError, MailboxNotFound, PermissionDenied
from angarium.sequenceset import SequenceSet, UidSet
from angarium.store import SelectedMailbox, Updates

ALL = SequenceSet.parse(b"1:*")


class Client:
    """A session and what its client knows: a UID for each sequence number, and the flags it was told."""

    def __init__(self, selected: SelectedMailbox) -> None:
        self.selected = selected
        self.uids = selected.told_uids().tolist()
        self.flags = {uid: self.stored_flags(uid) for uid in self.uids}

    def stored_flags(self, uid: int) -> frozenset[str]:
        view = self.selected.view
        index = view.indexes_of(UidSet(((uid, uid),)), expunged=True)
        bits = self.selected.seen.flags(view, index)
        keywords = view.flags_at(int(index[0])).keywords
        names = view.flags_of(int(bits[0]), 0, 0).names()
        return frozenset({*names, *keywords})

    async def poll(self, *, allow_expunge: bool) -> Updates:
        await self.selected.refresh()
        updates = self.selected.updates(allow_expunge=allow_expunge)
        self.take(updates)
        return updates

    def take(self, updates: Updates) -> None:
        gone = [self.uids.pop(number - 1) for number in updates.expunged]
        assert gone == list(updates.vanished)
        told = self.selected.told_uids().tolist()
        if updates.exists is not None:
            assert updates.exists == len(told) > len(self.uids)
            for uid in told[len(self.uids) :]:
                self.flags[uid] = self.stored_flags(uid)
            self.uids = self.uids + told[len(self.uids) :]
        for uid in updates.changed:
            assert uid in self.uids
            self.flags[uid] = self.stored_flags(uid)
        assert self.uids == told

    def check(self) -> None:
        """The client is right about every message that is there."""
        live = self.selected.view.live_uids().tolist()
        for uid in self.uids:
            if uid in live:
                assert self.flags[uid] == self.stored_flags(uid)


async def test_selecting_tells_everything(world: World) -> None:
    await world.add("user.alice", ["\\Seen"], [], [])
    selected = await world.select("user.alice")
    assert selected.exists == 3
    assert selected.told() == UidSet(((1, 3),))
    assert selected.recent == 3
    assert not selected.updates(allow_expunge=True)


async def test_selecting_needs_read(world: World) -> None:
    with pytest.raises(MailboxNotFound):
        await world.select("user.alice", "bob")
    await world.set_acl("user.alice", "alice lrs bob l")
    with pytest.raises(PermissionDenied):
        await world.select("user.alice", "bob")


async def test_expunge_waits_until_it_may_be_told(world: World) -> None:
    await world.add("user.alice", [], [], [], [])
    client = Client(await world.select("user.alice"))
    await world.expunge("user.alice", "2:3")
    await world.add("user.alice", [])
    updates = await client.poll(allow_expunge=False)
    assert (updates.expunged, updates.exists) == ((), 5)
    assert client.selected.uids_of(SequenceSet.parse(b"2,5")) == UidSet.from_numbers([2, 5])
    assert not await client.poll(allow_expunge=False)
    updates = await client.poll(allow_expunge=True)
    assert updates == Updates(expunged=(2, 2), vanished=UidSet(((2, 3),)))
    assert client.selected.uids_of(SequenceSet.parse(b"2,3")) == UidSet(((4, 5),))
    assert not await client.poll(allow_expunge=True)


async def test_row_of_an_expunged_message_stays_until_it_is_told(world: World) -> None:
    await world.add("user.alice", ["Work"], [])
    selected = await world.select("user.alice")
    await world.expunge("user.alice", "1")
    await selected.refresh()
    index = selected.view.indexes_of(UidSet(((1, 1),)), expunged=True)
    assert selected.view.flags_at(int(index[0])).keywords == ("Work",)


async def test_changes_of_others_are_told_with_new_keywords(world: World) -> None:
    await world.add("user.alice", [], [])
    client = Client(await world.select("user.alice"))
    await world.flag("user.alice", "2", "Urgent")
    updates = await client.poll(allow_expunge=False)
    assert updates == Updates(keywords=("Urgent",), changed=UidSet(((2, 2),)))


async def test_own_silent_store_is_not_told_and_a_later_change_is(world: World) -> None:
    await world.add("user.alice", [], [], [])
    client = Client(await world.select("user.alice"))
    await client.poll(allow_expunge=True)
    stored = await world.flag("user.alice", "1:2", "\\Flagged")
    assert stored.modseq is not None
    client.selected.silence(stored.changed, stored.modseq)
    assert not await client.poll(allow_expunge=False)
    await world.flag("user.alice", "2", "\\Draft")
    assert (await client.poll(allow_expunge=False)).changed == UidSet(((2, 2),))


async def test_silence_hides_no_change_that_came_before(world: World) -> None:
    await world.add("user.alice", [], [])
    client = Client(await world.select("user.alice"))
    await client.poll(allow_expunge=True)
    await world.flag("user.alice", "1", "\\Draft")
    stored = await world.flag("user.alice", "1", "\\Flagged")
    assert stored.modseq is not None
    client.selected.silence(stored.changed, stored.modseq)
    assert (await client.poll(allow_expunge=False)).changed == UidSet(((1, 1),))


async def test_silence_hides_no_change_that_came_after(world: World) -> None:
    await world.add("user.alice", [], [])
    client = Client(await world.select("user.alice"))
    await client.poll(allow_expunge=True)
    stored = await world.flag("user.alice", "1:2", "\\Flagged")
    assert stored.modseq is not None
    client.selected.silence(stored.changed, stored.modseq)
    await world.flag("user.alice", "1", "\\Draft")
    assert (await client.poll(allow_expunge=False)).changed == UidSet(((1, 1),))


async def test_own_seen_state_is_told_to_its_other_sessions_only(world: World) -> None:
    await world.set_acl("user.alice", "alice lrswipkxtea bob lrs")
    await world.add("user.alice", [], [])
    bob = world.user("bob")
    first, second = [Client(await world.select("user.alice", "bob")) for _ in range(2)]
    alice = Client(await world.select("user.alice"))
    for client in (first, second, alice):
        await client.poll(allow_expunge=True)
    stored = await world.flag("user.alice", "2", "\\Seen", seen_account=bob.account)
    assert stored.modseq is not None
    first.selected.silence(stored.changed, stored.modseq)
    assert not await first.poll(allow_expunge=True)
    assert (await second.poll(allow_expunge=True)).changed == UidSet(((2, 2),))
    assert not await alice.poll(allow_expunge=True)
    assert second.flags == {1: frozenset(), 2: frozenset({"\\Seen"})}
    assert alice.flags == {1: frozenset(), 2: frozenset()}


async def test_recent_goes_to_one_session(world: World) -> None:
    await world.add("user.alice", [], [])
    watching = await world.select("user.alice", examine=True)
    assert watching.recent == 2
    first = await world.select("user.alice")
    second = await world.select("user.alice")
    assert (first.recent, second.recent) == (2, 0)
    await world.add("user.alice", [])
    await second.refresh()
    assert second.updates(allow_expunge=True) == Updates(exists=3, recent=1)
    assert second.is_recent(np.array([1, 2, 3], dtype=np.uint32)).tolist() == [False, False, True]
    await first.refresh()
    assert first.updates(allow_expunge=True) == Updates(exists=3, recent=2)
    await world.expunge("user.alice", "1")
    await first.refresh()
    first.updates(allow_expunge=True)
    assert first.recent == 1


async def test_recent_is_remembered_by_the_engine(world: World) -> None:
    await world.add("user.alice", [], [])
    await world.select("user.alice")
    await world.add("user.alice", [])  # the advice rides along with a write
    assert (await world.found("user.alice")).row.recent_uid == 2


async def test_a_session_that_knows_nothing_recent_leaves_it_to_others(world: World) -> None:
    await world.add("user.alice", [], [])
    alice = world.user("alice")
    mailbox = await world.found("user.alice", alice)
    modern = await SelectedMailbox.open(world.store, alice, mailbox, examine=False, knows_recent=False)
    first = await world.select("user.alice")
    assert (modern.recent, first.recent) == (0, 2)
    await world.add("user.alice", [])
    await modern.refresh()
    assert modern.updates(allow_expunge=True) == Updates(exists=3, recent=0)
    first.forget_recent()
    await first.refresh()
    assert first.updates(allow_expunge=True) == Updates(exists=3, recent=0)
    assert not first.is_recent(np.array([1, 2, 3], dtype=np.uint32)).any()


async def test_nothing_is_recent_or_seen_for_who_has_no_account(world: World) -> None:
    await world.set_acl("user.alice", "alice lrs anonymous lrs")
    await world.add("user.alice", ["\\Seen"])
    mailbox = await world.found("user.alice", world.anonymous)
    selected = await SelectedMailbox.open(world.store, world.anonymous, mailbox, examine=False)
    assert selected.recent == 0
    assert selected.seen.unseen(selected.view) == 1


async def test_selected_mailbox_that_was_deleted_is_not_found(world: World) -> None:
    await world.create("user.alice.work", "alice lrs")
    selected = await world.select("user.alice.work")
    rename = MailboxRename(selected.mailbox.id, "work.6553F100", deleted_at_s=0x6553F100)
    await world.do("user.alice", RenameMailboxes((rename,), world.admin.author()))
    with pytest.raises(MailboxNotFound):
        await selected.refresh()


@pytest.mark.parametrize(
    ("acl", "refusal"),
    [("alice lrs", MailboxNotFound), ("alice lrs bob s", MailboxNotFound), ("alice lrs bob l", PermissionDenied)],
)
async def test_right_that_is_taken_away_ends_the_session(world: World, acl: str, refusal: type[AngariumError]) -> None:
    await world.set_acl("user.alice", "alice lrs bob lrs")
    selected = await world.select("user.alice", "bob")
    await world.set_acl("user.alice", acl)
    with pytest.raises(refusal):
        await selected.refresh()


async def test_renamed_mailbox_stays_selected(world: World) -> None:
    await world.create("user.alice.work", "alice lrs")
    await world.add("user.alice.work", [])
    selected = await world.select("user.alice.work")
    rename = MailboxRename(selected.mailbox.id, "play")
    await world.do("user.alice", RenameMailboxes((rename,), world.admin.author()))
    await selected.refresh()
    assert selected.mailbox.name.internal == "user.alice.play"
    assert not selected.updates(allow_expunge=True)


async def test_read_only_without_a_right_to_change(world: World) -> None:
    await world.set_acl("user.alice", "alice lrs bob lr")
    assert (await world.select("user.alice", "bob")).read_only
    assert (await world.select("user.alice", examine=True)).read_only
    assert not (await world.select("user.alice")).read_only


async def test_resting_session_holds_no_view_and_misses_nothing(world: World) -> None:
    await world.add("user.alice", [], [])
    client = Client(await world.select("user.alice"))
    client.selected.rest()
    world.store.views.drop_all()
    await world.expunge("user.alice", "1")
    await world.add("user.alice", [])
    updates = await client.poll(allow_expunge=True)
    assert (updates.expunged, updates.exists) == ((1,), 2)


async def test_refresh_where_nothing_changed_reads_nothing_but_the_modseq(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    await world.add("user.alice", [], [])
    client = Client(await world.select("user.alice"))
    await client.poll(allow_expunge=True)
    client.selected.rest()
    for read in ("mailbox", "messages", "seen"):
        monkeypatch.setattr(world.engine, read, None)
    assert not await client.poll(allow_expunge=True)
    monkeypatch.undo()
    await world.expunge("user.alice", "1")
    assert (await client.poll(allow_expunge=True)).expunged == (1,)


async def test_groups_that_changed_count_from_the_next_refresh(world: World) -> None:
    await world.set_acl("user.alice", "alice lrs group:team lr")
    team = replace(world.user("bob"), groups=frozenset({"team"}))
    selected = await SelectedMailbox.open(world.store, team, await world.found("user.alice", team), examine=False)
    await selected.refresh()
    for view_is_held in (True, False):
        if not view_is_held:
            selected.rest()
        selected.actor = world.user("bob")
        with pytest.raises(MailboxNotFound):
            await selected.refresh()
        selected.actor = team
        await selected.refresh()


@pytest.mark.parametrize("text", [b"1", b"*", b"1:*"])
async def test_no_number_means_a_message_of_an_empty_mailbox(plain_world: World, text: bytes) -> None:
    selected = await plain_world.select("user.alice")
    with pytest.raises(ValueError, match="no message"):
        selected.uids_of(SequenceSet.parse(text))
    assert not selected.uids_from(SequenceSet.parse(text))


async def test_sequence_numbers_and_uids_of_a_mailbox_with_gaps(plain_world: World) -> None:
    await plain_world.add("user.alice", *[[] for _ in range(6)])
    await plain_world.expunge("user.alice", "1,4")
    selected = await plain_world.select("user.alice")
    assert selected.told_uids().tolist() == [2, 3, 5, 6]
    assert selected.uids_of(SequenceSet.parse(b"*,1")) == UidSet.from_numbers([2, 6])
    assert selected.uids_from(SequenceSet.parse(b"1:4,99:*")) == UidSet.from_numbers([2, 3, 6])
    assert selected.numbers_of(np.array([1, 2, 5, 9], dtype=np.uint32)).tolist() == [1, 3]
    with pytest.raises(ValueError, match="no message"):
        selected.uids_of(SequenceSet.parse(b"5"))


async def test_view_and_seen_state_are_of_one_moment(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """Else a reader is told of a modseq of her own seen state, and not of a change before it."""
    await world.set_acl("user.alice", "alice lrswipkxtea bob lrs")
    await world.add("user.alice", [], [])
    client = Client(await world.select("user.alice", "bob"))
    mailbox = client.selected.mailbox
    read_seen = world.engine.seen

    async def seen_after_two_commits(account: AccountId, box: MailboxId, reader: AccountId) -> SeenRow | None:
        monkeypatch.undo()
        await world.flag("user.alice", "1", "\\Flagged")
        await world.flag("user.alice", "2", "\\Seen", seen_account=mailbox.seen_account)
        return await read_seen(account, box, reader)

    await world.flag("user.alice", "2", "\\Answered")
    monkeypatch.setattr(world.engine, "seen", seen_after_two_commits)
    updates = await client.poll(allow_expunge=True)
    told = client.selected.highestmodseq
    client.check()
    later = await client.poll(allow_expunge=True)
    assert updates.changed == UidSet(((1, 2),)) or told < client.selected.highestmodseq
    assert updates.changed.union(later.changed) == UidSet(((1, 2),))


Step = tuple[str, int, int]
steps = st.lists(
    st.tuples(
        st.sampled_from(["add", "add", "flag", "unflag", "expunge", "poll", "peek", "rest", "forget", "silent"]),
        st.integers(0, 2),
        st.integers(1, 12),
    ),
    max_size=25,
)


@settings(max_examples=120, deadline=None)
@given(st.sampled_from(["memory", "suspending"]), steps)
def test_clients_are_never_told_what_is_not_so(kind: str, steps: list[Step]) -> None:
    with TemporaryDirectory() as directory, asyncio.Runner() as runner:
        runner.run(_play(kind, Path(directory), steps))


async def _play(kind: str, directory: Path, steps: list[Step]) -> None:
    world = await World.open(kind, directory)
    await world.set_acl("user.alice", "alice lrswipkxtea bob lrs")
    await world.add("user.alice", [], ["\\Seen"], ["Work"])
    clients = [
        Client(await world.select("user.alice")),
        Client(await world.select("user.alice", "bob")),
        Client(await world.select("user.alice", "bob", examine=True)),
    ]
    for action, who, uid in steps:
        await _step(world, clients[who], action, str(uid))
    for client in clients:
        await client.poll(allow_expunge=True)
        client.check()
        assert client.uids == client.selected.view.live_uids().tolist()
        assert not await client.poll(allow_expunge=True)


async def _step(world: World, client: Client, action: str, uid: str) -> None:
    seen_account = client.selected.mailbox.seen_account
    here = int(uid) % 2 == 0
    match action:
        case "add":
            await world.add("user.alice", ["\\Flagged"])
        case "flag":
            flags = ("\\Seen", "\\Flagged", f"Key{uid}")
            await world.flag("user.alice", uid, *flags, seen_account=seen_account, here=here)
        case "unflag":
            operation = FlagOperation.REMOVE
            uids = f"1:{uid}"
            await world.flag("user.alice", uids, "\\Seen", operation=operation, seen_account=seen_account, here=here)
        case "expunge":
            await world.expunge("user.alice", uid)
        case "poll":
            await client.poll(allow_expunge=True)
            client.check()
        case "peek":
            await client.poll(allow_expunge=False)
            client.check()
        case "rest":
            client.selected.rest()
        case "forget":
            world.store.views.drop_all()
        case "silent":
            await _store_silently(world, client, uid)


async def _store_silently(world: World, client: Client, uid: str) -> None:
    """STORE +FLAGS.SILENT: the client changes what it believes by itself."""
    await client.selected.refresh()
    stored = await world.flag("user.alice", uid, "\\Answered", here=int(uid) % 2 == 0)
    if stored.modseq is None:
        return
    client.selected.silence(stored.changed, stored.modseq)
    for changed in stored.changed:
        if changed in client.flags:
            client.flags[changed] |= {"\\Answered"}
    await client.poll(allow_expunge=False)
    client.check()


async def test_silence_hides_no_change_that_is_known_and_not_yet_told(world: World) -> None:
    await world.add("user.alice", [])
    client = Client(await world.select("user.alice"))
    await world.flag("user.alice", "1", "\\Draft")
    await client.selected.refresh()
    stored = await world.flag("user.alice", "1", "\\Flagged")
    assert stored.modseq is not None
    client.selected.silence(stored.changed, stored.modseq)
    assert (await client.poll(allow_expunge=False)).changed == UidSet(((1, 1),))


async def test_compaction_spares_what_waits_to_be_told(plain_world: World) -> None:
    await plain_world.add("user.alice", *[[] for _ in range(1600)])
    client = Client(await plain_world.select("user.alice"))
    await plain_world.expunge("user.alice", "1:1200")
    for uid in ("1500", "1501"):
        await plain_world.flag("user.alice", uid, "\\Flagged")
        await client.poll(allow_expunge=False)
    asked = UidSet(((1, 1200),))
    assert client.selected.view.indexes_of(asked, expunged=True).size == 1200
    await client.poll(allow_expunge=True)
    await plain_world.flag("user.alice", "1502", "\\Flagged")
    await client.poll(allow_expunge=False)
    assert client.selected.view.indexes_of(asked, expunged=True).size == 0
