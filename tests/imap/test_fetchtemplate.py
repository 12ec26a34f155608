"""FETCH responses."""

from angarium.fetchitem import (
    FULL,
    BinarySize,
    BodySection,
    FetchAttribute,
    FetchItem,
    Partial,
    Preview,
    SectionKind,
)
from angarium.imap.fetchtemplate import END, FetchTemplate, serialize_literal_head

A = FetchAttribute


def test_attributes_come_in_a_fixed_order() -> None:
    asked: list[FetchItem] = [A.BODY, A.UID, A.MODSEQ, A.FLAGS, A.UID, A.RFC822_SIZE, A.INTERNALDATE]
    template = FetchTemplate([*asked, A.BODYSTRUCTURE, A.ENVELOPE])
    assert template.attributes == (
        A.FLAGS,
        A.UID,
        A.INTERNALDATE,
        A.MODSEQ,
        A.RFC822_SIZE,
        A.ENVELOPE,
        A.BODYSTRUCTURE,
        A.BODY,
    )


def test_one_template_serves_many_messages() -> None:
    template = FetchTemplate([A.UID, A.FLAGS, A.MODSEQ])
    assert template.responses([(1, b"\\Seen", 5, 47), (2, b"", 9, 44)]) == (
        b"* 1 FETCH (FLAGS (\\Seen) UID 5 MODSEQ (47))\r\n* 2 FETCH (FLAGS () UID 9 MODSEQ (44))\r\n"
    )


def test_a_macro_gives_one_whole_line() -> None:
    values = (7, b"\\Seen", b'" 1-Feb-2024 12:00:00 +0000"', 144, b"(NIL)", b'("TEXT" "PLAIN")')
    assert FetchTemplate(FULL).head(values) == (
        b'* 7 FETCH (FLAGS (\\Seen) INTERNALDATE " 1-Feb-2024 12:00:00 +0000" RFC822.SIZE 144 ENVELOPE (NIL)'
        b' BODY ("TEXT" "PLAIN"))\r\n'
    )


def test_previews_and_digests_are_attributes() -> None:
    template = FetchTemplate([Preview(), A.ENVELOPE, A.DIGEST_SHA1, A.UID])
    assert template.attributes == (A.UID, A.DIGEST_SHA1, Preview(), A.ENVELOPE)
    assert template.responses([(1, 5, b"abc0", b'"All is well"', b"(NIL)")]) == (
        b'* 1 FETCH (UID 5 DIGEST.SHA1 abc0 PREVIEW "All is well" ENVELOPE (NIL))\r\n'
    )
    assert FetchTemplate([Preview(lazy=True)]).head((2, b"NIL")) == b"* 2 FETCH (PREVIEW NIL)\r\n"


def test_percent_signs_of_values_and_labels_stay() -> None:
    section = BodySection(kind=SectionKind.HEADER_FIELDS, fields=(b"X-100%d",))
    template = FetchTemplate([A.ENVELOPE, section])
    assert template.head((1, b'("100%d")')) == b'* 1 FETCH (ENVELOPE ("100%d")'
    assert template.labels == (b' BODY[HEADER.FIELDS ("X-100%d")] ',)
    assert template.responses([(1, b'("100%d")', 6, b"100%d\n")]) == (
        b'* 1 FETCH (ENVELOPE ("100%d") BODY[HEADER.FIELDS ("X-100%d")] {6}\r\n100%d\n)\r\n'
    )


def test_sections_are_announced_for_the_session_to_send() -> None:
    template = FetchTemplate([BodySection(partial=Partial(0, 3)), A.UID, BinarySize((2,))])
    answer = [
        template.head((3, 9)),
        template.labels[0],
        serialize_literal_head(3),
        b"abc",
        template.labels[1],
        b"5",
        END,
    ]
    assert b"".join(answer) == b"* 3 FETCH (UID 9 BODY[]<0> {3}\r\nabc BINARY.SIZE[2] 5)\r\n"


def test_responses_with_small_sections_are_whole() -> None:
    template = FetchTemplate([A.UID, BodySection(), BodySection((1,))])
    assert template.responses([(1, 5, 2, b"ab", 1, b"a"), (2, 6, 3, b"cd)", 1, b"c")]) == (
        b"* 1 FETCH (UID 5 BODY[] {2}\r\nab BODY[1] {1}\r\na)\r\n"
        b"* 2 FETCH (UID 6 BODY[] {3}\r\ncd) BODY[1] {1}\r\nc)\r\n"
    )
    assert template.responses([]) == b""


def test_sections_alone_begin_without_a_space() -> None:
    template = FetchTemplate([BodySection(), BodySection(kind=SectionKind.TEXT)])
    assert template.head((1,)) == b"* 1 FETCH ("
    assert template.labels == (b"BODY[] ", b" BODY[TEXT] ")


def test_binary_octets_are_announced_as_literal8() -> None:
    assert serialize_literal_head(5, is_binary=True) == b"~{5}\r\n"


def test_a_client_that_counts_by_uid_is_told_of_uids() -> None:
    assert FetchTemplate([A.UID], uid_only=True).head((7, 7)) == b"* 7 UIDFETCH (UID 7)\r\n"
