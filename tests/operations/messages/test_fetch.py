"""FETCH: columns, sections, `\\Seen`, lost files, batches."""

import asyncio
import hashlib
import sys
from collections.abc import Sequence
from dataclasses import replace

import pytest
from tests.operations.messages.conftest import DATE, MAIL, World, read_sections, uid_set

from angarium import mime
from angarium.engine.commands import FlagOperation
from angarium.engine.memory import MemoryEngine
from angarium.engine.rows import ContentId, ModSeq, Uid
from angarium.errors import DiskFailed, MailboxNotFound, MessageFileMissing
from angarium.fetchitem import BodySection, FetchAttribute, Partial, SectionKind
from angarium.flags import Flags
from angarium.operations.messages import (
    BytesColumn,
    DateColumn,
    FetchBatch,
    FlagsColumn,
    MessageCache,
    MessageFlags,
    MessageLimits,
    NumberColumn,
    cache,
    expunge,
    fetch,
    fetchbatch,
    store_flags,
)
from angarium.sequenceset import UidSet
from angarium.store import SelectedMailbox

MULTIPART = (
    b"Subject: parts\r\n"
    b"Content-Type: multipart/mixed; boundary=x\r\n"
    b"\r\n"
    b"--x\r\nContent-Type: text/plain\r\n\r\nfirst\r\n"
    b"--x\r\nContent-Type: message/rfc822\r\n\r\nSubject: inner\r\nFrom: bob@example.org\r\n\r\ninside\r\n"
    b"--x--\r\n"
)
HEADER = MAIL[: MAIL.index(b"\r\n\r\n") + 4]
TEXT = MAIL[len(HEADER) :]
SUBJECT = next(line for line in HEADER.splitlines(keepends=True) if line.startswith(b"Subject:")) + b"\r\n"
FROM = next(line for line in HEADER.splitlines(keepends=True) if line.startswith(b"From:")) + b"\r\n"
PEEK = BodySection(peek=True)


async def fetched(
    world: World,
    selected: SelectedMailbox,
    uids: UidSet,
    items: Sequence[FetchAttribute | BodySection],
    *,
    changed_since: ModSeq | None = None,
) -> list[FetchBatch]:
    return [
        batch
        async for batch in fetch(
            world.store, world.cache, selected.actor, selected, uids, items, changed_since=changed_since
        )
    ]


async def test_values_that_are_ready_come_in_columns(world: World) -> None:
    await world.append("user.alice", MAIL, ["\\Flagged", "Work"])
    await world.append("user.alice", MULTIPART)
    selected = await world.select("user.alice")
    asked = list(FetchAttribute)
    (batch,) = await fetched(world, selected, uid_set(1, 2, 5), asked)
    columns = dict(zip(asked, batch.columns, strict=True))
    scanned = [mime.scan(MAIL), mime.scan(MULTIPART)]
    assert batch.uids.tolist() == [1, 2]
    assert columns[FetchAttribute.UID] == NumberColumn([1, 2])
    assert columns[FetchAttribute.RFC822_SIZE] == NumberColumn([len(MAIL), len(MULTIPART)])
    assert columns[FetchAttribute.INTERNALDATE] == DateColumn([DATE.utc_s] * 2, [DATE.zone_min] * 2)
    assert columns[FetchAttribute.MODSEQ] == NumberColumn(selected.view.modseqs.tolist())
    assert columns[FetchAttribute.ENVELOPE] == BytesColumn([message.envelope for message in scanned])
    assert columns[FetchAttribute.BODY] == BytesColumn([message.body for message in scanned])
    assert columns[FetchAttribute.BODYSTRUCTURE] == BytesColumn([message.bodystructure for message in scanned])
    assert columns[FetchAttribute.SAVEDATE] == DateColumn(selected.view.saved_s.tolist(), [0, 0])
    emails, threads = selected.view.email_id.tolist(), selected.view.thread_id.tolist()
    assert columns[FetchAttribute.EMAILID] == BytesColumn([b"M%016x" % email for email in emails])
    assert columns[FetchAttribute.THREADID] == BytesColumn([b"T%016x" % thread for thread in threads])
    digests = [hashlib.sha1(octets).hexdigest().encode() for octets in (MAIL, MULTIPART)]
    assert columns[FetchAttribute.DIGEST_SHA1] == BytesColumn(digests)
    flags = columns[FetchAttribute.FLAGS]
    assert isinstance(flags, FlagsColumn)
    assert [flags.distinct[place] for place in flags.index] == [
        MessageFlags(Flags.of(["\\Flagged", "Work"]), recent=True),
        MessageFlags(Flags(), recent=True),
    ]


