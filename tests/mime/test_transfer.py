import base64
import binascii
import quopri

import pytest
from hypothesis import given
from hypothesis import strategies as st

from angarium.mime.transfer import (
    decode_text,
    decode_text_in_chunks,
    decode_transfer,
    decode_transfer_in_chunks,
    transfer_decoder,
)


@pytest.mark.parametrize(
    ("data", "encoding", "octets"),
    [
        (b"AAEC\r\nAwQ=\r\n", "BASE64", b"\0\1\2\3\4"),
        (b"YQ", "base64", b"a"),
        (b"YQ==YmM=", "BASE64", b"abc"),
        (b"Y!Q=*=", "BASE64", b"a"),
        (b"Y", "BASE64", b""),
        (b"caf=C3=A9=\r\n!", "QUOTED-PRINTABLE", "café!".encode()),
        (b"a=zz=", "QUOTED-PRINTABLE", b"a=zz"),
        (b"begin 644 a\r\n#86)C\r\n`\r\nend\r\n", "X-UUENCODE", b"abc"),
        (b"no uu at all", "UUENCODE", b"no uu at all"),
        (b"as is", "8BIT", b"as is"),
        (b"as is", "X-UNHEARD-OF", b"as is"),
    ],
)
def test_transfer_encodings(data: bytes, encoding: str, octets: bytes) -> None:
    assert decode_transfer(data, encoding) == octets


@pytest.mark.parametrize(
    ("encoding", "is_known"),
    [("7bit", True), ("8BIT", True), ("Binary", True), ("BASE64", True), ("quoted-printable", True)]
    + [(name, False) for name in ("X-UUENCODE", "", "8-BIT", "BASE64 ")],
)
def test_only_encodings_of_mime_are_known(encoding: str, *, is_known: bool) -> None:
    assert (transfer_decoder(encoding) is not None) == is_known


def chunks_of(data: bytes, size: int) -> list[bytes]:
    return [data[start : start + size] for start in range(0, len(data), size)]


@given(st.binary(max_size=200), st.integers(1, 20))
def test_base64_is_the_same_in_chunks(data: bytes, size: int) -> None:
    encoded = base64.encodebytes(data).replace(b"\n", b"\r\n")
    assert b"".join(decode_transfer_in_chunks(chunks_of(encoded, size), "BASE64")) == data


@given(st.binary(max_size=200), st.integers(1, 20))
def test_quoted_printable_is_the_same_in_chunks(data: bytes, size: int) -> None:
    encoded = quopri.encodestring(data)
    assert b"".join(decode_transfer_in_chunks(chunks_of(encoded, size), "QUOTED-PRINTABLE")) == binascii.a2b_qp(encoded)


@given(st.text(st.characters(exclude_characters="\0", codec="utf-8"), max_size=60), st.integers(1, 9))
def test_text_is_the_same_in_chunks(text: str, size: int) -> None:
    encoded = base64.b64encode(text.encode())
    assert "".join(decode_text_in_chunks(chunks_of(encoded, size), "BASE64", "utf-8")) == text
    assert decode_text(encoded, "BASE64", "UTF-8") == text


@given(
    st.lists(st.binary(max_size=20), max_size=5),
    st.sampled_from(["BASE64", "QUOTED-PRINTABLE", "UUENCODE", "7BIT"]),
    st.sampled_from(["utf-8", "utf-7", "utf-16", "iso-2022-jp", "hz", "gb18030", "idna", "zlib", "", "us-ascii"]),
)
def test_any_octets_are_decoded(chunks: list[bytes], encoding: str, charset: str) -> None:
    decode_text(b"".join(chunks), encoding, charset).encode()
    "".join(decode_text_in_chunks(chunks, encoding, charset)).encode()
