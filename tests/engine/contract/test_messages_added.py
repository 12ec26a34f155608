"""APPEND and delivery over every engine: UIDs, rows, files, flags, contents, threads, retries."""

from contextlib import AsyncExitStack
from dataclasses import replace

import pytest
from tests.engine.contract.conftest import AUTHOR, START_S, Draft, Site, uid_set

from angarium.engine.commands import Added, AddMessages, Expunge, Expunged, MessageOrigin, PurgeMessages, RestoreMailbox
from angarium.engine.rows import (
    KEYWORD_LIMIT,
    AccountId,
    EmailId,
    InternalDate,
    MailboxId,
    ModSeq,
    ThreadId,
    Uid,
    UidValidity,
)
from angarium.errors import (
    AclChanged,
    AngariumError,
    KeywordLimitExceeded,
    MailboxNotFound,
    MessageNotFound,
    PartitionNotFound,
    UidsExhausted,
)
from angarium.flags import Flags

OTHER = AccountId("0" * 24)


async def test_uids_ascend_from_one_and_the_answer_names_them(site: Site) -> None:
    first = await site.add(site.inbox, Draft(), Draft())
    second = await site.add(site.inbox, Draft())
    row = await site.row(site.inbox)
    assert (first.uids, second.uids) == ((1, 2), (3,))
    assert first.uidvalidity == second.uidvalidity == row.uidvalidity
    assert row.uidnext == 4
    assert await site.uids(site.inbox) == [1, 2, 3]


async def test_a_message_row_says_what_was_given(site: Site) -> None:
    site.sources.time_s += 60
    draft = Draft(b"a: b\r\n\r\n", Flags.of(["\\Flagged", "$Junk"]), InternalDate(-5, -330))
    added = await site.add(site.inbox, draft)
    (message,) = await site.messages(site.inbox)
    assert message.uid == 1
    assert message.modseq == message.created_modseq == added.modseq
    assert message.expunged_modseq == 0
    assert message.date == InternalDate(-5, -330)
    assert message.saved_at_s == START_S + 60
    assert message.size_octets == 8
    assert await site.flags(site.inbox) == {1: {"\\Flagged", "$Junk"}}


async def test_given_ids_and_save_date_are_kept(site: Site) -> None:
    await site.add(site.inbox, Draft(email_id=EmailId(2**63 - 1), thread_id=ThreadId(12), saved_at_s=99))
    (message,) = await site.messages(site.inbox)
    assert (message.email_id, message.thread_id, message.saved_at_s) == (2**63 - 1, 12, 99)


async def test_drawn_email_ids_differ(site: Site) -> None:
    await site.add(site.inbox, Draft(), Draft())
    first, second = await site.messages(site.inbox)
    assert first.email_id != second.email_id
    assert min(first.email_id, second.email_id) > 0


async def test_the_file_is_the_message_octet_for_octet(site: Site) -> None:
    octets = bytes(range(256)) * 5
    await site.add(site.inbox, Draft(octets))
    file = await site.engine.open_message(site.account, site.inbox, Uid(1))
    assert file.size_octets == len(octets)
    assert await file.read(0, 10_000) == octets
    assert await file.read(250, 10) == octets[250:260]
    assert await file.read(len(octets), 1) == b""
    view = file.view()
    assert bytes(view) == octets
    view.release()
    file.close()


async def test_an_empty_message_can_be_stored_and_read(site: Site) -> None:
    await site.add(site.inbox, Draft(b""))
    file = await site.engine.open_message(site.account, site.inbox, Uid(1))
    assert (file.size_octets, await file.read(0, 1)) == (0, b"")
    file.close()


async def test_a_message_is_staged_in_chunks_and_can_be_viewed_before_it_is_added(site: Site) -> None:
    async with site.engine.stage("default") as staged:
        staged.write(b"one ")
        staged.write(memoryview(b"two"))
        assert staged.size_octets == 7
        view = staged.view()
        assert bytes(view) == b"one two"
        view.release()
        file = await staged.finish()
        assert (file.partition, file.size_octets) == ("default", 7)
        message = Draft(b"one two").message(file)
        await site.do(AddMessages(site.inbox, (message, message), AUTHOR), Added)
    for uid in (1, 2):
        opened = await site.engine.open_message(site.account, site.inbox, Uid(uid))
        assert await opened.read(0, 100) == b"one two"
        opened.close()


