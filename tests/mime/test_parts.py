import pytest
from hypothesis import given
from hypothesis import strategies as st

from angarium.errors import StoreDamaged
from angarium.mime import decode_fields, decode_parts, encode_parts, scan

MESSAGE = (
    b"From: a\r\nX-Own: b\r\nContent-Type: multipart/mixed; boundary=o; x=\xff\r\n\r\n--o\r\n\r\n1\r\n"
    b"--o\r\nContent-Type: message/rfc822\r\n\r\nSubject: s\r\n\r\nt\r\n--o--\r\n"
)


def test_every_cut_of_the_stored_form_is_refused() -> None:
    scanned = scan(MESSAGE)
    stored = encode_parts(scanned.root, scanned.fields)
    assert decode_parts(stored) == scanned.root
    for end in range(len(stored)):
        with pytest.raises(StoreDamaged):
            decode_parts(stored[:end])


def test_another_version_is_refused() -> None:
    scanned = scan(MESSAGE)
    with pytest.raises(StoreDamaged, match="version 2"):
        decode_parts(b"\x02" + encode_parts(scanned.root, scanned.fields)[1:])


@given(st.binary(max_size=200))
def test_any_octets_are_parts_or_damage(stored: bytes) -> None:
    for decode in (decode_parts, decode_fields):
        try:
            decode(stored)
        except StoreDamaged:
            continue
