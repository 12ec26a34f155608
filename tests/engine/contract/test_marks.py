"""Marks over every engine: listed, pruned, and held against a model of what they mean."""

import asyncio
import tempfile
from collections.abc import Iterable
from pathlib import Path

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from tests.engine.contract.conftest import AUTHOR, START_S, Site, TestSources, open_engine, open_site

from angarium.engine.commands import Deliver, Delivered, PruneMarks, Purged
from angarium.engine.delivery import Dispatch, Mark, MarkKind
from angarium.engine.moves import MailboxMove, MoveMailboxes
from angarium.engine.rows import AccountId
from angarium.errors import AccountNotFound, MarksChanged

DELIVERED, ANSWERED, TRACKED = MarkKind.DELIVERED, MarkKind.ANSWERED, MarkKind.TRACKED
LATER_S = START_S + 1000
MAIL = Dispatch("", ("x",), b"", "vacation", "1@x", LATER_S)


async def note(site: Site, *marks: Mark) -> None:
    await site.do(Deliver(AUTHOR, marks=marks), Delivered)


async def keys(site: Site, kind: MarkKind, *, after_key: str = "", limit: int = 1000) -> list[str]:
    return [row.mark.key for row in await site.engine.list_marks(site.account, kind, after_key=after_key, limit=limit)]


async def test_marks_are_listed_by_kind_and_key_in_pages(site: Site) -> None:
    names = ["b", "a", "ä", "A", "a b", "\U0001f600", "\uffff", ""]
    await note(site, *[Mark(DELIVERED, key, LATER_S) for key in names], Mark(TRACKED, "c", LATER_S))
    assert await keys(site, DELIVERED, limit=3) == ["A", "a", "a b"]  # the empty one is above no key
    assert await keys(site, DELIVERED, after_key="a b") == ["b", "ä", "\uffff", "\U0001f600"]
    assert await keys(site, DELIVERED, after_key="\U0001f600") == []
    assert await keys(site, TRACKED) == ["c"]


async def test_expired_marks_are_listed_until_they_are_pruned(site: Site) -> None:
    await note(site, Mark(DELIVERED, "a", START_S + 1), Mark(DELIVERED, "b", START_S + 2))
    site.sources.time_s += 1
    assert await keys(site, DELIVERED) == ["a", "b"]
    assert await site.engine.marks(site.account, DELIVERED, ["a", "b", "c", "b"]) == {"b"}
    assert await site.do(PruneMarks(START_S + 1), Purged) == Purged(1, more=False)
    assert await keys(site, DELIVERED) == ["b"]


async def test_pruning_goes_in_slices_and_takes_no_modseq(site: Site) -> None:
    await note(site, *[Mark(DELIVERED, str(number), START_S) for number in range(5)], Mark(ANSWERED, "x", LATER_S))
    before = await site.engine.state(site.account)
    purged = [await site.do(PruneMarks(START_S, limit=2), Purged) for _ in range(4)]
    assert purged == [Purged(2, more=True), Purged(2, more=True), Purged(1, more=False), Purged(0, more=False)]
    assert await site.engine.state(site.account) == before
    assert await keys(site, ANSWERED) == ["x"]


async def test_marks_of_duplicate_suppression_are_pruned_by_their_age(site: Site) -> None:
    await note(site, Mark(DELIVERED, "old", LATER_S), Mark(ANSWERED, "old", LATER_S))
    site.sources.time_s += 5
    await note(site, Mark(DELIVERED, "new", LATER_S))
    purged = await site.do(PruneMarks(START_S, delivered_before_s=START_S + 5), Purged)
    assert purged == Purged(1, more=False)
    assert await keys(site, DELIVERED) == ["new"]
    assert await keys(site, ANSWERED) == ["old"]


async def test_marks_and_mail_to_send_stay_when_a_mailbox_goes_to_another_account(site: Site) -> None:
    (work,) = await site.create("work")
    await site.do(Deliver(AUTHOR, dispatches=(MAIL,), marks=(Mark(DELIVERED, f"1@x {work}", LATER_S),)), Delivered)
    board = await site.engine.create_account("board")
    await site.engine.move_mailboxes(MoveMailboxes(site.account, board, (MailboxMove(work, "work"),), AUTHOR))
    assert await keys(site, DELIVERED) == [f"1@x {work}"]
    assert await site.engine.list_marks(board, DELIVERED) == []
    assert [len(await site.engine.dispatches(account)) for account in (site.account, board)] == [1, 0]


