"""Terminals of responses, read back by the parser's own cursor."""

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from angarium.imap.cursor import Cursor
from angarium.imap.limits import ParserLimits
from angarium.imap.terminals import (
    QuotableUtf8,
    ranges_of,
    serialize_astring,
    serialize_astrings,
    serialize_flags,
    serialize_nstring,
    serialize_numbers,
    serialize_ranges,
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


@pytest.mark.parametrize(
    ("numbers", "octets"),
    [
        ([], b""),
        ([5], b"5"),
        ([1, 2, 4, 3], b"1:2,4,3"),
        ([3, 2, 1], b"3,2,1"),
        ([4294967294, 4294967295, 1], b"4294967294:4294967295,1"),
    ],
)
def test_numbers_in_any_order_are_ranges_that_ascend(numbers: list[int], octets: bytes) -> None:
    assert serialize_ranges(ranges_of(np.array(numbers, np.uint32))) == octets


@given(st.lists(st.integers(1, 12)))
def test_ranges_mean_the_numbers_in_their_order(numbers: list[int]) -> None:
    ranges = ranges_of(np.array(numbers, np.uint32))
    assert [number for first, last in ranges for number in range(first, last + 1)] == numbers
    assert all(last + 1 != first for (_, last), (first, _) in pairwise(ranges))


def test_utf_8_is_quoted_for_those_alone_who_take_it() -> None:
    octets = 'a "ü"'.encode()
    assert serialize_astring(QuotableUtf8(octets)) == b'"a \\"\xc3\xbc\\""'
    assert serialize_astring(octets) == b"{6}\r\n" + octets
    assert serialize_astring(QuotableUtf8(b"Work")) == b"Work"
    assert serialize_string(QuotableUtf8(b"a\nb")) == b"{3}\r\na\nb"
