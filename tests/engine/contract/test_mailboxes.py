"""Mailboxes over every engine: creating, renaming, deleting with and without delay, restoring, ACL and options."""

from contextlib import AsyncExitStack
from dataclasses import replace

import pytest
from tests.engine.contract.conftest import AUTHOR, OWNER_ACL, START_S, Draft, Site, uid_set

from angarium.engine.commands import (
    Added,
    ClaimRecent,
    Command,
    CopyMessages,
    CreateMailboxes,
    Done,
    Erased,
    EraseMailboxes,
    Expunge,
    Expunged,
    FlagOperation,
    ForgetErased,
    MailboxRename,
    NamesSeen,
    Purged,
    PurgeMessages,
    RenameInbox,
    RenameMailboxes,
    RestoredMessage,
    RestoreMailbox,
    RestoreMessages,
    SetAcl,
    SetQuota,
    SetSharedSeen,
    SetSpecialUse,
    StoreFlags,
)
from angarium.engine.rows import AccountId, MailboxId, MailboxState, ModSeq, QuotaResource, Uid, UidValidity
from angarium.errors import (
    AclChanged,
    MailboxExists,
    MailboxNotFound,
    MessageNotFound,
    NamesChanged,
    PartitionNotFound,
    SpecialUseTaken,
)
from angarium.flags import Flags

ANN = AccountId("a" * 24)
UNKNOWN = MailboxId("z" * 24)


def rename(mailbox: MailboxId, name: str, *, deleted_at_s: int | None = None) -> RenameMailboxes:
    """RENAME of one mailbox."""
    return RenameMailboxes((MailboxRename(mailbox, name, deleted_at_s),), AUTHOR)


async def names(site: Site) -> list[str]:
    """Names in the order in which the engine gives them."""
    return [row.name for row in await site.engine.mailboxes(site.account)]


async def test_a_new_mailbox_is_empty_and_as_it_was_asked_for(site: Site) -> None:
    new = replace(site.new_mailbox("work", partition="archive", special_use="\\Sent \\Drafts"), keywords=("a", "b"))
    done = await site.do(CreateMailboxes((new,), AUTHOR), Done)
    row = await site.row(new.id)
    assert (row.id, row.name, row.partition, row.acl) == (new.id, "work", "archive", OWNER_ACL)
    assert (row.special_use, row.keywords, row.shared_seen) == ("\\Sent \\Drafts", ("a", "b"), False)
    assert (row.state, row.deleted_at_s, row.quota_root) == (MailboxState.LIVE, None, None)
    assert row.created_modseq == row.folder_modseq == row.highestmodseq == done.modseq
    assert (row.purged_modseq, row.uidnext, row.recent_uid) == (0, 1, 0)
    assert (row.messages, row.unseen, row.deleted, row.octets) == (0, 0, 0, 0)
    assert row.created_at_s == START_S
    assert (await site.engine.state(site.account)).folder_modseq == done.modseq


async def test_keywords_given_at_creation_have_their_bits(site: Site) -> None:
    new = replace(site.new_mailbox("work"), keywords=("a", "B"))
    await site.do(CreateMailboxes((new,), AUTHOR), Done)
    await site.add(new.id, Draft(flags=Flags.of(["b"])))
    assert (await site.messages(new.id))[0].keywords_low == 0b10


async def test_several_mailboxes_are_created_in_one_change(site: Site) -> None:
    first, second = await site.create("work", "work.2026")
    one, two = await site.row(first), await site.row(second)
    assert one.created_modseq == two.created_modseq
    assert one.uidvalidity != two.uidvalidity
    assert await names(site) == ["", "work", "work.2026"]


async def test_a_mailbox_that_is_there_refuses_all_that_were_to_be_created(site: Site) -> None:
    await site.create("work")
    await site.refuse(CreateMailboxes((site.new_mailbox("new"), site.new_mailbox("work")), AUTHOR), MailboxExists)
    await site.refuse(CreateMailboxes((site.new_mailbox("twice"), site.new_mailbox("twice")), AUTHOR), MailboxExists)
    await site.refuse(CreateMailboxes((site.new_mailbox(""),), AUTHOR), MailboxExists)


async def test_an_unknown_partition_refuses_the_mailbox(site: Site) -> None:
    await site.refuse(CreateMailboxes((site.new_mailbox("work", partition="nowhere"),), AUTHOR), PartitionNotFound)


