import email.header
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.compose.letters import TEXT

from angarium import mime
from angarium.compose.fields import (
    date_field,
    encoded_words,
    list_field,
    message_ids_field,
    one_line,
    phrase,
    quoted,
    structured_field,
    text_field,
)


@pytest.mark.parametrize(
    ("text", "field"),
    [
        ("Away", b"Subject: Away\r\n"),
        ("", b"Subject:\r\n"),
        ("a\r\nBcc: b@c", b"Subject: a Bcc: b@c\r\n"),
        ("a\x00\x0bb", b"Subject: a b\r\n"),
        ("two  spaces", b"Subject: two  spaces\r\n"),
        ("=?utf-8?q?as_it_is?=", b"Subject: =?utf-8?q?as_it_is?=\r\n"),
        ("caf\u00e9", b"Subject: =?utf-8?q?caf=C3=A9?=\r\n"),
        ("\u6f22\u5b57", b"Subject: =?utf-8?b?5ryi5a2X?=\r\n"),
        ("a\u2028b", b"Subject: a b\r\n"),
    ],
)
def test_text_becomes_one_field(text: str, field: bytes) -> None:
    assert text_field("Subject", text) == field


def test_long_text_is_folded_at_its_spaces() -> None:
    field = text_field("Subject", " ".join(["word"] * 60))
    assert all(len(line) <= 78 for line in field.split(b"\r\n"))
    assert mime.decode_header(field.partition(b":")[2]) == " ".join(["word"] * 60)


def test_a_word_that_no_line_can_hold_is_encoded() -> None:
    field = text_field("Subject", "x" * 5000)
    assert all(len(line) <= 78 for line in field.split(b"\r\n"))
    assert mime.decode_header(field.partition(b":")[2]) == "x" * 5000


@given(TEXT)
def test_text_comes_back_and_begins_no_other_field(text: str) -> None:
    field = text_field("Subject", text)
    assert field.endswith(b"\r\n")
    assert field.isascii()
    lines = field[:-2].split(b"\r\n")
    assert all(line[:1] in b" " and line.strip() for line in lines[1:])
    assert all(len(line) <= 998 for line in lines)
    expected = one_line(text)
    if "=?" not in expected:
        assert mime.decode_header(field.partition(b":")[2]) == expected


@given(st.text(st.characters(codec="utf-8"), min_size=1, max_size=300))
def test_encoded_words_are_short_and_whole(text: str) -> None:
    words = encoded_words(text)
    assert all(len(word) <= 75 for word in words)
    pieces = [email.header.decode_header(word)[0] for word in words]
    assert "".join(piece.decode("utf-8") for piece, _ in pieces) == text


@pytest.mark.parametrize(
    ("name", "written"),
    [
        ("Alice Liddell", "Alice Liddell"),
        ("O'Brien", "O'Brien"),
        ("Liddell, Alice", '"Liddell, Alice"'),
        ('a "b" \\c', '"a \\"b\\" \\\\c"'),
        ("J. R.", '"J. R."'),
        ("Zo\u00eb", "=?utf-8?q?Zo=C3=AB?="),
        ("=?utf-8?q?x?=", '"=?utf-8?q?x?="'),
    ],
)
def test_display_names_are_written_as_they_must_be(name: str, written: str) -> None:
    assert phrase(name) == written


@given(TEXT)
def test_a_quoted_string_ends_where_it_should(text: str) -> None:
    written = quoted(text)
    assert written[0] == written[-1] == '"'
    assert written[1:-1].replace("\\\\", "").replace('\\"', "").count('"') == 0


@given(TEXT, st.lists(TEXT, max_size=5))
def test_no_value_can_begin_a_line(text: str, values: list[str]) -> None:
    for field in (structured_field("X", text), list_field("X", values), message_ids_field("X", values)):
        assert field.startswith(b"X:")
        lines = field[:-2].split(b"\r\n")
        assert all(line.startswith(b" ") for line in lines[1:])
        assert b"\r" not in b"".join(lines)
        assert b"\n" not in b"".join(lines)


def test_dates_have_their_zone() -> None:
    moment = datetime(2026, 11, 21, 3, 32, 42, tzinfo=UTC)
    assert date_field("Date", moment) == b"Date: Sat, 21 Nov 2026 03:32:42 +0000\r\n"
