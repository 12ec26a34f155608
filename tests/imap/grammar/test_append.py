"""APPEND and REPLACE: what stands before and between messages, in every split."""

from datetime import UTC, datetime

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.imap.feeding import drain, feed, octets

from angarium.imap import commands as c
from angarium.imap.dialect import EVERYTHING, Dialect, Extension
from angarium.imap.events import (
    AppendBegun,
    AppendFinished,
    CommandBad,
    CommandReceived,
    CommandRefused,
    Event,
    LiteralChunk,
    LiteralWanted,
    MessageBegun,
    ReplaceBegun,
    TextBegun,
    UrlGiven,
)
from angarium.imap.limits import ParserLimits
from angarium.imap.parser import ImapParser
from angarium.imap.states import State
from angarium.sequenceset import SequenceSet

MOMENT = datetime(1994, 2, 7, 21, 52, 25, tzinfo=UTC)
NOOP = CommandReceived(b"z", c.Noop())
DONE = AppendFinished(b"a")
WANTED = LiteralWanted()
ABC = LiteralChunk(b"abc")
LIMITS = ParserLimits(message_octets=50, literal_octets=40, command_octets=400, arguments=12)
NOTHING = Dialect(frozenset())


def make(dialect: Dialect = EVERYTHING, limits: ParserLimits = LIMITS) -> ImapParser:
    return ImapParser(limits, state=State.SELECTED, dialect=dialect)


def check(text: bytes, expected: list[Event], dialect: Dialect = EVERYTHING) -> None:
    data = b"a " + text + b"\r\nz NOOP\r\n"
    assert feed(make(dialect), data) == [*expected, NOOP]
    assert feed(make(dialect), *octets(data)) == [*expected, NOOP]


def append(
    size: int,
    *,
    mailbox: bytes = b"INBOX",
    flags: tuple[str, ...] = (),
    internal_date: datetime | None = None,
    annotations: tuple[c.AnnotationValue, ...] = (),
    is_utf8: bool = False,
) -> AppendBegun:
    return AppendBegun(
        b"a", mailbox, flags, internal_date, size, is_binary=is_utf8, is_utf8=is_utf8, annotations=annotations
    )


def catenate() -> AppendBegun:
    return AppendBegun(b"a", b"INBOX", (), None, 0, is_catenated=True)


def replace(numbers: bytes, size: int, *, by_uid: bool = False) -> ReplaceBegun:
    return ReplaceBegun(append(size, mailbox=b"Drafts", flags=("\\Seen",)), SequenceSet.parse(numbers), by_uid)


def bad(text: bytes) -> CommandBad:
    return CommandBad(b"a", text)


