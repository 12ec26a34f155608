"""Columns of text."""

from hypothesis import given
from hypothesis import strategies as st

from angarium.operations.messages.searchcolumns import TextColumn

TEXTS = st.lists(st.text("ab\0", max_size=6), max_size=40)


@given(TEXTS, TEXTS, st.text("ab\0", max_size=3))
def test_a_column_finds_the_rows_that_contain_a_text(first: list[str], second: list[str], needle: str) -> None:
    column = TextColumn()
    for texts in (first, second):
        for text in texts:
            column.append(text)
        column.rows_with(needle)
    rows = [text.replace("\0", "") for text in first + second]
    assert column.rows_with(needle).tolist() == [needle in text for text in rows]


def test_rare_and_common_texts_are_found_alike() -> None:
    column = TextColumn()
    texts = [f"row {number}" + (" rare" if number == 777 else "") for number in range(1000)]
    for text in texts:
        column.append(text)
    assert column.rows_with("rare").nonzero()[0].tolist() == [777]
    assert column.rows_with("row").all()
    assert column.rows_with("9").tolist() == ["9" in text for text in texts]
