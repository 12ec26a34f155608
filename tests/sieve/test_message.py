"""A message as scripts see it and change it."""

from collections.abc import Callable, Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from angarium import mime
from angarium.sieve.actions import Edition, Span
from angarium.sieve.entity import merged, read_entity, read_pieces, size_of
from angarium.sieve.headerblock import Field
from angarium.sieve.mailaddress import MailAddress
from angarium.sieve.message import HeaderTexts, Message

NESTED = b"""\
From: Joe <joe@example.com>\r
Subject: =?utf-8?q?caf=C3=A9?= au\r
 lait \r
Received: one\r
received : two\r
Content-Type: multipart/mixed; boundary=outer\r
\r
prologue\r
--outer\r
Content-Type: text/plain; charset=iso-8859-1\r
Content-Transfer-Encoding: quoted-printable\r
\r
caf=E9\r
--outer\r
Content-Type: message/rfc822\r
\r
Subject: inner\r
\r
body of inner\r
--outer--\r
epilogue\r
"""


def message_of(octets: bytes) -> Message:
    return Message(memoryview(octets), mime.scan(octets))


def octets_of(message: Message, octets: bytes) -> bytes:
    edition = message.edition()
    return octets if edition is None else joined(edition, octets)


def joined(edition: Edition, octets: bytes) -> bytes:
    return b"".join(piece if isinstance(piece, bytes) else octets[piece.start : piece.end] for piece in edition.pieces)


def field(name: str, value: str) -> Field:
    return Field(name.lower().encode(), f"{name}: {value}\r\n".encode())


def test_values_of_fields_are_unfolded_decoded_and_stripped_in_their_order() -> None:
    message = message_of(NESTED)
    assert message.header("subject") == ("café au lait",)
    assert message.header("received") == ("one", "two")
    assert message.header("none") == ()
    assert message.header("Subject") == ()  # names are asked for in lower case
    assert message.header("sübject") == ()
    assert message.header("from:") == ()


def test_addresses_come_without_names_and_out_of_their_groups() -> None:
    octets = (
        b'To: A <a@b.c>, G: "d e"@f.g, h;\r\nTo: undisclosed:;, =?utf-8?q?x?= <i@\xc3\xa9.k>\r\nCc: l@, @m, <>\r\n\r\n'
    )
    message = message_of(octets)
    assert message.addresses("to") == (
        MailAddress("a", "b.c", "a@b.c", True),
        MailAddress("d e", "f.g", '"d e"@f.g', True),
        MailAddress("h", "", "h", False),
        MailAddress("i", "é.k", "i@é.k", True),
    )
    assert [(address.text, address.is_valid) for address in message.addresses("cc")] == [
        ("l", False),
        ("@m", False),
        ("", False),
    ]
    assert message.addresses("bcc") == ()


def test_a_message_that_is_not_edited_has_no_edition_and_its_size() -> None:
    message = message_of(NESTED)
    assert message.edition() is None
    assert message.size == len(NESTED)


def test_a_new_field_is_below_the_trace_or_at_the_end() -> None:
    octets = b"Return-Path: <a@b>\r\nReceived: x\r\nSubject: y\r\nReceived: z\r\n\r\nbody"
    message = message_of(octets)
    message.add_field(field("X-A", "1"))
    message.add_field(field("X-B", "2"))
    message.add_field(field("Received", "3"))
    message.add_field(field("X-C", "4"), last=True)
    assert octets_of(message, octets) == (
        b"Received: 3\r\nReturn-Path: <a@b>\r\nReceived: x\r\nX-B: 2\r\nX-A: 1\r\nSubject: y\r\nReceived: z\r\n"
        b"X-C: 4\r\n\r\nbody"
    )
    assert message.header("x-a") == ("1",)
    assert message.header("received") == ("3", "x", "z")


def test_what_is_added_and_deleted_leaves_no_edition() -> None:
    message = message_of(NESTED)
    assert message.header("x-a") == ()
    message.add_field(field("X-A", "1"))
    assert message.header("x-a") == ("1",)
    message.delete_fields(b"x-a", {0})
    assert message.header("x-a") == ()
    assert message.edition() is None


def test_fields_are_deleted_by_their_number() -> None:
    message = message_of(NESTED)
    message.delete_fields(b"received", {1})
    assert message.header("received") == ("one",)
    assert octets_of(message, NESTED) == NESTED.replace(b"received : two\r\n", b"")
    assert message.size == len(NESTED) - 16


