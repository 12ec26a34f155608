"""SORT: criteria by table, comparators, and columns that follow a growing mailbox."""

import asyncio
from collections.abc import Sequence
from importlib import import_module

import pytest
from tests.operations.messages.conftest import World, uid_set

from angarium.collation import ASCII_CASEMAP, ASCII_NUMERIC, OCTET, Comparator, SubstringNotSupported
from angarium.engine.rows import InternalDate
from angarium.errors import PermissionDenied
from angarium.operations.messages import (
    AnnotationCriterion,
    MessageAnnotation,
    expunge,
    sort,
    store_annotations,
)
from angarium.searchkey import All, FieldText, ModSeq, SearchedField, Uids
from angarium.sequenceset import SequenceSet
from angarium.sortcriteria import SortCriterion, SortKey
from angarium.store import SelectedMailbox

LETTERS = (
    b"From: Zoe <ann@example.org>\r\nTo: bob@x, zed@x\r\nSubject: Re: pear\r\nDate: Mon, 3 Jan 2000 10:00:00 +0000\r\n",
    b"From: =?utf-8?q?=C3=84nne?= <carl@example.org>\r\nCc: x@y\r\nSubject: Apple\r\n",
    (
        b"From: bert@example.org\r\nTo: =?utf-8?q?Abel?= <zed@x>\r\nSubject: [x] fwd: apple pie\r\n"
        b"Date: Mon, 3 Jan 2000 10:00:00 +0100\r\n"
    ),
    b"Subject: _\r\nTo: group: a@x, b@x;\r\n\r\nwith a longer body\r\n",
)
DATES = (InternalDate(4000), InternalDate(1000), InternalDate(3000), InternalDate(2000))


def asked(key: SortKey, *, is_reverse: bool = False) -> SortCriterion:
    return SortCriterion(key, is_reverse)


async def filled(world: World) -> SelectedMailbox:
    for letter, date in zip(LETTERS, DATES, strict=True):
        octets = letter if b"\r\n\r\n" in letter else letter + b"\r\n"
        await world.append("user.alice", octets, date=date)
    return await world.select("user.alice")


@pytest.mark.parametrize(
    ("criteria", "uids"),
    [
        ([asked(SortKey.ARRIVAL)], [2, 4, 3, 1]),
        ([asked(SortKey.ARRIVAL, is_reverse=True)], [1, 3, 4, 2]),
        # Letters without a date are of the internal one, which is older.
        ([asked(SortKey.DATE)], [2, 4, 3, 1]),
        ([asked(SortKey.UID, is_reverse=True)], [4, 3, 2, 1]),
        ([asked(SortKey.MODSEQ, is_reverse=True)], [4, 3, 2, 1]),
        ([asked(SortKey.FROM)], [4, 1, 3, 2]),
        ([asked(SortKey.TO)], [2, 1, 4, 3]),
        ([asked(SortKey.CC)], [1, 3, 4, 2]),
        ([asked(SortKey.CC), asked(SortKey.ARRIVAL)], [4, 3, 1, 2]),
        ([asked(SortKey.CC, is_reverse=True), asked(SortKey.ARRIVAL)], [2, 4, 3, 1]),
        # `_` stands behind the capitals that letters are compared by.
        ([asked(SortKey.SUBJECT)], [2, 3, 1, 4]),
        # By the name that is shown, decoded; a decomposed letter stands behind the plain one.
        ([asked(SortKey.DISPLAYFROM)], [4, 2, 3, 1]),
        ([asked(SortKey.DISPLAYTO)], [2, 3, 1, 4]),
    ],
)
def test_each_criterion_orders(
    world: World, runner: asyncio.Runner, criteria: Sequence[SortCriterion], uids: list[int]
) -> None:
    async def scenario() -> None:
        selected = await filled(world)
        assert (await sort(world.cache, selected, criteria, All())).uids.tolist() == uids

    runner.run(scenario())


@pytest.mark.parametrize(
    ("comparator", "uids"),
    [
        (Comparator(ASCII_CASEMAP), [2, 3, 1, 4]),
        (Comparator(ASCII_CASEMAP, is_descending=True), [4, 1, 3, 2]),
        # "Apple", "_", "apple pie", "pear"
        (Comparator(OCTET), [2, 4, 3, 1]),
        # None of them is a number.
        (Comparator(ASCII_NUMERIC), [1, 2, 3, 4]),
    ],
)
def test_comparators_decide_about_texts(
    world: World, runner: asyncio.Runner, comparator: Comparator, uids: list[int]
) -> None:
    async def scenario() -> None:
        selected = await filled(world)
        criteria = [asked(SortKey.SUBJECT)]
        found = await sort(world.cache, selected, criteria, All(), comparator=comparator)
        assert found.uids.tolist() == uids
        # Numbers have no collation.
        by_size = await sort(world.cache, selected, [asked(SortKey.SIZE)], All(), comparator=comparator)
        assert by_size.uids.tolist()[-1] == 3

    runner.run(scenario())


