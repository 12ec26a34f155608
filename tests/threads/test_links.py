from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from angarium.threads.links import NO_PARENT, UNKNOWN_PARENT, MessageIds, link


def linked(own: Sequence[str], references: Sequence[Sequence[str]]) -> list[int]:
    slices = link(MessageIds(own, references))
    while True:
        try:
            next(slices)
        except StopIteration as done:
            parents: list[int] = done.value
            return parents


@pytest.mark.parametrize(
    ("own", "references", "parents"),
    [
        ([], [], []),
        (["a", "b"], [[], ["a"]], [-1, 0]),
        # Those that are missing and mentioned again follow the messages, in the order in which they are mentioned.
        (["c", "d", "e"], [["x", "y"], ["x", "y"], ["x"]], [4, 4, 3, -1, 3]),
        # Those that are mentioned once are left out,
        (["c", "d"], [["x", "y"], ["x", "z"]], [2, 2, -1]),
        (["a", "b"], [[], ["a", "x"]], [-1, 0]),
        (["a", "b", "c"], [[], [], ["a", "x", "b"]], [-1, 0, 1]),
        # and yet hold the place of the parent.
        (["a", "b", "c", "d"], [[], [], ["x", "b"], ["a", "b"]], [-1, -2, 1, 1]),
        (["a", "b", "c"], [[], ["x", "y"], ["a", "b"]], [-1, -2, 1]),
        (["a", "b"], [["b"], ["a"]], [1, -1]),
        (["a", "a", ""], [[], [], ["a"]], [-1, -1, 0]),
        # What others say of `b` yields to what it says itself.
        (["c", "b", "a", "d"], [["a", "b"], ["d"], [], []], [1, 3, -1, -1]),
        (["c", "b", "a"], [["a", "b"], [], []], [1, -1, -1]),
    ],
)
def test_links(own: list[str], references: list[list[str]], parents: list[int]) -> None:
    assert linked(own, references) == parents


IDS = st.sampled_from("abcdef")


@given(st.lists(st.tuples(st.one_of(st.just(""), IDS), st.lists(IDS, max_size=5)), max_size=8))
def test_links_never_close_a_loop(messages: list[tuple[str, list[str]]]) -> None:
    parents = linked([own for own, _ in messages], [references for _, references in messages])
    for node in range(len(parents)):
        for _ in range(len(parents)):
            if node < 0:
                break
            node = parents[node]
        assert node in (NO_PARENT, UNKNOWN_PARENT)


def test_looking_for_loops_is_limited() -> None:
    """One thread of 5,000, mentioned twice; as many messages that have children, and are all moved below its end."""
    deep = [f"d{place}" for place in range(5_000)]
    own = ["a", *(f"c{place}" for place in range(5_000)), *(f"p{place}" for place in range(5_000)), "z"]
    references = [deep, *([f"p{place}"] for place in range(5_000)), *([deep[-1]] for _ in range(5_000)), deep]
    parents = linked(own, references)
    end = parents[0]
    moved = parents[5_001:10_001].count(end)
    assert 100 < moved < 5_000
    assert parents[5_001 : 5_001 + moved] == [end] * moved
    assert parents[5_001 + moved : 10_001] == [NO_PARENT] * (5_000 - moved)
