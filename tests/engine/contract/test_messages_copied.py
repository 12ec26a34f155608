"""COPY and MOVE within an account, and RENAME INBOX, over every engine."""

from dataclasses import replace

import pytest
from tests.engine.contract.conftest import AUTHOR, Draft, Site, uid_set
from tests.engine.rows import message_rows

from angarium.engine.commands import (
    Copied,
    CopyMessages,
    Done,
    Expunge,
    Expunged,
    FlagOperation,
    FlagsStored,
    RenameInbox,
    StoreFlags,
)
from angarium.engine.rows import KEYWORD_LIMIT, AccountId, MailboxId, Uid
from angarium.errors import AclChanged, KeywordLimitExceeded, MailboxExists, MailboxNotFound
from angarium.flags import NO_FLAGS, Flags, SystemFlags
from angarium.sequenceset import UidSet

ANN = AccountId("a" * 24)
BOB = AccountId("b" * 24)
EVERYTHING = UidSet(((1, 0xFFFFFFFF),))


async def test_copies_get_new_uids_in_the_order_of_the_old(site: Site) -> None:
    (work,) = await site.create("work")
    await site.add(site.inbox, *[Draft(b"%d" % number) for number in range(5)])
    await site.add(work, Draft())
    copied = await site.do(CopyMessages(site.inbox, uid_set(5, 2, 3), work, AUTHOR), Copied)
    assert (copied.source, copied.target) == ((2, 3, 5), (2, 3, 4))
    assert copied.uidvalidity == (await site.row(work)).uidvalidity
    assert copied.modseq == (await site.row(work)).highestmodseq
    assert copied.expunged_modseq is None
    file = await site.engine.open_message(site.account, work, Uid(4))
    assert await file.read(0, 9) == b"4"
    file.close()
    assert await site.uids(site.inbox) == [1, 2, 3, 4, 5]


async def test_copies_carry_what_never_changes_and_are_saved_now(site: Site) -> None:
    (work,) = await site.create("work")
    await site.add(site.inbox, Draft(flags=Flags.of(["\\Answered", "$Work"])))
    site.sources.time_s += 100
    copied = await site.do(CopyMessages(site.inbox, uid_set(1), work, AUTHOR), Copied)
    (original,), (copy,) = await site.messages(site.inbox), await site.messages(work)
    changed = replace(
        original, modseq=copied.modseq, created_modseq=copied.modseq, saved_at_s=original.saved_at_s + 100
    )
    assert copy == changed
    assert await site.flags(work) == {1: {"\\Answered", "$Work"}}


async def test_keywords_are_copied_by_name_where_their_bits_differ(site: Site) -> None:
    (work,) = await site.create("work")
    await site.add(site.inbox, Draft(flags=Flags.of(["One", "Two"])), Draft(flags=Flags.of(["Two", "Three"])))
    await site.add(work, Draft(flags=Flags.of(["zero", "TWO"])))
    await site.do(CopyMessages(site.inbox, EVERYTHING, work, AUTHOR), Copied)
    assert await site.flags(work) == {1: {"zero", "TWO"}, 2: {"One", "TWO"}, 3: {"TWO", "Three"}}


async def test_a_copy_whose_keywords_find_no_room_is_refused_whole(site: Site) -> None:
    (work,) = await site.create("work")
    await site.add(site.inbox, Draft(), Draft(flags=Flags.of(["new"])))
    await site.add(work, Draft(flags=Flags.of([f"k{number}" for number in range(KEYWORD_LIMIT)])))
    await site.refuse(CopyMessages(site.inbox, EVERYTHING, work, AUTHOR), KeywordLimitExceeded)
    await site.do(CopyMessages(site.inbox, EVERYTHING, work, AUTHOR, keep_keywords=False), Copied)
    assert (await site.flags(work))[3] == set()


async def test_flags_without_their_right_are_not_copied(site: Site) -> None:
    (work,) = await site.create("work")
    await site.add(site.inbox, Draft(flags=Flags.of(["\\Seen", "\\Deleted", "\\Flagged", "keyword"])))
    kept = SystemFlags.FLAGGED
    await site.do(CopyMessages(site.inbox, uid_set(1), work, AUTHOR, kept_flags=kept, keep_keywords=False), Copied)
    assert await site.flags(work) == {1: {"\\Flagged"}}
    await site.check_counters()