@pytest.mark.parametrize(
    ("head", "begun"),
    [
        (b"INBOX", append(3)),
        (
            b'"saved messages" (\\seen $Work \\Seen)',
            append(3, mailbox=b"saved messages", flags=("\\Seen", "$Work")),
        ),
        (b"INBOX ()", append(3)),
        (b'INBOX "07-Feb-1994 21:52:25 +0000"', append(3, internal_date=MOMENT)),
        (
            b'{5+}\r\nINBOX (\\Draft) " 7-Feb-1994 21:52:25 +0000"',
            append(3, flags=("\\Draft",), internal_date=MOMENT),
        ),
    ],
)
@pytest.mark.parametrize("dialect", [NOTHING, EVERYTHING])
def test_what_stands_before_a_message(head: bytes, begun: AppendBegun, dialect: Dialect) -> None:
    check(b"APPEND " + head + b" {3+}\r\nabc", [begun, ABC, DONE], dialect)
    check(b"APPEND " + head + b" {3}\r\nabc", [begun, WANTED, ABC, DONE], dialect)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (b"APPEND", b"Missing required argument to Append"),
        (b"APPEND INBOX", b"Missing required argument to Append"),
        (b"APPEND INBOX ", b"Missing required argument to Append"),
        (b"APPEND INBOX x", b"Invalid argument to Append"),
        (b"APPEND INBOX NIL", b"Invalid argument to Append"),
        (b"APPEND INBOX (\\Bogus) {3+}\r\nabc", b"Invalid flag in Append command"),
        (b"APPEND INBOX (\\Recent) {3+}\r\nabc", b"Invalid flag in Append command"),
        (b"APPEND INBOX (a]b) {3+}\r\nabc", b"Invalid flag in Append command"),
        (b'APPEND INBOX "bad date" {3+}\r\nabc', b"Invalid date-time in Append command"),
        (b'APPEND INBOX "07-Feb-1994 21:52:25 +0000" (\\Seen) {3+}\r\nabc', b"Invalid argument to Append"),
        (b"APPEND INBOX {3} x", b"Missing required argument to Append"),
        (b"APPEND {3+}\r\n\0bc {3+}\r\nabc", b"Invalid literal: NUL in it"),
        (b"APPEND ~{3+}\r\nabc {3+}\r\nabc", b"Invalid literal"),
    ],
)
@pytest.mark.parametrize("dialect", [NOTHING, EVERYTHING])
def test_malformed_heads(text: bytes, expected: bytes, dialect: Dialect) -> None:
    check(text, [bad(expected)], dialect)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        pytest.param(
            b"APPEND INBOX (\\Seen) {3+}\r\nabc (\\Flagged) {3+}\r\nabc",
            [append(3, flags=("\\Seen",)), ABC, MessageBegun(("\\Flagged",), None, 3), ABC, DONE],
            id="two messages",
        ),
        pytest.param(
            b"APPEND INBOX {3}\r\nabc {3}\r\nabc ~{3}\r\na\0c",
            [
                *(append(3), WANTED, ABC, MessageBegun((), None, 3), WANTED, ABC),
                *(MessageBegun((), None, 3, is_binary=True), WANTED, LiteralChunk(b"a\0c"), DONE),
            ],
            id="three that wait",
        ),
        pytest.param(
            b"APPEND INBOX {3+}\r\nabc {0+}\r\n",
            [append(3), ABC, MessageBegun((), None, 0), DONE],
            id="an empty one, with which a client gives up",
        ),
        pytest.param(
            b'APPEND INBOX CATENATE (TEXT {3+}\r\nabc URL "/x/;UID=1" URL /y TEXT {0+}\r\n)',
            [catenate(), TextBegun(3), ABC, UrlGiven(b"/x/;UID=1"), UrlGiven(b"/y"), TextBegun(0), DONE],
            id="parts",
        ),
        pytest.param(
            b"APPEND INBOX CATENATE (url {4}\r\n/a b text {3}\r\nabc)",
            [catenate(), WANTED, UrlGiven(b"/a b"), TextBegun(3), WANTED, ABC, DONE],
            id="a URL as literal",
        ),
        pytest.param(
            b"APPEND INBOX catenate (URL {2+}\r\n/a URL {2+}\r\n/b)",
            [catenate(), UrlGiven(b"/a"), UrlGiven(b"/b"), DONE],
            id="nothing but URLs",
        ),
        pytest.param(
            b"APPEND INBOX CATENATE (URL /a) (\\Seen) CATENATE (TEXT {3+}\r\nabc)",
            [
                catenate(),
                UrlGiven(b"/a"),
                MessageBegun(("\\Seen",), None, 0, is_catenated=True),
                TextBegun(3),
                ABC,
                DONE,
            ],
            id="two messages in parts",
        ),
        pytest.param(
            b"APPEND INBOX UTF8 (~{3+}\r\nabc)", [append(3, is_utf8=True), ABC, DONE], id="a message in UTF-8"
        ),
        pytest.param(
            b"APPEND INBOX CATENATE (UTF8 (~{3+}\r\nabc) URL /a)",
            [catenate(), TextBegun(3, is_binary=True, is_utf8=True), ABC, UrlGiven(b"/a"), DONE],
            id="a part in UTF-8",
        ),
        pytest.param(
            b'APPEND INBOX (\\Seen) ANNOTATION (/comment (value.priv "x" value.shared NIL)) {3+}\r\nabc',
            [
                append(
                    3,
                    flags=("\\Seen",),
                    annotations=(
                        c.AnnotationValue("/comment", "value.priv", b"x"),
                        c.AnnotationValue("/comment", "value.shared", None),
                    ),
                ),
                ABC,
                DONE,
            ],
            id="annotations",
        ),
        pytest.param(
            b"APPEND INBOX ANNOTATION ({2+}\r\n/a ({10}\r\nvalue.priv ~{2+}\r\nx\0)) {3+}\r\nabc",
            [WANTED, append(3, annotations=(c.AnnotationValue("/a", "value.priv", b"x\0"),)), ABC, DONE],
            id="annotations of literals",
        ),
        pytest.param(b"REPLACE 4 Drafts (\\Seen) {3+}\r\nabc", [replace(b"4", 3), ABC, DONE], id="REPLACE"),
        pytest.param(b"REPLACE * Drafts (\\Seen) {3+}\r\nabc", [replace(b"*", 3), ABC, DONE], id="REPLACE the last"),
        pytest.param(
            b"UID REPLACE 2000 {6}\r\nDrafts (\\Seen) {3}\r\nabc",
            [WANTED, replace(b"2000", 3, by_uid=True), WANTED, ABC, DONE],
            id="UID REPLACE",
        ),
        pytest.param(
            b"REPLACE 4 INBOX CATENATE (URL /a)",
            [ReplaceBegun(catenate(), SequenceSet.parse(b"4"), by_uid=False), UrlGiven(b"/a"), DONE],
            id="REPLACE by parts",
        ),
    ],
)
def test_messages(text: bytes, expected: list[Event]) -> None:
    check(text, expected)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (b"APPEND INBOX CATENATE", [bad(b"Missing required argument to Append")]),
        (b"APPEND INBOX CATENATE ()", [catenate(), bad(b"Invalid argument to Append")]),
        (b"APPEND INBOX CATENATE x", [catenate(), bad(b"Invalid argument to Append")]),
        (b"APPEND INBOX CATENATE (FOO {3+}\r\nabc)", [catenate(), bad(b"Invalid message part in Append")]),
        (b"APPEND INBOX CATENATE (URL", [catenate(), bad(b"Missing required argument to Append")]),
        (b"APPEND INBOX CATENATE (URL /a", [catenate(), UrlGiven(b"/a"), bad(b"Missing required argument to Append")]),
        (
            b"APPEND INBOX CATENATE (TEXT {3+}\r\nabc",
            [catenate(), TextBegun(3), ABC, bad(b"Missing required argument to Append")],
        ),
        (
            b"APPEND INBOX CATENATE (TEXT {3+}\r\nabcURL /a)",
            [catenate(), TextBegun(3), ABC, bad(b"Invalid argument to Append")],
        ),
        (
            b"APPEND INBOX CATENATE (TEXT {30+}\r\n" + b"x" * 30 + b" TEXT {21+}\r\n" + b"b NOOP\r\n" * 2 + b"12345)",
            [
                *(catenate(), TextBegun(30), LiteralChunk(b"x" * 30)),
                CommandRefused(b"a", b"TOOBIG", b"Message size exceeds fixed limit"),
            ],
        ),
        (
            b"APPEND INBOX CATENATE (URL {41+}\r\n" + b"x" * 41 + b")",
            [catenate(), CommandRefused(b"a", b"LIMIT", b"Literal too large")],
        ),
        (b"APPEND INBOX CATENATE (URL ~{2+}\r\n/a)", [catenate(), bad(b"Invalid literal")]),
        (b"APPEND INBOX UTF8 ({3+}\r\nabc)", [bad(b"Invalid argument to Append")]),
        (b"APPEND INBOX UTF8 ~{3+}\r\nabc", [bad(b"Invalid argument to Append")]),
        (
            b"APPEND INBOX UTF8 (~{3+}\r\nabc",
            [append(3, is_utf8=True), ABC, bad(b"Missing required argument to Append")],
        ),
        (b"APPEND INBOX {3+}\r\nabc ", [append(3), ABC, bad(b"Missing required argument to Append")]),
        (b"APPEND INBOX {3+}\r\nabc{3+}\r\nabc", [append(3), ABC, bad(b"Invalid argument to Append")]),
        (b"APPEND INBOX {3+}\r\nabc FOO", [append(3), ABC, bad(b"Invalid argument to Append")]),
        (
            b"APPEND INBOX {3+}\r\nabc {51+}\r\n" + b"x" * 51,
            [append(3), ABC, CommandRefused(b"a", b"TOOBIG", b"Message size exceeds fixed limit")],
        ),
        (b"APPEND INBOX ANNOTATION () {3+}\r\nabc", [bad(b"Invalid argument to Append")]),
        (b"APPEND INBOX ANNOTATION (comment (value x)) {3+}\r\nabc", [bad(b"Invalid entry name")]),
        (b'APPEND INBOX ANNOTATION (/a (v* "x")) {3+}\r\nabc', [bad(b"Invalid attribute name")]),
        (b"APPEND INBOX ANNOTATION (/a (v {1+}\r\n\0)) {3+}\r\nabc", [bad(b"Invalid literal: NUL in it")]),
        (
            b'APPEND INBOX ANNOTATION (/a (v "x")) ANNOTATION (/a (v "x")) {3+}\r\nabc',
            [bad(b"Invalid argument to Append")],
        ),
        (b"REPLACE", [bad(b"Missing required argument to Replace")]),
        (b"REPLACE 4", [bad(b"Missing required argument to Replace")]),
        (b"REPLACE 4 Drafts", [bad(b"Missing required argument to Replace")]),
        (b"REPLACE 0 Drafts {3+}\r\nabc", [bad(b"Invalid sequence in Replace")]),
        (b"REPLACE 1:2 Drafts {3+}\r\nabc", [bad(b"Invalid sequence in Replace")]),
        (b"REPLACE 1,2 Drafts {3+}\r\nabc", [bad(b"Invalid sequence in Replace")]),
        (b"REPLACE $ Drafts {3+}\r\nabc", [bad(b"Invalid sequence in Replace")]),
        (b"REPLACE 4 Drafts (\\Foo) {3+}\r\nabc", [bad(b"Invalid flag in Replace command")]),
        (b"UID REPLACE x Drafts {3+}\r\nabc", [bad(b"Invalid sequence in Uid")]),
        (
            b"REPLACE 4 Drafts (\\Seen) {3+}\r\nabc {3+}\r\nabc",
            [replace(b"4", 3), ABC, bad(b"Unexpected extra arguments to Replace")],
        ),
    ],
)
def test_malformed_messages(text: bytes, expected: list[Event]) -> None:
    check(text, expected)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (b"APPEND INBOX {3+}\r\nabc {3+}\r\nabc", [append(3), ABC, bad(b"Unexpected extra arguments to Append")]),
        (b"APPEND INBOX CATENATE (TEXT {3+}\r\nabc)", [bad(b"Invalid argument to Append")]),
        (b"APPEND INBOX UTF8 (~{3+}\r\nabc)", [bad(b"Invalid argument to Append")]),
        (b'APPEND INBOX ANNOTATION (/a (v "x")) {3+}\r\nabc', [bad(b"Invalid argument to Append")]),
        (b"REPLACE 4 Drafts {3+}\r\nabc", [bad(b"Unrecognized command")]),
        (b"UID REPLACE 4 Drafts {3+}\r\nabc", [bad(b"Unrecognized UID subcommand")]),
    ],
)
def test_what_is_not_served_is_refused(text: bytes, expected: list[Event]) -> None:
    check(text, expected, NOTHING)


