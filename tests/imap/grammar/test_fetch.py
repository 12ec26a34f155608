"""FETCH."""

from collections.abc import Callable

import pytest

from angarium.fetchitem import (
    ALL,
    FAST,
    FULL,
    Annotation,
    BinarySection,
    BinarySize,
    BodySection,
    FetchAttribute,
    FetchItem,
    Partial,
    Preview,
    SectionKind,
)
from angarium.imap import commands as c
from angarium.imap.cursor import Malformed
from angarium.imap.dialect import EVERYTHING, Dialect, Extension
from angarium.imap.grammar import parse_section_spec
from angarium.imap.limits import ParserLimits
from angarium.sequenceset import SequenceSet

Parse = Callable[..., object]
A = FetchAttribute
K = SectionKind


def fetch(*items: FetchItem, numbers: bytes = b"1", by_uid: bool = False, changed_since: int | None = None) -> c.Fetch:
    return c.Fetch(SequenceSet.parse(numbers), items, by_uid, changed_since)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (b"FETCH 1 FLAGS", fetch(A.FLAGS)),
        (b"FETCH 1:* (UID FLAGS)", fetch(A.UID, A.FLAGS, numbers=b"1:*")),
        (b"FETCH 1 (flags FLAGS)", fetch(A.FLAGS)),
        (b"FETCH 1 ALL", fetch(*ALL)),
        (b"FETCH 1 FAST", fetch(*FAST)),
        (b"FETCH 1 full", fetch(*FULL)),
        (
            b"FETCH 1 (ENVELOPE INTERNALDATE RFC822.SIZE BODYSTRUCTURE BODY MODSEQ)",
            fetch(A.ENVELOPE, A.INTERNALDATE, A.RFC822_SIZE, A.BODYSTRUCTURE, A.BODY, A.MODSEQ),
        ),
        (b"UID FETCH 1 FLAGS", fetch(A.UID, A.FLAGS, by_uid=True)),
        (b"UID FETCH 1 (FLAGS UID)", fetch(A.FLAGS, A.UID, by_uid=True)),
        (b"UID FETCH 1 ALL", fetch(A.UID, *ALL, by_uid=True)),
        (b"FETCH $ UID", fetch(A.UID, numbers=b"$")),
        (b"FETCH 1 BODY[]", fetch(BodySection())),
        (b"FETCH 1 body.peek[]", fetch(BodySection(peek=True))),
        (b"FETCH 1 (BODY[HEADER] BODY[TEXT])", fetch(BodySection(kind=K.HEADER), BodySection(kind=K.TEXT))),
        (b"FETCH 1 BODY[1.2.3]", fetch(BodySection((1, 2, 3)))),
        (b"FETCH 1 BODY[4.2.header]", fetch(BodySection((4, 2), K.HEADER))),
        (b"FETCH 1 BODY[1.MIME]", fetch(BodySection((1,), K.MIME))),
        (
            b"FETCH 1 BODY[HEADER.FIELDS (Date From)]",
            fetch(BodySection(kind=K.HEADER_FIELDS, fields=(b"Date", b"From"))),
        ),
        (
            b'FETCH 1 BODY.PEEK[2.HEADER.FIELDS.NOT ("to" {2+}\r\ncc)]<5.10>',
            fetch(BodySection((2,), K.HEADER_FIELDS_NOT, (b"to", b"cc"), Partial(5, 10), peek=True)),
        ),
        (b"FETCH 1 BODY[]<0.2048>", fetch(BodySection(partial=Partial(0, 2048)))),
        (b"FETCH 1 RFC822", fetch(BodySection(is_rfc822=True))),
        (b"FETCH 1 RFC822.HEADER", fetch(BodySection(kind=K.HEADER, peek=True, is_rfc822=True))),
        (b"FETCH 1 RFC822.TEXT", fetch(BodySection(kind=K.TEXT, is_rfc822=True))),
        (b"FETCH 1 BINARY[1]", fetch(BinarySection((1,)))),
        (b"FETCH 1 BINARY[]", fetch(BinarySection())),
        (b"FETCH 1 BINARY.PEEK[1.1]<1.2>", fetch(BinarySection((1, 1), Partial(1, 2), peek=True))),
        (b"FETCH 1 BINARY.SIZE[2]", fetch(BinarySize((2,)))),
        (b"FETCH 1 FLAGS (CHANGEDSINCE 12345)", fetch(A.FLAGS, changed_since=12345)),
        (b"UID FETCH 1 (FLAGS) (changedsince 1)", fetch(A.UID, A.FLAGS, by_uid=True, changed_since=1)),
        (b"FETCH 1 (EMAILID threadid SAVEDATE)", fetch(A.EMAILID, A.THREADID, A.SAVEDATE)),
        (b"FETCH 1 DIGEST.SHA1", fetch(A.DIGEST_SHA1)),
        (b"FETCH 1 PREVIEW", fetch(Preview())),
        (b"FETCH 1 preview (lazy)", fetch(Preview(lazy=True))),
        (b"FETCH 1 (PREVIEW (LAZY LAZY) UID)", fetch(Preview(lazy=True), A.UID)),
        (b"FETCH 1 PREVIEW (CHANGEDSINCE 5)", b"Invalid Preview modifier CHANGEDSINCE"),
        (b"FETCH 1 PREVIEW ()", b"Invalid argument to Fetch"),
        (
            b"FETCH 1 (ANNOTATION (/comment (value.priv value.shared)))",
            fetch(Annotation(("/comment",), ("value.priv", "value.shared"))),
        ),
        (b'FETCH 1 ANNOTATION (("/a" /b/%) "*")', fetch(Annotation(("/a", "/b/%"), ("*",)))),
        (b"FETCH 1 ANNOTATION", b"Missing required argument to Fetch"),
        (b"FETCH 1 ANNOTATION (/a)", b"Invalid argument to Fetch"),
        (b"FETCH 1 ANNOTATION (a value)", b"Invalid entry name"),
        (b"FETCH 1 ANNOTATION (/a value x)", b"Invalid argument to Fetch"),
        (b"FETCH", b"Missing required argument to Fetch"),
        (b"FETCH ", b"Missing required argument to Fetch"),
        (b"FETCH 1", b"Missing required argument to Fetch"),
        (b"FETCH 1 ", b"Missing required argument to Fetch"),
        (b"FETCH x FLAGS", b"Invalid sequence in Fetch"),
        (b"FETCH 4294967296 FLAGS", b"Invalid sequence in Fetch"),
        (b"FETCH 1 FOO", b"Invalid Fetch attribute FOO"),
        (b"FETCH 1 (FLAGS FOO)", b"Invalid Fetch attribute FOO"),
        (b"FETCH 1 (ALL)", b"Invalid Fetch attribute ALL"),
        (b"FETCH 1 ()", b"Invalid Fetch attribute"),
        (b"FETCH 1  FLAGS", b"Invalid Fetch attribute"),
        (b"FETCH 1 (FLAGS UID", b"Missing required argument to Fetch"),
        (b"FETCH 1 FLAGS UID", b"Invalid argument to Fetch"),
        (b"FETCH 1 BODY[FOO]", b"Invalid body section"),
        (b"FETCH 1 BODY[MIME]", b"Invalid body section"),
        (b"FETCH 1 BODY[0]", b"Invalid body section"),
        (b"FETCH 1 BODY[1.]", b"Invalid body section"),
        (b"FETCH 1 BODY[1..2]", b"Invalid body section"),
        (b"FETCH 1 BODY[HEADER", b"Invalid body section"),
        (b"FETCH 1 BODY[HEADER.FIELDS ()]", b"Invalid argument to Fetch"),
        (b"FETCH 1 BODY[HEADER.FIELDS]", b"Invalid argument to Fetch"),
        (b'FETCH 1 BODY[HEADER.FIELDS ("")]', b"Invalid body section"),
        (b"FETCH 1 BODY[HEADER.FIELDS ({4+}\r\na\r\nb)]", b"Invalid body section"),
        (b"FETCH 1 BODY[TEXT (x)]", b"Invalid body section"),
        (b"FETCH 1 BODY[]<5>", b"Invalid body partial"),
        (b"FETCH 1 BODY[]<0.0>", b"Invalid body partial"),
        (b"FETCH 1 BODY[]<9999999999999999999.1>", b"Invalid body partial"),
        (b"FETCH 1 BINARY[1.MIME]", b"Invalid body section"),
        (b"FETCH 1 BINARY.SIZE[1]<0.5>", b"Unexpected extra arguments to Fetch"),
        (b"FETCH 1 BODYPARTSTRUCTURE[2]", b"Invalid Fetch attribute BODYPARTSTRUCTURE[2]"),
        (b"FETCH 1 FLAGS (FOO 1)", b"Invalid Fetch modifier FOO"),
        (b"FETCH 1 FLAGS (CHANGEDSINCE x)", b"Invalid argument to Fetch"),
        (b"FETCH 1 FLAGS (CHANGEDSINCE 1) x", b"Unexpected extra arguments to Fetch"),
        (b"UID FETCH 1", b"Missing required argument to Uid"),
    ],
)
def test_fetch(parse: Parse, text: bytes, expected: object) -> None:
    assert parse(text) == expected