async def test_the_parents_acl_is_a_precondition(site: Site) -> None:
    version = (await site.row(site.inbox)).acl_version
    new = (site.new_mailbox("work"),)
    await site.refuse(CreateMailboxes(new, AUTHOR, site.inbox, version + 1), AclChanged)
    await site.refuse(CreateMailboxes(new, AUTHOR, UNKNOWN, version), MailboxNotFound)
    await site.do(CreateMailboxes(new, AUTHOR, site.inbox, version), Done)


async def test_names_that_a_plan_was_made_with_are_a_precondition(site: Site) -> None:
    a, below, other, further = await site.create("a", "a.b", "ab", "a-b")
    seen = NamesSeen(((other, "ab"),), ((a, "a"), (below, "a.b")))
    renames = (MailboxRename(a, "ab.a"), MailboxRename(below, "ab.a.b"))
    new = (site.new_mailbox("ab.new"),)
    above = NamesSeen(((other, "ab"),))
    await site.do(rename(other, "else"), Done)
    before = await site.engine.state(site.account)
    await site.refuse(RenameMailboxes(renames, AUTHOR, seen=seen), NamesChanged)
    await site.refuse(CreateMailboxes(new, AUTHOR, seen=above), NamesChanged)
    await site.do(rename(other, "ab"), Done)
    await site.do(rename(below, "a.c"), Done)
    await site.refuse(RenameMailboxes(renames, AUTHOR, seen=seen), NamesChanged)
    await site.do(rename(below, "a.b"), Done)
    (late,) = await site.create("a.late")
    await site.refuse(RenameMailboxes(renames, AUTHOR, seen=seen), NamesChanged)
    await site.do(rename(late, "a.late.6553F100", deleted_at_s=START_S), Done)
    await site.do(rename(further, "a.6553F100", deleted_at_s=START_S), Done)
    await site.do(CreateMailboxes(new, AUTHOR, seen=above), Done)
    await site.do(RenameMailboxes(renames, AUTHOR, seen=seen), Done)
    assert (await site.engine.state(site.account)).folder_modseq > before.folder_modseq
    assert set(await names(site)) >= {"ab", "ab.new", "ab.a", "ab.a.b"}


async def test_the_whole_account_can_be_the_tree_that_was_seen(site: Site) -> None:
    (a,) = await site.create("a")
    seen = NamesSeen((), ((site.inbox, ""), (a, "a")))
    await site.do(RenameMailboxes((MailboxRename(a, "b"),), AUTHOR, seen=seen), Done)
    await site.do(rename(a, "a"), Done)
    await site.create("c")
    await site.refuse(RenameMailboxes((MailboxRename(a, "b"),), AUTHOR, seen=seen), NamesChanged)


async def test_uidvalidity_is_the_time_and_never_given_twice(site: Site) -> None:
    first = (await site.row(site.inbox)).uidvalidity
    second, third = [(await site.row(mailbox)).uidvalidity for mailbox in await site.create("a", "b")]
    site.sources.time_s += 1000
    (later,) = await site.create("c")
    site.sources.time_s -= 5000
    (clock_set_back,) = await site.create("d")
    assert first == START_S
    assert first < second < third < START_S + 1000
    assert (await site.row(later)).uidvalidity == START_S + 1000
    assert (await site.row(clock_set_back)).uidvalidity == START_S + 1001


async def test_mailboxes_are_listed_in_the_order_of_their_names(site: Site) -> None:
    await site.create("b", "a", "a.b", "a-b", "ä", "B", "\U0001f4e7", "\uffee")
    assert await names(site) == ["", "B", "a", "a-b", "a.b", "b", "ä", "\uffee", "\U0001f4e7"]


async def test_what_is_not_there_is_none_or_not_found(site: Site) -> None:
    assert await site.engine.mailbox(site.account, UNKNOWN) is None
    assert await site.engine.uidvalidity_of_tombstone(site.account, "never") is None
    with pytest.raises((MailboxNotFound, MessageNotFound)):
        await site.engine.open_message(site.account, UNKNOWN, Uid(1))
    with pytest.raises(MailboxNotFound):
        await site.engine.mailbox_directory(site.account, UNKNOWN)


async def test_each_mailbox_has_a_directory_of_its_own_that_a_rename_leaves(site: Site) -> None:
    work, play = await site.create("work", "play")
    directory = await site.engine.mailbox_directory(site.account, work)
    assert work in directory
    assert directory != await site.engine.mailbox_directory(site.account, play)
    await site.do(rename(work, "labour"), Done)
    assert await site.engine.mailbox_directory(site.account, work) == directory


