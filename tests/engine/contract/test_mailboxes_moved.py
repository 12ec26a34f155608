"""Mailboxes that go into another account, over every engine (DESIGN §8)."""

from dataclasses import replace

import pytest
from tests.engine.contract.conftest import AUTHOR, OWNER_ACL, Draft, Site, uid_set
from tests.engine.rows import message_rows

from angarium.engine.commands import (
    Added,
    AnnotationsSet,
    CreateMailboxes,
    Done,
    Erased,
    EraseMailboxes,
    Expunge,
    Expunged,
    FlagOperation,
    FlagsStored,
    MailboxRename,
    MessageOrigin,
    RememberPreviews,
    RenameMailboxes,
    SetAcl,
    SetAnnotations,
    SetQuota,
    SetSharedSeen,
    StoreFlags,
)
from angarium.engine.moves import MailboxMove, MoveMailboxes, parse_move
from angarium.engine.rows import (
    AccountId,
    AnnotationChange,
    ContentId,
    EmailId,
    MailboxId,
    ModSeq,
    QuotaResource,
    ThreadId,
    Uid,
)
from angarium.errors import AclChanged, AngariumError, MailboxExists, MailboxNotFound, QuotaExceeded
from angarium.flags import Flags

READER = AccountId("r" * 24)
SEEN = Flags.of(["\\Seen"])


async def other_account(site: Site, name: str = "user.jones") -> Site:
    """The site as another user with an INBOX has it."""
    account = await site.engine.create_account(name)
    other = replace(site, account=account, inbox=MailboxId(site.sources.random_id()))
    new = replace(other.new_mailbox(""), id=other.inbox)
    await other.do(CreateMailboxes((new,), AUTHOR), Done)
    await site.engine.refresh_catalogue(account)
    return other


def move_of(site: Site, other: Site, names: dict[MailboxId, str]) -> MoveMailboxes:
    moves = tuple([MailboxMove(mailbox, name) for mailbox, name in names.items()])
    return MoveMailboxes(site.account, other.account, moves, AUTHOR)


async def move(site: Site, other: Site, names: dict[MailboxId, str]) -> Done:
    return await site.engine.move_mailboxes(move_of(site, other, names))


async def refuse(command: MoveMailboxes, site: Site, other: Site, refusal: type[AngariumError]) -> None:
    """The move is refused, and nobody sees that it was tried."""
    before = [row.name for row in await site.engine.mailboxes(site.account)]
    others = await other.dump()
    with pytest.raises(refusal):
        await site.engine.move_mailboxes(command)
    assert [row.name for row in await site.engine.mailboxes(site.account)] == before
    assert await other.dump() == others
    assert not await site.engine.work()
    for row in await site.engine.mailboxes(site.account):
        await site.add(row.id, Draft())


async def names_of(site: Site) -> list[str]:
    return [row.name for row in await site.engine.mailboxes(site.account)]


async def octets_of(site: Site, account: AccountId, mailbox: MailboxId, uid: Uid) -> bytes:
    file = await site.engine.open_message(account, mailbox, uid)
    try:
        return await file.read(0, 10)
    finally:
        file.close()


async def test_a_tree_goes_whole_and_is_shown_where_it_is(site: Site) -> None:
    other = await other_account(site)
    work, sub, works = await site.create("work", "work.sub", "works")
    await site.add(work, Draft(b"one", flags=Flags.of(["\\Flagged", "$Work"])), Draft(b"two"))
    await site.add(sub, Draft(b"three"))
    row = await site.row(work)
    done = await move(site, other, {work: "projects", sub: "projects.sub"})
    assert (await names_of(site), await names_of(other)) == (["", "works"], ["", "projects", "projects.sub"])
    moved = await other.row(work)
    assert (moved.id, moved.uidvalidity, moved.uidnext, moved.acl) == (row.id, row.uidvalidity, row.uidnext, row.acl)
    assert (moved.messages, moved.octets, moved.keywords) == (row.messages, row.octets, row.keywords)
    assert done.modseq == moved.folder_modseq == (await site.engine.state(other.account)).folder_modseq
    assert await other.flags(work) == {1: {"\\Flagged", "$Work"}, 2: set()}
    for mailbox, uid, octets in ((work, 1, b"one"), (work, 2, b"two"), (sub, 1, b"three")):
        assert await octets_of(site, other.account, mailbox, Uid(uid)) == octets
    shown = {each.mailbox: each.account for each in await site.engine.catalogue()}
    assert (shown[work], shown[sub], shown[works]) == (other.account, other.account, site.account)
    assert not await site.engine.work()
    await other.check_counters()
    await site.check_counters()


