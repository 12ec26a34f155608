"""Results that are kept up to date: who does as she is told has at any time what a new search would find."""

import asyncio
import random
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.engine.contract.conftest import PARTITIONS, START_S, TestSources
from tests.operations.messages.conftest import World, open_world, uid_set

from angarium.collation import DEFAULT_COMPARATOR, Collation
from angarium.engine.commands import FlagOperation
from angarium.engine.memory import MemoryEngine
from angarium.engine.rows import InternalDate
from angarium.flags import Flags, SystemFlags
from angarium.names import MailboxName
from angarium.operations.messages import (
    AnnotationCriterion,
    ContextChanges,
    MessageAnnotation,
    MessageCache,
    Placed,
    SearchContext,
    context,
    expunge,
    search,
    sort,
    store_annotations,
    store_flags,
)
from angarium.operations.messages.search import matching_among
from angarium.searchkey import (
    All,
    And,
    AnnotationText,
    FieldText,
    Flag,
    Keyword,
    Larger,
    ModSeq,
    Not,
    Older,
    Or,
    Recent,
    SearchedField,
    SearchKey,
    SequenceNumbers,
    Uids,
    Younger,
)
from angarium.sequenceset import SequenceSet, UidSet
from angarium.sortcriteria import SortCriterion, SortKey
from angarium.store import Actor, Indexes, SelectedMailbox, Store

Criteria = list[SortCriterion | AnnotationCriterion]
SEEN, FLAGGED = Flag(SystemFlags.SEEN), Flag(SystemFlags.FLAGGED)
FLAGS = ("\\Seen", "\\Flagged", "\\Deleted", "Work")


@dataclass
class Client:
    """Somebody who has asked to be kept told, and believes what she is told."""

    context: SearchContext
    criteria: Criteria | None
    result: list[int] = field(default_factory=list)

    def take(self, changes: ContextChanges) -> None:
        for placed in changes.removed:
            uids = placed.uids.tolist()
            if placed.position:
                first = placed.position - 1
                assert self.result[first : first + len(uids)] == uids
                del self.result[first : first + len(uids)]
            else:
                assert set(uids) <= set(self.result)
                self.result = [uid for uid in self.result if uid not in uids]
        for placed in changes.added:
            uids = placed.uids.tolist()
            assert not set(uids) & set(self.result)
            if placed.position:
                assert placed.position <= len(self.result) + 1
                self.result[placed.position - 1 : placed.position - 1] = uids
            else:
                self.result = sorted(self.result + uids)


async def found(world: World, selected: SelectedMailbox, key: SearchKey, criteria: Criteria | None) -> list[int]:
    if criteria is None:
        return list((await search(world.cache, selected, key)).uids)
    return [int(uid) for uid in (await sort(world.cache, selected, criteria, key)).uids]


async def begin(world: World, selected: SelectedMailbox, key: SearchKey, criteria: Criteria | None = None) -> Client:
    """A search with UPDATE."""
    await selected.refresh()
    client = Client(SearchContext(selected, key, DEFAULT_COMPARATOR, criteria), criteria)
    client.result = await found(world, selected, key, criteria)
    client.context.start(np.array(client.result, dtype=np.uint32))
    return client


async def tell(world: World, selected: SelectedMailbox, *clients: Client, allow_expunge: bool = True) -> None:
    """What a session does between commands; everybody then knows what a new search would tell."""
    await selected.refresh()
    updates = selected.updates(allow_expunge=allow_expunge)
    for client in clients:
        client.take(client.context.remove(updates.vanished))
        client.take(await client.context.advance(world.cache, selected))
        expected = await found(world, selected, client.context.key, client.criteria)
        assert client.result == expected == client.context.uids.tolist(), client.context.key


# What somebody else does