# Renaming


async def test_rename_changes_the_name_and_nothing_of_the_messages(site: Site) -> None:
    (work,) = await site.create("work")
    await site.add(work, Draft(b"moved?"))
    before, rows = await site.row(work), await site.messages(work)
    done = await site.do(rename(work, "labour"), Done)
    assert await site.row(work) == replace(before, name="labour", folder_modseq=done.modseq)
    assert await site.messages(work) == rows
    file = await site.engine.open_message(site.account, work, Uid(1))
    assert await file.read(0, 99) == b"moved?"
    file.close()


async def test_a_tree_is_renamed_in_one_change(site: Site) -> None:
    a, b, c = await site.create("a", "a.b", "a.b.c")
    new_names = ("z", "z.b", "z.b.c")
    renames = tuple(MailboxRename(mailbox, name) for mailbox, name in zip((a, b, c), new_names, strict=True))
    done = await site.do(RenameMailboxes(renames, AUTHOR), Done)
    assert await names(site) == ["", *new_names]
    assert {(await site.row(mailbox)).folder_modseq for mailbox in (a, b, c)} == {done.modseq}


async def test_names_may_move_along_a_chain_in_either_order(site: Site) -> None:
    a, b = await site.create("x", "x.x")
    await site.do(RenameMailboxes((MailboxRename(a, "x.x"), MailboxRename(b, "x.x.x")), AUTHOR), Done)
    assert await names(site) == ["", "x.x", "x.x.x"]
    await site.do(RenameMailboxes((MailboxRename(a, "x"), MailboxRename(b, "x.x")), AUTHOR), Done)
    assert await names(site) == ["", "x", "x.x"]


async def test_rename_onto_a_mailbox_is_refused_whole(site: Site) -> None:
    a, b, _ = await site.create("a", "b", "c")
    await site.refuse(RenameMailboxes((MailboxRename(a, "new"), MailboxRename(b, "c")), AUTHOR), MailboxExists)
    await site.refuse(RenameMailboxes((MailboxRename(a, "new"), MailboxRename(UNKNOWN, "n")), AUTHOR), MailboxNotFound)


async def test_rename_does_not_change_the_partition(site: Site) -> None:
    (work,) = await site.create("work", partition="archive")
    await site.do(RenameMailboxes((MailboxRename(work, "a", partition="archive"),), AUTHOR), Done)
    await site.refuse(RenameMailboxes((MailboxRename(work, "b", partition="default"),), AUTHOR), PartitionNotFound)


async def test_acls_are_preconditions_of_rename_and_erase(site: Site) -> None:
    (work,) = await site.create("work")
    version = (await site.row(work)).acl_version
    for versions, refusal in [
        (((site.inbox, version), (work, version + 1)), AclChanged),
        (((UNKNOWN, version),), MailboxNotFound),
    ]:
        await site.refuse(replace(rename(work, "new"), acl_versions=versions), refusal)
        await site.refuse(EraseMailboxes((work,), AUTHOR, versions), refusal)
    right = ((site.inbox, version), (work, version))
    await site.do(replace(rename(work, "new"), acl_versions=right), Done)
    await site.do(EraseMailboxes((work,), AUTHOR, right), Erased)


# Delayed delete


async def test_a_deleted_mailbox_stays_with_its_messages_and_frees_its_name(site: Site) -> None:
    (work,) = await site.create("work")
    await site.add(work, Draft())
    await site.do(rename(work, "work.655f1c00", deleted_at_s=START_S), Done)
    (again,) = await site.create("work")
    row = await site.row(work)
    assert (row.name, row.deleted_at_s, row.messages) == ("work.655f1c00", START_S, 1)
    assert (await site.row(again)).uidvalidity > row.uidvalidity
    assert await names(site) == ["", "work", "work.655f1c00"]


async def test_names_of_deleted_mailboxes_collide_with_nothing(site: Site) -> None:
    first, second, third = await site.create("a", "b", "c.0")
    await site.do(rename(first, "c.0", deleted_at_s=START_S), Done)
    await site.do(rename(second, "c.0", deleted_at_s=START_S), Done)
    assert await names(site) == ["", "c.0", "c.0", "c.0"]
    assert (await site.row(third)).deleted_at_s is None


