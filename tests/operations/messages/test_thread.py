"""THREAD: the algorithms over messages of a mailbox; what was not stored is read again."""

import asyncio
from dataclasses import replace
from typing import Any

import pytest
from tests.operations.messages.conftest import World

from angarium.collation import OCTET, Comparator
from angarium.engine.rows import InternalDate
from angarium.operations.messages import MessageCache, MessageLimits, thread
from angarium.searchkey import All, FieldText, SearchedField
from angarium.store import SelectedMailbox
from angarium.threads import ThreadAlgorithm, serialize_threads

LETTERS = (
    b"Message-ID: <1@x>\r\nSubject: Tea\r\n\r\n",
    b"Message-ID: <2@x>\r\nSubject: Re: tea\r\nReferences: <0@x> <1@x>\r\n\r\n",
    b"Message-ID: <3@x>\r\nSubject: Cake\r\nIn-Reply-To: <2@x>\r\n\r\n",
    b"Message-ID: <4@x>\r\nSubject: Fwd: TEA\r\n\r\n",
)


async def filled(world: World) -> SelectedMailbox:
    for number, letter in enumerate(LETTERS):
        await world.append("user.alice", letter, date=InternalDate(1000 + number))
    return await world.select("user.alice")


async def threads(world: World, selected: SelectedMailbox, algorithm: ThreadAlgorithm, **options: Any) -> str:
    found = await thread(world.cache, selected, algorithm, options.pop("key", All()), **options)
    return b"".join(serialize_threads(found.threads, found.uids.tolist())).decode()


@pytest.mark.parametrize(
    ("algorithm", "expected"),
    [
        (ThreadAlgorithm.ORDEREDSUBJECT, "(1 (2)(4))(3)"),
        (ThreadAlgorithm.REFERENCES, "(1 (2 3)(4))"),
        (ThreadAlgorithm.REFS, "(1 2 3)(4)"),
    ],
)
def test_each_algorithm_makes_its_threads(
    world: World, runner: asyncio.Runner, algorithm: ThreadAlgorithm, expected: str
) -> None:
    async def scenario() -> None:
        assert await threads(world, await filled(world), algorithm) == expected

    runner.run(scenario())


@pytest.mark.parametrize(
    ("algorithm", "expected"),
    [
        (ThreadAlgorithm.ORDEREDSUBJECT, "(1)(2)(3)(4)"),
        (ThreadAlgorithm.REFERENCES, "(1 2 3)(4)"),
        (ThreadAlgorithm.REFS, "(1 2 3)(4)"),
    ],
)
def test_the_comparator_decides_which_subjects_are_equal(
    world: World, runner: asyncio.Runner, algorithm: ThreadAlgorithm, expected: str
) -> None:
    async def scenario() -> None:
        assert await threads(world, await filled(world), algorithm, comparator=Comparator(OCTET)) == expected

    runner.run(scenario())


def test_messages_that_the_search_leaves_out_are_parents_without_a_number(world: World, runner: asyncio.Runner) -> None:
    async def scenario() -> None:
        selected = await filled(world)
        key = FieldText(SearchedField.SUBJECT, "cake")
        assert await threads(world, selected, ThreadAlgorithm.REFERENCES, key=key) == "(3)"
        key = FieldText(SearchedField.SUBJECT, "zzz")
        assert await threads(world, selected, ThreadAlgorithm.REFERENCES, key=key) == ""

    runner.run(scenario())


def test_later_replies_join(world: World, runner: asyncio.Runner) -> None:
    async def scenario() -> None:
        selected = await filled(world)
        assert await threads(world, selected, ThreadAlgorithm.REFS) == "(1 2 3)(4)"
        reply = b"Message-ID: <5@x>\r\nReferences: <4@x>\r\n\r\n"
        await world.append("user.alice", reply, date=InternalDate(9000))
        await selected.refresh()
        selected.updates(allow_expunge=True)
        assert await threads(world, selected, ThreadAlgorithm.REFS) == "(1 2 3)(4 5)"

    runner.run(scenario())


def test_what_an_older_version_did_not_keep_is_read_again(
    world: World, runner: asyncio.Runner, monkeypatch: pytest.MonkeyPatch
) -> None:
    engine = type(world.engine)
    search_fields = engine.search_fields

    async def without_replies(*arguments: Any) -> Any:
        found = await search_fields(*arguments)
        return {content: replace(fields, references=(), is_reply=None) for content, fields in found.items()}

    async def scenario() -> None:
        selected = await filled(world)
        monkeypatch.setattr(engine, "search_fields", without_replies)
        cache = MessageCache(world.store, limits=MessageLimits())
        for _ in range(2):
            found = await thread(cache, selected, ThreadAlgorithm.REFERENCES, All())
            assert b"".join(serialize_threads(found.threads, found.uids.tolist())) == b"(1 (2 3)(4))"

    runner.run(scenario())
