"""Quota roots over every engine (RFC 9208, requirements of exact use): who governs, what counts, what is refused."""

from contextlib import AsyncExitStack

import pytest
from tests.engine.contract.conftest import AUTHOR, START_S, Draft, Site, uid_set

from angarium.engine.commands import (
    Added,
    Copied,
    CopyMessages,
    CreateMailboxes,
    Done,
    Erased,
    EraseMailboxes,
    Expunge,
    Expunged,
    MailboxRename,
    QuotaPolicy,
    RemoveQuota,
    RenameInbox,
    RenameMailboxes,
    SetQuota,
)
from angarium.engine.rows import MailboxId, QuotaResource
from angarium.errors import QuotaExceeded, QuotaRootNotFound
from angarium.sequenceset import UidSet

KIB = Draft(b"x" * 1024)
EVERYTHING = UidSet(((1, 0xFFFFFFFF),))


async def use(site: Site) -> dict[str, int]:
    """Octets used, by root; checked against what the messages say."""
    await site.check_counters()
    return {quota.root: quota.used[QuotaResource.STORAGE] for quota in await site.engine.quotas(site.account)}


async def set_quota(site: Site, root: str, limit_kib: int | None = None, **limits: int) -> None:
    """SETQUOTA; other resources than STORAGE by their names."""
    named = {QuotaResource[name.upper()]: limit for name, limit in limits.items()}
    storage = {} if limit_kib is None else {QuotaResource.STORAGE: limit_kib}
    await site.do(SetQuota(root, storage | named, AUTHOR), Done)


async def test_a_root_counts_what_is_there_when_it_is_made(site: Site) -> None:
    (work,) = await site.create("work")
    await site.add(site.inbox, KIB, KIB)
    await site.add(work, KIB)
    done = await site.do(SetQuota("", {QuotaResource.STORAGE: 10}, AUTHOR), Done)
    (quota,) = await site.engine.quotas(site.account)
    assert (quota.root, quota.limits) == ("", {QuotaResource.STORAGE: 10})
    assert quota.used == {
        QuotaResource.STORAGE: 3 * 1024,
        QuotaResource.MESSAGE: 3,
        QuotaResource.ANNOTATION_STORAGE: 0,
        QuotaResource.MAILBOX: 2,
    }
    assert (await site.engine.state(site.account)).folder_modseq == done.modseq
    assert [row.quota_root for row in await site.engine.mailboxes(site.account)] == ["", ""]


async def test_the_nearest_root_governs_by_whole_components(site: Site) -> None:
    await site.create("work", "work.a", "work.a.b", "workshop", "work-x")
    await set_quota(site, "")
    await set_quota(site, "work")
    await set_quota(site, "work.a.b")
    roots = {row.name: row.quota_root for row in await site.engine.mailboxes(site.account)}
    assert roots == {
        "": "",
        "work": "work",
        "work.a": "work",
        "work.a.b": "work.a.b",
        "workshop": "",
        "work-x": "",
    }


async def test_a_mailbox_above_all_roots_is_under_none(site: Site) -> None:
    await site.create("work")
    await set_quota(site, "work")
    assert (await site.row(site.inbox)).quota_root is None


async def test_a_root_that_splits_another_takes_its_part_and_gives_it_back(site: Site) -> None:
    work, deep = await site.create("work", "work.deep")
    await site.add(site.inbox, KIB)
    await site.add(work, KIB, KIB)
    await site.add(deep, KIB, KIB, KIB)
    await set_quota(site, "")
    assert await use(site) == {"": 6 * 1024}
    await set_quota(site, "work")
    assert await use(site) == {"": 1024, "work": 5 * 1024}
    await set_quota(site, "work.deep")
    assert await use(site) == {"": 1024, "work": 2 * 1024, "work.deep": 3 * 1024}
    await site.do(RemoveQuota("work", AUTHOR), Done)
    assert await use(site) == {"": 3 * 1024, "work.deep": 3 * 1024}
    await site.do(RemoveQuota("", AUTHOR), Done)
    assert await use(site) == {"work.deep": 3 * 1024}


