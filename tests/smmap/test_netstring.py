"""Netstrings, well-formed and not."""

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from angarium.smmap.netstring import REQUEST_OCTETS, NetstringInvalid, NetstringParser, netstring


def read(chunks: list[bytes]) -> tuple[list[bytes], str]:
    """The strings, and what was wrong with what followed them; empty where nothing was."""
    parser = NetstringParser()
    strings: list[bytes] = []
    for chunk in chunks:
        parser.receive_data(chunk)
        try:
            while (string := parser.next_string()) is not None:
                strings.append(string)
        except NetstringInvalid as error:
            return strings, str(error)
    return strings, ""


@pytest.mark.parametrize(
    ("octets", "strings", "fault"),
    [
        (b"", [], ""),
        (b"5:hello,", [b"hello"], ""),
        (b"0:,3:a,b,", [b"", b"a,b"], ""),
        (b"5:hello", [], ""),
        (b"5:hell", [], ""),
        (b"5", [], ""),
        (b"4096:" + b"x" * 4096 + b",", [b"x" * 4096], ""),
        (b"4097:", [], "too long"),
        (b"999999999:", [], "too long"),
        (b"9999999999", [], "missing length"),
        (b"00:,", [], "missing length"),
        (b"05:hello,", [], "missing length"),
        (b":,", [], "missing length"),
        (b"-1:,", [], "missing length"),
        (b"5:hello;", [], "missing terminator"),
        (b"1:a,5:hello\n", [b"a"], "missing terminator"),
        (b"GET / HTTP/1.1\r\n", [], "missing length"),
        (b"1:a,\n", [b"a"], "missing length"),
    ],
)
def test_what_comes_is_read(octets: bytes, strings: list[bytes], fault: str) -> None:
    assert read([octets]) == (strings, fault)
    assert read([bytes((octet,)) for octet in octets]) == (strings, fault)


def test_a_fault_stays() -> None:
    parser = NetstringParser()
    parser.receive_data(b"x")
    for _ in range(2):
        with pytest.raises(NetstringInvalid):
            parser.next_string()
        parser.receive_data(b"5:hello,")


@given(st.lists(st.binary(max_size=REQUEST_OCTETS), max_size=5), st.data())
def test_what_was_written_is_read_in_any_split(strings: list[bytes], data: st.DataObject) -> None:
    octets = b"".join([netstring(each) for each in strings])
    cuts = sorted({0, len(octets), *data.draw(st.lists(st.integers(0, len(octets)), max_size=6))})
    assert read([octets[start:end] for start, end in pairwise(cuts)]) == (strings, "")


@given(st.one_of(st.binary(max_size=60), st.text("0123:,a", max_size=40).map(str.encode)))
def test_any_octets_are_netstrings_or_a_fault_in_any_split(octets: bytes) -> None:
    assert read([octets]) == read([bytes((octet,)) for octet in octets])
