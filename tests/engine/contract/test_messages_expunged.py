"""EXPUNGE and purging over every engine: what goes, what stays to be synchronised, what is forgotten."""

import pytest
from tests.engine.contract.conftest import AUTHOR, START_S, Draft, Site, uid_set
from tests.engine.rows import message_rows

from angarium.engine.commands import CopyMessages, Done, Expunge, Expunged, Purged, PurgeMessages, RememberPreviews
from angarium.engine.rows import ContentId, MailboxId, Uid
from angarium.errors import AclChanged, MailboxNotFound, MessageNotFound
from angarium.flags import Flags
from angarium.sequenceset import UidSet

DELETED = Flags.of(["\\Deleted"])


async def test_only_deleted_messages_go(site: Site) -> None:
    await site.add(site.inbox, Draft(flags=DELETED), Draft(), Draft(flags=DELETED))
    expunged = await site.do(Expunge(site.inbox, AUTHOR), Expunged)
    assert expunged.uids == uid_set(1, 3)
    assert await site.uids(site.inbox) == [2]
    await site.check_counters()


async def test_uid_expunge_takes_only_those_it_names(site: Site) -> None:
    await site.add(site.inbox, Draft(flags=DELETED), Draft(), Draft(flags=DELETED), Draft(flags=DELETED))
    expunged = await site.do(Expunge(site.inbox, AUTHOR, uid_set(1, 2, 4, 9)), Expunged)
    assert expunged.uids == uid_set(1, 4)
    assert await site.uids(site.inbox) == [2, 3]


async def test_messages_go_whatever_their_flags_where_that_is_asked(site: Site) -> None:
    await site.add(site.inbox, Draft(), Draft(flags=DELETED), Draft())
    expunged = await site.do(Expunge(site.inbox, AUTHOR, uid_set(1, 2), only_deleted=False), Expunged)
    assert expunged.uids == uid_set(1, 2)
    row = await site.row(site.inbox)
    assert (row.messages, row.unseen, row.deleted) == (1, 1, 0)


async def test_an_expunge_of_nothing_takes_no_modseq(site: Site) -> None:
    await site.add(site.inbox, Draft())
    before, state = await site.dump(), await site.engine.state(site.account)
    assert await site.do(Expunge(site.inbox, AUTHOR), Expunged) == Expunged(UidSet(), None)
    assert (await site.dump(), await site.engine.state(site.account)) == (before, state)


async def test_expunged_messages_are_told_to_who_asks_what_changed(site: Site) -> None:
    added = await site.add(site.inbox, Draft(), Draft(flags=DELETED))
    expunged = await site.do(Expunge(site.inbox, AUTHOR), Expunged)
    (row,) = await message_rows(site.engine, site.account, site.inbox, changed_since=added.modseq)
    assert (row.uid, row.created_modseq) == (2, added.modseq)
    assert row.modseq == row.expunged_modseq == expunged.modseq
    assert (await site.row(site.inbox)).highestmodseq == expunged.modseq
    assert expunged.modseq is not None
    assert await message_rows(site.engine, site.account, site.inbox, changed_since=expunged.modseq) == []


async def test_an_expunged_message_is_not_expunged_again(site: Site) -> None:
    await site.add(site.inbox, Draft(flags=DELETED))
    await site.do(Expunge(site.inbox, AUTHOR), Expunged)
    assert (await site.do(Expunge(site.inbox, AUTHOR, only_deleted=False), Expunged)).modseq is None


async def test_uids_are_never_given_again(site: Site) -> None:
    await site.add(site.inbox, Draft(), Draft())
    await site.do(Expunge(site.inbox, AUTHOR, only_deleted=False), Expunged)
    await site.do(PurgeMessages(site.inbox, START_S + 1), Purged)
    assert (await site.add(site.inbox, Draft())).uids == (3,)


async def test_the_file_stays_until_the_message_is_purged(site: Site) -> None:
    await site.add(site.inbox, Draft(b"still here"))
    await site.do(Expunge(site.inbox, AUTHOR, only_deleted=False), Expunged)
    file = await site.engine.open_message(site.account, site.inbox, Uid(1))
    assert await file.read(0, 99) == b"still here"
    await site.do(PurgeMessages(site.inbox, START_S + 1), Purged)
    assert await file.read(0, 99) == b"still here"
    file.close()
    with pytest.raises(MessageNotFound):
        await site.engine.open_message(site.account, site.inbox, Uid(1))


