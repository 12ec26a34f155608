import pytest
from hypothesis import given
from hypothesis import strategies as st

from angarium.mime.parameters import (
    decode_parameter,
    parse_content_type,
    parse_disposition,
    parse_parameters,
    parse_token,
)


@pytest.mark.parametrize(
    ("value", "parameters"),
    [
        (b"a/b", []),
        (b"a/b; name=x", [(b"NAME", b"x")]),
        (b'a/b;name="x; \\"y\\""; b = c', [(b"NAME", b'x; "y"'), (b"B", b"c")]),
        (b"a/b; name=two words; c=d", [(b"NAME", b"two words"), (b"C", b"d")]),
        (b'a/b; name="unclosed', [(b"NAME", b"unclosed")]),
        (b"a/b; a=1; A=2", [(b"A", b"1")]),
        (b"a/b;;; a=1;", [(b"A", b"1")]),
        (b"a/b (c; d=e); a=(x)1", [(b"A", b"1")]),
        (b"a/b; a=", [(b"A", b"")]),
        (b"a/b; a*1=y; a*0=x", [(b"A", b"xy")]),
        (b"a/b; a*0=x; a*2=z", [(b"A", b"x")]),
        (b"a/b; a*=utf-8''%C3%A9", [(b"A*", b"utf-8''%C3%A9")]),
        (b"a/b; a*0*=utf-8''%C3; a*1*=%A9; a*2=\" z\"", [(b"A*", b"utf-8''%C3%A9%20z")]),
        (b"a/b; a*0=x; a*1*=%C3%A9", [(b"A*", b"''x%C3%A9")]),
    ],
)
def test_parameters(value: bytes, parameters: list[tuple[bytes, bytes]]) -> None:
    assert parse_parameters(value) == parameters


@pytest.mark.parametrize(
    ("name", "value", "decoded"),
    [
        (b"NAME", b"x", ("name", "x")),
        (b"NAME*", b"utf-8'de'%C3%A9", ("name", "é")),
        (b"NAME*", b"iso-8859-1''%E9", ("name", "é")),
        (b"NAME*", b"no quotes", ("name*", "no quotes")),
        (b"NAME", b"=?utf-8?q?=C3=A9?=", ("name", "é")),
        (b"NAME", b"\xe9", ("name", "é")),
    ],
)
def test_parameters_as_text(name: bytes, value: bytes, decoded: tuple[str, str]) -> None:
    assert decode_parameter(name, value) == decoded


def test_text_without_charset_is_ascii() -> None:
    parsed = parse_content_type(b"Text/Html; format=flowed")
    assert parsed is not None
    assert (parsed.type, parsed.subtype) == (b"TEXT", b"HTML")
    assert parsed.parameters == ((b"FORMAT", b"flowed"), (b"CHARSET", b"us-ascii"))


@pytest.mark.parametrize("value", [b"", b"text", b"/plain", b"; a=b", b"\xff/x"])
def test_content_type_without_a_valid_type_is_none(value: bytes) -> None:
    assert parse_content_type(value) is None


def test_disposition_and_tokens() -> None:
    assert parse_disposition(b"attachment; filename=a") == (b"ATTACHMENT", [(b"FILENAME", b"a")])
    assert parse_disposition(b'"quoted"').type == b""
    assert parse_token(b" base64 (really)") == b"BASE64"
    assert parse_token(b"") == b""


def test_parameters_beyond_the_limit_are_left_out() -> None:
    assert len(parse_parameters(b"a/b" + b"".join(b"; p%d=x" % n for n in range(1000)))) == 256


@given(
    st.one_of(
        st.binary(max_size=60), st.text(alphabet=";=*\"\\a0 1%'", max_size=60).map(lambda t: b"a/b;" + t.encode())
    )
)
def test_any_octets_give_decodable_parameters_of_different_names(value: bytes) -> None:
    parameters = parse_parameters(value)
    assert len({name for name, _ in parameters}) == len(parameters)
    for name, octets in parameters:
        for text in decode_parameter(name, octets):
            text.encode()


@pytest.mark.parametrize("end", [b"", b"\\"])
def test_quotation_marks_without_their_fellows_are_looked_for_once(end: bytes) -> None:
    assert parse_parameters(b'; a=1; (c) b="' + b'\\"' * 500_000 + end) != []
