import pytest
from hypothesis import given
from hypothesis import strategies as st

from angarium.errors import MailboxNameInvalid
from angarium.names import modutf7

SPELLINGS = [
    ("", b""),
    ("Work", b"Work"),
    ("R&D", b"R&-D"),
    ("&&", b"&-&-"),
    ("héllo", b"h&AOk-llo"),
    ("Entwürfe", b"Entw&APw-rfe"),
    ("été", b"&AOk-t&AOk-"),
    ("~peter/mail/台北/日本語", b"~peter/mail/&U,BTFw-/&ZeVnLIqe-"),  # RFC 3501 §5.1.3
    ("é&è", b"&AOk-&-&AOg-"),
    ("\U0001f4ec", b"&2D3c7A-"),
    ("a\tb", b"a&AAk-b"),
    ("\x7f", b"&AH8-"),
]


@pytest.mark.parametrize(("text", "wire"), SPELLINGS)
def test_text_has_its_one_spelling(text: str, wire: bytes) -> None:
    assert modutf7.encode(text) == wire
    assert modutf7.decode(wire) == text


@pytest.mark.parametrize(
    "wire",
    [
        b"amp&x",  # the shift does not end
        b"&",
        b"&AGE-",  # an encoded "a"
        b"&ACU-",  # an encoded "%"
        b"&ACY-",  # an encoded "&"
        b"&AOk-&AOg-",  # two shifts where one does; RFC 3501 §5.1.3 forbids it too
        b"&AOkAYQ-",  # "a" inside a shift
        b"&AOl-",  # bits left over
        b"&AO-",  # half a code unit
        b"&A-",
        b"&AOk=-",
        b"&AO k-",
        b"&U/BTFw-",  # "/" is "," here
        b"&2D0-",  # half of a surrogate pair
        b"&3Oy-",
        b"h\xc3\xa9llo",
        b"\xff",
        b"a\tb",
        b"&\xc3\xa9-",
    ],
)
def test_any_other_spelling_is_refused(wire: bytes) -> None:
    with pytest.raises(MailboxNameInvalid):
        modutf7.decode(wire)


def test_half_a_surrogate_pair_cannot_be_spelled() -> None:
    with pytest.raises(MailboxNameInvalid):
        modutf7.encode("a\ud800")


@given(st.text())
def test_spelling_leads_back_to_the_text(text: str) -> None:
    wire = modutf7.encode(text)
    assert all(0x20 <= octet <= 0x7E for octet in wire)
    assert modutf7.decode(wire) == text


@given(st.one_of(st.binary(max_size=40), st.text("&-,+/=AOkGaé0", max_size=20).map(str.encode)))
def test_octets_are_the_spelling_of_what_they_decode_to_or_refused(wire: bytes) -> None:
    try:
        text = modutf7.decode(wire)
    except MailboxNameInvalid:
        return
    assert modutf7.encode(text) == wire


def test_shifts_that_never_end_are_refused_at_once() -> None:
    for wire in (b"&" * 1_000_000, b"&A" * 500_000):
        with pytest.raises(MailboxNameInvalid):
            modutf7.decode(wire)