@pytest.mark.parametrize("count", [40, 60, 80])
async def test_flags_of_mailboxes_with_many_keywords(memory_world: World, count: int) -> None:
    world = memory_world
    keywords = [f"word{number:02d}" for number in range(count)]
    chosen = [keywords[:1], keywords[-1:], keywords[39:], ["\\Seen", *keywords], [], keywords[-1:]]
    await world.append("user.alice", flags=keywords)
    for names in chosen:
        await world.append("user.alice", flags=names)
    uids = uid_set(*range(2, len(chosen) + 2))
    (batch,) = await fetched(world, await world.select("user.alice"), uids, [FetchAttribute.FLAGS])
    flags = batch.columns[0]
    assert isinstance(flags, FlagsColumn)
    assert [list(flags.distinct[place].flags.names()) for place in flags.index] == chosen
    assert len(flags.distinct) == len(chosen) - (2 if count == 40 else 1)


async def test_equal_flags_are_one_value(memory_world: World) -> None:
    world = memory_world
    for number in range(6):
        await world.append("user.alice", flags=["\\Seen"] if number % 2 else ["Work"])
    (batch,) = await fetched(world, await world.select("user.alice"), uid_set(*range(1, 7)), [FetchAttribute.FLAGS])
    flags = batch.columns[0]
    assert isinstance(flags, FlagsColumn)
    assert len(flags.distinct) == 2
    names = [flags.distinct[place].flags.names() for place in flags.index]
    assert names == [("Work",), ("\\Seen",)] * 3


@pytest.mark.parametrize(
    ("section", "octets"),
    [
        (BodySection(peek=True), MULTIPART),
        (BodySection(is_rfc822=True, peek=True), MULTIPART),
        (BodySection(peek=True, partial=Partial(9, 5)), MULTIPART[9:14]),
        (BodySection(peek=True, partial=Partial(5000, 5)), b""),
        (BodySection((1,), peek=True), b"first"),
        (BodySection((1,), SectionKind.MIME, peek=True), b"Content-Type: text/plain\r\n\r\n"),
        (BodySection((2,), SectionKind.HEADER, peek=True), b"Subject: inner\r\nFrom: bob@example.org\r\n\r\n"),
        (BodySection((2,), SectionKind.HEADER_FIELDS, (b"from",), peek=True), b"From: bob@example.org\r\n\r\n"),
        (BodySection((2,), SectionKind.TEXT, peek=True), b"inside"),
        (BodySection((2, 1), peek=True), b"inside"),
        (BodySection((3,), peek=True), None),
        (BodySection((1,), SectionKind.HEADER, peek=True), None),
        (BodySection((), SectionKind.HEADER_FIELDS, (b"SUBJECT",), peek=True), b"Subject: parts\r\n\r\n"),
        (BodySection((), SectionKind.HEADER_FIELDS, (b"X-None",), peek=True), b"\r\n"),
        (
            BodySection((), SectionKind.HEADER_FIELDS_NOT, (b"Subject",), peek=True),
            b"Content-Type: multipart/mixed; boundary=x\r\n\r\n",
        ),
        (BodySection((), SectionKind.HEADER_FIELDS, (b"subject",), Partial(2, 4), peek=True), b"bjec"),
    ],
)
async def test_sections(memory_world: World, section: BodySection, octets: bytes | None) -> None:
    await memory_world.append("user.alice", MULTIPART)
    selected = await memory_world.select("user.alice")
    for _ in range(2):  # the second time from what is remembered
        assert await memory_world.sections(selected, uid_set(1), section) == [octets]


