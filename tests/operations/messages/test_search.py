"""SEARCH: keys by table, and against a naive model."""

import asyncio
import base64
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta, timezone
from email.utils import format_datetime

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.engine.contract.conftest import PARTITIONS, TestSources
from tests.operations.messages.conftest import World, open_world, uid_set

from angarium.collation import ASCII_CASEMAP, OCTET, Collation
from angarium.engine.commands import FlagOperation
from angarium.engine.memory import MemoryEngine
from angarium.engine.rows import InternalDate
from angarium.errors import MailboxNotFound
from angarium.flags import Flags, SystemFlags
from angarium.operations.messages import expunge, search, store_flags
from angarium.searchkey import (
    All,
    And,
    Before,
    FieldText,
    Flag,
    Header,
    Keyword,
    Larger,
    ModSeq,
    Not,
    On,
    Or,
    Recent,
    SearchedField,
    SearchKey,
    SentBefore,
    SentOn,
    SentSince,
    SequenceNumbers,
    Since,
    Smaller,
    Uids,
)
from angarium.sequenceset import SequenceSet, UidSet

APPLE = (
    b"From: Bob <bob@example.com>\r\nTo: alice@example.net\r\nSubject: Apple\r\n"
    b"Date: Mon, 1 Jan 2024 23:30:00 -0800\r\nMessage-ID: <a1@x>\r\n\r\none fish\r\n"
)
GREEN = (
    b"From: =?utf-8?q?J=C3=BCrgen?= <j@example.org>\r\nCc: carol@example.org\r\nBcc: eve@example.org\r\n"
    b"Subject: =?utf-8?b?R3LDvMOfZQ==?=\r\nDate: Tue, 2 Jan 2024 08:00:00 +0000\r\n"
    b"Content-Type: text/plain; charset=utf-8\r\nContent-Transfer-Encoding: quoted-printable\r\n\r\n"
    b"two f=C3=AFsh, all=\r\n one line\r\n"
)
NESTED = (
    b"From: dave@example.org\r\nSubject: Banana\r\nContent-Type: multipart/mixed; boundary=x\r\n\r\n"
    b"--x\r\nContent-Type: text/html\r\nContent-Transfer-Encoding: base64\r\n\r\ndGhyZWUgZmlzaA==\r\n"
    b"--x\r\nContent-Type: message/rfc822\r\n\r\nSubject: Enclosed\r\n\r\nsecret word\r\n"
    b"--x\r\nContent-Type: application/octet-stream\r\n\r\nbinary fish\r\n--x--\r\n"
)


def day(text: str) -> date:
    return date.fromisoformat(text)


def numbers(text: bytes) -> SequenceSet:
    return SequenceSet.parse(text)


def field_text(field: str, text: str) -> FieldText:
    return FieldText(SearchedField(field), text)


SEEN, FLAGGED = Flag(SystemFlags.SEEN), Flag(SystemFlags.FLAGGED)


async def open_library(world: World) -> None:
    """Three messages: 1 is seen, 2 has a keyword, 3 has neither."""
    await world.append("user.alice", APPLE, ["\\Seen"], date=InternalDate(1_706_745_600, -480))
    await world.append("user.alice", GREEN, ["Work"], date=InternalDate(1_706_832_000))
    await world.append("user.alice", NESTED, date=InternalDate(1_706_918_400, 60))