@pytest.mark.parametrize(
    ("octets", "edited"),
    [
        (b"", b"X-A: 1\r\n"),
        (b"\r\n", b"X-A: 1\r\n\r\n"),
        (b"\r\nbody", b"X-A: 1\r\n\r\nbody"),
        (b"A: b", b"A: b\r\nX-A: 1\r\n"),
        (b"A: b\r\n", b"A: b\r\nX-A: 1\r\n"),
        (b"A: b\n\nbody", b"A: b\nX-A: 1\r\n\nbody"),
        (b"From joe Mon\r\nA: b\r\n\r\n", b"From joe Mon\r\nA: b\r\nX-A: 1\r\n\r\n"),
    ],
)
def test_a_field_can_be_appended_to_any_header(octets: bytes, edited: bytes) -> None:
    message = message_of(octets)
    message.add_field(field("X-A", "1"), last=True)
    assert octets_of(message, octets) == edited
    assert message.header("x-a") == ("1",)


def test_octets_of_a_body_are_never_copied() -> None:
    octets = b"A: b\r\n\r\n" + b"x" * 1000
    message = message_of(octets)
    message.add_field(field("X-A", "1"))
    edition = message.edition()
    assert edition == Edition((b"X-A: 1\r\n", Span(0, len(octets))))
    assert message.edition() is edition


def test_editions_of_equal_messages_are_equal() -> None:
    one, other = message_of(NESTED), message_of(NESTED)
    one.add_field(field("X-A", "1"))
    other.add_field(field("X-B", "1"))
    other.add_field(field("X-A", "1"))
    other.delete_fields(b"x-b", {0})
    assert one.edition() == other.edition()


def test_a_part_that_is_replaced_leaves_all_around_it() -> None:
    message = message_of(NESTED)
    part = message.root.children[0]
    message.replace(part, read_entity(b"Content-Type: text/plain\r\n\r\nnew"))
    start = NESTED.index(b"Content-Type: text/plain")
    end = NESTED.index(b"caf=E9") + 6
    assert octets_of(message, NESTED) == NESTED[:start] + b"Content-Type: text/plain\r\n\r\nnew" + NESTED[end:]
    edition = message.edition()
    assert edition is not None
    assert edition.pieces[0] == Span(0, start)
    assert edition.pieces[-1] == Span(end, len(NESTED))
    assert message.body_text(message.root.children[0], 1000) == "new"


CHANGES: dict[str, Callable[[Message], object]] = {
    "a field is added": lambda message: message.add_field(field("Subject", "more")),
    "fields are deleted": lambda message: message.delete_fields(b"subject", (0,)),
    "a part is looked at": lambda message: message.view_part(message.root.children[1]),
    "it is replaced": lambda message: message.replace(message.root, read_entity(b"Subject: new\r\n\r\nnew")),
    "it is enclosed": lambda message: message.enclose(outer := read_entity(NESTED), outer.children[0]),
}


@pytest.mark.parametrize("edit", CHANGES.values(), ids=CHANGES)
def test_scripts_of_one_message_share_what_came_and_no_edits(edit: Callable[[Message], object]) -> None:
    header = HeaderTexts()
    view, scanned = memoryview(NESTED), mime.scan(NESTED)
    first, second = (Message(view, scanned, header) for _ in range(2))
    subject, addresses = first.header("subject"), first.addresses("from")
    assert second.header("subject") is subject
    assert second.addresses("from") is addresses
    edit(first)
    changed = first.header("subject"), first.header("received"), first.addresses("from")
    assert first.header("subject") is not subject
    third = Message(view, scanned, header)
    for message in (second, third):
        assert (message.header("subject"), message.addresses("from")) == (subject, addresses)
        assert message.header("received") == ("one", "two")
    assert (first.header("subject"), first.header("received"), first.addresses("from")) == changed


def test_the_raw_body_is_what_follows_the_first_empty_line() -> None:
    assert message_of(b"A: b\r\n\r\nx\r\n\r\ny").raw_body(1000) == "x\r\n\r\ny"
    assert message_of(b"A: b\r\n\r\n").raw_body(1000) == ""
    assert message_of(b"\r\n").raw_body(1000) == ""
    assert message_of(b"\n\nx").raw_body(1000) == "\nx"
    assert message_of(b"A: b\r\n").raw_body(1000) is None
    assert message_of(b"").raw_body(1000) is None
    assert message_of(b"A: b\r\n\r\n" + b"x" * 100).raw_body(10) == "x" * 10
    assert message_of(b"A: b\r\n\r\n\xff").raw_body(1000) == "\ufffd"


def test_parts_are_decoded_as_far_as_scripts_look() -> None:
    message = message_of(NESTED)
    assert message.body_text(message.root.children[0], 1000) == "café"
    octets = "Content-Type: text/plain; charset=utf-8\r\n\r\nééé".encode()
    message = message_of(octets)
    assert message.body_text(message.root, 3) == "é"


def test_a_long_body_is_decoded_again_rather_than_kept() -> None:
    octets = b"Content-Type: text/plain\r\n\r\n" + b"x" * 3_000_000
    message = message_of(octets)
    one, other = message.body_text(message.root, 3_000_000), message.body_text(message.root, 3_000_000)
    assert one == other
    assert one is not other