async def test_an_account_that_is_not_there_has_no_marks(site: Site) -> None:
    with pytest.raises(AccountNotFound):
        await site.engine.marks(AccountId("z" * 24), DELIVERED, ["a"])


# A model: what is marked is what was noted last and has not expired

some_keys = st.sampled_from(["a", "b", "c"])
some_kinds = st.sampled_from([DELIVERED, ANSWERED])
some_marks = st.builds(Mark, some_kinds, some_keys, st.integers(START_S - 2, START_S + 12))
steps = st.one_of(
    st.integers(1, 3),
    st.builds(
        lambda marks, conditional, unmarked: Deliver(
            AUTHOR,
            dispatches=tuple(
                [Dispatch("", ("x",), b"", "vacation", "1@x", LATER_S, mark=mark) for mark in conditional]
            ),
            marks=tuple(marks),
            unmarked=tuple(unmarked),
        ),
        st.lists(some_marks, max_size=3),
        st.lists(some_marks, max_size=3),
        st.lists(st.tuples(some_kinds, some_keys), max_size=2),
    ),
    st.builds(PruneMarks, st.integers(START_S, START_S + 12), st.none() | st.integers(START_S, START_S + 12)),
)


class Model:
    """Marks as a dictionary."""

    def __init__(self) -> None:
        self.now_s = START_S
        self.rows: dict[tuple[MarkKind, str], tuple[int, int]] = {}

    def stands(self, kind: MarkKind, key: str) -> bool:
        return (kind, key) in self.rows and self.rows[kind, key][1] > self.now_s

    def note(self, mark: Mark) -> None:
        self.rows[mark.kind, mark.key] = (self.now_s, mark.expires_at_s)

    def deliver(self, command: Deliver) -> tuple[bool, ...] | None:
        """Which conditional marks were set; None: it is refused."""
        if any(self.stands(kind, key) for kind, key in command.unmarked):
            return None
        for mark in command.marks:
            self.note(mark)
        done = []
        for mark in [dispatch.mark for dispatch in command.dispatches if dispatch.mark is not None]:
            done.append(not self.stands(mark.kind, mark.key))
            if done[-1]:
                self.note(mark)
        return tuple(done)

    def prune(self, command: PruneMarks) -> int:
        before = len(self.rows)
        bound = command.delivered_before_s
        self.rows = {
            (kind, key): (noted_s, expires_s)
            for (kind, key), (noted_s, expires_s) in self.rows.items()
            if expires_s > command.now_s and not (kind is DELIVERED and bound is not None and noted_s < bound)
        }
        return before - len(self.rows)


async def hold_against_model(kind: str, directory: Path, commands: Iterable[int | Deliver | PruneMarks]) -> None:
    sources, model = TestSources(), Model()
    site = await open_site(await open_engine(kind, directory, sources), sources)
    for command in commands:
        match command:
            case int(seconds):
                site.sources.time_s += seconds
                model.now_s += seconds
            case Deliver():
                expected = model.deliver(command)
                if expected is None:
                    await site.refuse(command, MarksChanged)
                else:
                    assert (await site.do(command, Delivered)).dispatched == expected
            case PruneMarks():
                assert await site.do(command, Purged) == Purged(model.prune(command), more=False)
        for mark_kind in (DELIVERED, ANSWERED):
            rows = await site.engine.list_marks(site.account, mark_kind)
            found = {(row.mark.kind, row.mark.key): (row.noted_at_s, row.mark.expires_at_s) for row in rows}
            assert found == {key: row for key, row in model.rows.items() if key[0] is mark_kind}
            standing = {key for each, key in model.rows if each is mark_kind and model.stands(each, key)}
            assert await site.engine.marks(site.account, mark_kind, ["a", "b", "c"]) == standing
    await site.engine.close()


@pytest.mark.parametrize("kind", ["memory", "sqlite"])
@settings(
    max_examples=25,
    deadline=None,
    phases=[Phase.explicit, Phase.reuse, Phase.generate, Phase.shrink],
    suppress_health_check=[HealthCheck.too_slow],
)
@given(commands=st.lists(steps, min_size=1, max_size=12))
def test_marks_are_what_was_noted_last_and_has_not_expired(
    kind: str, commands: list[int | Deliver | PruneMarks]
) -> None:
    with tempfile.TemporaryDirectory() as directory:
        asyncio.run(hold_against_model(kind, Path(directory), commands))