async def test_uids_that_are_not_there_are_passed_over(site: Site) -> None:
    (work,) = await site.create("work")
    await site.add(site.inbox, Draft(), Draft(), Draft())
    await site.do(Expunge(site.inbox, AUTHOR, uid_set(2), only_deleted=False), Expunged)
    copied = await site.do(CopyMessages(site.inbox, uid_set(2, 3, 9), work, AUTHOR), Copied)
    assert copied.source == (3,)
    nothing = await site.do(CopyMessages(site.inbox, uid_set(2, 9), work, AUTHOR), Copied)
    assert (nothing.source, nothing.target) == ((), ())
    assert await site.uids(work) == [1]


async def test_a_copy_into_the_same_mailbox_doubles_the_messages(site: Site) -> None:
    await site.add(site.inbox, Draft(b"a", Flags.of(["x"])), Draft(b"b"))
    copied = await site.do(CopyMessages(site.inbox, EVERYTHING, site.inbox, AUTHOR), Copied)
    assert copied.target == (3, 4)
    assert await site.flags(site.inbox) == {1: {"x"}, 2: set(), 3: {"x"}, 4: set()}
    await site.check_counters()


@pytest.mark.parametrize(
    ("from_account", "to_account", "own_seen", "ann_seen"),
    [
        (None, None, [1], []),
        (ANN, None, [2], []),
        (None, ANN, [], [1]),
        (ANN, ANN, [], [2]),
    ],
)
async def test_seen_is_read_and_written_for_whom_it_concerns(
    site: Site, from_account: AccountId | None, to_account: AccountId | None, own_seen: list[int], ann_seen: list[int]
) -> None:
    (work,) = await site.create("work")
    await site.add(site.inbox, Draft(flags=Flags.of(["\\Seen"])))
    await site.add(site.inbox, Draft(flags=Flags.of(["\\Seen"])), seen_account=ANN)
    command = CopyMessages(
        site.inbox,
        EVERYTHING,
        work,
        AUTHOR,
        source_seen_account=from_account,
        target_seen_account=to_account,
    )
    await site.do(command, Copied)
    assert [uid for uid, names in (await site.flags(work)).items() if "\\Seen" in names] == own_seen
    seen = await site.engine.seen(site.account, work, ANN)
    assert (seen.uids if seen is not None else "") == UidSet.from_numbers(ann_seen).serialize().decode()
    assert await site.engine.seen(site.account, work, BOB) is None


async def test_move_expunges_the_sources_after_the_copies_in_modseq(site: Site) -> None:
    (work,) = await site.create("work")
    await site.add(site.inbox, Draft(b"1"), Draft(b"22"), Draft(b"333"))
    moved = await site.do(CopyMessages(site.inbox, uid_set(1, 3), work, AUTHOR, move=True), Copied)
    assert (moved.source, moved.target) == ((1, 3), (1, 2))
    assert await site.uids(site.inbox) == [2]
    gone = await message_rows(site.engine, site.account, site.inbox, changed_since=moved.modseq)
    rows = gone or [row for row in await site.changed(site.inbox) if row.expunged_modseq]
    assert [row.uid for row in rows] == [1, 3]
    assert all(row.expunged_modseq == row.modseq == moved.expunged_modseq for row in rows)
    assert moved.expunged_modseq is not None
    assert moved.expunged_modseq >= moved.modseq
    assert (await site.row(site.inbox)).highestmodseq == rows[0].modseq
    await site.check_counters()


async def test_a_move_into_the_same_mailbox_renews_the_uids(site: Site) -> None:
    await site.add(site.inbox, Draft(), Draft())
    moved = await site.do(CopyMessages(site.inbox, uid_set(1), site.inbox, AUTHOR, move=True), Copied)
    assert (moved.source, moved.target) == ((1,), (3,))
    assert await site.uids(site.inbox) == [2, 3]
    await site.check_counters()


