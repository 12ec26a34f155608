import re
from collections.abc import Generator

import pytest
from hypothesis import given
from hypothesis import strategies as st

from angarium.mime import decode_header, downgrade_bodies, downgrade_envelopes, scan


def envelope(header: str | bytes) -> bytes:
    """What is told of a message that has this header."""
    octets = header.encode() if isinstance(header, str) else header
    (value,) = finished(downgrade_envelopes([scan(octets + b"\r\n\r\n").envelope]))
    return value


def body(message: str, *, structure: bool = True) -> bytes:
    scanned = scan(message.replace("\n", "\r\n").encode())
    (value,) = finished(downgrade_bodies([scanned.bodystructure if structure else scanned.body]))
    return value


def finished(work: Generator[None, None, list[bytes] | None]) -> list[bytes]:
    """What it returns once it has had all of its turns."""
    while True:
        try:
            next(work)
        except StopIteration as end:
            return list(end.value)


@pytest.mark.parametrize(
    ("header", "told"),
    [
        ("Subject: Grüße", b'(NIL "=?UTF-8?B?R3LDvMOfZQ==?=" NIL NIL NIL NIL NIL NIL NIL NIL)'),
        # What is encoded already is encoded anew with the rest (RFC 2047 §5: not within a word)
        ("Subject: =?utf-8?q?Gr=C3=BC?= ße", b'(NIL "=?UTF-8?B?R3LDvCDDn2U=?=" NIL NIL NIL NIL NIL NIL NIL NIL)'),
        # Octets without a charset are taken for what they most likely are
        (b"Subject: Gr\xfc\xdfe", b'(NIL "=?UTF-8?B?R3LDvMOfZQ==?=" NIL NIL NIL NIL NIL NIL NIL NIL)'),
        ("Message-ID: <ä@b>\nIn-Reply-To: <c@d>", b'(NIL NIL NIL NIL NIL NIL NIL NIL "<c@d>" NIL)'),
        ("Date: heute, fürwahr\nSubject: S", b'(NIL "S" NIL NIL NIL NIL NIL NIL NIL NIL)'),
        (
            'To: "Zoë \\"Z\\"" <z@x.org>',
            b'(NIL NIL NIL NIL NIL (("=?UTF-8?B?Wm/DqyAiWiI=?=" NIL "z" "x.org")) NIL NIL NIL NIL)',
        ),
        (
            "Cc: Zoë <zoë@x.org>",
            (
                b'(NIL NIL NIL NIL NIL NIL (("=?UTF-8?B?Wm/Dqw==?=" NIL "invalid" "internationalized-address.invalid"))'
                b" NIL NIL NIL)"
            ),
        ),
        (
            "Cc: Joe <joe@exämple.org>",
            b'(NIL NIL NIL NIL NIL NIL (("Joe" NIL "invalid" "internationalized-address.invalid")) NIL NIL NIL)',
        ),
        (
            "Bcc: joe@ü.org",
            (
                b'(NIL NIL NIL NIL NIL NIL NIL (("=?UTF-8?B?am9lQMO8Lm9yZw==?=" NIL "invalid"'
                b' "internationalized-address.invalid")) NIL NIL)'
            ),
        ),
        (
            "To: Jö: a@b.c;, d@e.f",
            (
                b'(NIL NIL NIL NIL NIL ((NIL NIL "=?UTF-8?B?SsO2?=" NIL)(NIL NIL "a" "b.c")(NIL NIL NIL NIL)'
                b'(NIL NIL "d" "e.f")) NIL NIL NIL NIL)'
            ),
        ),
    ],
)
def test_envelopes_are_told_in_ascii(header: str | bytes, told: bytes) -> None:
    assert envelope(header) == told


