"""The change log and subscriptions over every engine: what is written down, in which order, until when."""

import json
import time
from contextlib import AsyncExitStack
from dataclasses import replace

import pytest
from tests.engine.contract.conftest import AUTHOR, START_S, Draft, Site, uid_set

from angarium.engine.changelog import Copy, FlagsChange, QuotaChange, Room, SeenChange, Source, parse_flags
from angarium.engine.commands import (
    Added,
    Command,
    CopyMessages,
    Done,
    EraseMailboxes,
    Expunge,
    FlagOperation,
    MailboxRename,
    PruneChanges,
    Purged,
    RemoveQuota,
    RenameMailboxes,
    SetAccountName,
    SetAcl,
    SetAnnotations,
    SetQuota,
    SetSharedSeen,
    StoreFlags,
    Subscribe,
)
from angarium.engine.rows import NO_MODSEQ, AnnotationChange, ChangeRow, MailboxId, ModSeq, PrunedChanges, QuotaResource
from angarium.errors import QuotaRootNotFound, SubscriptionNotFound
from angarium.flags import Flags, SystemFlags
from angarium.sequenceset import UidSet


async def changes(site: Site, *, since: int = 0, limit: int = 1000) -> list[ChangeRow]:
    """The log."""
    return await site.engine.changes(site.account, since=ModSeq(since), limit=limit)


async def test_every_change_is_logged_with_its_operation_mailbox_and_uids(site: Site) -> None:
    (work,) = await site.create("work")
    await site.add(site.inbox, Draft(), Draft(), Draft())
    flagged = Flags.of(["\\Flagged"])
    commands: list[Command] = [
        StoreFlags(site.inbox, uid_set(1, 2), FlagOperation.ADD, flagged, AUTHOR),
        CopyMessages(site.inbox, uid_set(1, 3), work, AUTHOR),
        CopyMessages(site.inbox, uid_set(2), work, AUTHOR, move=True),
        Expunge(site.inbox, AUTHOR, uid_set(1), only_deleted=False),
        SetAcl(work, "", (await site.row(work)).acl_version, AUTHOR),
        SetSharedSeen(work, True, AUTHOR),
        SetQuota("", {QuotaResource.STORAGE: 10}, AUTHOR),
        RemoveQuota("", AUTHOR),
        Subscribe("user.smith", AUTHOR),
        Subscribe("user.smith", AUTHOR, subscribed=False),
        RenameMailboxes((MailboxRename(work, "labour"),), AUTHOR),
        RenameMailboxes((MailboxRename(work, "labour.0", START_S),), AUTHOR),
        EraseMailboxes((work,), AUTHOR),
        SetAccountName("user.jones", AUTHOR),
    ]
    for command in commands:
        await site.engine.write(site.account, command)
    assert [(row.operation, row.mailbox, row.uids) for row in await changes(site)] == [
        ("create", site.inbox, ""),
        ("create", work, ""),
        ("append", site.inbox, "1:3"),
        ("store", site.inbox, "1:2"),
        ("copy", work, "1:2"),
        ("copy", work, "3"),
        ("move", site.inbox, "2"),
        ("expunge", site.inbox, "1"),
        ("setacl", work, ""),
        ("setsharedseen", work, "1:3"),
        ("setquota", None, ""),
        ("setquota", None, ""),
        ("subscribe", None, ""),
        ("unsubscribe", None, ""),
        ("rename", work, ""),
        ("delete", work, ""),
        ("erase", work, ""),
        ("renameaccount", None, ""),
    ]


async def test_a_change_names_its_author_time_and_modseq(site: Site) -> None:
    site.sources.time_s += 7
    added = await site.add(site.inbox, Draft())
    row = (await changes(site))[-1]
    assert (row.actor, row.client, row.session) == (AUTHOR.actor, AUTHOR.client, AUTHOR.session)
    assert (row.modseq, row.time_s) == (added.modseq, START_S + 7)


