"""Fetch items and the names that they are answered under."""

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
    sets_seen,
)


@pytest.mark.parametrize(
    ("item", "label"),
    [
        (FetchAttribute.RFC822_SIZE, b"RFC822.SIZE"),
        (BodySection(), b"BODY[]"),
        (BodySection(peek=True), b"BODY[]"),
        (BodySection(kind=SectionKind.HEADER), b"BODY[HEADER]"),
        (BodySection((1, 2)), b"BODY[1.2]"),
        (BodySection((3,), SectionKind.MIME), b"BODY[3.MIME]"),
        (BodySection(kind=SectionKind.TEXT, partial=Partial(0, 20)), b"BODY[TEXT]<0>"),
        (BodySection(kind=SectionKind.HEADER_FIELDS, fields=(b"From", b"to")), b"BODY[HEADER.FIELDS (From to)]"),
        (BodySection((2,), SectionKind.HEADER_FIELDS_NOT, (b'a"b',)), b'BODY[2.HEADER.FIELDS.NOT ("a\\"b")]'),
        (BodySection(kind=SectionKind.HEADER_FIELDS, fields=(b"\xc3\xa9",)), b"BODY[HEADER.FIELDS ({2}\r\n\xc3\xa9)]"),
        (BodySection(is_rfc822=True), b"RFC822"),
        (BodySection(kind=SectionKind.HEADER, is_rfc822=True), b"RFC822.HEADER"),
        (BodySection(kind=SectionKind.TEXT, is_rfc822=True), b"RFC822.TEXT"),
        (BinarySection((1,), Partial(5, 9), peek=True), b"BINARY[1]<5>"),
        (BinarySize((1, 1)), b"BINARY.SIZE[1.1]"),
        (FetchAttribute.DIGEST_SHA1, b"DIGEST.SHA1"),
        (Preview(lazy=True), b"PREVIEW"),
        (Annotation(("/comment",), ("value",)), b"ANNOTATION"),
    ],
)
def test_an_item_knows_its_name_in_the_answer(item: FetchItem, label: bytes) -> None:
    assert item.label == label


def test_sections_that_cannot_be_are_refused() -> None:
    with pytest.raises(ValueError, match="fields"):
        BodySection(kind=SectionKind.HEADER_FIELDS)
    with pytest.raises(ValueError, match="fields"):
        BodySection(fields=(b"From",))
    with pytest.raises(ValueError, match="MIME"):
        BodySection(kind=SectionKind.MIME)
    with pytest.raises(ValueError, match="partial"):
        Partial(0, 0)
    with pytest.raises(ValueError, match="partial"):
        Partial(-1, 5)


@pytest.mark.parametrize(
    ("items", "expected"),
    [
        (FULL, False),
        ((BodySection(),), True),
        ((*FAST, BodySection(peek=True)), False),
        ((BodySection(peek=True), BinarySection((1,))), True),
        ((BinarySize((1,)),), False),
    ],
)
def test_only_sections_without_peek_set_seen(items: tuple[FetchItem, ...], expected: bool) -> None:
    assert sets_seen(items) is expected


def test_macros_grow_from_one_another() -> None:
    assert ALL[: len(FAST)] == FAST
    assert FULL[: len(ALL)] == ALL


@pytest.mark.parametrize(("entries", "attributes"), [((), ("value",)), (("/comment",), ())])
def test_an_annotation_has_entries_and_attributes(entries: tuple[str, ...], attributes: tuple[str, ...]) -> None:
    with pytest.raises(ValueError, match="required"):
        Annotation(entries, attributes)