def test_messages_that_come_later_take_their_places(world: World, runner: asyncio.Runner) -> None:
    async def scenario() -> None:
        selected = await filled(world)
        for key in (SortKey.SUBJECT, SortKey.DISPLAYFROM):
            assert len((await sort(world.cache, selected, [asked(key)], All())).uids) == 4
        await world.append("user.alice", b"From: Aaron <zz@x>\r\nSubject: banana\r\n\r\n")
        await selected.refresh()
        selected.updates(allow_expunge=True)
        found = await sort(world.cache, selected, [asked(SortKey.SUBJECT)], All())
        assert found.uids.tolist() == [2, 3, 5, 1, 4]
        found = await sort(world.cache, selected, [asked(SortKey.DISPLAYFROM)], All())
        assert found.uids.tolist() == [4, 5, 2, 3, 1]

    runner.run(scenario())


def test_annotations_order_however_many_are_compared_at_once(
    world: World, runner: asyncio.Runner, monkeypatch: pytest.MonkeyPatch
) -> None:
    module = import_module("angarium.operations.messages.sort")  # the function has its name
    monkeypatch.setattr(module, "_KEYS_AT_ONCE", 2)

    async def scenario() -> None:
        selected = await filled(world)
        for uid, value in ((1, b"pear"), (2, b"Quince"), (4, b"apple")):
            annotation = MessageAnnotation("/comment", is_shared=True, value=value)
            await store_annotations(world.store, world.alice, selected, uid_set(uid), [annotation])
        for is_reverse, uids in ((False, [3, 4, 1, 2]), (True, [2, 1, 4, 3])):
            criterion = AnnotationCriterion("/comment", is_shared=True, is_reverse=is_reverse)
            assert (await sort(world.cache, selected, [criterion], All())).uids.tolist() == uids

    runner.run(scenario())


def test_only_what_the_search_finds_is_sorted(world: World, runner: asyncio.Runner) -> None:
    async def scenario() -> None:
        selected = await filled(world)
        key = FieldText(SearchedField.SUBJECT, "PE")
        found = await sort(world.cache, selected, [asked(SortKey.ARRIVAL)], key)
        assert found.uids.tolist() == [1]
        assert found.modseq is None
        found = await sort(world.cache, selected, [asked(SortKey.ARRIVAL)], FieldText(SearchedField.SUBJECT, "zzz"))
        assert found.uids.tolist() == []

    runner.run(scenario())


def test_the_modseq_is_told_where_it_is_asked_for(world: World, runner: asyncio.Runner) -> None:
    async def scenario() -> None:
        selected = await filled(world)
        found = await sort(world.cache, selected, [asked(SortKey.UID, is_reverse=True)], ModSeq(1))
        assert found.modseq == selected.highestmodseq

    runner.run(scenario())


def test_expunged_messages_are_not_sorted(world: World, runner: asyncio.Runner) -> None:
    async def scenario() -> None:
        await world.append("user.alice", LETTERS[0] + b"\r\n", ["\\Deleted"])
        selected = await filled(world)
        await sort(world.cache, selected, [asked(SortKey.SUBJECT)], All())
        await expunge(world.store, world.alice, selected)
        found = await sort(world.cache, selected, [asked(SortKey.SUBJECT)], All())
        assert found.uids.tolist() == [3, 4, 2, 5]

    runner.run(scenario())


def test_a_saved_result_is_what_is_left_of_it(world: World, runner: asyncio.Runner) -> None:
    async def scenario() -> None:
        await world.append("user.alice", LETTERS[0] + b"\r\n", ["\\Deleted"])
        selected = await filled(world)
        selected.saved_result = uid_set(1, 2, 5, 99)
        saved = Uids(SequenceSet.parse(b"$"))
        found = await sort(world.cache, selected, [asked(SortKey.UID)], saved)
        assert found.uids.tolist() == [1, 2, 5]
        await expunge(world.store, world.alice, selected)
        found = await sort(world.cache, selected, [asked(SortKey.UID)], saved)
        assert found.uids.tolist() == [2, 5]

    runner.run(scenario())


def test_what_cannot_search_refuses_to(memory_world: World, runner: asyncio.Runner) -> None:
    async def scenario() -> None:
        selected = await filled(memory_world)
        key = FieldText(SearchedField.SUBJECT, "1")
        with pytest.raises(SubstringNotSupported):
            await sort(memory_world.cache, selected, [asked(SortKey.UID)], key, comparator=Comparator(ASCII_NUMERIC))

    runner.run(scenario())


def test_the_right_to_read_is_needed(memory_world: World, runner: asyncio.Runner) -> None:
    async def scenario() -> None:
        await memory_world.create("user.alice.shared", "alice\tlrswipkxtea\tbob\tlr\t")
        selected = await memory_world.select("user.alice.shared", memory_world.bob)
        await memory_world.set_acl("user.alice.shared", "alice\tlrswipkxtea\tbob\tl\t")
        with pytest.raises(PermissionDenied):
            await sort(memory_world.cache, selected, [asked(SortKey.UID)], All())

    runner.run(scenario())