async def test_the_mailbox_goes_on_where_it_was(site: Site) -> None:
    other = await other_account(site)
    (work,) = await site.create("work")
    await site.add(work, Draft(b"one"))
    await move(site, other, {work: "work"})
    assert (await other.add(work, Draft(b"two"))).uids == (2,)
    with pytest.raises(MailboxNotFound):
        await site.add(work, Draft())
    again = (await site.create("work"))[0]
    assert (await site.row(again)).uidvalidity > (await other.row(work)).uidvalidity
    await site.add(again, Draft(b"three"))
    assert await octets_of(site, other.account, work, Uid(1)) == b"one"


async def test_every_message_has_a_modseq_above_all_of_both_accounts(site: Site) -> None:
    other = await other_account(site)
    (work,) = await site.create("work")
    await site.add(work, Draft(), Draft(), Draft())
    await site.do(Expunge(work, AUTHOR, uid_set(2), only_deleted=False), Expunged)
    for account in (site, other):
        for _ in range(5):
            await account.add(account.inbox, Draft())
        told = max([(await site.engine.state(each.account)).modseq for each in (site, other)])
        here, there = (site, other) if account is site else (other, site)
        await move(here, there, {work: "work"})
        rows = await message_rows(site.engine, there.account, work, changed_since=ModSeq(told))
        assert [(row.uid, row.expunged_modseq > told) for row in rows] == [(1, False), (2, True), (3, False)]
        assert min(row.modseq for row in rows) > told
        found = await there.row(work)
        assert found.highestmodseq >= max(row.modseq for row in rows)
        assert found.created_modseq > told


async def test_ids_threads_contents_and_previews_go_along(site: Site) -> None:
    other = await other_account(site)
    (work,) = await site.create("work")
    draft = Draft(b"one", message_id="<1@x>", email_id=EmailId(7), thread_id=ThreadId(8), is_reply=False)
    await site.add(work, draft)
    (before,) = await site.messages(work)
    await site.do(RememberPreviews(((before.content, "so it begins"),)), Done)
    await other.add(other.inbox, Draft(b"elsewhere"))
    await move(site, other, {work: "work"})
    (after,) = await other.messages(work)
    assert (after.email_id, after.thread_id, after.saved_at_s, after.date) == (7, 8, before.saved_at_s, before.date)
    contents = [after.content]
    assert await site.engine.contents(other.account, contents) == {after.content: draft.content()}
    assert await site.engine.search_fields(other.account, contents) == {after.content: draft.search()}
    assert await site.engine.previews(other.account, contents) == {after.content: "so it begins"}
    await other.add(other.inbox, Draft(b"answer", message_id="<2@x>", references=("<1@x>",), is_reply=True))
    assert (await other.messages(other.inbox))[-1].thread_id == 8


async def test_contents_that_nothing_names_any_more_are_forgotten(site: Site) -> None:
    other = await other_account(site)
    (work,) = await site.create("work")
    await site.add(work, Draft(b"one"))
    (before,) = await site.messages(work)
    await move(site, other, {work: "work"})
    assert await site.engine.contents(site.account, [ContentId(before.content)]) == {}


async def test_each_reader_keeps_what_she_has_seen(site: Site) -> None:
    other = await other_account(site)
    (work,) = await site.create("work")
    await site.add(work, Draft(flags=SEEN), Draft(), Draft())
    for account, uid in ((other.account, 2), (READER, 3)):
        await site.do(
            StoreFlags(work, uid_set(uid), FlagOperation.ADD, SEEN, AUTHOR, seen_account=account), FlagsStored
        )
    await move(site, other, {work: "work"})
    assert await other.flags(work) == {1: set(), 2: {"\\Seen"}, 3: set()}
    assert (await other.row(work)).unseen == 2
    seen = {account: await site.engine.seen(other.account, work, account) for account in (site.account, READER)}
    assert {account: row.uids for account, row in seen.items() if row} == {site.account: "1", READER: "3"}
    assert await site.engine.seen(other.account, work, other.account) is None
    await move(other, site, {work: "work"})
    assert await site.flags(work) == {1: {"\\Seen"}, 2: set(), 3: set()}
    await site.check_counters()


async def test_seen_state_that_is_one_for_all_stays_so(site: Site) -> None:
    other = await other_account(site)
    (work,) = await site.create("work")
    await site.do(SetSharedSeen(work, shared=True, author=AUTHOR), Done)
    await site.add(work, Draft(flags=SEEN), Draft())
    await move(site, other, {work: "work"})
    assert await other.flags(work) == {1: {"\\Seen"}, 2: set()}
    assert (await other.row(work)).shared_seen