async def test_a_deleted_mailbox_is_brought_back(site: Site) -> None:
    (work,) = await site.create("work")
    await site.add(work, Draft())
    before = await site.row(work)
    await site.do(rename(work, "work.655f1c00", deleted_at_s=START_S), Done)
    done = await site.do(rename(work, "work"), Done)
    assert await site.row(work) == replace(before, folder_modseq=done.modseq)
    assert (await site.add(work, Draft())).uids == (2,)


async def test_a_deleted_mailbox_does_not_come_back_onto_another(site: Site) -> None:
    (work,) = await site.create("work")
    await site.do(rename(work, "work.655f1c00", deleted_at_s=START_S), Done)
    await site.create("work")
    await site.refuse(rename(work, "work"), MailboxExists)


async def test_writes_find_no_deleted_mailbox(site: Site) -> None:
    (work,) = await site.create("work")
    await site.add(work, Draft(flags=Flags.of(["\\Deleted"])))
    await site.add(site.inbox, Draft())
    await site.do(rename(work, "work.655f1c00", deleted_at_s=START_S), Done)
    commands: list[Command] = [
        CopyMessages(site.inbox, uid_set(1), work, AUTHOR),
        CopyMessages(work, uid_set(1), site.inbox, AUTHOR),
        StoreFlags(work, uid_set(1), FlagOperation.ADD, Flags.of(["a"]), AUTHOR),
        Expunge(work, AUTHOR),
        SetAcl(work, "", (await site.row(work)).acl_version, AUTHOR),
        SetSharedSeen(work, True, AUTHOR),
        ClaimRecent(work, Uid(1)),
        CreateMailboxes((site.new_mailbox("work.new"),), AUTHOR, work),
        RenameInbox(work, site.new_mailbox("old"), AUTHOR),
    ]
    async with AsyncExitStack() as exits:
        commands.append(await site.add_command(exits, work, Draft()))
        for command in commands:
            await site.refuse(command, MailboxNotFound)


async def test_a_deleted_mailbox_can_be_purged(site: Site) -> None:
    (work,) = await site.create("work")
    await site.add(work, Draft())
    await site.do(Expunge(work, AUTHOR, only_deleted=False), Expunged)
    await site.do(rename(work, "work.655f1c00", deleted_at_s=START_S), Done)
    assert await site.do(PurgeMessages(work, START_S + 1), Purged) == Purged(1, more=False)


# Erasing


@pytest.mark.parametrize("is_deleted", [False, True])
async def test_an_erased_mailbox_is_gone_with_its_messages(site: Site, is_deleted: bool) -> None:
    (work,) = await site.create("work")
    await site.add(work, Draft())
    contents = [row.content for row in await site.messages(work)]
    if is_deleted:
        await site.do(rename(work, "work.655f1c00", deleted_at_s=START_S), Done)
    done = await site.do(EraseMailboxes((work,), AUTHOR), Erased)
    assert await site.engine.mailbox(site.account, work) is None
    assert await names(site) == [""]
    assert await site.engine.contents(site.account, contents) == {}
    assert (await site.engine.state(site.account)).folder_modseq == done.modseq
    with pytest.raises((MailboxNotFound, MessageNotFound)):
        await site.engine.open_message(site.account, work, Uid(1))
    await site.refuse(EraseMailboxes((work,), AUTHOR), MailboxNotFound)


async def test_erasing_leaves_contents_that_copies_name(site: Site) -> None:
    (work,) = await site.create("work")
    await site.add(work, Draft(b"kept"), Draft(b"lost"))
    contents = [row.content for row in await site.messages(work)]
    await site.engine.write(site.account, CopyMessages(work, uid_set(1), site.inbox, AUTHOR))
    await site.do(EraseMailboxes((work,), AUTHOR), Erased)
    assert list(await site.engine.contents(site.account, contents)) == contents[:1]
    file = await site.engine.open_message(site.account, site.inbox, Uid(1))
    assert await file.read(0, 99) == b"kept"
    file.close()