def test_catenate_without_utf8_has_no_such_part() -> None:
    dialect = Dialect(EVERYTHING.served - {Extension.UTF8_ACCEPT})
    check(b"APPEND INBOX CATENATE (UTF8 (~{3+}\r\nabc))", [catenate(), bad(b"Invalid message part in Append")], dialect)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        pytest.param(b"APPEND INBOX" + b" {0+}\r\n" * 14, bad(b"Too many arguments"), id="messages"),
        pytest.param(b"APPEND INBOX CATENATE (" + b"URL /a " * 13 + b"URL /a)", bad(b"Too many arguments"), id="parts"),
        pytest.param(
            b"APPEND INBOX CATENATE (" + b"URL {1+}\r\n/ " * 13 + b"URL /a)", bad(b"Too many arguments"), id="literals"
        ),
        pytest.param(
            b"APPEND INBOX CATENATE (" + b"URL {40+}\r\n" + b"x" * 40 + b" URL " + b"x" * 400 + b")",
            CommandRefused(b"a", b"LIMIT", b"Command too long"),
            id="octets",
        ),
    ],
)
def test_what_is_no_message_is_bounded(text: bytes, expected: Event) -> None:
    events = feed(make(), b"a " + text + b"\r\nz NOOP\r\n")
    assert events[-2:] == [expected, NOOP]


