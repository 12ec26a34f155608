"""Annotations over every engine: of messages, of mailboxes, of the account and of the server."""

from contextlib import AsyncExitStack
from dataclasses import replace

import pytest
from tests.engine.contract.conftest import AUTHOR, Draft, Site, uid_set

from angarium.engine.commands import (
    Added,
    AnnotationsSet,
    Copied,
    CopyMessages,
    Done,
    Erased,
    EraseMailboxes,
    Expunge,
    Expunged,
    FlagOperation,
    FlagsStored,
    MailboxRename,
    Purged,
    PurgeMessages,
    RenameInbox,
    RenameMailboxes,
    SetAnnotations,
    StoreFlags,
)
from angarium.engine.rows import AccountId, AnnotationChange, MailboxId, ModSeq
from angarium.errors import AclChanged, AnnotationLimitExceeded, MailboxNotFound
from angarium.flags import Flags
from angarium.sequenceset import UidSet

ANN = AccountId("a" * 24)
BOB = AccountId("b" * 24)
UNKNOWN = MailboxId("z" * 24)


def change(value: bytes | None, entry: str = "/comment", owner: AccountId | None = None) -> AnnotationChange:
    return AnnotationChange(entry, owner, value)


async def annotate(
    site: Site, mailbox: MailboxId | None, *changes: AnnotationChange, uids: UidSet | None = None
) -> AnnotationsSet:
    return await site.do(SetAnnotations(mailbox, changes, AUTHOR, uids), AnnotationsSet)


async def found(site: Site, mailbox: MailboxId | None, *uids: int) -> list[tuple[int, str, AccountId | None, bytes]]:
    rows = await site.engine.annotations(site.account, mailbox, uid_set(*uids) if uids else None)
    return [(row.uid, row.entry, row.owner, row.value) for row in rows]


async def octets(site: Site, mailbox: MailboxId) -> int:
    return (await site.row(mailbox)).annotation_octets


async def test_a_mailbox_has_shared_annotations_and_each_users_own(site: Site) -> None:
    await annotate(site, site.inbox, change(b"ours"), change(b"ann's", owner=ANN), change(b"\x00", "/a", BOB))
    assert await found(site, site.inbox) == [
        (0, "/a", BOB, b"\x00"),
        (0, "/comment", None, b"ours"),
        (0, "/comment", ANN, b"ann's"),
    ]
    assert await octets(site, site.inbox) == 10
    await annotate(site, site.inbox, change(None), change(b"longer", owner=ANN), change(None, "/never"))
    assert await found(site, site.inbox) == [(0, "/a", BOB, b"\x00"), (0, "/comment", ANN, b"longer")]
    assert await octets(site, site.inbox) == 7


async def test_what_changes_nothing_takes_no_modseq(site: Site) -> None:
    first = await annotate(site, site.inbox, change(b"x"))
    state = await site.engine.state(site.account)
    assert first.modseq == state.modseq
    assert (await annotate(site, site.inbox, change(b"x"), change(None, "/other"))).modseq is None
    assert await site.engine.state(site.account) == state


async def test_an_annotated_mailbox_changes_neither_names_nor_messages(site: Site) -> None:
    before = await site.engine.state(site.account)
    row = await site.row(site.inbox)
    done = await annotate(site, site.inbox, change(b"x"))
    after = await site.engine.state(site.account)
    assert done.modseq is not None
    assert after.modseq > before.modseq
    assert after.folder_modseq == before.folder_modseq
    assert await site.row(site.inbox) == replace(row, annotation_octets=1)


async def test_an_annotated_message_has_a_new_modseq(site: Site) -> None:
    await site.add(site.inbox, Draft(), Draft(), Draft())
    done = await annotate(site, site.inbox, change(b"x", owner=ANN), uids=uid_set(1, 3, 9))
    assert done.changed == uid_set(1, 3)
    assert [row.modseq == done.modseq for row in await site.messages(site.inbox)] == [True, False, True]
    assert (await site.row(site.inbox)).highestmodseq == done.modseq
    late = await site.engine.messages(
        site.account, site.inbox, changed_since=(await site.messages(site.inbox))[1].modseq
    )
    assert late.columns.uid.tolist() == [1, 3]
    assert await found(site, site.inbox, 1, 2) == [(1, "/comment", ANN, b"x")]
    assert await found(site, site.inbox) == []


