import pytest
from hypothesis import given
from hypothesis import strategies as st

from angarium.compose import Original, header_of


@pytest.mark.parametrize(
    ("value", "message_id"),
    [
        (b"<a@b>", "a@b"),
        (b" <a@b> trailing", "a@b"),
        (b'<"a b"@c>', '"a b"@c'),
        (b"\r\n <a@b>", "a@b"),
        (b"a@b", ""),
        (b"<>", ""),
        (b"<caf\xc3\xa9@b>", ""),
        (b"<a b@c>", ""),
    ],
)
def test_a_message_id_is_one_that_can_be_repeated(value: bytes, message_id: str) -> None:
    assert Original(b"Message-ID:" + value + b"\r\n").message_id == message_id


@given(st.binary(max_size=300))
def test_any_octets_are_an_original(octets: bytes) -> None:
    about = Original(header_of(octets))
    for text in (about.message_id, about.subject, about.from_, *about.references):
        assert "\r" not in text
        assert "\n" not in text
    assert isinstance(about.is_automatic, bool)
    assert about.header.startswith(about.returned)
    assert all(each == each.lower() for each in about.recipients())


@pytest.mark.parametrize(
    ("octets", "header"),
    [
        (b"A: b\r\n\r\nbody", b"A: b\r\n"),
        (b"A: b\r\n", b"A: b\r\n"),
        (b"\r\nbody\r\n\r\n", b""),
        (b"", b""),
    ],
)
def test_a_header_ends_at_the_first_empty_line(octets: bytes, header: bytes) -> None:
    assert header_of(octets) == header
