"""What is read back out of an ENVELOPE."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from angarium.mime import Address, EnvelopeTexts, parse_envelope_texts, scan

NOTHING = EnvelopeTexts(None, None, None, None)


def read(header: bytes) -> EnvelopeTexts:
    return parse_envelope_texts(scan(header + b"\r\n\r\n").envelope)


@pytest.mark.parametrize(
    ("header", "texts"),
    [
        (b"X-Nothing: x", NOTHING),
        (b'Subject: (a) {3} "b" \\ NIL', NOTHING._replace(subject=b'(a) {3} "b" \\ NIL')),
        (b"Subject: caf\xc3\xa9) (x", NOTHING._replace(subject=b"caf\xc3\xa9) (x")),
        (b"From: A (b) <c@d>, e@f", NOTHING._replace(from_=Address(b"A", None, b"c", b"d"))),
        (b'To: "x) \\"y\\"" <c@d>', NOTHING._replace(to=Address(b'x) "y"', None, b"c", b"d"))),
        (b"Cc: team: a@b, c@d;", NOTHING._replace(cc=Address(None, None, b"team", None))),
        (b"Sender: s@t\r\nReply-To: u@v\r\nBcc: w@x", NOTHING),
        (
            b"From: a@b\r\nTo: c@d\r\nCc: e@f\r\nSubject:",
            EnvelopeTexts(
                b"", Address(None, None, b"a", b"b"), Address(None, None, b"c", b"d"), Address(None, None, b"e", b"f")
            ),
        ),
    ],
)
def test_subject_and_first_addresses_come_back(header: bytes, texts: EnvelopeTexts) -> None:
    found = read(header)
    assert found._replace(from_=found.from_ and found.from_._replace(route=None)) == texts


@given(st.text(st.characters(blacklist_categories=("Cs", "Cc")), max_size=60))
def test_any_subject_comes_back(subject: str) -> None:
    octets = subject.encode()
    expected = scan(b"Subject: " + octets + b"\r\n\r\n")
    found = parse_envelope_texts(expected.envelope).subject
    assert found is not None
    assert found.strip() == octets.strip()


@given(st.binary(max_size=80) | st.from_regex(rb'\((?:NIL|"a"|[ ()]|\{1\}\r\nb){0,20}\)?'))
def test_what_is_no_envelope_has_no_texts_and_raises_nothing(octets: bytes) -> None:
    for text in parse_envelope_texts(octets):
        assert text is None or isinstance(text, bytes | Address)
