"""Spelling of flags."""

import pytest

from angarium.imap.flagnames import parse_keyword, parse_system_flag


@pytest.mark.parametrize(
    ("text", "flag"),
    [
        (b"\\seen", "\\Seen"),
        (b"\\ANSWERED", "\\Answered"),
        (b"\\Recent", None),
        (b"\\Foo", None),
        (b"\\", None),
        (b"Seen", None),
        (b"\\\xe9", None),
    ],
)
def test_system_flags_have_one_spelling(text: bytes, flag: str | None) -> None:
    assert parse_system_flag(text) == flag


@pytest.mark.parametrize(
    ("text", "keyword"),
    [
        (b"$Work", "$Work"),
        (b"work", "work"),
        (b"a+b", "a+b"),
        (b"", None),
        (b"a]b", None),
        (b"a b", None),
        (b"\\Seen", None),
        (b"a*", None),
        (b"caf\xc3\xa9", None),
        (b"a\n", None),
    ],
)
def test_keywords_are_atoms_in_the_spelling_given(text: bytes, keyword: str | None) -> None:
    assert parse_keyword(text) == keyword