async def test_a_large_mailbox_is_gone_at_once_and_forgotten_in_slices(site: Site) -> None:
    (work,) = await site.create("work")
    await site.add(work, *[Draft(b"%d" % number) for number in range(5)])
    await site.do(EraseMailboxes((work,), AUTHOR, limit=2), Erased)
    assert await site.engine.mailbox(site.account, work) is None
    assert await names(site) == [""]
    with pytest.raises(MailboxNotFound):
        await site.engine.messages(site.account, work)
    await site.refuse(Expunge(work, AUTHOR), MailboxNotFound)
    await site.refuse(rename(work, "back"), MailboxNotFound)
    before = await site.dump()
    while (await site.do(ForgetErased(limit=2), Purged)).more:
        assert await site.dump() == before
    assert await site.do(ForgetErased(), Purged) == Purged(0, more=False)


async def test_a_new_mailbox_holds_nothing_of_one_that_is_being_erased(site: Site) -> None:
    (work,) = await site.create("work")
    await site.add(work, Draft(), Draft(), Draft())
    await site.do(EraseMailboxes((work,), AUTHOR, limit=1), Erased)
    (again,) = await site.create("work")
    assert await site.messages(again) == []
    await site.add(again, Draft(b"kept"))
    while (await site.do(ForgetErased(limit=1), Purged)).more:
        pass
    assert [row.uid for row in await site.messages(again)] == [1]
    file = await site.engine.open_message(site.account, again, Uid(1))
    assert await file.read(0, 99) == b"kept"
    file.close()


async def test_one_unknown_mailbox_refuses_the_erasing_of_all(site: Site) -> None:
    (work,) = await site.create("work")
    await site.refuse(EraseMailboxes((work, UNKNOWN), AUTHOR), MailboxNotFound)


async def test_erasing_what_was_deleted_passes_over_what_was_brought_back(site: Site) -> None:
    old, young, back = await site.create("old", "young", "back")
    await site.do(rename(old, "old.655f1c00", deleted_at_s=START_S), Done)
    await site.do(rename(young, "young.655f1c0b", deleted_at_s=START_S + 11), Done)
    await site.do(rename(back, "back.655f1c00", deleted_at_s=START_S), Done)
    await site.do(rename(back, "back"), Done)
    command = EraseMailboxes((old, young, back, site.inbox), AUTHOR, deleted_until_s=START_S + 10)
    erased = await site.do(command, Erased)
    assert erased.mailboxes == (old,)
    assert await names(site) == ["", "back", "young.655f1c0b"]
    assert (await site.engine.state(site.account)).folder_modseq == erased.modseq


async def test_erasing_nothing_takes_no_modseq(site: Site) -> None:
    (work,) = await site.create("work")
    before = await site.dump()
    erased = await site.do(EraseMailboxes((work, site.inbox), AUTHOR, deleted_until_s=START_S), Erased)
    assert erased.mailboxes == ()
    assert erased.modseq == (await site.engine.state(site.account)).modseq
    assert await site.dump() == before
    await site.refuse(EraseMailboxes((UNKNOWN,), AUTHOR, deleted_until_s=START_S), MailboxNotFound)


async def test_tombstones_remember_the_uidvalidity_of_a_name(site: Site) -> None:
    (work,) = await site.create("work")
    first = (await site.row(work)).uidvalidity
    await site.do(EraseMailboxes((work,), AUTHOR), Erased)
    assert await site.engine.uidvalidity_of_tombstone(site.account, "work") == first
    (work,) = await site.create("work")
    second = (await site.row(work)).uidvalidity
    assert second > first
    await site.do(EraseMailboxes((work,), AUTHOR), Erased)
    assert await site.engine.uidvalidity_of_tombstone(site.account, "work") == second


async def test_a_tombstone_outlives_delayed_delete_and_erasing(site: Site) -> None:
    (work,) = await site.create("work")
    uidvalidity = (await site.row(work)).uidvalidity
    await site.do(rename(work, "work.655f1c00", deleted_at_s=START_S), Done)
    assert await site.engine.uidvalidity_of_tombstone(site.account, "work") == uidvalidity
    await site.do(EraseMailboxes((work,), AUTHOR), Erased)
    assert await site.engine.uidvalidity_of_tombstone(site.account, "work") == uidvalidity


# ACL and options


async def test_an_acl_is_replaced_on_the_version_it_was_decided_on(site: Site) -> None:
    before = await site.row(site.inbox)
    done = await site.do(SetAcl(site.inbox, "ann\tlrs\t", before.acl_version, AUTHOR), Done)
    row = await site.row(site.inbox)
    assert (row.acl, row.folder_modseq, row.highestmodseq) == ("ann\tlrs\t", done.modseq, before.highestmodseq)
    assert row.acl_version != before.acl_version
    await site.refuse(SetAcl(site.inbox, "", before.acl_version, AUTHOR), AclChanged)
    await site.refuse(SetAcl(UNKNOWN, "", 1, AUTHOR), MailboxNotFound)


