import pytest
from hypothesis import given
from hypothesis import strategies as st

from angarium.threads import DUMMY, Threads, serialize_threads


@pytest.mark.parametrize(
    ("rows", "child_counts", "text"),
    [
        ([], [], ""),
        ([0], [0], "(1)"),
        ([1], [0], "(2)"),
        # RFC 5256 §4
        ([1, 2, 5, 3, 22, 43, 6, 95], [0, 1, 2, 1, 0, 1, 1, 0], "(2)(3 6 (4 23)(44 7 96))"),
        ([DUMMY, 2, 4], [2, 0, 0], "((3)(5))"),
        ([DUMMY, 0, 1, 2, 3], [2, 1, 0, 0, 0], "((1 2)(3))(4)"),
        ([0, 1, 2, 3, 4], [3, 1, 0, 0, 0], "(1 (2 3)(4)(5))"),
        ([0, 1, 2, 3, 4, 5], [2, 2, 0, 0, 0, 0], "(1 (2 (3)(4))(5))(6)"),
    ],
)
def test_threads_as_they_are_sent(rows: list[int], child_counts: list[int], text: str) -> None:
    assert b"".join(serialize_threads(Threads(rows, child_counts), range(1, 101))).decode() == text


def test_numbers_may_be_uids() -> None:
    assert b"".join(serialize_threads(Threads([1, 0], [1, 0]), [1007, 4294967295])) == b"(4294967295 1007)"


def test_many_threads_are_sent_in_pieces() -> None:
    count = 20_000
    pieces = [*serialize_threads(Threads([*range(count)], [0] * count), range(1, count + 1))]
    assert len(pieces) > 5
    assert b"".join(pieces) == b"".join(b"(%d)" % number for number in range(1, count + 1))


def test_a_long_thread_is_sent_in_pieces() -> None:
    count = 20_000
    pieces = [*serialize_threads(Threads([*range(count)], [1] * (count - 1) + [0]), range(1, count + 1))]
    assert len(pieces) > 3
    assert b"".join(pieces) == b"(" + b" ".join(b"%d" % number for number in range(1, count + 1)) + b")"


def test_a_comb_nests_without_limit() -> None:
    """Each message has two children, the second of which has two, and so on."""
    depth = 20_000
    rows = [*range(2 * depth + 1)]
    text = b"".join(serialize_threads(Threads(rows, [2, 0] * depth + [0]), rows)).decode()
    assert text.startswith("(0 (1)(2 (3)(4 (5)(6 ")
    assert text.endswith(f"({2 * depth})" + ")" * depth)


TREES = st.recursive(st.just(()), lambda trees: st.lists(trees, max_size=4).map(tuple), max_leaves=20)


@given(st.lists(TREES, max_size=4))
def test_what_is_sent_tells_each_parent(forest: list[tuple[object, ...]]) -> None:
    rows: list[int] = []
    counts: list[int] = []
    parents: dict[int, int | None] = {}

    def enter(tree: tuple[object, ...], parent: int | None) -> None:
        number = len(rows)
        rows.append(number)
        counts.append(len(tree))
        parents[number] = parent
        for below in tree:
            assert isinstance(below, tuple)
            enter(below, number)

    for tree in forest:
        enter(tree, None)
    text = b"".join(serialize_threads(Threads(rows, counts), rows)).decode()
    assert parents_in(text) == parents


def parents_in(text: str) -> dict[int, int | None]:
    found: dict[int, int | None] = {}
    outer: list[int | None] = []
    parent: int | None = None
    for token in text.replace("(", " ( ").replace(")", " ) ").split():
        if token == "(":
            outer.append(parent)
        elif token == ")":
            parent = outer.pop()
        else:
            found[int(token)] = parent
            parent = int(token)
    return found