@pytest.mark.parametrize(
    ("key", "found"),
    [
        (All(), {1, 2, 3}),
        (SEEN, {1}),
        (Not(SEEN), {2, 3}),
        (FLAGGED, set()),
        (Recent(), {1, 2, 3}),
        (Keyword("WORK"), {2}),
        (Keyword("none"), set()),
        (On(day("2024-01-31")), {1}),
        (On(day("2024-02-02")), {2}),
        (On(day("2024-02-01")), {2} & {0}),
        (Before(day("2024-02-01")), {1}),
        (Since(day("2024-02-02")), {2, 3}),
        (Since(day("2024-02-03")), {3}),
        (SentOn(day("2024-01-01")), {1}),
        (SentOn(day("2024-01-02")), {2}),
        (SentBefore(day("2024-01-02")), {1}),
        (SentSince(day("2024-01-02")), {2}),
        (SentSince(day("1970-01-01")), {1, 2}),
        (Larger(len(GREEN)), {3}),
        (Smaller(len(GREEN)), {1}),
        (field_text("FROM", "BOB"), {1}),
        (field_text("FROM", "example.org"), {2, 3}),
        (field_text("FROM", "jürgen"), {2}),
        (field_text("SUBJECT", "GRÜSSE"), {2}),
        (field_text("TO", "alice"), {1}),
        (field_text("TO", ""), {1}),
        (field_text("CC", "carol"), {2}),
        (field_text("BCC", "eve"), {2}),
        (field_text("SUBJECT", "zzz"), set()),
        (field_text("BODY", "FISH"), {1, 3}),
        (field_text("BODY", "fïsh, all one line"), {2}),
        (field_text("BODY", "secret"), {3}),
        (field_text("BODY", "enclosed"), {3}),
        (field_text("BODY", "binary"), set()),
        (field_text("BODY", "apple"), set()),
        (field_text("BODY", ""), {1, 2, 3}),
        (field_text("TEXT", "apple"), {1}),
        (field_text("TEXT", "subject"), {1, 2, 3}),
        (field_text("TEXT", "jürgen"), {2}),
        (Header("message-id", "a1"), {1}),
        (Header("Message-ID", "<A1@X>"), {1}),
        (Header("Cc", ""), {2}),
        (Header("Subject", "subject"), set()),
        (Header("X-None", ""), set()),
        (Uids(numbers(b"2:*")), {2, 3}),
        (Uids(numbers(b"7")), set()),
        (Uids(numbers(b"$")), {3}),
        (SequenceNumbers(numbers(b"1,3:9")), {1, 3}),
        (SequenceNumbers(numbers(b"*")), {3}),
        (SequenceNumbers(numbers(b"$")), {3}),
        (Or(field_text("SUBJECT", "banana"), field_text("FROM", "bob")), {1, 3}),
        (And((Not(SEEN), field_text("BODY", "fish"))), {3}),
        (Not(And((SEEN, field_text("BODY", "fish")))), {2, 3}),
        (Or(field_text("BODY", "fish"), Not(field_text("TEXT", "subject"))), {1, 3}),
    ],
)
async def test_keys(memory_world: World, key: SearchKey, found: set[int]) -> None:
    await open_library(memory_world)
    selected = await memory_world.select("user.alice")
    selected.saved_result = uid_set(3)
    for _ in range(2):  # the second time from what is remembered
        result = await search(memory_world.cache, selected, key)
        assert set(result.uids) == found
        assert result.modseq is None


async def test_it_is_the_same_over_every_engine(world: World) -> None:
    await open_library(world)
    selected = await world.select("user.alice")
    key = And((Not(SEEN), Or(field_text("FROM", "dave"), field_text("BODY", "all one")), Header("Subject", "an")))
    assert (await search(world.cache, selected, key)).uids == uid_set(3)


async def test_modseq_is_answered_with_the_greatest_found(memory_world: World) -> None:
    world = memory_world
    await open_library(world)
    selected = await world.select("user.alice")
    rows = selected.view.modseqs.tolist()
    found = await search(world.cache, selected, And((ModSeq(rows[1]), field_text("SUBJECT", "grüße"))))
    assert (found.uids, found.modseq) == (uid_set(2), rows[1])
    nothing = await search(world.cache, selected, Not(ModSeq(0)))
    assert (nothing.uids, nothing.modseq) == (UidSet(), None)


async def test_only_what_was_told_and_is_there_is_found(world: World) -> None:
    await open_library(world)
    selected = await world.select("user.alice")
    other = await world.select("user.alice")
    await store_flags(world.store, world.alice, other, uid_set(2), FlagOperation.ADD, Flags.of(["\\Deleted"]))
    await expunge(world.store, world.alice, other)
    await world.append("user.alice", APPLE)
    assert (await search(world.cache, selected, All())).uids == uid_set(1, 3)
    assert (await search(world.cache, selected, field_text("SUBJECT", "apple"))).uids == uid_set(1)
    assert (await search(world.cache, selected, SequenceNumbers(numbers(b"3")))).uids == uid_set(3)
    selected.updates(allow_expunge=True)
    assert (await search(world.cache, selected, field_text("SUBJECT", "apple"))).uids == uid_set(1, 4)


async def test_seen_is_the_readers_own(world: World) -> None:
    await world.append("board", flags=["\\Seen"])
    selected = await world.select("board", world.bob)
    assert (await search(world.cache, selected, SEEN)).uids == UidSet()


async def test_without_the_right_to_read_nothing_is_found(world: World) -> None:
    await world.append("board")
    selected = await world.select("board", world.bob)
    await world.set_acl("board", "alice\tlrs\t")
    with pytest.raises(MailboxNotFound):
        await search(world.cache, selected, All())