async def test_staging_on_an_unknown_partition_is_refused(site: Site) -> None:
    with pytest.raises(PartitionNotFound):
        async with site.engine.stage("nowhere"):
            pass


async def test_a_message_that_is_not_there_cannot_be_opened(site: Site) -> None:
    await site.add(site.inbox, Draft())
    with pytest.raises(MessageNotFound):
        await site.engine.open_message(site.account, site.inbox, Uid(2))


async def test_a_message_of_another_partition_is_added_whole(site: Site) -> None:
    async with AsyncExitStack() as exits:
        file = await site.stage(exits, b"from the archive", "archive")
        await site.do(AddMessages(site.inbox, (Draft().message(file),), AUTHOR), Added)
    opened = await site.engine.open_message(site.account, site.inbox, Uid(1))
    assert await opened.read(0, 100) == b"from the archive"
    opened.close()


async def test_content_and_search_fields_are_read_by_content_id(site: Site) -> None:
    drafts = [Draft(b"first", message_id="<1@example.org>"), Draft(b"second", base_subject="other")]
    await site.add(site.inbox, *drafts)
    ids = [message.content for message in await site.messages(site.inbox)]
    assert ids[0] < ids[1]
    assert await site.engine.contents(site.account, ids) == {
        content: draft.content() for content, draft in zip(ids, drafts, strict=True)
    }
    assert await site.engine.search_fields(site.account, ids) == {
        content: replace(draft.search(), references=()) for content, draft in zip(ids, drafts, strict=True)
    }


async def test_what_a_message_answers_is_kept_where_it_is_known(site: Site) -> None:
    known = Draft(references=("1@example.org", "a b@c"), is_reply=True)
    drafts = [known, Draft(references=("1@example.org",)), Draft(is_reply=False)]
    await site.add(site.inbox, *drafts)
    ids = [message.content for message in await site.messages(site.inbox)]
    found = await site.engine.search_fields(site.account, ids)
    assert [(found[content].references, found[content].is_reply) for content in ids] == [
        (("1@example.org", "a b@c"), True),
        ((), None),
        ((), False),
    ]


async def test_contents_that_are_not_there_are_missing_in_the_answer(site: Site) -> None:
    await site.add(site.inbox, Draft())
    (message,) = await site.messages(site.inbox)
    unknown = type(message.content)(message.content + 1)
    assert list(await site.engine.contents(site.account, [unknown, message.content])) == [message.content]
    assert list(await site.engine.search_fields(site.account, [unknown])) == []


async def test_counters_follow_added_messages(site: Site) -> None:
    await site.add(
        site.inbox, Draft(b"12345"), Draft(b"123", Flags.of(["\\Seen"])), Draft(b"1", Flags.of(["\\Deleted"]))
    )
    row = await site.row(site.inbox)
    assert (row.messages, row.unseen, row.deleted, row.octets) == (3, 2, 1, 9)


async def test_adding_moves_highestmodseq_and_state_but_not_the_folder_modseq(site: Site) -> None:
    before = await site.engine.state(site.account)
    added = await site.add(site.inbox, Draft())
    after = await site.engine.state(site.account)
    row = await site.row(site.inbox)
    assert row.highestmodseq == added.modseq == after.modseq > before.modseq
    assert after.folder_modseq == before.folder_modseq == row.folder_modseq


async def test_seen_of_another_user_is_kept_apart(site: Site) -> None:
    added = await site.add(site.inbox, Draft(flags=Flags.of(["\\Seen", "\\Draft"])), Draft(), seen_account=OTHER)
    assert await site.flags(site.inbox) == {1: {"\\Draft"}, 2: set()}
    assert (await site.row(site.inbox)).unseen == 2
    seen = await site.engine.seen(site.account, site.inbox, OTHER)
    assert seen is not None
    assert (seen.uids, seen.highestmodseq) == ("1", added.modseq)


# Keywords


