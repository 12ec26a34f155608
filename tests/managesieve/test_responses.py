"""Octets of responses."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from angarium.managesieve.grammar import split_line
from angarium.managesieve.responses import (
    Condition,
    Response,
    ResponseCode,
    code_sasl,
    code_tag,
    serialize_line,
    serialize_string,
)


@pytest.mark.parametrize(
    ("response", "octets"),
    [
        (Response(Condition.OK), b"OK\r\n"),
        (Response(Condition.NO, "Äh"), 'NO "Äh"\r\n'.encode()),
        (Response(Condition.NO, 'a"b\\c'), b'NO "a\\"b\\\\c"\r\n'),
        (Response(Condition.BYE, "x", code=ResponseCode.TRYLATER), b'BYE (TRYLATER) "x"\r\n'),
        (Response(Condition.NO, "x", code=ResponseCode.QUOTA_MAXSIZE), b'NO (QUOTA/MAXSIZE) "x"\r\n'),
        (Response(Condition.NO, "a\r\nb\r\n"), b"NO {6}\r\na\r\nb\r\n\r\n"),
        (Response(Condition.NO, "a", is_literal=True), b"NO {1}\r\na\r\n"),
        (Response(Condition.NO, "x" * 1025), b"NO {1025}\r\n" + b"x" * 1025 + b"\r\n"),
        (Response(Condition.OK, code=code_sasl(b"AA==")), b'OK (SASL "AA==")\r\n'),
        (Response(Condition.OK, "Done", code=code_tag(b'a"')), b'OK (TAG "a\\"") "Done"\r\n'),
        (Response(Condition.OK, "Done", code=code_tag(b"a\nb")), b'OK (TAG {3}\r\na\nb) "Done"\r\n'),
    ],
)
def test_a_response_is_a_line(response: Response, octets: bytes) -> None:
    assert response.serialize() == octets


def test_data_is_strings_and_an_atom() -> None:
    assert serialize_line(b"x", atom=b"ACTIVE") == b'"x" ACTIVE\r\n'
    assert serialize_line(b"a\r", b"") == b'{2}\r\na\r ""\r\n'


@given(st.binary(max_size=1100))
def test_a_string_is_read_back(octets: bytes) -> None:
    serialized = serialize_string(octets)
    if serialized.startswith(b"{"):
        head, _, rest = serialized.partition(b"\r\n")
        assert (int(head[1:-1]), rest) == (len(octets), octets)
    else:
        (word,) = split_line(serialized).words
        assert word.octets == octets