async def test_shared_seen_is_an_option_of_the_mailbox(site: Site) -> None:
    for shared in (True, False):
        done = await site.do(SetSharedSeen(site.inbox, shared, AUTHOR), Done)
        row = await site.row(site.inbox)
        assert (row.shared_seen, row.folder_modseq) == (shared, done.modseq)
    await site.refuse(SetSharedSeen(UNKNOWN, True, AUTHOR), MailboxNotFound)


async def test_whose_seen_counts_is_a_change_of_every_message_that_is_there(site: Site) -> None:
    (other,) = await site.create("other")
    await site.add(site.inbox, Draft(flags=Flags.of(["\\Seen", "work"])), Draft(), Draft())
    await site.add(other, Draft())
    gone = await site.do(Expunge(site.inbox, AUTHOR, uid_set(2), only_deleted=False), Expunged)
    elsewhere, flags = await site.messages(other), await site.flags(site.inbox)
    for shared in (True, False):
        done = await site.do(SetSharedSeen(site.inbox, shared, AUTHOR), Done)
        assert {row.uid: row.modseq for row in await site.changed(site.inbox)} == {
            1: done.modseq,
            2: gone.modseq,
            3: done.modseq,
        }
        assert (await site.row(site.inbox)).highestmodseq == done.modseq
    assert (await site.messages(other), await site.flags(site.inbox)) == (elsewhere, flags)
    await site.check_counters()


async def test_whose_seen_counts_raises_highestmodseq_where_no_message_is_left(site: Site) -> None:
    # A reader's own MODSEQ may be above the mailbox's, and is not told any more.
    await site.add(site.inbox, Draft())
    await site.do(Expunge(site.inbox, AUTHOR, only_deleted=False), Expunged)
    done = await site.do(SetSharedSeen(site.inbox, True, AUTHOR), Done)
    assert (await site.row(site.inbox)).highestmodseq == done.modseq


async def test_shared_seen_that_is_so_already_changes_nothing(site: Site) -> None:
    await site.add(site.inbox, Draft())
    for shared in (False, True):
        await site.do(SetSharedSeen(site.inbox, shared, AUTHOR), Done)
        before, state = await site.dump(), await site.engine.state(site.account)
        assert await site.do(SetSharedSeen(site.inbox, shared, AUTHOR), Done) == Done(state.modseq)
        assert (await site.dump(), await site.engine.state(site.account)) == (before, state)


# Recent


async def test_recent_is_claimed_for_the_owner_and_never_goes_back(site: Site) -> None:
    await site.add(site.inbox, Draft(), Draft())
    await site.do(ClaimRecent(site.inbox, Uid(2)), Done)
    await site.do(ClaimRecent(site.inbox, Uid(1)), Done)
    assert (await site.row(site.inbox)).recent_uid == 2
    await site.refuse(ClaimRecent(UNKNOWN, Uid(1)), MailboxNotFound)


async def test_recent_is_claimed_for_each_reader_apart(site: Site) -> None:
    await site.add(site.inbox, Draft(flags=Flags.of(["\\Seen"])), Draft(), seen_account=ANN)
    before = await site.engine.seen(site.account, site.inbox, ANN)
    assert before is not None
    await site.do(ClaimRecent(site.inbox, Uid(2), ANN), Done)
    await site.do(ClaimRecent(site.inbox, Uid(1), ANN), Done)
    assert await site.engine.seen(site.account, site.inbox, ANN) == replace(before, recent_uid=Uid(2))
    assert (await site.row(site.inbox)).recent_uid == 0


async def test_a_reader_who_has_seen_nothing_can_claim_recent(site: Site) -> None:
    await site.add(site.inbox, Draft())
    await site.do(ClaimRecent(site.inbox, Uid(1), ANN), Done)
    seen = await site.engine.seen(site.account, site.inbox, ANN)
    assert seen is not None
    assert (seen.uids, seen.recent_uid) == ("", 1)


# Restoring