async def test_keywords_get_the_next_free_bit_and_keep_their_first_spelling(site: Site) -> None:
    await site.add(site.inbox, Draft(flags=Flags.of(["Work", "Later"])), Draft(flags=Flags.of(["LATER", "new"])))
    first, second = await site.messages(site.inbox)
    assert (await site.row(site.inbox)).keywords == ("Work", "Later", "new")
    assert (first.keywords_low, second.keywords_low) == (0b011, 0b110)
    assert (first.keywords_high, second.keywords_high) == (0, 0)


async def test_a_mailbox_holds_128_keywords_in_two_masks_and_not_one_more(site: Site) -> None:
    keywords = [f"k{number}" for number in range(KEYWORD_LIMIT)]
    await site.add(site.inbox, Draft(flags=Flags.of(keywords)), Draft(flags=Flags.of(["k63", "k64", "k127"])))
    first, second = await site.messages(site.inbox)
    assert first.keywords_low == first.keywords_high == 2**64 - 1
    assert (second.keywords_low, second.keywords_high) == (1 << 63, 1 | 1 << 63)
    async with AsyncExitStack() as exits:
        command = await site.add_command(exits, site.inbox, Draft(), Draft(flags=Flags.of(["one-more"])))
        await site.refuse(command, KeywordLimitExceeded)


# Threads


@pytest.mark.parametrize(
    ("drafts", "threads"),
    [
        pytest.param([Draft(message_id="<a>"), Draft(message_id="<b>", references=("<a>",))], "aa", id="answer"),
        pytest.param([Draft(message_id="<b>", references=("<a>",)), Draft(message_id="<a>")], "aa", id="late question"),
        pytest.param(
            [Draft(message_id="<b>", references=("<a>",)), Draft(message_id="<c>", references=("<a>",))],
            "aa",
            id="answers to what is not here",
        ),
        pytest.param([Draft(message_id="<a>"), Draft(message_id="<a>")], "aa", id="same message twice"),
        pytest.param([Draft(), Draft()], "ab", id="no message-id"),
        pytest.param([Draft(message_id="<a>"), Draft(message_id="<b>")], "ab", id="strangers"),
        pytest.param(
            [Draft(message_id="<a>"), Draft(message_id="<b>", references=("<a>",), base_subject="another matter")],
            "ab",
            id="subject changed",
        ),
        pytest.param(
            [
                Draft(message_id="<a>"),
                Draft(message_id="<b>"),
                Draft(message_id="<c>", references=("<a>", "<b>")),
                Draft(message_id="<d>", references=("<a>",)),
            ],
            "abba",
            id="newest reference wins and threads stay apart",
        ),
        pytest.param(
            [
                Draft(message_id="<a>"),
                Draft(message_id="<b>", references=("<a>",), base_subject="another matter"),
                Draft(message_id="<c>", references=("<a>", "<b>"), base_subject="another matter"),
            ],
            "abb",
            id="answers to the changed subject",
        ),
        pytest.param([Draft(message_id="<b>"), Draft(references=("<b>",))], "aa", id="answer without message-id"),
        pytest.param(
            [Draft(message_id="<a>", thread_id=ThreadId(5)), Draft(message_id="<b>", references=("<a>",))],
            "aa",
            id="given thread goes on",
        ),
    ],
)
async def test_threads_follow_references_and_base_subject(site: Site, drafts: list[Draft], threads: str) -> None:
    for draft in drafts:
        await site.add(site.inbox, draft)
    letters: dict[int, str] = {}
    found = [letters.setdefault(row.thread_id, "abcdef"[len(letters)]) for row in await site.messages(site.inbox)]
    assert "".join(found) == threads


async def test_threads_reach_across_the_mailboxes_of_an_account(site: Site) -> None:
    (work,) = await site.create("work")
    await site.add(site.inbox, Draft(message_id="<a>"))
    await site.add(work, Draft(message_id="<b>", references=("<a>",)))
    assert (await site.messages(site.inbox))[0].thread_id == (await site.messages(work))[0].thread_id


# Retries of copies between accounts


async def test_a_retry_of_the_same_origin_finds_the_first_copy(site: Site) -> None:
    origin = MessageOrigin(MailboxId("x" * 24), Uid(7))
    first = await site.add(site.inbox, Draft(origin=origin))
    again = await site.add(site.inbox, Draft(origin=origin), Draft(origin=replace(origin, uid=Uid(8))), Draft())
    assert first.uids == (1,)
    assert again.uids == (1, 2, 3)
    assert await site.uids(site.inbox) == [1, 2, 3]
    await site.check_counters()


