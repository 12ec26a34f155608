import pytest
from hypothesis import given
from hypothesis import strategies as st

from angarium.mime import Limits
from angarium.mime.entity import entity_of_block, read_entity
from angarium.mime.header import HeaderBlock


def test_what_a_header_says_of_its_body() -> None:
    block = (
        b"Content-Type: image/png; name=a.png\r\nContent-Transfer-Encoding: base64\r\nContent-ID: <1@x>\r\n"
        b"Content-Description: a picture\r\nContent-MD5: Q2hlY2s=\r\nContent-Disposition: inline; filename=b.png\r\n"
        b"Content-Language: de, en\r\nContent-Location: c.png\r\n\r\n"
    )
    entity = entity_of_block(block, Limits())
    assert entity.type is not None
    assert (entity.type.type, entity.type.subtype, entity.type.name) == (b"IMAGE", b"PNG", "a.png")
    assert (entity.encoding, entity.disposition, entity.filename) == (b"BASE64", "INLINE", "b.png")
    assert (entity.content_id, entity.id_and_description) == ("<1@x>", b'"<1@x>" "a picture"')
    assert entity.md5 == b'"Q2hlY2s="'
    assert entity.extension == b' ("INLINE" ("FILENAME" "b.png")) ("de" "en") "c.png"'


def test_a_header_that_says_nothing() -> None:
    entity = entity_of_block(b"\r\n", Limits())
    assert (entity.type, entity.encoding, entity.disposition, entity.filename) == (None, b"7BIT", "", None)
    assert (entity.id_and_description, entity.md5, entity.extension) == (b"NIL NIL", b"NIL", b" NIL NIL NIL")


LINES = st.sampled_from(
    [
        b"Content-Type: text/plain; charset=utf-8\r\n",
        b"Content-Type: multipart/mixed; boundary=a\r\n",
        b"Content-Disposition: attachment; filename=a\r\n",
        b"Content-Transfer-Encoding: 8bit\r\n",
        b"Content-ID: <a>\r\n",
        b"junk\r\n",
    ]
)
LIMITS = [Limits(), Limits(header_lines=1), Limits(field_octets=20)]


@pytest.mark.parametrize("limits", LIMITS)
@given(st.lists(LINES, max_size=8).map(b"".join))
def test_a_header_that_was_met_before_says_the_same_within_any_limits(limits: Limits, block: bytes) -> None:
    entity_of_block(block, Limits())
    fresh = read_entity(HeaderBlock(block, limits.header_lines), limits.field_octets)
    assert entity_of_block(block, limits) == fresh