async def test_a_limit_is_changed_without_touching_use(site: Site) -> None:
    await set_quota(site, "", 10)
    await site.add(site.inbox, KIB)
    await set_quota(site, "", message=3, mailbox=2)
    (quota,) = await site.engine.quotas(site.account)
    assert quota.limits == {QuotaResource.MESSAGE: 3, QuotaResource.MAILBOX: 2}
    assert await use(site) == {"": 1024}
    await set_quota(site, "")
    (quota,) = await site.engine.quotas(site.account)
    assert quota.limits == {}
    assert await use(site) == {"": 1024}


async def test_a_root_that_is_not_there_cannot_be_removed(site: Site) -> None:
    await set_quota(site, "work")
    await site.refuse(RemoveQuota("wor", AUTHOR), QuotaRootNotFound)


async def test_use_follows_add_copy_move_and_expunge(site: Site) -> None:
    (work,) = await site.create("work")
    await set_quota(site, "")
    await set_quota(site, "work")
    await site.add(site.inbox, KIB, KIB, KIB)
    await site.do(CopyMessages(site.inbox, uid_set(1), work, AUTHOR), Copied)
    assert await use(site) == {"": 3 * 1024, "work": 1024}
    await site.do(CopyMessages(site.inbox, uid_set(2), work, AUTHOR, move=True), Copied)
    assert await use(site) == {"": 2 * 1024, "work": 2 * 1024}
    await site.do(Expunge(work, AUTHOR, uid_set(1), only_deleted=False), Expunged)
    assert await use(site) == {"": 2 * 1024, "work": 1024}


async def test_use_follows_create_rename_delete_and_erase(site: Site) -> None:
    await set_quota(site, "")
    await set_quota(site, "work")
    inside, outside = await site.create("work.a", "a")
    await site.add(inside, KIB)
    await site.add(outside, KIB, KIB)
    assert await use(site) == {"": 2 * 1024, "work": 1024}
    await site.do(RenameMailboxes((MailboxRename(outside, "work.b"),), AUTHOR), Done)
    assert await use(site) == {"": 0, "work": 3 * 1024}
    assert (await site.row(outside)).quota_root == "work"
    await site.do(RenameMailboxes((MailboxRename(inside, "work.a.0", deleted_at_s=START_S),), AUTHOR), Done)
    assert await use(site) == {"": 0, "work": 2 * 1024}
    await site.do(RenameMailboxes((MailboxRename(inside, "a"),), AUTHOR), Done)
    assert await use(site) == {"": 1024, "work": 2 * 1024}
    await site.do(EraseMailboxes((outside,), AUTHOR), Erased)
    assert await use(site) == {"": 1024, "work": 0}


# Limits


@pytest.mark.parametrize(
    ("policy", "used_kib", "added_kib", "is_taken"),
    [
        (QuotaPolicy.STRICT, 2, 2, True),
        (QuotaPolicy.STRICT, 2, 3, False),
        (QuotaPolicy.STRICT, 4, 1, False),
        (QuotaPolicy.OVERSHOOT, 3, 9, True),
        (QuotaPolicy.OVERSHOOT, 4, 1, False),
        (QuotaPolicy.OVERSHOOT, 5, 1, False),
        (QuotaPolicy.IGNORE, 5, 9, True),
    ],
)
async def test_the_policy_decides_what_a_full_root_takes(
    site: Site, policy: QuotaPolicy, used_kib: int, added_kib: int, is_taken: bool
) -> None:
    (work,) = await site.create("work")
    await site.add(work, *[KIB] * used_kib)
    await set_quota(site, "", 4)
    message = Draft(b"x" * 1024 * added_kib)
    async with AsyncExitStack() as exits:
        command = await site.add_command(exits, site.inbox, message, quota=policy)
        if is_taken:
            await site.do(command, Added)
        else:
            await site.refuse(command, QuotaExceeded)
    assert await use(site) == {"": 1024 * (used_kib + added_kib * is_taken)}


async def test_one_octet_over_the_limit_is_too_much(site: Site) -> None:
    await set_quota(site, "", 1)
    async with AsyncExitStack() as exits:
        await site.refuse(await site.add_command(exits, site.inbox, Draft(b"x" * 1025)), QuotaExceeded)
        await site.do(await site.add_command(exits, site.inbox, KIB), Added)