async def test_several_sections_of_several_messages(world: World) -> None:
    for number in range(3):
        await world.append("user.alice", MAIL + b"%d\r\n" % number)
    selected = await world.select("user.alice")
    items: list[FetchAttribute | BodySection] = [BodySection((), SectionKind.TEXT, peek=True), FetchAttribute.UID, PEEK]
    (batch,) = await fetched(world, selected, uid_set(1, 3), items)
    assert await read_sections(batch, 0) == [TEXT + b"0\r\n", TEXT + b"2\r\n"]
    assert batch.columns[1] == NumberColumn([1, 3])
    assert await read_sections(batch, 2) == [MAIL + b"0\r\n", MAIL + b"2\r\n"]


async def test_long_sections_are_streamed_one_message_a_batch(world: World) -> None:
    long = MAIL + b"0123456789abcdef\r\n" * 20_000
    for octets in (MAIL, long, MAIL, long):
        await world.append("user.alice", octets)
    selected = await world.select("user.alice")
    found: list[bytes | None] = []
    sizes = []
    async for batch in fetch(world.store, world.cache, world.alice, selected, uid_set(1, 2, 3, 4), [PEEK]):
        found += await read_sections(batch, 0)
        sizes.append(len(batch.uids))
    assert found == [MAIL, long, MAIL, long]
    assert sizes == [2, 2]