async def test_a_moved_message_can_still_be_opened_where_it_was(site: Site) -> None:
    (work,) = await site.create("work")
    await site.add(site.inbox, Draft(b"here and there"))
    await site.do(CopyMessages(site.inbox, uid_set(1), work, AUTHOR, move=True), Copied)
    for mailbox in (site.inbox, work):
        file = await site.engine.open_message(site.account, mailbox, Uid(1))
        assert await file.read(0, 99) == b"here and there"
        file.close()


@pytest.mark.parametrize("which", ["source", "target"])
@pytest.mark.parametrize("move", [False, True])
async def test_a_changed_acl_on_either_side_refuses_the_copy(site: Site, which: str, move: bool) -> None:
    (work,) = await site.create("work")
    await site.add(site.inbox, Draft())
    version = (await site.row(work)).acl_version
    command = CopyMessages(
        site.inbox,
        uid_set(1),
        work,
        AUTHOR,
        move=move,
        source_acl_version=version + (which == "source"),
        target_acl_version=version + (which == "target"),
    )
    await site.refuse(command, AclChanged)
    await site.do(replace(command, source_acl_version=version, target_acl_version=version), Copied)


@pytest.mark.parametrize("which", ["source", "target"])
async def test_both_acl_versions_count_where_source_and_target_are_one(site: Site, which: str) -> None:
    await site.add(site.inbox, Draft())
    version = (await site.row(site.inbox)).acl_version
    command = CopyMessages(
        site.inbox,
        uid_set(1),
        site.inbox,
        AUTHOR,
        source_acl_version=version + 1 if which == "source" else None,
        target_acl_version=version + 1 if which == "target" else None,
    )
    await site.refuse(command, AclChanged)


async def test_unknown_mailboxes_refuse_the_copy(site: Site) -> None:
    await site.add(site.inbox, Draft())
    unknown = MailboxId("z" * 24)
    await site.refuse(CopyMessages(site.inbox, uid_set(1), unknown, AUTHOR), MailboxNotFound)
    await site.refuse(CopyMessages(unknown, uid_set(1), site.inbox, AUTHOR), MailboxNotFound)


async def test_copies_stay_when_the_original_changes(site: Site) -> None:
    (work,) = await site.create("work")
    await site.add(site.inbox, Draft())
    await site.do(CopyMessages(site.inbox, uid_set(1), work, AUTHOR), Copied)
    flagged = Flags.of(["\\Flagged"])
    await site.do(StoreFlags(site.inbox, uid_set(1), FlagOperation.ADD, flagged, AUTHOR), FlagsStored)
    assert await site.flags(work) == {1: set()}


async def test_rename_inbox_moves_the_messages_and_leaves_inbox(site: Site) -> None:
    await site.add(site.inbox, Draft(b"1", Flags.of(["\\Seen", "x"])), Draft(b"2"), Draft(b"3"))
    await site.do(Expunge(site.inbox, AUTHOR, uid_set(2), only_deleted=False), Expunged)
    before = await site.row(site.inbox)
    target = replace(site.new_mailbox("old"), keywords=("y",))
    await site.do(RenameInbox(site.inbox, target, AUTHOR), Done)
    inbox, old = await site.row(site.inbox), await site.row(target.id)
    assert (inbox.id, inbox.name, inbox.uidvalidity) == (before.id, "", before.uidvalidity)
    assert (inbox.messages, inbox.uidnext, old.name, old.messages) == (0, 4, "old", 2)
    assert old.uidvalidity > inbox.uidvalidity
    assert await site.flags(target.id) == {1: {"\\Seen", "x"}, 2: set()}
    file = await site.engine.open_message(site.account, target.id, Uid(2))
    assert await file.read(0, 9) == b"3"
    file.close()
    await site.check_counters()


async def test_rename_of_an_empty_inbox_makes_the_mailbox(site: Site) -> None:
    target = site.new_mailbox("old")
    await site.do(RenameInbox(site.inbox, target, AUTHOR), Done)
    assert await site.uids(target.id) == []


async def test_rename_inbox_onto_a_mailbox_is_refused(site: Site) -> None:
    await site.create("old")
    await site.add(site.inbox, Draft(flags=NO_FLAGS))
    await site.refuse(RenameInbox(site.inbox, site.new_mailbox("old"), AUTHOR), MailboxExists)
    await site.refuse(RenameInbox(MailboxId("z" * 24), site.new_mailbox("new"), AUTHOR), MailboxNotFound)