async def test_messages_are_refused_together_when_their_sum_is_too_much(site: Site) -> None:
    await set_quota(site, "", 2)
    async with AsyncExitStack() as exits:
        await site.refuse(await site.add_command(exits, site.inbox, KIB, KIB, KIB), QuotaExceeded)
    assert await use(site) == {"": 0}


async def test_a_root_without_limit_only_counts(site: Site) -> None:
    await set_quota(site, "")
    await site.add(site.inbox, Draft(b"x" * 100_000))
    assert await use(site) == {"": 100_000}


async def full_roots(site: Site) -> MailboxId:
    """INBOX with 3 KiB of 4; `work`, which has a full root of its own with 1 KiB."""
    (work,) = await site.create("work")
    await site.add(site.inbox, KIB, KIB, KIB)
    await site.add(work, KIB)
    await set_quota(site, "", 4)
    await set_quota(site, "work", 1)
    return work


async def test_a_copy_into_a_full_root_is_refused_whole(site: Site) -> None:
    work = await full_roots(site)
    await site.refuse(CopyMessages(site.inbox, uid_set(1), work, AUTHOR), QuotaExceeded)
    await site.refuse(CopyMessages(site.inbox, EVERYTHING, site.inbox, AUTHOR), QuotaExceeded)
    await site.refuse(CopyMessages(site.inbox, uid_set(1), work, AUTHOR, move=True), QuotaExceeded)
    await site.do(CopyMessages(site.inbox, uid_set(1), site.inbox, AUTHOR), Copied)
    assert await use(site) == {"": 4 * 1024, "work": 1024}


async def test_a_move_within_a_full_root_is_taken(site: Site) -> None:
    work = await full_roots(site)
    (deep,) = await site.create("work.deep")
    await site.do(CopyMessages(work, uid_set(1), deep, AUTHOR, move=True), Copied)
    assert await use(site) == {"": 3 * 1024, "work": 1024}


async def test_a_copy_over_quota_is_taken_where_quota_is_ignored(site: Site) -> None:
    work = await full_roots(site)
    await site.do(CopyMessages(site.inbox, EVERYTHING, work, AUTHOR, quota=QuotaPolicy.IGNORE), Copied)
    assert await use(site) == {"": 3 * 1024, "work": 4 * 1024}


# Messages and mailboxes


@pytest.mark.parametrize("policy", [QuotaPolicy.STRICT, QuotaPolicy.OVERSHOOT])
async def test_messages_are_limited_by_number(site: Site, policy: QuotaPolicy) -> None:
    await site.add(site.inbox, KIB, Draft(b""))
    await set_quota(site, "", message=3)
    async with AsyncExitStack() as exits:
        two = await site.add_command(exits, site.inbox, Draft(b""), KIB, quota=policy)
        await site.refuse(two, QuotaExceeded)
        await site.do(await site.add_command(exits, site.inbox, Draft(b""), quota=policy), Added)
        await site.refuse(await site.add_command(exits, site.inbox, Draft(b""), quota=policy), QuotaExceeded)
        await site.do(await site.add_command(exits, site.inbox, KIB, quota=QuotaPolicy.IGNORE), Added)
    await site.refuse(CopyMessages(site.inbox, uid_set(1), site.inbox, AUTHOR), QuotaExceeded)
    await site.do(Expunge(site.inbox, AUTHOR, uid_set(1, 2), only_deleted=False), Expunged)
    await site.do(CopyMessages(site.inbox, uid_set(3), site.inbox, AUTHOR), Copied)
    await site.check_counters()


async def test_messages_move_freely_within_a_root_that_has_its_number(site: Site) -> None:
    (work,) = await site.create("work")
    await site.add(site.inbox, KIB)
    await set_quota(site, "", message=1)
    await site.do(CopyMessages(site.inbox, uid_set(1), work, AUTHOR, move=True), Copied)
    await site.check_counters()


def creation(site: Site, *names: str) -> CreateMailboxes:
    """CREATE."""
    return CreateMailboxes(tuple([site.new_mailbox(name) for name in names]), AUTHOR)


