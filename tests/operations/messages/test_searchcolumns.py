"""Columns of text."""

from collections.abc import Callable

from hypothesis import given
from hypothesis import strategies as st

from angarium.operations.messages.searchcolumns import TextColumn


def found(column: TextColumn, needle: str, *, between: Callable[[], None] = lambda: None) -> list[bool]:
    slices = column.rows_with(needle)
    while True:
        try:
            next(slices)
        except StopIteration as done:
            mask: list[bool] = done.value.tolist()
            return mask
        between()


TEXTS = st.lists(st.text("ab\0", max_size=6), max_size=40)


@given(TEXTS, TEXTS, st.text("ab\0", max_size=3))
def test_a_column_finds_the_rows_that_contain_a_text(first: list[str], second: list[str], needle: str) -> None:
    column = TextColumn()
    for texts in (first, second):
        for text in texts:
            column.append(text)
        found(column, needle)
    rows = [text.replace("\0", "") for text in first + second]
    assert found(column, needle) == [needle in text for text in rows]


def test_rare_and_common_texts_are_found_alike() -> None:
    column = TextColumn()
    texts = [f"row {number}" + (" rare" if number == 777 else "") for number in range(1000)]
    for text in texts:
        column.append(text)
    assert [row for row, is_found in enumerate(found(column, "rare")) if is_found] == [777]
    assert all(found(column, "row"))
    assert found(column, "9") == ["9" in text for text in texts]


def test_a_column_may_grow_while_many_rows_are_looked_at() -> None:
    column = TextColumn()
    texts = [f"row {number}" for number in range(20_000)]
    for text in texts:
        column.append(text)
    turns = 0

    def grow() -> None:
        nonlocal turns
        turns += 1
        column.append("row 7")
        assert found(column, "row 7")[-1]

    assert found(column, "7", between=grow) == ["7" in text for text in texts]
    assert turns > 2