async def test_what_nobody_owns_keeps_the_seen_state_of_all(site: Site) -> None:
    other = await other_account(site, "board")
    (work,) = await site.create("work")
    await site.add(work, Draft(flags=SEEN), Draft())
    command = replace(move_of(site, other, {work: "work"}), target_has_owner=False)
    await site.engine.move_mailboxes(command)
    assert await other.flags(work) == {1: set(), 2: set()}
    row = await site.engine.seen(other.account, work, site.account)
    assert row is not None
    assert row.uids == "1"
    back = MoveMailboxes(other.account, site.account, command.moves, AUTHOR, source_has_owner=False)
    await site.engine.move_mailboxes(back)
    assert await site.flags(work) == {1: {"\\Seen"}, 2: set()}


async def test_annotations_go_along(site: Site) -> None:
    other = await other_account(site)
    (work,) = await site.create("work")
    await site.add(work, Draft(), Draft())
    changes = (AnnotationChange("/comment", None, b"ours"), AnnotationChange("/comment", READER, b"mine"))
    await site.do(SetAnnotations(work, changes, AUTHOR), AnnotationsSet)
    await site.do(SetAnnotations(work, changes, AUTHOR, uid_set(2)), AnnotationsSet)
    before = await site.row(work)
    await move(site, other, {work: "work"})
    for uids, uid in ((None, 0), (uid_set(1, 2), 2)):
        rows = await site.engine.annotations(other.account, work, uids)
        assert [(row.uid, row.owner, row.value) for row in rows] == [(uid, None, b"ours"), (uid, READER, b"mine")]
    assert (await other.row(work)).annotation_octets == before.annotation_octets == 16
    assert await site.engine.annotations(site.account, work) == []


async def test_quota_roots_go_along_and_those_above_count_anew(site: Site) -> None:
    other = await other_account(site)
    work, sub = await site.create("work", "work.sub")
    for account, root, limit in ((site, "", 100), (site, "work.sub", 10), (other, "", 50)):
        await account.do(SetQuota(root, {QuotaResource.STORAGE: limit}, AUTHOR), Done)
    await site.add(work, Draft(b"x" * 1000))
    await site.add(sub, Draft(b"x" * 500))
    await move(site, other, {work: "a", sub: "a.sub"})
    for account, used in ((site, {"": 0}), (other, {"": 1000, "a.sub": 500})):
        await account.check_counters()
        quotas = await site.engine.quotas(account.account)
        assert {quota.root: quota.used[QuotaResource.STORAGE] for quota in quotas} == used
    assert (await other.row(sub)).quota_root == "a.sub"


@pytest.mark.parametrize("limits", [{QuotaResource.STORAGE: 1}, {QuotaResource.MAILBOX: 1}, {QuotaResource.MESSAGE: 0}])
async def test_what_has_no_room_is_refused(site: Site, limits: dict[QuotaResource, int]) -> None:
    other = await other_account(site)
    (work,) = await site.create("work")
    await site.add(work, Draft(b"x" * 2000))
    await other.do(SetQuota("", limits, AUTHOR), Done)
    await refuse(move_of(site, other, {work: "work"}), site, other, QuotaExceeded)


async def test_a_name_that_is_taken_is_refused(site: Site) -> None:
    other = await other_account(site)
    work, sub = await site.create("work", "work.sub")
    await other.create("a.sub")
    await refuse(move_of(site, other, {work: "a", sub: "a.sub"}), site, other, MailboxExists)


async def test_rights_that_were_decided_on_other_acls_are_refused(site: Site) -> None:
    other = await other_account(site)
    (work,) = await site.create("work")
    command = move_of(site, other, {work: "work"})
    command = replace(command, source_acl_versions=((work, 1),), target_acl_versions=((other.inbox, 1),))
    await site.do(SetAcl(work, OWNER_ACL, 1, AUTHOR), Done)
    await refuse(command, site, other, AclChanged)
    command = replace(command, source_acl_versions=((work, 2),))
    await other.do(SetAcl(other.inbox, OWNER_ACL, 1, AUTHOR), Done)
    await refuse(command, site, other, AclChanged)
    await site.engine.move_mailboxes(replace(command, target_acl_versions=((other.inbox, 2),)))
    assert (await other.row(work)).acl_version == 2


async def test_a_mailbox_that_is_not_there_is_refused(site: Site) -> None:
    other = await other_account(site)
    await refuse(move_of(site, other, {MailboxId("n" * 24): "work"}), site, other, MailboxNotFound)


