"""Terminals of responses, read back by the parser's own cursor."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from angarium.imap.cursor import Cursor
from angarium.imap.limits import ParserLimits
from angarium.imap.terminals import (
    serialize_astring,
    serialize_astrings,
    serialize_flags,
    serialize_nstring,
    serialize_numbers,
    serialize_string,
)

TEXTS = st.binary(max_size=30).map(lambda octets: octets.replace(b"\0", b"")) | st.sampled_from([b"nil", b"NIL", b""])


def cursor(text: bytes) -> Cursor:
    return Cursor(text, 0, name=b"Test", limits=ParserLimits())


@given(TEXTS)
def test_strings_are_read_back(octets: bytes) -> None:
    for text in (serialize_string(octets), serialize_astring(octets)):
        reader = cursor(text)
        assert reader.astring() == octets
        assert reader.at_end()


@given(st.none() | TEXTS)
def test_nstrings_are_read_back(octets: bytes | None) -> None:
    reader = cursor(serialize_nstring(octets))
    assert reader.nstring() == octets
    assert reader.at_end()


@given(st.binary(max_size=30))
def test_values_of_annotations_are_read_back_as_literal8(octets: bytes) -> None:
    reader = cursor(b"~{%d}\r\n%b" % (len(octets), octets))
    assert reader.nvalue() == octets
    assert reader.at_end()


@pytest.mark.parametrize(
    ("octets", "text"),
    [
        (b"INBOX", b"INBOX"),
        (b"Work/2024", b"Work/2024"),
        (b"#hash", b"#hash"),
        (b"with space", b'"with space"'),
        (b"a*b", b'"a*b"'),
        (b"a]b", b'"a]b"'),
        (b"", b'""'),
        (b"nil", b'"nil"'),
        (b'a"b\\c', b'"a\\"b\\\\c"'),
        (b"caf\xc3\xa9", b"{5}\r\ncaf\xc3\xa9"),
        (b"a\nb", b"{3}\r\na\nb"),
        (b"x" * 1025, b"x" * 1025),
        (b" " * 1025, b"{1025}\r\n" + b" " * 1025),
    ],
)
def test_an_astring_is_as_plain_as_it_can_be(octets: bytes, text: bytes) -> None:
    assert serialize_astring(octets) == text


def test_lists() -> None:
    assert serialize_flags(["\\Seen", "$Work"]) == b"(\\Seen $Work)"
    assert serialize_flags([]) == b"()"
    assert serialize_numbers([1, 22, 333]) == b" 1 22 333"
    assert serialize_numbers([]) == b""


@given(st.lists(st.sampled_from([b"INBOX", b"Work/2026", b"nil", b"Vanilla", b"", b"a b", b"a\nb", b'"', b"\xc3"])))
def test_many_astrings_are_each_as_one_alone(octets: list[bytes]) -> None:
    assert serialize_astrings(octets) == [serialize_astring(each) for each in octets]