async def test_purging_forgets_what_was_expunged_before_the_time(site: Site) -> None:
    await site.add(site.inbox, Draft(), Draft(), Draft())
    first = await site.do(Expunge(site.inbox, AUTHOR, uid_set(2), only_deleted=False), Expunged)
    site.sources.time_s += 10
    await site.do(Expunge(site.inbox, AUTHOR, uid_set(3), only_deleted=False), Expunged)
    assert await site.do(PurgeMessages(site.inbox, START_S), Purged) == Purged(0, more=False)
    assert (await site.row(site.inbox)).purged_modseq == 0
    assert await site.do(PurgeMessages(site.inbox, START_S + 10), Purged) == Purged(1, more=False)
    assert (await site.row(site.inbox)).purged_modseq == first.modseq
    assert [row.uid for row in await site.changed(site.inbox)] == [1, 3]
    await site.check_counters()


async def test_purging_works_in_slices(site: Site) -> None:
    await site.add(site.inbox, *[Draft()] * 5)
    expunged = await site.do(Expunge(site.inbox, AUTHOR, uid_set(1, 2, 3, 4, 5), only_deleted=False), Expunged)
    slices = [await site.do(PurgeMessages(site.inbox, START_S + 1, limit=2), Purged) for _ in range(3)]
    assert slices == [Purged(2, more=True), Purged(2, more=True), Purged(1, more=False)]
    assert await site.changed(site.inbox) == []
    assert (await site.row(site.inbox)).purged_modseq == expunged.modseq


async def test_purging_forgets_contents_that_no_message_names(site: Site) -> None:
    (work,) = await site.create("work")
    await site.add(site.inbox, Draft(b"1"), Draft(b"2"), Draft(b"3"))
    contents = [row.content for row in await site.messages(site.inbox)]
    await site.engine.write(site.account, CopyMessages(site.inbox, uid_set(2), work, AUTHOR))
    await site.do(Expunge(site.inbox, AUTHOR, uid_set(1, 2), only_deleted=False), Expunged)
    assert len(await site.engine.contents(site.account, contents)) == 3
    await site.do(PurgeMessages(site.inbox, START_S + 1), Purged)
    assert sorted(await site.engine.contents(site.account, contents)) == contents[1:]
    assert sorted(await site.engine.search_fields(site.account, contents)) == contents[1:]


async def test_a_changed_acl_refuses_the_expunge(site: Site) -> None:
    await site.add(site.inbox, Draft(flags=DELETED))
    await site.refuse(Expunge(site.inbox, AUTHOR, acl_version=99), AclChanged)


async def test_an_unknown_mailbox_refuses_expunge_and_purge(site: Site) -> None:
    await site.refuse(Expunge(MailboxId("z" * 24), AUTHOR), MailboxNotFound)
    await site.refuse(PurgeMessages(MailboxId("z" * 24), START_S), MailboxNotFound)


async def test_previews_go_with_the_contents_that_they_were_made_of(site: Site) -> None:
    await site.add(site.inbox, Draft(flags=DELETED), Draft())
    rows = await message_rows(site.engine, site.account, site.inbox)
    first, second = [row.content for row in rows]
    state = await site.engine.state(site.account)
    await site.do(RememberPreviews(((first, "All is well"), (second, "All was well"))), Done)
    await site.do(RememberPreviews(((second, ""), (ContentId(second + 7), "never was"))), Done)
    assert await site.engine.state(site.account) == state
    asked = [first, second, ContentId(second + 7)]
    assert await site.engine.previews(site.account, asked) == {first: "All is well", second: ""}
    await site.do(Expunge(site.inbox, AUTHOR), Expunged)
    assert await site.engine.previews(site.account, asked) == {first: "All is well", second: ""}
    await site.do(PurgeMessages(site.inbox, START_S + 10**6), Purged)
    assert await site.engine.previews(site.account, asked) == {second: ""}