async def test_a_batch_holds_no_more_octets_than_it_may(memory_world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(fetchbatch, "_BATCH_OCTETS", 2 * len(MAIL))
    for _ in range(5):
        await memory_world.append("user.alice")
    selected = await memory_world.select("user.alice")
    batches = await fetched(memory_world, selected, uid_set(*range(1, 6)), [PEEK])
    assert [batch.uids.tolist() for batch in batches] == [[1, 2], [3, 4], [5]]


async def test_a_section_sets_seen_and_says_so(world: World) -> None:
    await world.append("user.alice", flags=["\\Seen"])
    await world.append("user.alice")
    selected = await world.select("user.alice")
    before = selected.view.modseq
    (batch,) = await fetched(world, selected, uid_set(1, 2), [BodySection(), FetchAttribute.FLAGS])
    assert batch.newly_seen == uid_set(2)
    flags = batch.columns[1]
    assert isinstance(flags, FlagsColumn)
    assert flags.distinct == [MessageFlags(Flags.of(["\\Seen"]), recent=True)]
    assert selected.view.modseq > before
    (again,) = await fetched(world, selected, uid_set(1, 2), [BodySection()])
    assert again.newly_seen == UidSet()


async def test_seen_stays_where_it_may_not_be_set(world: World) -> None:
    await world.set_acl("user.alice", "alice\tlrswipkxtea\tbob\tlr\t")
    await world.append("user.alice")
    for selected in (await world.select("user.alice", world.bob), await world.select("user.alice", examine=True)):
        (batch,) = await fetched(world, selected, uid_set(1), [BodySection()])
        assert await read_sections(batch, 0) == [MAIL]
        assert batch.newly_seen == UidSet()
    assert await world.flags("user.alice") == {1: set()}


async def test_a_store_without_writes_can_be_read(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    await world.append("user.alice")
    selected = await world.select("user.alice")

    async def refuse(*_: object) -> None:
        raise DiskFailed("as asked for")

    monkeypatch.setattr(world.engine, "write", refuse)
    (batch,) = await fetched(world, selected, uid_set(1), [BodySection()])
    assert await read_sections(batch, 0) == [MAIL]


async def test_only_what_changed_since(world: World) -> None:
    for _ in range(3):
        await world.append("user.alice")
    selected = await world.select("user.alice")
    since = selected.view.modseq
    await store_flags(world.store, world.alice, selected, uid_set(2), FlagOperation.ADD, Flags.of(["\\Flagged"]))
    (batch,) = await fetched(world, selected, uid_set(1, 2, 3), [BodySection()], changed_since=since)
    assert batch.uids.tolist() == [2]
    assert await world.flags("user.alice") == {1: set(), 2: {"\\Seen", "\\Flagged"}, 3: set()}


async def test_what_others_expunged_is_given_until_it_was_told(world: World) -> None:
    await world.append("user.alice", flags=["\\Deleted"])
    selected = await world.select("user.alice")
    other = await world.select("user.alice")
    await expunge(world.store, world.alice, other)
    (batch,) = await fetched(world, selected, uid_set(1), [FetchAttribute.RFC822_SIZE, PEEK])
    assert batch.columns[0] == NumberColumn([len(MAIL)])
    assert await read_sections(batch, 1) == [MAIL]


async def test_a_lost_file_is_missing_beside_what_is_remembered(
    memory_world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    world = memory_world
    for _ in range(3):
        await world.append("user.alice")
    selected = await world.select("user.alice")
    remembered = BodySection((), SectionKind.HEADER_FIELDS, (b"Subject",), peek=True)
    other = BodySection((), SectionKind.HEADER_FIELDS, (b"From",), peek=True)
    await fetched(world, selected, uid_set(1, 2), [remembered])

    async def lose(*_: object) -> object:
        raise MessageFileMissing("as asked for")

    await fetched(world, selected, uid_set(1, 3), [other])
    monkeypatch.setattr(world.engine, "open_message", lose)
    items: list[FetchAttribute | BodySection] = [remembered, FetchAttribute.ENVELOPE, other, FetchAttribute.UID]
    (batch,) = await fetched(world, selected, uid_set(1, 2, 3), items)
    assert batch.missing == (2, 3)
    assert [await read_sections(batch, column) for column in (0, 2)] == [[SUBJECT], [FROM]]
    assert batch.columns[1] == BytesColumn([mime.scan(MAIL).envelope])
    assert batch.columns[3] == NumberColumn([1])


async def test_header_fields_of_many_messages_are_read_while_others_have_their_turn(
    memory_world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(cache, "_READ_AT_ONCE", 2)
    for _ in range(7):
        await memory_world.append("user.alice")
    selected = await memory_world.select("user.alice")
    turns = 0

    async def count_turns() -> None:
        nonlocal turns
        while True:
            turns += 1
            await asyncio.sleep(0)

    counting = asyncio.ensure_future(count_turns())
    section = BodySection((), SectionKind.HEADER_FIELDS, (b"Subject",), peek=True)
    assert await memory_world.sections(selected, uid_set(*range(1, 8)), section) == [SUBJECT] * 7
    assert turns >= 3
    counting.cancel()


async def test_a_lost_file_is_named_and_hides_nothing_else(
    memory_world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    world = memory_world
    for _ in range(3):
        await world.append("user.alice")
    selected = await world.select("user.alice")
    opened = world.engine.open_message

    async def lose(account: object, mailbox: object, uid: Uid) -> object:
        if uid == 2:
            raise MessageFileMissing("as asked for")
        return await opened(account, mailbox, uid)  # type: ignore[arg-type]

    monkeypatch.setattr(world.engine, "open_message", lose)
    fields = BodySection((), SectionKind.HEADER_FIELDS, (b"Subject",), peek=True)
    for section in (PEEK, fields):
        (batch,) = await fetched(world, selected, uid_set(1, 2, 3), [FetchAttribute.UID, section])
        assert batch.missing == (2,)
        assert batch.uids.tolist() == [1, 3]
        assert len(await read_sections(batch, 1)) == 2


async def test_what_an_older_scanner_stored_is_scanned_again(memory_world: World) -> None:
    world = memory_world
    await world.append("user.alice")
    assert isinstance(world.engine, MemoryEngine)
    contents = world.engine._accounts[world.account_of("user.alice")].contents
    ((number, stored),) = contents.items()
    old = replace(stored[0], scanner_version=0, envelope=b"(old)", parts=b"?")
    contents[ContentId(number)] = (old, stored[1])
    selected = await world.select("user.alice")
    (batch,) = await fetched(world, selected, uid_set(1), [FetchAttribute.ENVELOPE])
    assert batch.columns[0] == BytesColumn([mime.scan(MAIL).envelope])


async def test_without_the_right_to_read_nothing_is_given(world: World) -> None:
    await world.append("board")
    selected = await world.select("board", world.bob)
    await world.set_acl("board", "alice\tlrs\t")
    with pytest.raises(MailboxNotFound):
        await fetched(world, selected, uid_set(1), [FetchAttribute.UID])


async def test_a_small_cache_still_answers(memory_world: World) -> None:
    world = memory_world
    world.cache = MessageCache(world.store, limits=MessageLimits(), octets=1000)
    for _ in range(10):
        await world.append("user.alice")
    selected = await world.select("user.alice")
    for _ in range(2):
        (batch,) = await fetched(world, selected, uid_set(*range(1, 11)), [FetchAttribute.ENVELOPE])
        assert batch.columns[0] == BytesColumn([mime.scan(MAIL).envelope] * 10)


async def test_headers_are_told_in_ascii_to_who_takes_nothing_else(world: World) -> None:
    await world.append("user.alice", MAIL)
    await world.append("user.alice", "Subject: Grüße\r\n\r\nHello.\r\n".encode())
    await world.append("user.alice", MULTIPART)
    selected = await world.select("user.alice")
    items = (FetchAttribute.UID, FetchAttribute.ENVELOPE, FetchAttribute.BODYSTRUCTURE, PEEK)
    both = []
    for takes_utf8 in (True, False):
        asked = fetch(
            world.store, world.cache, selected.actor, selected, uid_set(1, 2, 3), items, takes_utf8=takes_utf8
        )
        (batch,) = [batch async for batch in asked]
        both.append(batch)
    whole, downgraded = both
    assert (whole.downgraded, downgraded.downgraded) == ((), (2,))
    envelopes = downgraded.columns[1]
    assert isinstance(envelopes, BytesColumn)
    assert envelopes.values[1] == b'(NIL "=?UTF-8?B?R3LDvMOfZQ==?=" NIL NIL NIL NIL NIL NIL NIL NIL)'
    assert whole.columns[1] == BytesColumn(
        [envelopes.values[0], mime.scan("Subject: Grüße".encode()).envelope, envelopes.values[2]]
    )
    assert [whole.columns[place] for place in (0, 2, 3)] == [downgraded.columns[place] for place in (0, 2, 3)]


@pytest.mark.parametrize("items", [(FetchAttribute.UID,), (FetchAttribute.UID, PEEK)])
async def test_batches_may_descend(
    world: World, items: tuple[FetchAttribute | BodySection, ...], monkeypatch: pytest.MonkeyPatch
) -> None:
    bodies = [f"Subject: {number}\r\n\r\n{number}\r\n".encode() for number in range(1, 6)]
    for body in bodies:
        await world.append("user.alice", body)
    selected = await world.select("user.alice")
    for rows in ("_ROWS", "_ROWS_WITH_SECTIONS"):
        monkeypatch.setattr(sys.modules[fetch.__module__], rows, 2)
    asked = fetch(world.store, world.cache, selected.actor, selected, uid_set(1, 2, 3, 4, 5), items, descending=True)
    batches: list[FetchBatch] = []
    sections: list[bytes | None] = []
    async for batch in asked:
        batches.append(batch)
        if PEEK in items:
            sections += await read_sections(batch, 1)
    assert [batch.uids.tolist() for batch in batches] == [[5, 4], [3, 2], [1]]
    assert [batch.columns[0] for batch in batches] == [NumberColumn([5, 4]), NumberColumn([3, 2]), NumberColumn([1])]
    assert sections == (bodies[::-1] if PEEK in items else [])