async def test_a_restored_mailbox_goes_on_above_its_ceilings(site: Site) -> None:
    new = replace(site.new_mailbox("lost"), keywords=("a",))
    command = RestoreMailbox(new, UidValidity(77), Uid(1000), ModSeq(5000), (), AUTHOR)
    done = await site.do(command, Done)
    row = await site.row(new.id)
    assert (row.name, row.uidvalidity, row.keywords, row.messages) == ("lost", 77, ("a",), 0)
    assert done.modseq >= 5000
    assert row.uidnext >= 1000
    assert row.purged_modseq == row.highestmodseq  # nobody knows what was expunged before
    assert (await site.add(new.id, Draft())).uids[0] >= 1000
    assert (await site.engine.state(site.account)).modseq > 5000


async def test_restored_messages_keep_their_uids(site: Site) -> None:
    new = site.new_mailbox("lost")
    async with AsyncExitStack() as exits:
        messages = []
        for uid, draft in [(3, Draft(b"three", Flags.of(["\\Seen", "k"]))), (2000, Draft(b"far above"))]:
            messages.append(RestoredMessage(Uid(uid), draft.message(await site.stage(exits, draft.octets))))
        await site.do(RestoreMailbox(new, UidValidity(77), Uid(1000), ModSeq(1), tuple(messages), AUTHOR), Done)
    assert await site.flags(new.id) == {3: {"\\Seen", "k"}, 2000: set()}
    row = await site.row(new.id)
    assert (row.messages, row.unseen, row.octets) == (2, 1, 14)
    assert row.uidnext > 2000
    await site.check_counters()


async def restore_more(site: Site, mailbox: MailboxId, *drafts: tuple[int, Draft]) -> Done:
    """RestoreMessages of drafts by UID."""
    async with AsyncExitStack() as exits:
        restored = [
            RestoredMessage(Uid(uid), draft.message(await site.stage(exits, draft.octets))) for uid, draft in drafts
        ]
        return await site.do(RestoreMessages(mailbox, tuple(restored), AUTHOR), Done)


async def test_more_messages_are_restored_in_slices(site: Site) -> None:
    new = replace(site.new_mailbox("lost"), keywords=("a",))
    await site.do(RestoreMailbox(new, UidValidity(77), Uid(1000), ModSeq(5000), (), AUTHOR), Done)
    first = await restore_more(site, new.id, (3, Draft(b"three", Flags.of(["\\Seen", "b"]))), (7, Draft(b"seven")))
    second = await restore_more(site, new.id, (5, Draft(b"five")))
    assert second.modseq > first.modseq > 5000
    assert await site.flags(new.id) == {3: {"\\Seen", "b"}, 5: set(), 7: set()}
    row = await site.row(new.id)
    assert (row.messages, row.unseen, row.octets, row.keywords) == (3, 2, 14, ("a", "b"))
    assert row.highestmodseq == second.modseq
    assert (await site.add(new.id, Draft())).uids[0] >= 1000
    await site.check_counters()


async def test_restored_messages_count_in_their_quota_root(site: Site) -> None:
    await site.do(SetQuota("", {QuotaResource.STORAGE: 1}, AUTHOR), Done)
    new = site.new_mailbox("lost")
    await site.do(RestoreMailbox(new, UidValidity(77), Uid(10), ModSeq(1), (), AUTHOR), Done)
    await restore_more(site, new.id, (1, Draft(b"x" * 3000)))
    (quota,) = await site.engine.quotas(site.account)
    assert quota.used[QuotaResource.STORAGE] == 3000
    await site.check_counters()


async def test_uids_above_the_ceiling_of_a_restored_mailbox_are_not_given_again(site: Site) -> None:
    new = site.new_mailbox("lost")
    await site.do(RestoreMailbox(new, UidValidity(77), Uid(10), ModSeq(1), (), AUTHOR), Done)
    await restore_more(site, new.id, (5000, Draft(b"far above")))
    assert (await site.add(new.id, Draft())).uids[0] > 5000


async def test_messages_are_restored_into_a_mailbox_in_delayed_delete(site: Site) -> None:
    new = site.new_mailbox("lost.655f1c00")
    command = RestoreMailbox(new, UidValidity(77), Uid(10), ModSeq(1), (), AUTHOR, deleted_at_s=START_S)
    await site.do(command, Done)
    await restore_more(site, new.id, (1, Draft(b"one")))
    assert (await site.row(new.id)).messages == 1


async def test_restoring_messages_of_an_unknown_mailbox_is_refused(site: Site) -> None:
    await site.refuse(RestoreMessages(UNKNOWN, (), AUTHOR), MailboxNotFound)