MANY = (
    b"a APPEND INBOX CATENATE (URL {2+}\r\n/a TEXT {12+}\r\nb LOGOUT\r\n\r\n) "
    b"(\\Seen) {12+}\r\nb LOGOUT\r\n\r\n UTF8 (~{3+}\r\nabc)\r\n"
)


@pytest.mark.parametrize("events_before", range(1, 9))
def test_an_append_of_many_can_be_refused_at_any_moment(events_before: int) -> None:
    parser = make()
    parser.receive_data(MANY + b"z NOOP\r\n")
    for _ in range(events_before):
        assert not isinstance(parser.next_event(), CommandBad | CommandRefused | AppendFinished | None)
    parser.refuse_append()
    assert drain(parser) == [NOOP]


@pytest.mark.parametrize(
    "pieces",
    [
        pytest.param([b"a APPEND INBOX CATENATE (URL /a TEXT {9}\r\n"], id="while the client waits with a text"),
        pytest.param([b"a APPEND INBOX CATENATE (URL /a URL {9}\r\n"], id="while the client waits with a URL"),
        pytest.param([b"a APPEND INBOX {3+}\r\nabc", b" {3}\r\n"], id="before the next line"),
    ],
)
def test_a_refusal_answers_a_client_that_waits(pieces: list[bytes]) -> None:
    parser = make()
    parser.receive_data(pieces[0])
    for _ in range(2):
        assert parser.next_event() is not None
    parser.refuse_append()
    assert feed(parser, *pieces[1:], b"z NOOP\r\n") == [NOOP]