async def test_an_origin_is_known_for_each_target_apart(site: Site) -> None:
    (work,) = await site.create("work")
    draft = Draft(origin=MessageOrigin(MailboxId("x" * 24), Uid(7)))
    await site.add(site.inbox, draft)
    await site.add(work, draft)
    assert len(await site.uids(work)) == 1


@pytest.mark.parametrize("is_purged", [False, True])
async def test_a_copy_expunged_since_does_not_answer_for_its_origin(site: Site, is_purged: bool) -> None:
    draft = Draft(origin=MessageOrigin(MailboxId("x" * 24), Uid(7)))
    await site.add(site.inbox, draft)
    await site.do(Expunge(site.inbox, AUTHOR, only_deleted=False), Expunged)
    if is_purged:
        await site.engine.write(site.account, PurgeMessages(site.inbox, START_S + 1))
    assert (await site.add(site.inbox, draft)).uids == (2,)
    assert (await site.add(site.inbox, draft)).uids == (2,)


async def test_purging_forgets_the_origins_of_what_goes_and_of_nothing_else(site: Site) -> None:
    drafts = [Draft(origin=MessageOrigin(MailboxId("x" * 24), Uid(uid))) for uid in range(1, 6)]
    await site.add(site.inbox, *drafts)
    gone = uid_set(1, 4)
    await site.do(Expunge(site.inbox, AUTHOR, gone, only_deleted=False), Expunged)
    await site.engine.write(site.account, PurgeMessages(site.inbox, START_S + 1))
    assert (await site.add(site.inbox, *drafts)).uids == (6, 2, 3, 7, 5)


# Refusals


async def test_a_changed_acl_refuses_the_message(site: Site) -> None:
    version = (await site.row(site.inbox)).acl_version
    async with AsyncExitStack() as exits:
        await site.refuse(await site.add_command(exits, site.inbox, Draft(), acl_version=version + 1), AclChanged)
        await site.do(await site.add_command(exits, site.inbox, Draft(), acl_version=version), Added)


async def test_a_file_whose_staging_is_over_is_refused(site: Site) -> None:
    async with AsyncExitStack() as exits:
        command = await site.add_command(exits, site.inbox, Draft())
    await site.refuse(command, AngariumError)


async def test_an_unknown_mailbox_refuses_the_message(site: Site) -> None:
    async with AsyncExitStack() as exits:
        command = await site.add_command(exits, MailboxId("z" * 24), Draft(), acl_version=7)
        await site.refuse(command, MailboxNotFound)


async def test_a_mailbox_gives_its_last_uid_and_then_no_more(site: Site) -> None:
    new = site.new_mailbox("full")
    last = Uid(0xFFFFFFFF)
    await site.engine.write(site.account, RestoreMailbox(new, UidValidity(5), last, ModSeq(9), (), AUTHOR))
    async with AsyncExitStack() as exits:
        await site.refuse(await site.add_command(exits, new.id, Draft(), Draft()), UidsExhausted)
        assert (await site.do(await site.add_command(exits, new.id, Draft()), Added)).uids == (last,)
        await site.refuse(await site.add_command(exits, new.id, Draft()), UidsExhausted)
    assert await site.uids(new.id) == [last]
    assert uid_set(last).maximum == last


async def test_messages_come_with_their_mailbox_and_the_modseq_of_the_account(site: Site) -> None:
    (work,) = await site.create("work")
    await site.add(site.inbox, Draft(), Draft())
    await site.add(work, Draft())
    found = await site.engine.messages(site.account, site.inbox)
    state = await site.engine.state(site.account)
    assert (found.modseq, found.mailbox, found.columns.uid.tolist()) == (
        state.modseq,
        await site.row(site.inbox),
        [1, 2],
    )
    later = await site.engine.messages(site.account, site.inbox, changed_since=found.mailbox.highestmodseq)
    assert (later.modseq, later.mailbox, later.columns.uid.size) == (found.modseq, found.mailbox, 0)