async def test_later_mailboxes_get_a_uidvalidity_above_a_restored_one(site: Site) -> None:
    given = UidValidity(START_S + 1_000_000)
    await site.do(RestoreMailbox(site.new_mailbox("lost"), given, Uid(1), ModSeq(1), (), AUTHOR), Done)
    (later,) = await site.create("later")
    assert (await site.row(later)).uidvalidity > given


async def test_a_mailbox_is_restored_into_delayed_delete(site: Site) -> None:
    (_,) = await site.create("work")
    new = site.new_mailbox("work")
    command = RestoreMailbox(new, UidValidity(77), Uid(1), ModSeq(1), (), AUTHOR, deleted_at_s=START_S)
    await site.do(command, Done)
    assert (await site.row(new.id)).deleted_at_s == START_S


async def test_a_mailbox_that_is_there_is_not_restored_again(site: Site) -> None:
    new = site.new_mailbox("work")
    command = RestoreMailbox(new, UidValidity(77), Uid(1), ModSeq(1), (), AUTHOR)
    await site.do(command, Done)
    await site.refuse(command, MailboxExists)
    await site.refuse(replace(command, mailbox=site.new_mailbox("work")), MailboxExists)
    assert (await site.add(new.id, Draft())) == Added(
        UidValidity(77), (Uid(1),), (await site.row(new.id)).highestmodseq
    )


async def test_special_use_is_one_live_mailboxs_of_an_account(site: Site) -> None:
    drafts = site.new_mailbox("drafts", special_use="\\Drafts")
    await site.do(CreateMailboxes((drafts,), AUTHOR), Done)
    parent, child = site.new_mailbox("a"), site.new_mailbox("a.b", special_use="\\Sent \\Drafts")
    await site.refuse(CreateMailboxes((parent, child), AUTHOR), SpecialUseTaken)
    (work,) = await site.create("work")
    await site.refuse(SetSpecialUse(work, "\\Drafts", AUTHOR), SpecialUseTaken)
    done = await site.do(SetSpecialUse(drafts.id, "\\Drafts \\Sent", AUTHOR), Done)
    row = await site.row(drafts.id)
    assert (row.special_use, row.folder_modseq) == ("\\Drafts \\Sent", done.modseq)
    assert (await site.engine.state(site.account)).folder_modseq == done.modseq
    await site.do(SetSpecialUse(drafts.id, "", AUTHOR), Done)
    await site.do(SetSpecialUse(work, "\\Drafts", AUTHOR), Done)
    changes = await site.engine.changes(site.account, since=done.modseq, limit=10)
    assert [(change.operation, change.mailbox) for change in changes] == [
        ("setspecialuse", drafts.id),
        ("setspecialuse", work),
    ]


async def test_special_use_of_a_deleted_mailbox_is_free(site: Site) -> None:
    drafts = site.new_mailbox("drafts", special_use="\\Drafts")
    await site.do(CreateMailboxes((drafts,), AUTHOR), Done)
    await site.do(rename(drafts.id, "drafts.6553F100", deleted_at_s=START_S), Done)
    again = site.new_mailbox("drafts", special_use="\\Drafts")
    await site.do(CreateMailboxes((again,), AUTHOR), Done)
    assert (await site.row(again.id)).special_use == "\\Drafts"


async def test_a_mailbox_that_comes_back_leaves_a_use_to_who_has_it_now(site: Site) -> None:
    drafts = site.new_mailbox("drafts", special_use="\\Drafts \\Sent")
    await site.do(CreateMailboxes((drafts,), AUTHOR), Done)
    await site.do(rename(drafts.id, "drafts.6553F100", deleted_at_s=START_S), Done)
    again = site.new_mailbox("drafts", special_use="\\Drafts")
    await site.do(CreateMailboxes((again,), AUTHOR), Done)
    await site.do(rename(drafts.id, "old"), Done)
    assert [(await site.row(each.id)).special_use for each in (drafts, again)] == ["\\Sent", "\\Drafts"]
    await site.do(rename(drafts.id, "older"), Done)
    assert (await site.row(drafts.id)).special_use == "\\Sent"


async def test_special_use_needs_the_mailbox_and_the_acl_that_decided(site: Site) -> None:
    await site.refuse(SetSpecialUse(UNKNOWN, "\\Sent", AUTHOR), MailboxNotFound)
    await site.refuse(SetSpecialUse(site.inbox, "\\Sent", AUTHOR, acl_version=99), AclChanged)