async def test_mailboxes_are_limited_by_number(site: Site) -> None:
    await set_quota(site, "", mailbox=3)
    await site.refuse(creation(site, "a", "a.b", "a.b.c"), QuotaExceeded)
    await site.create("a", "a.b")
    await site.refuse(creation(site, "d"), QuotaExceeded)
    await site.refuse(RenameInbox(site.inbox, site.new_mailbox("old"), AUTHOR), QuotaExceeded)
    # A root below has its own count, and its mailboxes are not in that above.
    await set_quota(site, "a", mailbox=9)
    await site.create("a.d", "e")
    await site.check_counters()


async def test_a_limit_below_what_is_there_takes_nothing_away(site: Site) -> None:
    first, second = await site.create("a", "b")
    await set_quota(site, "", mailbox=1)
    await site.refuse(creation(site, "c"), QuotaExceeded)
    await site.do(RenameMailboxes((MailboxRename(first, "c"),), AUTHOR), Done)
    await site.do(EraseMailboxes((second,), AUTHOR), Erased)
    await site.check_counters()


async def test_a_deleted_mailbox_makes_room_and_needs_it_to_come_back(site: Site) -> None:
    (first,) = await site.create("a")
    await set_quota(site, "", mailbox=2)
    await site.do(RenameMailboxes((MailboxRename(first, "a.00000001", deleted_at_s=START_S),), AUTHOR), Done)
    (second,) = await site.create("b")
    back = RenameMailboxes((MailboxRename(first, "a"),), AUTHOR)
    await site.refuse(back, QuotaExceeded)
    await site.do(EraseMailboxes((second,), AUTHOR), Erased)
    await site.do(back, Done)
    await site.check_counters()


@pytest.mark.parametrize("limits", [{"storage": 2}, {"message": 2}, {"mailbox": 1}])
async def test_a_rename_into_a_full_root_is_refused(site: Site, limits: dict[str, int]) -> None:
    work, outside = await site.create("work", "a")
    await site.add(work, KIB)
    await site.add(outside, KIB, KIB)
    await set_quota(site, "work", **limits)
    await site.refuse(RenameMailboxes((MailboxRename(outside, "work.a"),), AUTHOR), QuotaExceeded)
    await site.do(RenameMailboxes((MailboxRename(outside, "b"),), AUTHOR), Done)


# Roots go along


async def roots(site: Site) -> dict[str, dict[QuotaResource, int]]:
    """Limits by root."""
    await site.check_counters()
    return {quota.root: dict(quota.limits) for quota in await site.engine.quotas(site.account)}


async def test_a_root_goes_along_with_its_mailbox(site: Site) -> None:
    work, below, other = await site.create("work", "work.a", "other")
    await site.add(below, KIB)
    await set_quota(site, "", 100)
    await set_quota(site, "work", 1, message=5)
    await set_quota(site, "work.a", mailbox=5)
    await set_quota(site, "other", 4)
    swap = (
        MailboxRename(work, "other"),
        MailboxRename(below, "other.a"),
        MailboxRename(other, "work"),
    )
    await site.do(RenameMailboxes(swap, AUTHOR), Done)
    assert await roots(site) == {
        "": {QuotaResource.STORAGE: 100},
        "other": {QuotaResource.STORAGE: 1, QuotaResource.MESSAGE: 5},
        "other.a": {QuotaResource.MAILBOX: 5},
        "work": {QuotaResource.STORAGE: 4},
    }
    assert (await site.row(below)).quota_root == "other.a"


async def test_a_root_goes_with_its_mailbox(site: Site) -> None:
    work, other = await site.create("work", "other")
    for root in ("", "work", "other"):
        await set_quota(site, root, 10)
    await site.do(RenameMailboxes((MailboxRename(work, "work.00000001", deleted_at_s=START_S),), AUTHOR), Done)
    await site.do(EraseMailboxes((other,), AUTHOR), Erased)
    assert await roots(site) == {"": {QuotaResource.STORAGE: 10}}
    # Nor does it come back, with the deleted mailbox or with another of the name.
    await site.create("work")
    assert await roots(site) == {"": {QuotaResource.STORAGE: 10}}
    await site.do(EraseMailboxes((work,), AUTHOR), Erased)
    assert await roots(site) == {"": {QuotaResource.STORAGE: 10}}
