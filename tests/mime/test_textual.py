"""Binary parts as text: what is encoded, what stays, and that nothing is lost."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from angarium import mime


def converted(message: bytes) -> bytes:
    return b"".join(mime.without_binary(message, mime.scan(message).root))


def leaves(message: bytes) -> list[bytes]:
    """The decoded bodies of all parts that have no others."""
    return [
        mime.decode_transfer(message[part.body_offset : part.body_offset + part.body_size], part.encoding)
        for part in mime.scan(message).root.walk()
        if not part.children
    ]


@pytest.mark.parametrize(
    ("message", "text"),
    [
        (b"", b""),
        (b"Subject: x\r\n\r\nplain\n\0", b"Subject: x\r\n\r\nplain\n\0"),
        (
            b"Content-Transfer-Encoding: binary\r\nSubject: x\r\n\r\na\0b",
            b"Content-Transfer-Encoding: base64\r\nSubject: x\r\n\r\nYQBi\r\n",
        ),
        (b"content-transfer-encoding : \r\n BINARY\r\n\r\n\n", b"Content-Transfer-Encoding: base64\r\n\r\nCg==\r\n"),
        (b"Content-Transfer-Encoding: binary\r\n\r\n", b"Content-Transfer-Encoding: base64\r\n\r\n"),
        (b"Content-Transfer-Encoding: binary", b"Content-Transfer-Encoding: base64\r\n"),
        (
            (
                b"Content-Type: message/rfc822\r\nContent-Transfer-Encoding: binary\r\n\r\n"
                b"Content-Transfer-Encoding: binary\r\n\r\n\xff"
            ),
            (
                b"Content-Type: message/rfc822\r\nContent-Transfer-Encoding: 8bit\r\n\r\n"
                b"Content-Transfer-Encoding: base64\r\n\r\n/w==\r\n"
            ),
        ),
        (
            (
                b"Content-Type: multipart/mixed; boundary=b\r\nContent-Transfer-Encoding: binary\r\n\r\nbefore\n"
                b"\r\n--b\r\n\r\ntext\r\n--b\r\nContent-Transfer-Encoding: binary\r\n\r\n\0\r\n--b--\r\nafter"
            ),
            (
                b"Content-Type: multipart/mixed; boundary=b\r\nContent-Transfer-Encoding: 8bit\r\n\r\nbefore\n"
                b"\r\n--b\r\n\r\ntext\r\n--b\r\nContent-Transfer-Encoding: base64\r\n\r\nAA==\r\n\r\n--b--\r\nafter"
            ),
        ),
    ],
)
def test_what_becomes_of_a_message(message: bytes, text: bytes) -> None:
    assert converted(message) == text


@given(st.lists(st.tuples(st.booleans(), st.binary(max_size=3000)), min_size=1, max_size=4))
def test_each_part_holds_what_it_held(parts: list[tuple[bool, bytes]]) -> None:
    boundary = b"=_boundary"
    bodies = [body.replace(b"-", b"_") for _, body in parts]
    message = b'Content-Type: multipart/mixed; boundary="%b"\r\n\r\n' % boundary
    for (is_binary, _), body in zip(parts, bodies, strict=True):
        encoding = b"Content-Transfer-Encoding: binary\r\n" if is_binary else b""
        message += b"--%b\r\nContent-Type: application/octet-stream\r\n%b\r\n%b\r\n" % (boundary, encoding, body)
    message += b"--%b--\r\n" % boundary
    text = converted(message)
    assert leaves(text) == leaves(message) == bodies
    assert all(is_binary or body in text for (is_binary, _), body in zip(parts, bodies, strict=True))


@given(
    st.one_of(
        st.binary(max_size=300), st.text("Content-Transfer-Encoding: binary\r\n-b\0", max_size=200).map(str.encode)
    )
)
def test_any_octets_are_converted_and_no_binary_part_is_left(message: bytes) -> None:
    text = converted(message)
    assert not [part for part in mime.scan(text).root.walk() if part.encoding == "BINARY"]