async def test_a_name_never_gets_an_equal_or_lower_uidvalidity(site: Site) -> None:
    other = await other_account(site)
    (work,) = await site.create("work")
    site.sources.time_s += 10
    (former,) = await other.create("work")
    lost = (await other.row(former)).uidvalidity
    await other.do(EraseMailboxes((former,), AUTHOR), Erased)
    assert (await site.row(work)).uidvalidity <= lost
    await move(site, other, {work: "work"})
    assert (await other.row(work)).uidvalidity > lost


async def test_coming_back_to_its_own_name_keeps_uidvalidity(site: Site) -> None:
    other = await other_account(site)
    (work,) = await site.create("work")
    before = await site.row(work)
    await move(site, other, {work: "work"})
    await move(other, site, {work: "work"})
    assert (await site.row(work)).uidvalidity == before.uidvalidity


async def test_a_special_use_that_is_taken_is_lost(site: Site) -> None:
    other = await other_account(site)
    sent, drafts = (
        site.new_mailbox("sent", special_use="\\Sent \\Archive"),
        other.new_mailbox("s", special_use="\\Sent"),
    )
    await site.do(CreateMailboxes((sent,), AUTHOR), Done)
    await other.do(CreateMailboxes((drafts,), AUTHOR), Done)
    await move(site, other, {sent.id: "sent"})
    assert (await other.row(sent.id)).special_use == "\\Archive"


async def test_a_deleted_mailbox_comes_back(site: Site) -> None:
    other = await other_account(site)
    (work,) = await site.create("work")
    await site.add(work, Draft(b"one"))
    await site.do(RenameMailboxes((MailboxRename(work, "work.6553F100", 0x6553F100),), AUTHOR), Done)
    await move(site, other, {work: "back"})
    row = await other.row(work)
    assert (row.name, row.deleted_at_s, row.messages) == ("back", None, 1)
    assert await names_of(site) == [""]


async def test_who_copies_again_finds_the_first_copy(site: Site) -> None:
    other = await other_account(site)
    (work,) = await site.create("work")
    origin = MessageOrigin(MailboxId("o" * 24), Uid(9))
    await site.add(work, Draft(), Draft(origin=origin))
    await move(site, other, {work: "work"})
    assert (await other.add(work, Draft(origin=origin))).uids == (2,)


async def test_the_catalogue_knows_where_a_mailbox_is(site: Site) -> None:
    other = await other_account(site)
    (work,) = await site.create("work")
    await site.engine.refresh_catalogue(site.account)
    assert await site.engine.home_of(work) == site.account
    await move(site, other, {work: "work"})
    assert await site.engine.home_of(work) == other.account
    assert await site.engine.home_of(MailboxId("n" * 24)) is None


async def test_an_emptied_account_can_be_forgotten(site: Site) -> None:
    other = await other_account(site)
    await site.add(site.inbox, Draft(b"one"))
    await move(site, other, {site.inbox: "all"})
    await site.engine.forget_account(site.account)
    assert await other.uids(site.inbox) == [1]
    assert await octets_of(site, other.account, site.inbox, Uid(1)) == b"one"


async def test_the_log_of_both_accounts_tells_of_it(site: Site) -> None:
    other = await other_account(site)
    (work,) = await site.create("work")
    await site.add(work, Draft(), Draft())
    await move(site, other, {work: "projects"})
    for account, operation, key in ((site, "depart", "moved_to"), (other, "arrive", "moved_from")):
        change = (await site.engine.changes(account.account, since=ModSeq(0), limit=100))[-1]
        assert (change.operation, change.mailbox, change.actor) == (operation, work, "smith")
        assert '"name": "work"' in change.before
        assert key in change.before


def test_a_move_is_read_as_it_was_written() -> None:
    command = MoveMailboxes(
        AccountId("s"),
        AccountId("t"),
        (MailboxMove(MailboxId("m"), "wörk.2026"),),
        AUTHOR,
        ((MailboxId("m"), 3),),
        ((MailboxId("p"), 1),),
        source_has_owner=False,
    )
    assert parse_move(command.serialize()) == command


def test_a_move_within_an_account_is_none() -> None:
    with pytest.raises(ValueError, match="renamed"):
        MoveMailboxes(AccountId("s"), AccountId("s"), (), AUTHOR)


async def test_added_messages_are_there_whatever_number_they_were(direct_site: Site) -> None:
    """More than one slice of rows."""
    site, other = direct_site, await other_account(direct_site)
    (work,) = await site.create("work")

    async def add() -> Added:
        return await site.add(work, *[Draft(b"%d" % number, message_id=f"<{number}@x>") for number in range(300)])

    for _ in range(4):
        await add()
    await move(site, other, {work: "work"})
    assert await other.uids(work) == list(range(1, 1201))
    await other.check_counters()