def test_a_literal_that_was_asked_for_is_swallowed() -> None:
    parser = make()
    assert feed(parser, b"a APPEND INBOX CATENATE (URL {9}\r\n") == [catenate(), WANTED]
    parser.refuse_append()
    assert feed(parser, b"b LOGOUT\n)\r\nz NOOP\r\n") == [NOOP]


PIECES = st.sampled_from(
    [
        *(b"APPEND INBOX", b"UID REPLACE 1 x", b" (\\Seen)", b" {3+}\r\n", b" {3}\r\n", b"~{2+}\r\n", b"abc", b" "),
        *(b"CATENATE (", b"URL ", b"/a", b"TEXT", b" UTF8 (", b")", b"ANNOTATION (/a (v ", b'"x"', b"\r\n", b"a "),
    ]
)


@settings(deadline=None)
@given(st.lists(PIECES, max_size=20).map(lambda pieces: b"a " + b"".join(pieces)), st.data())
def test_chunking_never_matters(stream: bytes, data: st.DataObject) -> None:
    cuts = sorted(data.draw(st.lists(st.integers(0, len(stream)), max_size=6)))
    pieces = [stream[a:b] for a, b in zip([0, *cuts], [*cuts, len(stream)], strict=True)]
    whole = feed(make(), stream)
    assert feed(make(), *pieces) == whole
    assert feed(make(), *octets(stream)) == whole