@pytest.mark.parametrize(
    ("message", "told"),
    [
        (
            "Content-Type: text/plain; name=ü.txt\nContent-Description: dä\nContent-ID: <ö>\n\nx",
            (
                b'("TEXT" "PLAIN" ("NAME*" "utf-8\'\'%C3%BC.txt" "CHARSET" "us-ascii") NIL "=?UTF-8?B?ZMOk?=" "7BIT" 1'
                b" 0 NIL NIL NIL NIL)"
            ),
        ),
        (
            (
                "Content-Type: image/png\nContent-Disposition: inline; filename=ü; size=1\nContent-Language: ü\n"
                "Content-Location: /ü\nContent-MD5: ü\n\nx"
            ),
            b'("IMAGE" "PNG" NIL NIL NIL "7BIT" 1 NIL ("INLINE" ("FILENAME*" "utf-8\'\'%C3%BC" "SIZE" "1")) NIL NIL)',
        ),
        (
            "Content-Type: image/png\nContent-Language: de, ü\n\nx",
            b'("IMAGE" "PNG" NIL NIL NIL "7BIT" 1 NIL NIL ("de") NIL)',
        ),
        (
            "Content-Type: image/png\nContent-Language: ü, ö\n\nx",
            b'("IMAGE" "PNG" NIL NIL NIL "7BIT" 1 NIL NIL NIL NIL)',
        ),
        # A name that is not ASCII cannot be kept
        (
            "Content-Type: image/png; ä=b\nContent-Description: ü\n\nx",
            b'("IMAGE" "PNG" NIL NIL "=?UTF-8?B?w7w=?=" "7BIT" 1 NIL NIL NIL NIL)',
        ),
        # Structure there is of message/rfc822, and for these clients none of message/global
        (
            "Content-Type: message/rfc822\nContent-Disposition: inline\n\nSubject: ü\n\nx",
            (
                b'("MESSAGE" "RFC822" NIL NIL NIL "7BIT" 16 (NIL "=?UTF-8?B?w7w=?=" NIL NIL NIL NIL NIL NIL NIL NIL)'
                b' ("TEXT" "PLAIN" ("CHARSET" "us-ascii") NIL NIL "7BIT" 1 0 NIL NIL NIL NIL) 2 NIL ("INLINE" NIL) NIL'
                b" NIL)"
            ),
        ),
        (
            "Content-Type: message/global\nContent-Disposition: inline\n\nSubject: plain\n\nx",
            b'("MESSAGE" "GLOBAL" NIL NIL NIL "7BIT" 19 NIL ("INLINE" NIL) NIL NIL)',
        ),
        (
            (
                "Content-Type: multipart/mixed; boundary=b; ü=1; x=ü\nContent-Disposition: inline; a=ü\n"
                "Content-Language: a, b\n\n--b\n\nx\n--b\nContent-Type: multipart/digest; boundary=c\n\n--c\n\n"
                "Subject: ü\n\ny\n--c--\n--b--"
            ),
            (
                b'(("TEXT" "PLAIN" ("CHARSET" "us-ascii") NIL NIL "7BIT" 1 0 NIL NIL NIL NIL)(("MESSAGE" "RFC822" NIL'
                b' NIL NIL "7BIT" 16 (NIL "=?UTF-8?B?w7w=?=" NIL NIL NIL NIL NIL NIL NIL NIL) ("TEXT" "PLAIN"'
                b' ("CHARSET" "us-ascii") NIL NIL "7BIT" 1 0 NIL NIL NIL NIL) 2 NIL NIL NIL NIL) "DIGEST"'
                b' ("BOUNDARY" "c") NIL NIL NIL) "MIXED" ("BOUNDARY" "b" "X*" "utf-8\'\'%C3%BC")'
                b' ("INLINE" ("A*" "utf-8\'\'%C3%BC")) ("a" "b") NIL)'
            ),
        ),
    ],
)
def test_structures_are_told_in_ascii(message: str, told: bytes) -> None:
    assert body(message) == told


def test_body_is_told_as_bodystructure_is_without_what_extends_it() -> None:
    message = "Content-Type: multipart/mixed; boundary=b\n\n--b\nContent-Type: message/global\n\nSubject: ü\n\ny\n--b--"
    assert body(message, structure=False) == b'(("MESSAGE" "GLOBAL" NIL NIL NIL "7BIT" 16) "MIXED")'


def test_nothing_is_written_anew_where_all_is_ascii() -> None:
    scanned = scan(b"Subject: a\r\n\r\nx")
    for work in (downgrade_envelopes([scanned.envelope]), downgrade_bodies([scanned.body, scanned.bodystructure])):
        with pytest.raises(StopIteration) as end:
            next(work)
        assert end.value.value is None


def test_of_many_the_plain_ones_stay() -> None:
    plain, other = scan(b"Subject: a\r\n\r\n").envelope, scan("Subject: ü\r\n\r\n".encode()).envelope
    first, second, third = finished(downgrade_envelopes([plain, other, plain]))
    assert (first, third) == (plain, plain)
    assert b"=?UTF-8?" in second


@pytest.mark.parametrize(
    "header", ["To: " + ", ".join(f"Zoë {n} <zoe{n}@example.org>" for n in range(900)), "Subject: " + "ü " * 8000]
)
def test_long_ones_are_made_in_turns(header: str) -> None:
    work = downgrade_envelopes([scan(f"{header}\r\n\r\n".encode()).envelope] * 3)
    turns = 0
    try:
        while True:
            next(work)
            turns += 1
    except StopIteration:
        assert turns >= 3


@given(st.text(st.characters(exclude_categories=["Cs", "Cc", "Zl", "Zp", "Zs"]), min_size=1, max_size=300))
def test_a_subject_survives(subject: str) -> None:
    told = envelope(f"Subject: {subject}ü")
    assert told.isascii()
    words = re.findall(rb"=\?UTF-8\?B\?[^?]*\?=", told)
    assert all(len(word) <= 75 for word in words)
    assert decode_header(b" ".join(words)) == decode_header(f"{subject}ü".encode())


@given(st.binary(max_size=300), st.binary(max_size=300))
def test_whatever_a_header_holds_is_told_in_ascii(first: bytes, second: bytes) -> None:
    header = b"Subject: \xc3\xbc\r\nContent-Type: " + first + b"\r\nContent-Disposition: " + second + b"\r\nTo: "
    scanned = scan(header + second + b"\r\nCc: " + first + b"\r\n\r\n" + second)
    (told,) = finished(downgrade_envelopes([scanned.envelope]))
    assert told.isascii()
    other = scan(b"Content-Description: \xfc\r\n\r\nx").body
    for value in finished(downgrade_bodies([scanned.body, scanned.bodystructure, other])):
        assert value.isascii()