@pytest.mark.parametrize("old", ["ann\tlrs\t", "häagen\tl\t"])
async def test_what_was_before_is_json(site: Site, old: str) -> None:
    await site.do(SetAcl(site.inbox, old, (await site.row(site.inbox)).acl_version, AUTHOR), Done)
    await site.do(SetAcl(site.inbox, "", (await site.row(site.inbox)).acl_version, AUTHOR), Done)
    assert json.loads((await changes(site))[-1].before) == {"acl": old, "became": ""}
    (work,) = await site.create("work")
    await site.do(RenameMailboxes((MailboxRename(work, "labour"),), AUTHOR), Done)
    assert json.loads((await changes(site))[-1].before)["name"] == "work"
    await site.add(work, Draft())
    await site.engine.write(site.account, StoreFlags(work, uid_set(1), FlagOperation.ADD, Flags.of(["\\Seen"]), AUTHOR))
    assert json.loads((await changes(site))[-1].before)


async def test_changes_are_read_above_a_modseq_oldest_first(site: Site) -> None:
    for _ in range(4):
        await site.add(site.inbox, Draft())
    rows = await changes(site)
    assert [row.modseq for row in rows] == sorted(row.modseq for row in rows)
    assert await changes(site, since=rows[1].modseq) == rows[2:]
    assert await changes(site, limit=2) == rows[:2]
    assert await changes(site, since=rows[-1].modseq) == []


async def test_a_line_says_which_annotations_changed_and_whose(site: Site) -> None:
    changed = (AnnotationChange("/comment", None, b"x"), AnnotationChange("/altsubject", site.account, b"y"))
    await site.engine.write(site.account, SetAnnotations(site.inbox, changed, AUTHOR))
    row = (await changes(site))[-1]
    assert (row.operation, row.mailbox, row.uids) == ("annotate", site.inbox, "")
    assert json.loads(row.before) == {"entries": ["/comment", "/altsubject"], "owners": ["", site.account]}


async def test_many_changes_are_read_as_well_as_few(site: Site) -> None:
    before = (await changes(site))[-1].modseq
    for number in range(320):
        await site.engine.write(site.account, Subscribe(f"user.smith.{number}", AUTHOR))
    late = await changes(site, since=before)
    assert [json.loads(row.before)["name"] for row in late] == [f"user.smith.{number}" for number in range(320)]
    assert await changes(site, since=before, limit=310) == late[:310]
    assert await changes(site, since=before, limit=5) == late[:5]
    assert await changes(site, since=late[9].modseq, limit=400) == late[10:]


async def test_what_was_refused_or_changed_nothing_is_not_logged(site: Site) -> None:
    await site.add(site.inbox, Draft())
    before = await changes(site)
    await site.refuse(RemoveQuota("", AUTHOR), QuotaRootNotFound)
    await site.engine.write(site.account, Expunge(site.inbox, AUTHOR))
    await site.engine.write(
        site.account, StoreFlags(site.inbox, uid_set(1), FlagOperation.REMOVE, Flags.of(["\\Seen"]), AUTHOR)
    )
    assert await changes(site) == before


async def test_old_changes_are_pruned_in_slices(site: Site) -> None:
    for _ in range(4):
        await site.add(site.inbox, Draft())
    site.sources.time_s += 10
    await site.add(site.inbox, Draft())
    rows = await changes(site)
    assert await site.do(PruneChanges(START_S, 3), Purged) == Purged(0, more=False)
    assert await site.do(PruneChanges(START_S + 10, 3), Purged) == Purged(3, more=True)
    assert await changes(site) == rows[3:]
    assert await site.do(PruneChanges(START_S + 10, 3), Purged) == Purged(2, more=False)
    assert await changes(site) == rows[5:]
    assert len(rows) == 6


async def test_how_far_the_log_was_pruned_is_known(site: Site) -> None:
    assert await site.engine.pruned_changes(site.account) == PrunedChanges(NO_MODSEQ, 0)
    await site.add(site.inbox, Draft())
    site.sources.time_s += 10
    await site.add(site.inbox, Draft())
    rows = await changes(site)
    await site.do(PruneChanges(START_S + 1), Purged)
    assert await site.engine.pruned_changes(site.account) == PrunedChanges(rows[1].modseq, START_S)
    await site.do(PruneChanges(START_S + 1), Purged)
    assert await site.engine.pruned_changes(site.account) == PrunedChanges(rows[1].modseq, START_S)
    await site.do(PruneChanges(START_S + 11), Purged)
    assert await site.engine.pruned_changes(site.account) == PrunedChanges(rows[2].modseq, START_S + 10)


