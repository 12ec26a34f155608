"""Reading a change log on, over every engine."""

import pytest
from tests.engine.contract.conftest import AUTHOR, START_S, Draft, Site

from angarium.engine.commands import (
    CreateMailboxes,
    EraseMailboxes,
    MailboxRename,
    PruneChanges,
    RenameMailboxes,
    SetAccountName,
    Subscribe,
)
from angarium.engine.rows import NO_MODSEQ, ModSeq
from angarium.operations.events.feed import AccountFeed


async def test_a_feed_goes_on_where_it_was(site: Site) -> None:
    feed = AccountFeed(site.engine, site.account, NO_MODSEQ, began_s=0)
    first = await feed.next()
    assert [group[0].row.operation for group in first.groups] == ["create"]
    assert (first.has_more, first.lost_before) == (False, None)
    assert (await feed.next()).groups == ()
    added = await site.add(site.inbox, Draft())
    second = await feed.next()
    assert [group[0].row.operation for group in second.groups] == ["append"]
    assert second.until == added.modseq


async def test_a_message_is_told_under_the_name_of_its_time(site: Site) -> None:
    (work,) = await site.create("work")
    state = await site.engine.state(site.account)
    await site.add(work, Draft())
    await site.engine.write(site.account, RenameMailboxes((MailboxRename(work, "play"),), AUTHOR))
    await site.add(work, Draft())
    await site.engine.write(site.account, RenameMailboxes((MailboxRename(work, "play.1", START_S),), AUTHOR))
    await site.engine.write(site.account, EraseMailboxes((work,), AUTHOR))
    await site.engine.write(site.account, SetAccountName("user.jones", AUTHOR))
    await site.engine.rename_account(site.account, "user.jones")
    batch = await AccountFeed(site.engine, site.account, state.modseq, began_s=0).next()
    appends = [group[0] for group in batch.groups if group[0].row.operation == "append"]
    assert [each.mailboxes[work].name for each in appends] == ["work", "play"]
    assert {each.account_name for each in appends} == {"user.smith"}
    assert None not in {each.mailboxes[work].uidvalidity for each in appends}


async def test_lines_of_one_modseq_stay_together(site: Site) -> None:
    state = await site.engine.state(site.account)
    many = tuple(site.new_mailbox(f"m{number}") for number in range(300))
    await site.engine.write(site.account, CreateMailboxes(many, AUTHOR))
    await site.add(site.inbox, Draft())
    feed = AccountFeed(site.engine, site.account, state.modseq, began_s=0)
    batch = await feed.next()
    assert [len(group) for group in batch.groups] == [300, 1]


async def test_much_is_read_in_batches(site: Site) -> None:
    for number in range(600):
        await site.engine.write(site.account, Subscribe(f"user.smith.{number}", AUTHOR))
    feed = AccountFeed(site.engine, site.account, NO_MODSEQ, began_s=0)
    found, batches = 0, 0
    while True:
        batch = await feed.next()
        batches += 1
        found += sum(len(group) for group in batch.groups)
        if not batch.has_more:
            break
    assert found == 601
    assert batches > 2


@pytest.mark.parametrize("older", [0, 3, 700])
async def test_without_a_position_it_begins_with_what_came_since(direct_site: Site, older: int) -> None:
    site = direct_site
    for number in range(older):
        await site.engine.write(site.account, Subscribe(f"user.smith.{number}", AUTHOR))
    site.sources.time_s += 10
    await site.add(site.inbox, Draft())
    feed = AccountFeed(site.engine, site.account, None, began_s=START_S + 10)
    batch = await feed.next()
    while batch.has_more:
        assert batch.groups == ()
        batch = await feed.next()
    assert [group[0].row.operation for group in batch.groups] == ["append"]
    assert batch.lost_before is None


async def test_without_a_position_what_came_before_is_not_told(site: Site) -> None:
    batch = await AccountFeed(site.engine, site.account, None, began_s=START_S + 10).next()
    assert batch.groups == ()
    assert batch.until == (await site.engine.state(site.account)).modseq


async def test_what_was_pruned_unread_is_lost_and_said_to_be(site: Site) -> None:
    position = (await site.engine.state(site.account)).modseq
    await site.add(site.inbox, Draft())
    lost = (await site.engine.state(site.account)).modseq
    site.sources.time_s += 10
    await site.add(site.inbox, Draft())
    await site.engine.write(site.account, PruneChanges(START_S + 5))
    batch = await AccountFeed(site.engine, site.account, position, began_s=0).next()
    assert batch.lost_before == lost
    assert [group[0].row.uids for group in batch.groups] == ["2"]


async def test_what_was_pruned_after_it_was_told_is_not_lost(site: Site) -> None:
    await site.add(site.inbox, Draft())
    position = (await site.engine.state(site.account)).modseq
    site.sources.time_s += 10
    await site.engine.write(site.account, PruneChanges(START_S + 5))
    await site.add(site.inbox, Draft())
    batch = await AccountFeed(site.engine, site.account, position, began_s=0).next()
    assert batch.lost_before is None
    assert len(batch.groups) == 1


@pytest.mark.parametrize(("began_s", "is_lost"), [(START_S, True), (START_S + 5, False)])
async def test_without_a_position_only_what_came_since_can_be_lost(site: Site, began_s: int, is_lost: bool) -> None:
    await site.add(site.inbox, Draft())
    site.sources.time_s += 10
    await site.engine.write(site.account, PruneChanges(START_S + 1))
    await site.add(site.inbox, Draft())
    batch = await AccountFeed(site.engine, site.account, None, began_s=began_s).next()
    assert (batch.lost_before is not None) is is_lost
    assert len(batch.groups) == 1
    assert batch.until > ModSeq(1)