def test_prologue_and_epilogue_stand_before_and_after_the_delimiters() -> None:
    root = message_of(NESTED).root
    assert root.prologue(100) == b"prologue"
    assert root.epilogue(100) == b"epilogue\r\n"
    bare = message_of(b"Content-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\n\r\nx\r\n").root
    assert bare.prologue(100) == b""
    assert bare.epilogue(100) == b""


def test_all_parts_are_walked_depth_first() -> None:
    walked = [(entity.media_type, entity.is_message) for entity in message_of(NESTED).root.walk()]
    assert walked == [
        ("multipart/mixed", True),
        ("text/plain", False),
        ("message/rfc822", False),
        ("text/plain", True),
    ]


def test_pieces_are_merged_where_they_touch() -> None:
    pieces = merged([b"a", b"", b"b", Span(3, 3), Span(0, 2), Span(2, 5), Span(7, 9), b"c"])
    assert pieces == (b"ab", Span(0, 5), Span(7, 9), b"c")
    assert size_of(pieces) == 10
    assert read_pieces(pieces, memoryview(b"0123456789"), 8) == b"ab012347"


LINES = st.sampled_from(
    [
        b"Subject: a", b"X-A: 1", b"x-a: 2", b"X-A : 3", b" folded", b"no field", b"Received: r", b"", b"--b", b"--b--",
        b"Content-Type: multipart/mixed; boundary=b", b"Content-Type: message/rfc822", b"text", b"\xff\x00",
    ]
)  # fmt: skip
EDITS = st.lists(st.tuples(st.sampled_from(["add", "last", "delete"]), st.integers(0, 2)), max_size=5)


def reference_edit(header: list[list[bytes]], edit: tuple[str, int]) -> None:
    """One edit of a list of runs, each a name and its lines."""
    kind, number = edit
    new = [b"x-a", b"X-A: %d\r\n" % number]
    if kind == "last":
        header.append(new)
    elif kind == "add":
        place = next(
            (i for i, (name, _) in enumerate(header) if name not in (b"received", b"return-path")), len(header)
        )
        header.insert(place, new)
    else:
        places = [i for i, (name, _) in enumerate(header) if name == b"x-a"]
        if number < len(places):
            del header[places[number]]


def runs_of(block: bytes) -> tuple[list[list[bytes]], bytes]:
    """The fields of a header, each a name and its octets, and the empty line that ends it."""
    runs: list[list[bytes]] = []
    lines = block.splitlines(keepends=True)
    end = b"\r\n" if lines and lines[-1] == b"\r\n" else b""
    for line in lines[: len(lines) - len(end) // 2]:
        if runs and line[:1] in (b" ", b"\t"):
            runs[-1][1] += line
            continue
        name, colon, _ = line.partition(b":")
        name = name.rstrip(b" ").lower()
        runs.append([name if colon and b" " not in name else b"", line])
    return runs, end


@given(lines=st.lists(LINES, max_size=12), edits=EDITS)
def test_an_edition_is_what_an_edit_of_the_text_gives(lines: Sequence[bytes], edits: list[tuple[str, int]]) -> None:
    octets = b"".join(line + b"\r\n" for line in lines)
    message = message_of(octets)
    header_size = message.root.part.header_size
    header, end = runs_of(octets[:header_size])
    for kind, number in edits:
        reference_edit(header, (kind, number))
        if kind == "delete":
            message.delete_fields(b"x-a", {number})
        else:
            message.add_field(field("X-A", str(number)), last=kind == "last")
    expected = b"".join(octets for _, octets in header) + end + octets[header_size:]
    assert octets_of(message, octets) == expected
    assert message.size == len(expected)
    assert [value.strip() for value in message.header("x-a")] == [
        octets.partition(b":")[2].replace(b"\r\n", b"").strip().decode() for name, octets in header if name == b"x-a"
    ]


@given(octets=st.binary(max_size=400) | st.lists(LINES, max_size=15).map(b"\r\n".join), limit=st.integers(0, 50))
def test_any_octets_can_be_read_and_edited(octets: bytes, limit: int) -> None:
    message = message_of(octets)
    for name in ("subject", "x-a", "", "to"):
        message.header(name)
        message.addresses(name)
    message.raw_body(limit)
    for entity in message.root.walk():
        message.body_text(entity, limit)
        entity.exact_text(limit)
        entity.prologue(limit)
        entity.epilogue(limit)
    message.add_field(field("X-A", "1"))
    for entity in [*message.root.walk()][1:]:
        message.replace(entity, read_entity(b"X: y\r\n\r\nnew"))
    edited = octets_of(message, octets)
    assert edited.count(b"X-A: 1\r\n") >= 1
    assert message.size == len(edited)
