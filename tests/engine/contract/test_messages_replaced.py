"""REPLACE within an account, over every engine: a message comes and another one goes, or nothing happens."""

from contextlib import AsyncExitStack

import pytest
from tests.engine.contract.conftest import AUTHOR, Draft, Site, uid_set

from angarium.engine.commands import Done, Expunge, Expunged, QuotaPolicy, Replaced, ReplaceMessage, SetQuota
from angarium.engine.rows import AccountId, MailboxId, QuotaResource, Uid
from angarium.errors import AclChanged, AngariumError, MailboxNotFound, MessageNotFound, QuotaExceeded
from angarium.flags import Flags

ANN = AccountId("a" * 24)
NOWHERE = MailboxId("z" * 24)


async def replace(
    site: Site,
    target: MailboxId,
    draft: Draft,
    source: MailboxId,
    uid: int,
    *,
    acl_version: int | None = None,
    seen_account: AccountId | None = None,
) -> Replaced:
    """Replace a message."""
    async with AsyncExitStack() as exits:
        add = await site.add_command(exits, target, draft, acl_version=acl_version, seen_account=seen_account)
        return await site.do(ReplaceMessage(add, source, Uid(uid)), Replaced)


async def refuse(
    site: Site,
    target: MailboxId,
    draft: Draft,
    source: MailboxId,
    uid: int,
    refusal: type[AngariumError],
    *,
    acl_version: int | None = None,
    source_acl_version: int | None = None,
) -> None:
    """See it refused, which leaves everything as it was."""
    async with AsyncExitStack() as exits:
        add = await site.add_command(exits, target, draft, acl_version=acl_version)
        await site.refuse(ReplaceMessage(add, source, Uid(uid), source_acl_version), refusal)


async def test_one_message_comes_and_the_other_goes(site: Site) -> None:
    await site.add(site.inbox, Draft(b"1"), Draft(b"22", Flags.of(["\\Flagged"])))
    replaced = await replace(site, site.inbox, Draft(b"333", Flags.of(["\\Draft"])), site.inbox, 2)
    assert replaced.added.uids == (3,)
    assert await site.uids(site.inbox) == [1, 3]
    assert (await site.flags(site.inbox))[3] == {"\\Draft"}
    (gone,) = [row for row in await site.changed(site.inbox) if row.expunged_modseq]
    assert (gone.uid, gone.expunged_modseq) == (2, replaced.expunged_modseq)
    row = await site.row(site.inbox)
    assert row.highestmodseq == max(replaced.expunged_modseq, replaced.added.modseq)
    assert replaced.added.uidvalidity == row.uidvalidity
    await site.check_counters()


async def test_the_new_message_may_go_into_another_mailbox(site: Site) -> None:
    (sent,) = await site.create("sent")
    await site.add(site.inbox, Draft(b"1"), Draft(b"22"))
    replaced = await replace(site, sent, Draft(b"333"), site.inbox, 1)
    assert replaced.added.uidvalidity == (await site.row(sent)).uidvalidity
    assert await site.uids(site.inbox) == [2]
    assert await site.uids(sent) == [1]
    assert (await site.row(site.inbox)).highestmodseq == replaced.expunged_modseq
    assert (await site.row(sent)).highestmodseq == replaced.added.modseq
    await site.check_counters()


async def test_both_halves_are_in_the_log(site: Site) -> None:
    await site.add(site.inbox, Draft())
    before = (await site.engine.state(site.account)).modseq
    await replace(site, site.inbox, Draft(), site.inbox, 1)
    changes = await site.engine.changes(site.account, since=before, limit=10)
    assert sorted((change.operation, change.uids) for change in changes) == [("append", "2"), ("replace", "1")]


async def test_seen_goes_to_whom_it_concerns(site: Site) -> None:
    await site.add(site.inbox, Draft())
    await replace(site, site.inbox, Draft(flags=Flags.of(["\\Seen"])), site.inbox, 1, seen_account=ANN)
    assert (await site.flags(site.inbox))[2] == set()
    seen = await site.engine.seen(site.account, site.inbox, ANN)
    assert seen is not None
    assert seen.uids == "2"


async def test_what_is_not_there_cannot_be_replaced(site: Site) -> None:
    await site.add(site.inbox, Draft(), Draft())
    await site.do(Expunge(site.inbox, AUTHOR, uid_set(1), only_deleted=False), Expunged)
    await refuse(site, site.inbox, Draft(), site.inbox, 1, MessageNotFound)
    await refuse(site, site.inbox, Draft(), site.inbox, 9, MessageNotFound)
    await refuse(site, NOWHERE, Draft(), site.inbox, 2, MailboxNotFound)
    await refuse(site, site.inbox, Draft(), NOWHERE, 2, MailboxNotFound)
    assert await site.uids(site.inbox) == [2]


async def test_rights_that_were_decided_on_must_still_hold(site: Site) -> None:
    (sent,) = await site.create("sent")
    await site.add(site.inbox, Draft())
    version = (await site.row(sent)).acl_version
    await refuse(site, sent, Draft(), site.inbox, 1, AclChanged, acl_version=version + 1)
    await refuse(site, sent, Draft(), site.inbox, 1, AclChanged, source_acl_version=version + 1)
    await replace(site, sent, Draft(), site.inbox, 1, acl_version=version)


async def test_only_the_difference_counts_where_one_root_governs_both(site: Site) -> None:
    (sent,) = await site.create("sent")
    await site.do(SetQuota("", {QuotaResource.STORAGE: 1}, AUTHOR), Done)
    await site.add(site.inbox, Draft(b"x" * 900))
    await refuse(site, sent, Draft(b"x" * 1025), site.inbox, 1, QuotaExceeded)
    await replace(site, sent, Draft(b"x" * 1024), site.inbox, 1)
    await site.check_counters()


async def test_what_is_no_larger_is_replaced_above_the_limit_too(site: Site) -> None:
    await site.do(SetQuota("", {QuotaResource.STORAGE: 1}, AUTHOR), Done)
    await site.add(site.inbox, Draft(b"x" * 3000), quota=QuotaPolicy.IGNORE)
    await refuse(site, site.inbox, Draft(b"x" * 3001), site.inbox, 1, QuotaExceeded)
    await replace(site, site.inbox, Draft(b"x" * 3000), site.inbox, 1)
    await site.check_counters()


async def test_under_another_root_the_whole_message_counts(site: Site) -> None:
    (sent,) = await site.create("sent")
    await site.do(SetQuota("sent", {QuotaResource.STORAGE: 1}, AUTHOR), Done)
    await site.add(site.inbox, Draft(b"x" * 3000))
    await refuse(site, sent, Draft(b"x" * 1025), site.inbox, 1, QuotaExceeded)
    assert await site.uids(site.inbox) == [1]


@pytest.mark.parametrize("partition", ["default", "archive"])
async def test_its_octets_are_found_again(site: Site, partition: str) -> None:
    (sent,) = await site.create("sent", partition=partition)
    await site.add(site.inbox, Draft())
    replaced = await replace(site, sent, Draft(b"the new one"), site.inbox, 1)
    file = await site.engine.open_message(site.account, sent, replaced.added.uids[0])
    assert await file.read(0, 100) == b"the new one"
    file.close()