async def test_unchangedsince_protects_messages(site: Site) -> None:
    added = await site.add(site.inbox, Draft(), Draft())
    await annotate(site, site.inbox, change(b"x"), uids=uid_set(1))
    command = SetAnnotations(site.inbox, (change(b"y"),), AUTHOR, uid_set(1, 2), added.modseq)
    done = await site.do(command, AnnotationsSet)
    assert (done.changed, done.refused) == (uid_set(2), uid_set(1))
    stored = await site.do(
        StoreFlags(site.inbox, uid_set(1), FlagOperation.ADD, Flags.of(["\\Seen"]), AUTHOR, seen_account=ANN),
        FlagsStored,
    )
    assert stored.modseq is not None
    command = SetAnnotations(site.inbox, (change(b"z"),), AUTHOR, uid_set(1, 2), done.modseq, None, ANN)
    assert (await site.do(command, AnnotationsSet)).refused == uid_set(1, 2)


async def test_refusals_leave_no_trace(site: Site) -> None:
    await site.add(site.inbox, Draft())
    await annotate(site, site.inbox, change(b"x"), change(b"x", "/b"), uids=uid_set(1))
    version = (await site.row(site.inbox)).acl_version
    three = (change(b"1", "/1"), change(b"2", "/2"), change(b"3", "/3", ANN))
    await site.refuse(SetAnnotations(UNKNOWN, three, AUTHOR), MailboxNotFound)
    await site.refuse(SetAnnotations(site.inbox, three, AUTHOR, acl_version=version + 1), AclChanged)
    await site.refuse(SetAnnotations(site.inbox, three, AUTHOR, count_limit=1), AnnotationLimitExceeded)
    await site.refuse(SetAnnotations(site.inbox, three, AUTHOR, uid_set(1), count_limit=3), AnnotationLimitExceeded)
    await site.refuse(SetAnnotations(None, three, AUTHOR, count_limit=1), AnnotationLimitExceeded)
    assert len(await found(site, site.inbox, 1)) == 2
    await site.do(SetAnnotations(site.inbox, three, AUTHOR, uid_set(1), count_limit=4), AnnotationsSet)


async def test_what_is_there_may_be_changed_where_there_is_no_room(site: Site) -> None:
    await annotate(site, site.inbox, change(b"x"))
    await site.do(SetAnnotations(site.inbox, (change(b"y"),), AUTHOR, count_limit=1), AnnotationsSet)
    await site.do(SetAnnotations(site.inbox, (change(None), change(b"z", "/z")), AUTHOR, count_limit=1), AnnotationsSet)
    assert await found(site, site.inbox) == [(0, "/z", None, b"z")]


async def test_messages_come_with_annotations(site: Site) -> None:
    async with AsyncExitStack() as exits:
        command = await site.add_command(exits, site.inbox, Draft(), Draft())
        with_one = replace(command.messages[0], annotations=(change(b"x"), change(b"yy"), change(None, "/a")))
        await site.do(replace(command, messages=(with_one, command.messages[1])), Added)
    assert await found(site, site.inbox, 1, 2) == [(1, "/comment", None, b"yy")]
    assert await octets(site, site.inbox) == 2


@pytest.mark.parametrize("move", [False, True])
async def test_copies_take_shared_annotations_along_and_those_of_one_user(site: Site, move: bool) -> None:
    (work,) = await site.create("work")
    await site.add(site.inbox, Draft(), Draft())
    await annotate(site, site.inbox, change(b"s"), change(b"a", owner=ANN), change(b"b", owner=BOB), uids=uid_set(2))
    command = CopyMessages(site.inbox, uid_set(1, 2), work, AUTHOR, move=move, private_annotations_of=ANN)
    await site.do(command, Copied)
    assert await found(site, work, 1, 2) == [(2, "/comment", None, b"s"), (2, "/comment", ANN, b"a")]
    assert (await octets(site, site.inbox), await octets(site, work)) == (0 if move else 3, 2)