@dataclass
class Others:
    """Another session of alice, and one of bob, in the same mailbox; in another worker where they have a store of their
    own."""

    world: World
    mailbox: str
    store: Store
    sessions: list[tuple[Actor, SelectedMailbox]]
    last_uid: int = 0

    @classmethod
    async def open(cls, world: World, mailbox: str, *, elsewhere: bool = False) -> "Others":
        actors = [world.alice] if mailbox == "user.alice" else [world.alice, world.bob]
        store = Store(world.engine, world.store.policy, world.sources) if elsewhere else world.store
        sessions = []
        for actor in actors:
            found = await store.find(actor, MailboxName.from_internal(mailbox))
            sessions.append((actor, await SelectedMailbox.open(store, actor, found, examine=False)))
        return cls(world, mailbox, store, sessions)

    async def append(self, subject: str, flag: str, age_s: int) -> None:
        octets = f"From: {subject}@example.org\r\nSubject: {subject}\r\n\r\n{'x' * (len(subject) * 7)}\r\n".encode()
        date = InternalDate(self.world.sources.time_s - age_s)
        flags = [flag] if flag else []
        self.last_uid = await self.world.append(self.mailbox, octets, flags, actor=self.sessions[0][0], date=date)

    async def flag(self, who: int, uids: UidSet, flag: str, operation: FlagOperation) -> None:
        actor, selected = await self._fresh(who)
        await store_flags(self.store, actor, selected, uids, operation, Flags.of([flag]))

    async def annotate(self, who: int, uids: UidSet, value: bytes | None) -> None:
        actor, selected = await self._fresh(who)
        values = [MessageAnnotation("/comment", is_shared=False, value=value)]
        if selected.mailbox.is_owner:
            await store_annotations(self.store, actor, selected, uids, values)

    async def expunge(self, who: int, uids: UidSet) -> None:
        await self.flag(who, uids, "\\Deleted", FlagOperation.ADD)
        actor, selected = await self._fresh(who)
        await expunge(self.store, actor, selected, uids)

    async def _fresh(self, who: int) -> tuple[Actor, SelectedMailbox]:
        actor, selected = self.sessions[who % len(self.sessions)]
        await selected.refresh()
        selected.updates(allow_expunge=True)
        return actor, selected


# Any: a word, and what belongs to it.
Step = tuple[Any, ...]
UIDS = st.builds(
    lambda first, more: UidSet(((first, first + more),)), st.integers(1, 9), st.sampled_from((0, 0, 0, 1, 5))
)
FLAGGING = st.tuples(
    st.just("flag"),
    st.integers(0, 1),
    UIDS,
    st.sampled_from(("\\Seen", *FLAGS)),
    st.sampled_from((FlagOperation.ADD, FlagOperation.ADD, FlagOperation.REMOVE)),
)
STEPS = st.one_of(
    st.tuples(st.just("append"), st.sampled_from("abc"), st.sampled_from(("", *FLAGS)), st.integers(0, 90)),
    FLAGGING,
    FLAGGING,
    st.tuples(st.just("expunge"), st.integers(0, 1), UIDS),
    st.tuples(st.just("annotate"), st.integers(0, 1), UIDS, st.sampled_from((b"a", b"z", None))),
    st.tuples(st.just("time"), st.integers(1, 60)),
    st.tuples(st.just("tell"), st.booleans()),
)


def numbers(text: bytes) -> SequenceSet:
    return SequenceSet.parse(text)


LEAVES = st.sampled_from(
    [
        All(),
        SEEN,
        SEEN,
        FLAGGED,
        Recent(),
        Keyword("Work"),
        Larger(70),
        FieldText(SearchedField.SUBJECT, "b"),
        FieldText(SearchedField.BODY, "xxxxxxx"),
        Younger(60),
        Older(30),
        ModSeq(9),
        ModSeq(13),
        AnnotationText("/comment", "value.priv", "z"),
        Uids(numbers(b"3:*")),
        Uids(numbers(b"*")),
        Uids(numbers(b"1:4,6")),
        Uids(numbers(b"$")),
        SequenceNumbers(numbers(b"1:2")),
        SequenceNumbers(numbers(b"*")),
        SequenceNumbers(numbers(b"$")),
    ]
)
KEYS = st.recursive(
    LEAVES,
    lambda keys: st.one_of(
        st.builds(Not, keys),
        st.builds(Or, keys, keys),
        st.builds(lambda *pair: And(pair), keys, keys),
    ),
    max_leaves=4,
)
ORDERS: st.SearchStrategy[Criteria | None] = st.sampled_from(
    [
        None,
        [SortCriterion(SortKey.SUBJECT)],
        [SortCriterion(SortKey.ARRIVAL, is_reverse=True)],
        [SortCriterion(SortKey.FROM), SortCriterion(SortKey.SIZE)],
        [SortCriterion(SortKey.MODSEQ)],
        [SortCriterion(SortKey.UID, is_reverse=True)],
        [AnnotationCriterion("/comment", is_shared=False, is_reverse=False), SortCriterion(SortKey.SUBJECT)],
    ]
)


