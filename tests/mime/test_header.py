import pytest
from hypothesis import given
from hypothesis import strategies as st

from angarium.mime import encode_parts, scan
from angarium.mime.header import HeaderBlock, field_selection, select_fields, select_stored_fields

BLOCK = b"From: a\r\nX-One : b\r\n folded\r\nsubject: c\r\nnot a field\r\nX-One: d\r\n\r\n"


@pytest.mark.parametrize(
    ("names", "exclude", "selected"),
    [
        (["Subject", "FROM"], False, b"From: a\r\nsubject: c\r\n\r\n"),
        (["x-one"], False, b"X-One : b\r\n folded\r\nX-One: d\r\n\r\n"),
        (["from", "x-one"], False, b"From: a\r\nX-One : b\r\n folded\r\nX-One: d\r\n\r\n"),
        (["from", "x-one"], True, b"subject: c\r\n\r\n"),
        (["from"], True, b"X-One : b\r\n folded\r\nsubject: c\r\nX-One: d\r\n\r\n"),
        (["x"], False, b"\r\n"),
        ([], True, b"From: a\r\nX-One : b\r\n folded\r\nsubject: c\r\nX-One: d\r\n\r\n"),
    ],
)
def test_fields_are_selected_in_the_order_of_the_header(names: list[str], exclude: bool, selected: bytes) -> None:
    selection = field_selection(names, exclude=exclude)
    assert select_fields(BLOCK, selection) == selected
    scanned = scan(BLOCK + b"body")
    assert select_stored_fields(encode_parts(scanned.root, scanned.fields), BLOCK, selection) == selected


def test_last_field_without_line_break_gets_one() -> None:
    assert select_fields(b"From: a", field_selection(["from"])) == b"From: a\r\n\r\n"


def test_fields_that_were_not_located_are_found_in_the_block() -> None:
    block = b"X: y\r\n" * 6000 + b"Subject: late\r\n\r\n"
    scanned = scan(block)
    stored = encode_parts(scanned.root, scanned.fields)
    assert select_stored_fields(stored, block, field_selection(["subject"])) == b"Subject: late\r\n\r\n"


def test_values_are_found_by_name_first_one_first() -> None:
    header = HeaderBlock(b"A: 1\r\na: 2\r\nA:3\r\n: 4\r\nb\r\n\r\n", 100)
    assert header.first(b"a") == b" 1\r\n"
    assert header.all(b"a") == [b" 1\r\n", b" 2\r\n", b"3\r\n"]
    assert header.all(b"b") == []


runs = st.sampled_from(
    [b"From: x\r\n", b"to:y\n", b" more\r\n", b"X-A: 1\r\n", b"junk\r\n", b": z\r\n", b"Date : d\r\n", b"\xff: q\r\n"]
)


@given(
    st.lists(runs, max_size=8).map(b"".join),
    st.sampled_from([b"", b"\r\n", b"\n"]),
    st.lists(st.sampled_from(["from", "To", "x-a", "Date", "z"]), max_size=3),
    st.booleans(),
)
def test_stored_fields_are_those_of_the_block(fields: bytes, end: bytes, names: list[str], exclude: bool) -> None:
    block = fields + end
    scanned = scan(block)
    stored = encode_parts(scanned.root, scanned.fields)
    selection = field_selection(names, exclude=exclude)
    assert select_stored_fields(stored, block[: scanned.root.header_size], selection) == select_fields(block, selection)