async def test_a_long_text_is_found_across_the_pieces_it_is_read_in(memory_world: World) -> None:
    await memory_world.append("user.alice", b"Subject: x\r\n\r\n" + b"-" * 65_530 + b"needle in a haystack\r\n")
    selected = await memory_world.select("user.alice")
    assert (await search(memory_world.cache, selected, field_text("BODY", "needle in"))).uids == uid_set(1)


# Against a model


@dataclass(frozen=True)
class Letter:
    """A message as the model knows it."""

    subject: str
    sender: str
    sent: datetime
    arrived: InternalDate
    flags: frozenset[str]

    def octets(self) -> bytes:
        date_field = format_datetime(self.sent)
        return f"From: {self.sender}\r\nSubject: {self.subject}\r\nDate: {date_field}\r\n\r\nx\r\n".encode()

    def arrived_on(self) -> date:
        zone = timezone(timedelta(minutes=self.arrived.zone_min))
        return datetime.fromtimestamp(self.arrived.utc_s, zone).date()


WORDS = st.sampled_from(["apple", "Apple pie", "pie", "re: pie", "banana"])
ZONES = st.sampled_from([-720, -480, 0, 60, 840])
FIRST = datetime(2024, 1, 1, tzinfo=UTC)
MOMENTS = st.integers(0, 5 * 86_400)
DAYS = st.dates(date(2023, 12, 31), date(2024, 1, 7))
LETTERS = st.builds(
    Letter,
    WORDS,
    st.sampled_from(["ann@example.org", "bob@example.org"]),
    st.builds(
        lambda moment, zone: (FIRST + timedelta(seconds=moment)).astimezone(timezone(timedelta(minutes=zone))),
        MOMENTS,
        ZONES,
    ),
    st.builds(lambda moment, zone: InternalDate(int(FIRST.timestamp()) + moment, zone), MOMENTS, ZONES),
    st.frozensets(st.sampled_from(["\\Seen", "\\Flagged", "Work"])),
)
LEAVES: st.SearchStrategy[SearchKey] = st.one_of(
    st.just(All()),
    st.sampled_from([SEEN, FLAGGED, Keyword("work")]),
    st.builds(Before, DAYS),
    st.builds(On, DAYS),
    st.builds(Since, DAYS),
    st.builds(SentBefore, DAYS),
    st.builds(SentOn, DAYS),
    st.builds(SentSince, DAYS),
    st.builds(field_text, st.just("SUBJECT"), WORDS),
    st.builds(field_text, st.just("FROM"), st.sampled_from(["ann", "example", "none"])),
    st.builds(Header, st.just("subject"), WORDS),
)
KEYS = st.recursive(
    LEAVES,
    lambda keys: st.one_of(
        st.builds(Not, keys),
        st.builds(Or, keys, keys),
        st.lists(keys, min_size=2, max_size=3).map(lambda inner: And(tuple(inner))),
    ),
    max_leaves=6,
)

MODEL: dict[type, Callable[..., bool]] = {
    All: lambda _key, _letter: True,
    And: lambda key, letter: all(matches(inner, letter) for inner in key.keys),
    Or: lambda key, letter: matches(key.left, letter) or matches(key.right, letter),
    Not: lambda key, letter: not matches(key.key, letter),
    Flag: lambda key, letter: Flags(key.flag).names()[0] in letter.flags,
    Keyword: lambda _key, letter: "Work" in letter.flags,
    Before: lambda key, letter: letter.arrived_on() < key.day,
    On: lambda key, letter: letter.arrived_on() == key.day,
    Since: lambda key, letter: letter.arrived_on() >= key.day,
    SentBefore: lambda key, letter: letter.sent.date() < key.day,
    SentOn: lambda key, letter: letter.sent.date() == key.day,
    SentSince: lambda key, letter: letter.sent.date() >= key.day,
    Header: lambda key, letter: key.text.lower() in letter.subject.lower(),
    FieldText: lambda key, letter: (
        key.text.lower() in (letter.subject if key.field is SearchedField.SUBJECT else letter.sender).lower()
    ),
}


def matches(key: SearchKey, letter: Letter) -> bool:
    return MODEL[type(key)](key, letter)