async def take_step(world: World, others: Others, selected: SelectedMailbox, clients: list[Client], step: Step) -> None:
    match step:
        case ("append", subject, flag, age_s):
            await others.append(subject, flag, age_s)
        case ("flag", who, uids, flag, operation):
            await others.flag(who, uids, flag, operation)
        case ("expunge", who, uids):
            await others.expunge(who, uids)
        case ("annotate", who, uids, value):
            await others.annotate(who, uids, value)
        case ("time", seconds):
            world.sources.time_s += seconds
        case ("tell", allow_expunge):
            await tell(world, selected, *clients, allow_expunge=allow_expunge)


@settings(max_examples=100, deadline=None)
@given(
    mailbox=st.sampled_from(("user.alice", "board")),
    elsewhere=st.booleans(),
    before=st.lists(STEPS, max_size=6),
    searches=st.lists(st.tuples(KEYS, ORDERS), min_size=1, max_size=3),
    steps=st.lists(STEPS, min_size=3, max_size=25),
)
def test_a_client_has_what_a_new_search_would_find(
    mailbox: str,
    elsewhere: bool,
    before: list[Step],
    searches: list[tuple[SearchKey, Criteria | None]],
    steps: list[Step],
) -> None:
    async def check() -> None:
        sources = TestSources()
        world = await open_world(MemoryEngine(PARTITIONS, sources), sources)
        others = await Others.open(world, mailbox, elsewhere=elsewhere)
        for subject in "abcab":
            await others.append(subject, "", 10)
        selected = await world.select(mailbox)
        selected.saved_result = uid_set(2, 4)
        for step in before:
            await take_step(world, others, selected, [], step)
        clients = [await begin(world, selected, key, criteria) for key, criteria in searches]
        for step in steps:
            await take_step(world, others, selected, clients, step)
        await tell(world, selected, *clients)

    asyncio.run(check())


async def test_it_is_the_same_over_each_engine(world: World) -> None:
    rng = random.Random(5)
    others = await Others.open(world, "board")
    for subject in "abcabc":
        await others.append(subject, rng.choice(("", *FLAGS)), rng.randrange(90))
    selected = await world.select("board")
    clients = [
        await begin(world, selected, Not(SEEN)),
        await begin(world, selected, Or(FLAGGED, FieldText(SearchedField.BODY, "xxxxxxx"))),
        await begin(world, selected, All(), [SortCriterion(SortKey.SUBJECT)]),
        await begin(world, selected, Not(FLAGGED), [SortCriterion(SortKey.MODSEQ)]),
    ]
    for _ in range(40):
        uids = UidSet.from_numbers([rng.randint(1, others.last_uid)])
        operation = rng.choice((FlagOperation.ADD, FlagOperation.REMOVE))
        match rng.randrange(4):
            case 0:
                await others.append(rng.choice("abc"), rng.choice(("", *FLAGS)), rng.randrange(90))
            case 1:
                await others.expunge(rng.randrange(2), uids)
            case _:
                await others.flag(rng.randrange(2), uids, rng.choice(("\\Seen", *FLAGS)), operation)
        await tell(world, selected, *clients, allow_expunge=rng.random() < 0.7)
    await tell(world, selected, *clients)


# What is told, to the letter


def told(changes: ContextChanges) -> tuple[list[tuple[int, list[int]]], list[tuple[int, list[int]]]]:
    def plain(places: Sequence[Placed]) -> list[tuple[int, list[int]]]:
        return [(placed.position, placed.uids.tolist()) for placed in places]

    return plain(changes.removed), plain(changes.added)


async def advanced(world: World, selected: SelectedMailbox, client: Client) -> ContextChanges:
    await selected.refresh()
    selected.updates(allow_expunge=False)
    return await client.context.advance(world.cache, selected)


async def open_letters(world: World, subjects: str) -> tuple[Others, SelectedMailbox]:
    others = await Others.open(world, "user.alice")
    for subject in subjects:
        await others.append(subject, "", 10)
    return others, await world.select("user.alice")


async def test_mailbox_order_needs_no_positions(memory_world: World) -> None:
    others, selected = await open_letters(memory_world, "abc")
    client = await begin(memory_world, selected, Not(SEEN))
    await others.flag(0, uid_set(1, 3), "\\Seen", FlagOperation.ADD)
    await others.append("d", "", 0)
    changes = await advanced(memory_world, selected, client)
    assert told(changes) == ([(0, [1, 3])], [(0, [4])])
    assert changes.new == uid_set(4)