async def test_a_store_tells_what_the_flags_were_and_what_they_are(site: Site) -> None:
    await site.add(site.inbox, Draft(), Draft(flags=Flags.of(["\\Flagged", "$One"])), Draft())
    new = Flags.of(["\\Seen", "$Two"])
    await site.engine.write(site.account, StoreFlags(site.inbox, uid_set(1, 2), FlagOperation.REPLACE, new, AUTHOR))
    flags, seen = parse_flags((await changes(site))[-1].before)
    keywords = (await site.row(site.inbox)).keywords
    one, two = 1 << keywords.index("$One"), 1 << keywords.index("$Two")
    is_seen, flagged = int(SystemFlags.SEEN), int(SystemFlags.FLAGGED)
    assert sorted(flags, key=lambda each: each.uids.serialize()) == [
        FlagsChange(uid_set(1), 0, is_seen, 0, two),
        FlagsChange(uid_set(2), flagged, is_seen, one, two),
    ]
    assert seen == []


async def test_keywords_of_all_bits_stand_in_the_log(site: Site) -> None:
    await site.add(site.inbox, Draft())
    many = Flags.of([f"$k{number}" for number in range(128)])
    for operation in (FlagOperation.ADD, FlagOperation.REMOVE):
        await site.engine.write(site.account, StoreFlags(site.inbox, uid_set(1), operation, many, AUTHOR))
    added, removed = [parse_flags(row.before)[0] for row in (await changes(site))[-2:]]
    all_bits = (1 << 128) - 1
    assert added == [FlagsChange(uid_set(1), 0, 0, 0, all_bits)]
    assert removed == [FlagsChange(uid_set(1), 0, 0, all_bits, 0)]


async def test_a_store_tells_what_another_reader_has_seen(site: Site) -> None:
    reader = await site.engine.create_account("user.jones")
    await site.add(site.inbox, Draft(), Draft(), Draft())
    for operation, uids in ((FlagOperation.ADD, uid_set(1, 3)), (FlagOperation.REMOVE, uid_set(2, 3))):
        command = StoreFlags(site.inbox, uids, operation, Flags.of(["\\Seen"]), AUTHOR, seen_account=reader)
        await site.engine.write(site.account, command)
    added, removed = [parse_flags(row.before) for row in (await changes(site))[-2:]]
    assert added == ([], [SeenChange(reader, uid_set(1, 3), UidSet())])
    assert removed == ([], [SeenChange(reader, UidSet(), uid_set(3))])


@pytest.mark.parametrize("is_move", [False, True])
async def test_a_copy_tells_where_it_comes_from(site: Site, is_move: bool) -> None:
    (work,) = await site.create("work")
    await site.add(site.inbox, Draft(), Draft())
    await site.engine.write(site.account, CopyMessages(site.inbox, uid_set(1, 2), work, AUTHOR, move=is_move))
    row = next(row for row in await changes(site) if row.operation == "copy")
    assert Copy.parse(row.before) == Copy(site.inbox, uid_set(1, 2), is_move)


async def test_the_log_tells_all_of_a_quota_change(site: Site) -> None:
    added = await site.add(site.inbox, Draft())
    size = (await site.messages(site.inbox))[0].size_octets
    for limits in ({QuotaResource.STORAGE: 10}, {QuotaResource.STORAGE: 20, QuotaResource.MESSAGE: 5}):
        await site.do(SetQuota("", limits, AUTHOR), Done)
    await site.do(RemoveQuota("", AUTHOR), Done)
    used = {"STORAGE": size, "MESSAGE": 1, "ANNOTATION-STORAGE": 0, "MAILBOX": 1}
    assert [QuotaChange.parse(row.before) for row in await changes(site, since=added.modseq)] == [
        QuotaChange("", None, {"STORAGE": 10}, {}),
        QuotaChange("", {"STORAGE": 10}, {"STORAGE": 20, "MESSAGE": 5}, used),
        QuotaChange("", {"STORAGE": 20, "MESSAGE": 5}, None, used),
    ]