@settings(max_examples=60, deadline=None)
@given(st.lists(LETTERS, min_size=1, max_size=8), st.lists(KEYS, min_size=1, max_size=4))
def test_search_finds_what_a_naive_model_finds(letters: list[Letter], keys: list[SearchKey]) -> None:
    async def check() -> None:
        sources = TestSources()
        world = await open_world(MemoryEngine(PARTITIONS, sources), sources)
        for letter in letters:
            await world.append("user.alice", letter.octets(), sorted(letter.flags), date=letter.arrived)
        selected = await world.select("user.alice")
        for key in keys:
            expected = {uid for uid, letter in enumerate(letters, 1) if matches(key, letter)}
            assert set((await search(world.cache, selected, key)).uids) == expected, key

    asyncio.run(check())


MANY_CHARSETS = (
    b"Subject: =?iso-2022-jp?B?GyRCRnxLXBsoQg==?=\r\nFrom: =?koi8-r?Q?=F0=E5=F4=F2?= <p@x>\r\n"
    b"Content-Type: multipart/mixed; boundary=b\r\n\r\n"
    b"--b\r\nContent-Type: text/plain; charset=koi8-r\r\nContent-Transfer-Encoding: 8bit\r\n\r\n"
    + "Привет всем".encode("koi8-r")
    + b"\r\n--b\r\nContent-Type: text/plain; charset=gb2312\r\nContent-Transfer-Encoding: 8bit\r\n\r\n"
    + "北京".encode("gb2312")
    + b"\r\n--b\r\nContent-Type: text/plain; charset=utf-16le\r\nContent-Transfer-Encoding: base64\r\n\r\n"
    + base64.b64encode("Ελλάδα".encode("utf-16le"))
    + b"\r\n--b--\r\n"
)
FOLDED = b"Subject: =?utf-8?q?one_?=\r\n =?utf-8?q?word?=\r\n and\r\n\tmore\r\nX-Note: caf\xe9 raw\r\n\r\nno text\r\n"


@pytest.mark.parametrize(
    ("key", "found"),
    [
        (FieldText(SearchedField.SUBJECT, "日本"), {1}),
        (FieldText(SearchedField.FROM, "петр"), {1}),
        (FieldText(SearchedField.BODY, "ПРИВЕТ ВСЕМ"), {1}),
        (FieldText(SearchedField.BODY, "北京"), {1}),
        (FieldText(SearchedField.BODY, "ΕΛΛΆΔΑ"), {1}),
        (FieldText(SearchedField.TEXT, "日本"), {1}),
        (FieldText(SearchedField.TEXT, "p@x"), {1}),
        (Header("Subject", "日本"), {1}),
        (FieldText(SearchedField.SUBJECT, "one word and"), {2}),
        (FieldText(SearchedField.SUBJECT, "d and\tmore"), {2}),
        (FieldText(SearchedField.TEXT, "ONE WORD and"), {2}),
        (Header("X-Note", "CAFÉ RAW"), {2}),
    ],
)
async def test_texts_are_found_in_every_charset(memory_world: World, key: SearchKey, found: set[int]) -> None:
    for message in (MANY_CHARSETS, FOLDED):
        await memory_world.append("user.alice", message)
    selected = await memory_world.select("user.alice")
    assert set((await search(memory_world.cache, selected, key)).uids) == found


@pytest.mark.parametrize(
    ("collation", "text", "found"),
    [
        (OCTET, "Apple", {1}),
        (OCTET, "apple", set()),
        (ASCII_CASEMAP, "APPLE", {1}),
        (ASCII_CASEMAP, "grÜsse", set()),
        (ASCII_CASEMAP, "GRüßE", {2}),
        (OCTET, "", {1, 2}),
    ],
)
@pytest.mark.parametrize("is_header", [False, True])
async def test_the_collation_decides_what_is_equal(
    memory_world: World, collation: Collation, text: str, found: set[int], is_header: bool
) -> None:
    for message in (APPLE, GREEN):
        await memory_world.append("user.alice", message)
    selected = await memory_world.select("user.alice")
    key = Header("Subject", text) if is_header else FieldText(SearchedField.SUBJECT, text)
    assert set((await search(memory_world.cache, selected, key, collation=collation)).uids) == found


async def test_progress_is_told_while_messages_are_read(memory_world: World) -> None:
    for _ in range(70):
        await memory_world.append("user.alice", APPLE)
    selected = await memory_world.select("user.alice")
    steps: list[tuple[int, int]] = []

    def note(done: int, goal: int) -> None:
        steps.append((done, goal))

    await search(memory_world.cache, selected, FieldText(SearchedField.BODY, "fish"), progress=note)
    assert steps == [(64, 70), (70, 70)]
    await search(memory_world.cache, selected, Header("X-Note", "fish"), progress=note)
    assert steps[2:] == [(64, 70), (70, 70)]
