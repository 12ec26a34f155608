import pytest
from hypothesis import given
from hypothesis import strategies as st

from angarium.cli.dialogue.sieveresponse import (
    MAX_LITERAL_OCTETS,
    BadResponse,
    ResponseLine,
    literal_size,
    parse_line,
    serialize_argument,
    serialize_literal,
)


@pytest.mark.parametrize(
    ("octets", "expected"),
    [
        (b"OK", ResponseLine(("OK",), ())),
        (b'ok "Logout Complete"', ResponseLine(("OK",), (b"Logout Complete",))),
        (b'"main" ACTIVE', ResponseLine(("ACTIVE",), (b"main",))),
        (b'"a\\"b\\\\c"', ResponseLine((), (b'a"b\\c',))),
        (b'"SASL" ""', ResponseLine((), (b"SASL", b""))),
        (b'NO (QUOTA/MAXSIZE) "too large"', ResponseLine(("NO",), (b"too large",), (b"QUOTA/MAXSIZE",))),
        (b'OK (SASL "dj0x")', ResponseLine(("OK",), (), (b"SASL", b"dj0x"))),
        (b"NO {3}\r\na\nb", ResponseLine(("NO",), (b"a\nb",))),
        (b"{0}\r\n", ResponseLine((), (b"",))),
        (b'{2+}\r\n"( ACTIVE', ResponseLine(("ACTIVE",), (b'"(',))),
        (b"", ResponseLine((), ())),
        (b'"unclosed', BadResponse),
        (b'"a\\b"', BadResponse),
        (b"NO {4}\r\nabc", BadResponse),
        (b"NO {4}", BadResponse),
        (b"OK (SASL", BadResponse),
        (b"OK ((A))", BadResponse),
        (b"OK )", BadResponse),
        (b"OK\0", BadResponse),
    ],
)
def test_lines(octets: bytes, expected: ResponseLine | type[Exception]) -> None:
    if isinstance(expected, ResponseLine):
        assert parse_line(octets) == expected
    else:
        with pytest.raises(expected):
            parse_line(octets)


@pytest.mark.parametrize(
    ("octets", "condition"), [(b"OK", "OK"), (b"no", "NO"), (b"BYE", "BYE"), (b'"OK"', None), (b"OKAY", None)]
)
def test_what_ends_an_answer(octets: bytes, condition: str | None) -> None:
    assert parse_line(octets).condition == condition


@pytest.mark.parametrize(
    ("line", "size"), [(b"NO {12}", 12), (b"{0+}", 0), (b"{12} ", None), (b'"{12}"', None), (b"{}", None)]
)
def test_what_a_literal_follows(line: bytes, size: int | None) -> None:
    assert literal_size(line) == size


def test_a_literal_that_is_too_long_is_refused_before_it_is_read() -> None:
    assert literal_size(b"{%d}" % MAX_LITERAL_OCTETS) == MAX_LITERAL_OCTETS
    with pytest.raises(BadResponse):
        literal_size(b"{%d}" % (MAX_LITERAL_OCTETS + 1))


@given(st.binary(max_size=60))
def test_any_octets_are_a_line_or_none(octets: bytes) -> None:
    try:
        parse_line(octets)
    except BadResponse:
        pass


@given(st.lists(st.binary(max_size=40), max_size=4))
def test_strings_are_read_back(strings: list[bytes]) -> None:
    assert parse_line(b" ".join([serialize_argument(each) for each in strings])).strings == tuple(strings)


@pytest.mark.parametrize("octets", [b"x" * 1025, b"a\r\nb", b"a\0"])
def test_what_cannot_be_quoted_is_a_literal(octets: bytes) -> None:
    assert serialize_argument(octets) == serialize_literal(octets)
    assert serialize_argument(b"x" * 1024) == b'"' + b"x" * 1024 + b'"'