async def test_an_expunge_tells_of_the_room_that_it_makes(site: Site) -> None:
    (work,) = await site.create("work")
    await site.add(site.inbox, Draft(), Draft(), Draft())
    await site.do(SetQuota("", {QuotaResource.MESSAGE: 3, QuotaResource.STORAGE: 1000}, AUTHOR), Done)
    await site.engine.write(site.account, CopyMessages(site.inbox, uid_set(1), work, AUTHOR, move=True))
    for uid in (2, 3):
        await site.engine.write(site.account, Expunge(site.inbox, AUTHOR, uid_set(uid), only_deleted=False))
    rooms = [(row.operation, Room.parse(row.before)) for row in (await changes(site))[-3:]]
    assert rooms == [("move", None), ("expunge", Room("", ("MESSAGE",))), ("expunge", None)]


async def test_what_goes_says_what_it_was(site: Site) -> None:
    work, board = await site.create("work", "board")
    validities = [(await site.row(mailbox)).uidvalidity for mailbox in (work, board)]
    await site.do(RenameMailboxes((MailboxRename(work, "work.0", START_S),), AUTHOR), Done)
    await site.engine.write(site.account, EraseMailboxes((work, board), AUTHOR))
    rows = (await changes(site))[-2:]
    assert [json.loads(row.before) for row in rows] == [
        {"name": "work.0", "uidvalidity": validities[0], "deleted_at": START_S},
        {"name": "board", "uidvalidity": validities[1], "deleted_at": None},
    ]


async def test_accounts_that_changed_since_a_time_are_found(site: Site) -> None:
    now_s = int(time.time())
    found = [account async for some in site.engine.accounts_changed_since(START_S) for account in some]
    assert found == [site.account]
    later = [account async for some in site.engine.accounts_changed_since(now_s + 3600) for account in some]
    assert later == []


async def test_subscriptions_are_kept_with_tombstones_by_name(site: Site) -> None:
    for name in ("user.smith.b", "user.smith.a", "board.ä"):
        await site.do(Subscribe(name, AUTHOR), Done)
    done = await site.do(Subscribe("user.smith.a", AUTHOR, subscribed=False), Done)
    rows = await site.engine.subscriptions(site.account)
    assert [(row.name, row.subscribed) for row in rows] == [
        ("board.ä", True),
        ("user.smith.a", False),
        ("user.smith.b", True),
    ]
    assert rows[1].modseq == done.modseq == (await site.engine.state(site.account)).folder_modseq


async def test_a_name_can_be_subscribed_anew(site: Site) -> None:
    for subscribed in (True, False, True):
        await site.do(Subscribe("board", AUTHOR, subscribed), Done)
    assert [row.subscribed for row in await site.engine.subscriptions(site.account)] == [True]


async def test_subscribing_twice_changes_nothing(site: Site) -> None:
    await site.do(Subscribe("board", AUTHOR), Done)
    before, state = await site.dump(), await site.engine.state(site.account)
    assert await site.do(Subscribe("board", AUTHOR), Done) == Done(state.modseq)
    assert (await site.dump(), await site.engine.state(site.account)) == (before, state)


async def test_what_is_not_subscribed_cannot_be_unsubscribed(site: Site) -> None:
    await site.refuse(Subscribe("board", AUTHOR, subscribed=False), SubscriptionNotFound)
    await site.do(Subscribe("board", AUTHOR), Done)
    await site.do(Subscribe("board", AUTHOR, subscribed=False), Done)
    await site.refuse(Subscribe("board", AUTHOR, subscribed=False), SubscriptionNotFound)
    assert (await changes(site, since=NO_MODSEQ))[-1].operation == "unsubscribe"


async def test_the_log_tells_where_messages_of_another_account_were_copied_from(site: Site) -> None:
    elsewhere = MailboxId("e" * 24)
    async with AsyncExitStack() as exits:
        command = await site.add_command(exits, site.inbox, Draft())
        await site.do(replace(command, copied_from=elsewhere), Added)
    await site.add(site.inbox, Draft())
    copied, appended = (await changes(site))[-2:]
    assert [copied.operation, appended.operation] == ["append", "append"]
    assert Source.parse(copied.before) == Source(elsewhere)
    assert Source.parse(appended.before) is None