async def test_who_may_not_annotate_copies_only_her_own(site: Site) -> None:
    (work,) = await site.create("work")
    await site.add(site.inbox, Draft())
    await annotate(site, site.inbox, change(b"s"), change(b"a", owner=ANN), uids=uid_set(1))
    own = CopyMessages(site.inbox, uid_set(1), work, AUTHOR, keep_shared_annotations=False, private_annotations_of=ANN)
    await site.do(own, Copied)
    await site.do(replace(own, private_annotations_of=None), Copied)
    assert await found(site, work, 1, 2) == [(1, "/comment", ANN, b"a")]


async def test_annotations_of_an_expunged_message_stay_until_it_is_purged(site: Site) -> None:
    await site.add(site.inbox, Draft(), Draft())
    await annotate(site, site.inbox, change(b"xx"), uids=uid_set(1, 2))
    await annotate(site, site.inbox, change(b"m"))
    await site.do(Expunge(site.inbox, AUTHOR, uid_set(1), only_deleted=False), Expunged)
    assert await octets(site, site.inbox) == 3
    assert len(await found(site, site.inbox, 1, 2)) == 2
    assert (await annotate(site, site.inbox, change(b"new"), uids=uid_set(1))).modseq is None
    site.sources.time_s += 10
    await site.do(PurgeMessages(site.inbox, site.sources.time_s), Purged)
    assert await found(site, site.inbox, 1, 2) == [(2, "/comment", None, b"xx")]
    assert await found(site, site.inbox) == [(0, "/comment", None, b"m")]
    assert await octets(site, site.inbox) == 3


async def test_annotations_follow_a_renamed_mailbox_and_go_with_an_erased_one(site: Site) -> None:
    (work,) = await site.create("work")
    await site.add(work, Draft())
    await annotate(site, work, change(b"x"))
    await annotate(site, work, change(b"x"), uids=uid_set(1))
    await site.do(RenameMailboxes((MailboxRename(work, "play"),), AUTHOR), Done)
    assert len(await found(site, work)) == 1
    await site.do(EraseMailboxes((work,), AUTHOR), Erased)
    assert await found(site, work) == []
    (again,) = await site.create("work")
    await site.add(again, Draft())
    assert await found(site, again) == await found(site, again, 1) == []
    assert await octets(site, again) == 0


async def test_rename_of_the_inbox_takes_the_owners_annotations_of_messages_along(site: Site) -> None:
    await site.add(site.inbox, Draft())
    await annotate(site, site.inbox, change(b"x"), change(b"y", owner=site.account), uids=uid_set(1))
    await annotate(site, site.inbox, change(b"mine", owner=BOB))
    new = site.new_mailbox("old")
    await site.do(RenameInbox(site.inbox, new, AUTHOR), Done)
    assert [row[2] for row in await found(site, new.id, 1)] == [None, site.account]
    assert await found(site, new.id) == await found(site, site.inbox) == [(0, "/comment", BOB, b"mine")]
    assert (await octets(site, site.inbox), await octets(site, new.id)) == (4, 6)


async def test_annotations_of_the_account_are_apart_from_those_of_mailboxes(site: Site) -> None:
    await annotate(site, None, change(b"server", owner=site.account))
    assert await found(site, None) == [(0, "/comment", site.account, b"server")]
    assert await found(site, site.inbox) == await found(site, UNKNOWN) == []
    await annotate(site, None, change(None, owner=site.account))
    assert await found(site, None) == []


async def test_a_change_is_logged_without_its_values(site: Site) -> None:
    await site.add(site.inbox, Draft())
    done = await annotate(site, site.inbox, change(b"secret"), uids=uid_set(1))
    assert done.modseq is not None
    (line,) = await site.engine.changes(site.account, since=ModSeq(done.modseq - 1), limit=9)
    assert (line.operation, line.mailbox, line.uids) == ("annotate", site.inbox, "1")
    assert "/comment" in line.before
    assert "secret" not in line.before


async def test_annotations_of_the_server_are_set_together(site: Site) -> None:
    assert await site.engine.server_annotations() == {}
    await site.engine.set_server_annotations({"/comment": b"c", "/admin": b"mailto:x"})
    await site.engine.set_server_annotations({"/comment": None, "/admin": b"\x00", "/never": None})
    assert await site.engine.server_annotations() == {"/admin": b"\x00"}
