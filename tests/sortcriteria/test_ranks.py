import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from angarium.sortcriteria import ranks, ranks_in_slices


def run(keys: list[str]) -> tuple[NDArray[np.int64], int]:
    """The result, and the yields before it."""
    slices = ranks_in_slices(keys)
    yields = 0
    while True:
        try:
            next(slices)
        except StopIteration as done:
            result: NDArray[np.int64] = done.value
            return result, yields
        yields += 1


@pytest.mark.parametrize(
    ("keys", "expected"),
    [([], []), (["b"], [0]), (["b", "a", "", "b", "é"], [2, 1, 0, 2, 3]), (["x", "x"], [0, 0])],
)
def test_ranks(keys: list[str], expected: list[int]) -> None:
    assert ranks(keys).tolist() == expected
    assert run(keys)[0].tolist() == expected


@given(st.lists(st.text(st.sampled_from("ab"), max_size=3), max_size=20))
def test_ranks_compare_as_the_keys_do(keys: list[str]) -> None:
    numbers = ranks(keys).tolist()
    for one, one_rank in zip(keys, numbers, strict=True):
        for other, other_rank in zip(keys, numbers, strict=True):
            assert (one < other) is (one_rank < other_rank)


@pytest.mark.parametrize(
    "keys",
    [
        [f"{place * 7919 % 20_011:x}" for place in range(20_011)],
        [f"{place:06}" for place in range(20_000)],
        ["same"] * 20_000,
        [f"{place % 3}" for place in range(20_000)],
    ],
    ids=["shuffled", "ascending", "one", "few"],
)
def test_many_are_ranked_in_slices(keys: list[str]) -> None:
    result, yields = run(keys)
    assert result.tolist() == ranks(keys).tolist()
    assert yields >= 11