QRESYNC = Dialect(EVERYTHING.served, frozenset({Extension.QRESYNC}))


@pytest.mark.parametrize(
    ("modifiers", "expected"),
    [
        (b"(CHANGEDSINCE 12345 VANISHED)", (12345, True, None)),
        (b"(vanished changedsince 1)", (1, True, None)),
        (b"(PARTIAL -1:-30 CHANGEDSINCE 98305)", (98305, False, c.PartialRange(1, 30, from_end=True))),
        (b"(CHANGEDSINCE 98305 PARTIAL 30:1)", (98305, False, c.PartialRange(1, 30))),
        (b"(PARTIAL 1:100)", (None, False, c.PartialRange(1, 100))),
        (b"(VANISHED)", b"VANISHED without CHANGEDSINCE in Fetch"),
        (b"(VANISHED VANISHED CHANGEDSINCE 1)", b"Invalid Fetch modifier VANISHED"),
        (b"(CHANGEDSINCE 1 CHANGEDSINCE 2)", b"Invalid Fetch modifier CHANGEDSINCE"),
        (b"(PARTIAL 1:2 PARTIAL 1:2)", b"Invalid Fetch modifier PARTIAL"),
        (b"(PARTIAL)", b"Invalid argument to Uid"),
        (b"(PARTIAL 1)", b"Invalid partial range in Uid"),
        (b"()", b"Invalid argument to Uid"),
    ],
)
def test_modifiers(parse: Parse, modifiers: bytes, expected: object) -> None:
    outcome = parse(b"UID FETCH 1:* FLAGS " + modifiers, dialect=QRESYNC)
    assert outcome == (
        c.Fetch(SequenceSet.parse(b"1:*"), (A.UID, A.FLAGS), True, *expected)
        if isinstance(expected, tuple)
        else expected
    )


