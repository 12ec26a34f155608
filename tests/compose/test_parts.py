import email
from email.message import Message

import pytest
from hypothesis import given
from hypothesis import strategies as st

from angarium.compose.parts import octets_entity, report, text_entity, with_crlf


@pytest.mark.parametrize(
    ("octets", "lines"),
    [(b"", b""), (b"a", b"a\r\n"), (b"a\nb\r\nc\rd", b"a\r\nb\r\nc\r\nd\r\n"), (b"\n\n", b"\r\n\r\n")],
)
def test_every_line_ends_in_crlf(octets: bytes, lines: bytes) -> None:
    assert with_crlf(octets) == lines


@given(st.binary(max_size=3000))
def test_octets_come_back(octets: bytes) -> None:
    entity = octets_entity("text/rfc822-headers", octets)
    assert entity.octets.isascii()
    assert all(len(line) <= 998 for line in entity.octets.split(b"\r\n"))
    assert email.message_from_bytes(entity.octets).get_payload(decode=True) == with_crlf(octets)


@given(st.text(st.characters(codec="utf-8"), max_size=500))
def test_text_comes_back(text: str) -> None:
    entity = text_entity(text)
    assert entity.octets.isascii()
    assert email.message_from_bytes(entity.octets).get_payload(decode=True) == with_crlf(text.encode())


@given(st.lists(st.text(st.characters(codec="utf-8"), max_size=100), min_size=1, max_size=4))
def test_parts_of_a_report_come_back(texts: list[str]) -> None:
    whole = report("delivery-status", [text_entity(text) for text in texts])
    message = email.message_from_bytes(b"MIME-Version: 1.0\r\n" + whole.octets)
    payload = message.get_payload()
    assert isinstance(payload, list)
    found = [bytes(part.get_payload(decode=True)) for part in payload if isinstance(part, Message)]
    assert [with_crlf(each) for each in found] == [with_crlf(text.encode()) for text in texts]
