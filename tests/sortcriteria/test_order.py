from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from angarium.collation import UNICODE_CASEMAP
from angarium.sortcriteria import SortColumn, order, ranks

INT64 = np.iinfo(np.int64)


def column(*values: int, dtype: Any = np.int64, descending: bool = False) -> SortColumn:
    return SortColumn(np.array(values, dtype=dtype), descending)


@pytest.mark.parametrize(
    ("columns", "rows"),
    [
        ([column(3, 1, 2)], [1, 2, 0]),
        ([column(3, 1, 2, descending=True)], [0, 2, 1]),
        ([column(1, 1, 0, 0)], [2, 3, 0, 1]),
        ([column(1, 1, 0, 0, descending=True)], [0, 1, 2, 3]),
        ([column(1, 1, 0, 0), column(1, 2, 3, 4, descending=True)], [3, 2, 1, 0]),
        ([column(INT64.min, INT64.max, 0, descending=True)], [1, 2, 0]),
        ([column(0, 2**64 - 1, dtype=np.uint64, descending=True)], [1, 0]),
        ([column(2, 0, 1, dtype=np.uint32), column(0, 0, 0)], [1, 2, 0]),
        ([column()], []),
        ([column(), column()], []),
    ],
)
def test_order(columns: list[SortColumn], rows: list[int]) -> None:
    assert order(columns).tolist() == rows


def test_base_subjects_are_ordered_by_the_comparator() -> None:
    """RFC 5256 §3: the empty string collates before all others."""
    subjects = ["banana", "Apple", "", "apple", "_", "Äpfel"]
    keys = UNICODE_CASEMAP.sort_keys(subjects)
    assert order([SortColumn(ranks(keys))]).tolist() == [2, 1, 3, 5, 0, 4]
    assert order([SortColumn(ranks(keys), is_descending=True)]).tolist() == [4, 0, 5, 1, 3, 2]


TABLES = st.integers(1, 4).flatmap(
    lambda width: st.tuples(
        st.lists(st.booleans(), min_size=width, max_size=width),
        st.lists(st.lists(st.integers(-2, 2), min_size=width, max_size=width), max_size=12),
    )
)


@given(TABLES)
def test_order_is_that_of_sorting_by_the_last_column_first(table: tuple[list[bool], list[list[int]]]) -> None:
    descending, rows = table
    expected = list(range(len(rows)))
    for place in reversed(range(len(descending))):
        expected.sort(key=lambda row: -rows[row][place] if descending[place] else rows[row][place])
    columns = [
        SortColumn(np.array([row[place] for row in rows], dtype=np.int64), descending[place])
        for place in range(len(descending))
    ]
    assert order(columns).tolist() == expected