async def test_positions_are_those_of_the_result_as_it_is_by_then(memory_world: World) -> None:
    others, selected = await open_letters(memory_world, "bdfh")
    client = await begin(memory_world, selected, Not(FLAGGED), [SortCriterion(SortKey.SUBJECT)])
    await others.flag(0, uid_set(1, 3, 4), "\\Flagged", FlagOperation.ADD)
    for subject in "gac":
        await others.append(subject, "", 0)
    assert told(await advanced(memory_world, selected, client)) == (
        [(3, [3, 4]), (1, [1])],
        [(1, [6, 7]), (4, [5])],
    )


async def test_flags_that_nobody_asked_for_cost_no_look(memory_world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    others, selected = await open_letters(memory_world, "ab")
    client = await begin(memory_world, selected, FieldText(SearchedField.BODY, "xxxxxxx"))
    looked_at: list[int] = []

    async def counted(
        cache: MessageCache, mailbox: SelectedMailbox, key: SearchKey, collation: Collation, candidates: Indexes
    ) -> Indexes:
        looked_at.extend(mailbox.view.uid[candidates].tolist())
        return await matching_among(cache, mailbox, key, collation, candidates)

    monkeypatch.setattr(context, "matching_among", counted)
    await others.flag(0, uid_set(1, 2), "\\Seen", FlagOperation.ADD)
    assert not await advanced(memory_world, selected, client)
    assert looked_at == []
    await others.append("a", "", 0)
    assert told(await advanced(memory_world, selected, client)) == ([], [(0, [3])])
    assert looked_at == [3]


async def test_only_messages_that_an_age_has_passed_are_looked_at(memory_world: World) -> None:
    others, selected = await open_letters(memory_world, "")
    for age_s in (5, 50, 500):
        await others.append("a", "", age_s)
    await tell(memory_world, selected)
    client = await begin(memory_world, selected, Younger(100))
    assert client.result == [1, 2]
    memory_world.sources.time_s += 60
    assert told(await advanced(memory_world, selected, client)) == ([(0, [2])], [])
    memory_world.sources.time_s = START_S  # and back
    assert told(await advanced(memory_world, selected, client)) == ([], [(0, [2])])


async def test_a_sorted_result_that_changes_everywhere_is_told_anew(
    memory_world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(context, "PLACES_MAX", 1)
    others, selected = await open_letters(memory_world, "abcde")
    client = await begin(memory_world, selected, Not(FLAGGED), [SortCriterion(SortKey.SUBJECT)])
    await others.flag(0, uid_set(2, 4), "\\Flagged", FlagOperation.ADD)
    assert told(await advanced(memory_world, selected, client)) == ([(1, [1, 2, 3, 4, 5])], [(1, [1, 3, 5])])


async def test_what_was_expunged_goes_before_it_may_be_told(memory_world: World) -> None:
    others, selected = await open_letters(memory_world, "ab")
    client = await begin(memory_world, selected, All())
    await others.expunge(0, uid_set(1))
    assert told(await advanced(memory_world, selected, client)) == ([(0, [1])], [])
    assert selected.exists == 2
    await selected.refresh()
    assert not client.context.remove(selected.updates(allow_expunge=True).vanished)


async def test_a_reading_that_fails_is_made_up_for(memory_world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    others, selected = await open_letters(memory_world, "ab")
    client = await begin(memory_world, selected, Not(SEEN))
    await others.flag(0, uid_set(1), "\\Seen", FlagOperation.ADD)

    async def fail(*_: object) -> Indexes:
        raise OSError

    with monkeypatch.context() as broken:
        broken.setattr(context, "matching_among", fail)
        with pytest.raises(OSError):  # noqa: PT011  # whatever it is
            await advanced(memory_world, selected, client)
    assert told(await advanced(memory_world, selected, client)) == ([(0, [1])], [])


@pytest.mark.parametrize("criteria", [None, [SortCriterion(SortKey.MODSEQ), SortCriterion(SortKey.SUBJECT)]])
async def test_what_a_reader_has_seen_raises_all_mod_sequences(memory_world: World, criteria: Criteria | None) -> None:
    """For who does not own the mailbox they are at least that of her last change of what she has seen."""
    others = await Others.open(memory_world, "board")
    for subject in "ba":
        await others.append(subject, "", 0)
    selected = await memory_world.select("board")
    next_modseq = selected.highestmodseq + 1
    client = await begin(memory_world, selected, ModSeq(next_modseq) if criteria is None else All(), criteria)
    assert client.result == ([] if criteria is None else [1, 2])
    await others.flag(0, uid_set(2), "\\Seen", FlagOperation.ADD)
    await tell(memory_world, selected, client)
    assert client.result == ([1, 2] if criteria is None else [2, 1])