@pytest.mark.parametrize("modifier", [b"VANISHED", b"PARTIAL"])
def test_modifiers_of_uid_fetch_alone(parse: Parse, modifier: bytes) -> None:
    text = b"FETCH 1:* FLAGS (CHANGEDSINCE 1 " + modifier + b" 1:2)"
    assert parse(text, dialect=QRESYNC) == b"Invalid Fetch modifier " + modifier


def test_uidonly_answers_begin_with_the_uid_anyway(parse: Parse) -> None:
    dialect = Dialect(EVERYTHING.served, frozenset({Extension.UIDONLY}))
    assert parse(b"UID FETCH 1 FLAGS", dialect=dialect) == fetch(A.FLAGS, by_uid=True)
    assert parse(b"UID FETCH 1 (FLAGS UID)", dialect=dialect) == fetch(A.FLAGS, A.UID, by_uid=True)


@pytest.mark.parametrize(
    ("octets", "expected"),
    [
        (b"", BodySection(peek=True)),
        (b"1.5.9", BodySection((1, 5, 9), peek=True)),
        (b"header", BodySection(kind=K.HEADER, peek=True)),
        (b"2.HEADER.FIELDS (To x)", BodySection((2,), K.HEADER_FIELDS, (b"To", b"x"), peek=True)),
    ],
)
def test_a_section_alone(octets: bytes, expected: BodySection) -> None:
    assert parse_section_spec(octets, ParserLimits()) == expected


@pytest.mark.parametrize("octets", [b"]", b"1]<0.5>", b"1]<0.5", b"x", b"0", b"MIME", b"HEADER.FIELDS ()", b"1 "])
def test_what_is_no_section(octets: bytes) -> None:
    with pytest.raises(Malformed):
        parse_section_spec(octets, ParserLimits())
