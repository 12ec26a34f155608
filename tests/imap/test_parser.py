"""Framing: lines, literals, messages of APPEND, resynchronisation, limits."""

import tracemalloc

import pytest
from hypothesis import given
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
    LineReceived,
    LiteralChunk,
    LiteralWanted,
    MessageBegun,
)
from angarium.imap.limits import BEFORE_LOGIN, ParserLimits
from angarium.imap.parser import ImapParser
from angarium.imap.states import State

SMALL = ParserLimits(
    line_octets=60,
    atom_octets=20,
    quoted_octets=20,
    literal_octets=30,
    command_octets=110,
    message_octets=50,
    arguments=8,
    nesting=4,
)
NOOP = CommandReceived(b"z", c.Noop())
LOGIN = CommandReceived(b"a", c.Login(b"ann", b"sesame"))


def make(limits: ParserLimits = SMALL, state: State = State.SELECTED) -> ImapParser:
    return ImapParser(limits, state=state)


def append(size: int, *, mailbox: bytes = b"INBOX", is_binary: bool = False) -> AppendBegun:
    return AppendBegun(b"a", mailbox, (), None, size, is_binary)


@pytest.mark.parametrize(
    ("data", "expected"),
    [
        pytest.param(b"a LOGIN ann sesame\r\n", [LOGIN], id="a line"),
        pytest.param(b"a LOGIN ann sesame\n", [LOGIN], id="a line that ends in LF alone"),
        pytest.param(b"a LOGIN {3}\r\nann sesame\r\n", [LiteralWanted(), LOGIN], id="a synchronising literal"),
        pytest.param(b"a LOGIN {3+}\r\nann {6+}\r\nsesame\r\n", [LOGIN], id="non-synchronising literals"),
        pytest.param(b"a LOGIN {3+}\nann sesame\n", [LOGIN], id="a literal after LF alone"),
        pytest.param(
            b"a LOGIN {3}\r\nann {6}\r\nsesame\r\n", [LiteralWanted(), LiteralWanted(), LOGIN], id="two of them"
        ),
        pytest.param(
            b"a LOGIN {3+}\r\nann x{6+}\r\nsesame\r\n",
            [CommandBad(b"a", b"Unexpected extra arguments to Login")],
            id="an atom that runs into a literal",
        ),
        pytest.param(
            b"a SELECT ~{3+}\r\nabc\r\n", [CommandBad(b"a", b"Invalid literal")], id="literal8 where none belongs"
        ),
        pytest.param(b"\r\n", [CommandBad(b"*", b"Invalid tag")], id="an empty line"),
        pytest.param(b"abc\r\n", [CommandBad(b"*", b"Invalid tag")], id="a tag alone"),
        pytest.param(b"{x\r\n", [CommandBad(b"*", b"Invalid tag")], id="a brace as tag"),
        pytest.param(b"a+b NOOP\r\n", [CommandBad(b"*", b"Invalid tag")], id="a plus in the tag"),
        pytest.param(b" NOOP\r\n", [CommandBad(b"*", b"Invalid tag")], id="no tag"),
        pytest.param(b"\xe9 NOOP\r\n", [CommandBad(b"*", b"Invalid tag")], id="a tag of 8 bits"),
        pytest.param(b"a \r\n", [CommandBad(b"a", b"Null command")], id="no command"),
        pytest.param(b"a FOO\r\n", [CommandBad(b"a", b"Unrecognized command")], id="no such command"),
        pytest.param(b"a \xff\r\n", [CommandBad(b"a", b"Unrecognized command")], id="no name of a command"),
        pytest.param(b"a NO\0OP\r\n", [CommandBad(b"a", b"Unrecognized command")], id="NUL"),
        pytest.param(b"a\tNOOP\r\n", [CommandBad(b"*", b"Invalid tag")], id="a tabulator for a space"),
    ],
)
def test_commands_in_every_split(data: bytes, expected: list[Event]) -> None:
    following = b"z NOOP\r\n"
    assert feed(make(state=_state_of(data)), data) == expected
    assert feed(make(state=_state_of(data)), *octets(data)) == expected
    after = CommandBad(b"z", b"Logout in progress")
    parser = make(state=_state_of(data))
    assert feed(parser, data + following) == [*expected, NOOP]
    parser.state = State.LOGOUT
    assert feed(parser, following) == [after]


def _state_of(data: bytes) -> State:
    return State.NOT_AUTHENTICATED if b"LOGIN" in data else State.SELECTED


@pytest.mark.parametrize(
    ("data", "expected"),
    [
        pytest.param(
            b"a FOO {5+}\r\nb x\r\n {9+}\r\nc LOGOUT\n\r\n",
            [CommandBad(b"a", b"Unrecognized command")],
            id="literals of a command that is unknown",
        ),
        pytest.param(b"a FOO {9}\r\n", [CommandBad(b"a", b"Unrecognized command")], id="a literal that will not come"),
        pytest.param(
            b'a SELECT "x {8+}\r\nb NOOP\r\n\r\n',
            [CommandBad(b"a", b"Invalid argument to Select")],
            id="a literal behind what is malformed",
        ),
        pytest.param(
            b"a SELECT {31+}\r\n" + b"b NOOP\r\n" * 3 + b"1234567\r\n",
            [CommandRefused(b"a", b"LIMIT", b"Literal too large")],
            id="a literal above the limit",
        ),
        pytest.param(
            b"a SELECT {31}\r\n", [CommandRefused(b"a", b"LIMIT", b"Literal too large")], id="one that would wait"
        ),
        pytest.param(
            b"a LIST" + (b" {30+}\r\n" + b"x" * 30) * 2 + b" {30+}\r\n" + b"b NOOP\r\n" * 3 + b"123456\r\n",
            [CommandRefused(b"a", b"LIMIT", b"Command too long")],
            id="literals that are too much together",
        ),
        pytest.param(
            b"a SELECT {9+}\r\n123456789" + b"x" * 50 + b"{20+}\r\n" + b"y" * 20 + b"x" * 50 + b"\r\n",
            [CommandRefused(b"a", b"LIMIT", b"Command too long")],
            id="lines that are too much together",
        ),
        pytest.param(
            b"a LIST (" + b"{0+}\r\n" * 9 + b")\r\n", [CommandBad(b"a", b"Too many arguments")], id="too many literals"
        ),
        pytest.param(
            b"a " + b"x" * 70 + b" {9+}\r\nb LOGOUT\n\r\n", [CommandBad(b"a", b"Line too long")], id="too long a line"
        ),
        pytest.param(
            b"x" * 300 + b" NOOP\r\n", [CommandBad(b"*", b"Line too long")], id="too long a line without a tag"
        ),
        pytest.param(
            b"a SELECT {3+}\r\nabc" + b" " * 70 + b"{3+}\r\nabc\r\n",
            [CommandBad(b"a", b"Line too long")],
            id="too long a line after a literal",
        ),
        pytest.param(b"a SELECT " + b"x" * 21 + b"\r\n", [CommandBad(b"a", b"Word too long")], id="too long an atom"),
        pytest.param(
            b'a SELECT "' + b"x" * 21 + b'"\r\n', [CommandBad(b"a", b"Quoted string too long")], id="too long a string"
        ),
        pytest.param(
            b"a STORE 1 FLAGS (" + b" ".join([b"x"] * 9) + b")\r\n",
            [CommandBad(b"a", b"Too many arguments")],
            id="too many arguments",
        ),
        pytest.param(
            b"a APPEND INBOX {51+}\r\n" + b"x" * 51 + b"\r\n",
            [CommandRefused(b"a", b"TOOBIG", b"Message size exceeds fixed limit")],
            id="a message above the limit",
        ),
        pytest.param(
            b"a APPEND INBOX {51}\r\n",
            [CommandRefused(b"a", b"TOOBIG", b"Message size exceeds fixed limit")],
            id="a message above the limit that would wait",
        ),
        pytest.param(
            b"a APPEND INBOX (\\Foo) {10+}\r\nb LOGOUT\r\n\r\n",
            [CommandBad(b"a", b"Invalid flag in Append command")],
            id="a message with a bad head",
        ),
        pytest.param(
            b"a APPEND INBOX x{3+}\r\nabc\r\n", [CommandBad(b"a", b"Invalid argument to Append")], id="a glued literal"
        ),
        pytest.param(
            b"a APPEND INBOX {x{3+}\r\nabc\r\n",
            [CommandBad(b"a", b"Invalid argument to Append")],
            id="a brace before the literal",
        ),
        pytest.param(
            b"a APPEND INBOX\r\n", [CommandBad(b"a", b"Missing required argument to Append")], id="no message"
        ),
        pytest.param(
            b"a APPEND INBOX {x\r\n", [CommandBad(b"a", b"Missing required argument to Append")], id="no literal"
        ),
    ],
)
def test_a_refused_command_is_swallowed_with_its_literals(data: bytes, expected: list[Event]) -> None:
    assert feed(make(), data + b"z NOOP\r\n") == [*expected, NOOP]
    assert feed(make(), *octets(data + b"z NOOP\r\n")) == [*expected, NOOP]


@pytest.mark.parametrize(
    "command", [b"SELECT INBOX", b"FOO", b"UID FETCH 1 FLAGS", b"UID FOO", b"UID", b"APPEND x {3+}\r\nabc"]
)
def test_before_login_nobody_learns_which_commands_exist(command: bytes) -> None:
    data = b"a " + command + b"\r\nz NOOP\r\n"
    assert feed(make(state=State.NOT_AUTHENTICATED), data) == [CommandBad(b"a", b"Please login first"), NOOP]


@pytest.mark.parametrize(
    ("data", "expected"),
    [
        (b"a APPEND INBOX {3+}\r\nabc\r\n", [append(3), LiteralChunk(b"abc"), AppendFinished(b"a")]),
        (b"a APPEND INBOX {3}\r\nabc\r\n", [append(3), LiteralWanted(), LiteralChunk(b"abc"), AppendFinished(b"a")]),
        (b"a APPEND INBOX {0+}\r\n\r\n", [append(0), AppendFinished(b"a")]),
        (
            b"a APPEND INBOX ~{3+}\r\na\0c\r\n",
            [append(3, is_binary=True), LiteralChunk(b"a\0c"), AppendFinished(b"a")],
        ),
        (
            b"a APPEND {3}\r\na b {3+}\r\nabc\r\n",
            [LiteralWanted(), append(3, mailbox=b"a b"), LiteralChunk(b"abc"), AppendFinished(b"a")],
        ),
        (
            b"a APPEND INBOX {3+}\r\nabc {3+}\r\nabc\r\n",
            [append(3), LiteralChunk(b"abc"), MessageBegun((), None, 3), LiteralChunk(b"abc"), AppendFinished(b"a")],
        ),
        (
            b"a APPEND INBOX {3+}\r\nabc" + b"x" * 70 + b"\r\n",
            [append(3), LiteralChunk(b"abc"), CommandBad(b"a", b"Line too long")],
        ),
        (
            b"a APPEND INBOX {21+}\r\na LOGOUT {5+}\r\na NOOP\r\n",
            [append(21), LiteralChunk(b"a LOGOUT {5+}\r\na NOOP"), AppendFinished(b"a")],
        ),
    ],
)
def test_messages_come_in_chunks(data: bytes, expected: list[Event]) -> None:
    assert feed(make(), data + b"z NOOP\r\n") == [*expected, NOOP]
    assert feed(make(), *octets(data + b"z NOOP\r\n")) == [*expected, NOOP]


@pytest.mark.parametrize(
    ("announcement", "body", "events_before"),
    [
        pytest.param(b"{10+}", b"b LOGOUT\r\n\r\n", 1, id="before it comes"),
        pytest.param(b"{10+}", b"b LOGOUT\r\n\r\n", 2, id="in the middle"),
        pytest.param(b"{10}", b"", 1, id="before it is asked for"),
        pytest.param(b"{10}", b"b LOGOUT\r\n\r\n", 2, id="after it was asked for"),
    ],
)
def test_an_append_can_be_refused_at_any_moment(announcement: bytes, body: bytes, events_before: int) -> None:
    parser = make()
    parser.receive_data(b"a APPEND INBOX " + announcement + b"\r\n" + body + b"z NOOP\r\n")
    for _ in range(events_before):
        assert isinstance(parser.next_event(), AppendBegun | LiteralWanted | LiteralChunk)
    parser.refuse_append()
    assert drain(parser) == [NOOP]


def test_a_chunk_is_what_was_received_and_no_copy() -> None:
    parser = make(ParserLimits())
    feed(parser, b"a APPEND INBOX {100000}\r\n")
    data = b"x" * 50_000
    parser.receive_data(data)
    event = parser.next_event()
    assert isinstance(event, LiteralChunk)
    assert event.data is data


def test_a_line_is_no_command_when_one_is_expected() -> None:
    parser = make()
    assert feed(parser, b"a IDLE\r\n") == [CommandReceived(b"a", c.Idle())]
    parser.expect_line()
    assert feed(parser, b"DO", b"NE\r\nz NOOP\r\n") == [LineReceived(b"DONE"), NOOP]


def test_pipelined_commands_wait_for_the_session() -> None:
    parser = make()
    parser.receive_data(b"a IDLE\r\nDONE\r\nz NOOP\r\n")
    assert parser.next_event() == CommandReceived(b"a", c.Idle())
    parser.expect_line()
    assert drain(parser) == [LineReceived(b"DONE"), NOOP]


def test_the_state_that_a_command_brings_counts_for_the_next() -> None:
    parser = make(state=State.NOT_AUTHENTICATED)
    parser.receive_data(b"a LOGIN ann sesame\r\nb SELECT INBOX\r\nc CLOSE\r\n")
    assert parser.next_event() == LOGIN
    parser.state = State.AUTHENTICATED
    assert parser.next_event() == CommandReceived(b"b", c.Select(b"INBOX"))
    assert parser.next_event() == CommandBad(b"c", b"Please select a mailbox first")


def test_too_long_a_line_where_one_is_expected_is_dropped() -> None:
    parser = make()
    feed(parser, b"a IDLE\r\n")
    parser.expect_line()
    assert feed(parser, b"x" * 90, b"x" * 90 + b"\r\nz NOOP\r\n") == [CommandBad(b"a", b"Line too long"), NOOP]


def test_nothing_is_carried_into_tls() -> None:
    parser = make(state=State.NOT_AUTHENTICATED)
    parser.receive_data(b"a STARTTLS\r\nb LOGIN eve x\r\n")
    assert parser.next_event() == CommandReceived(b"a", c.StartTls())
    assert parser.buffered_octets == 15
    parser.drop_buffered()
    assert parser.buffered_octets == 0
    assert feed(parser, b"z NOOP\r\n") == [NOOP]


def test_what_follows_compress_can_be_taken_back() -> None:
    parser = make(ParserLimits())
    parser.dialect = EVERYTHING
    parser.receive_data(b"a COMPRESS DEFLATE\r\n\x52\x08\n\x00")
    assert parser.next_event() == CommandReceived(b"a", c.Compress("DEFLATE"))
    assert parser.take_buffered() == b"\x52\x08\n\x00"
    assert parser.buffered_octets == 0
    assert feed(parser, b"z NOOP\r\n") == [NOOP]


def test_what_is_enabled_counts_for_the_next_command() -> None:
    parser = make(ParserLimits())
    parser.receive_data(b"a ENABLE UIDONLY\r\nb FETCH 1 UID\r\n")
    assert parser.next_event() == CommandReceived(b"a", c.Enable(("UIDONLY",)))
    parser.dialect = Dialect(EVERYTHING.served, frozenset({Extension.UIDONLY}))
    expected = CommandBad(b"b", b"Message numbers are not allowed once UIDONLY is enabled", b"UIDREQUIRED")
    assert parser.next_event() == expected


def test_an_idle_parser_keeps_nothing() -> None:
    parser = make(ParserLimits(), State.NOT_AUTHENTICATED)
    feed(parser, b"", b"a LOGIN {3+}\r\nan", b"n sesame\r\nz NO", b"OP\r\n")
    assert parser.buffered_octets == 0


LINE_ENDS = st.sampled_from([b"\r\n", b"\n", b"\r", b""])
PIECES = st.sampled_from(
    [
        *(b"a NOOP", b"b LOGIN {3+}", b"ann", b" {2}", b"~{4+}", b'"q"', b"hello", b" (\\Seen)", b"{99+}", b"{"),
        *(b"c APPEND INBOX {5+}", b"d FETCH 1:* (FLAGS BODY[])", b"e SEARCH OR NOT SEEN (ALL)"),
        *(
            b"g APPEND x CATENATE (URL {2+}",
            b"h REPLACE 1 x UTF8 (~{3+}",
            b" TEXT {3}",
            b"i SETMETADATA x (/shared ~{2}",
        ),
        *(b"f UID STORE $ FLAGS x", b"\0", b"\xff", b"x" * 70),
    ]
)
STREAMS = st.lists(st.tuples(PIECES | st.binary(max_size=5), LINE_ENDS).map(b"".join), max_size=12).map(b"".join)


@given(STREAMS, st.data())
def test_chunking_never_matters(stream: bytes, data: st.DataObject) -> None:
    cuts = sorted(data.draw(st.lists(st.integers(0, len(stream)), max_size=6)))
    pieces = [stream[a:b] for a, b in zip([0, *cuts], [*cuts, len(stream)], strict=True)]
    whole = feed(make(), stream)
    assert feed(make(), *pieces) == whole
    assert feed(make(), *octets(stream)) == whole


@given(st.sampled_from(list(State)), st.lists(st.binary(max_size=30) | STREAMS, max_size=6))
def test_any_octets_are_bounded_and_raise_nothing(state: State, pieces: list[bytes]) -> None:
    parser = make(state=state)
    parser.dialect = EVERYTHING
    for piece in pieces:
        feed(parser, piece)
        assert parser.buffered_octets <= SMALL.command_octets + SMALL.line_octets + 2


@pytest.mark.parametrize(
    ("prefix", "endless"),
    [
        pytest.param(b"a SELECT ", b"x" * 16_384, id="a line"),
        pytest.param(b"a LIST (", b"{9+}\r\n123456789 " * 1_024, id="literals"),
        pytest.param(b"a FOO {99999999999+}\r\n", b"x" * 16_384, id="a literal that is swallowed"),
        pytest.param(b"a APPEND INBOX {99999999999+}\r\n", b"x" * 16_384, id="a message"),
        pytest.param(b"a APPEND INBOX", b" {5+}\r\n12345" * 1_024, id="messages"),
        pytest.param(b"a APPEND INBOX CATENATE (URL", b" {5+}\r\n/a;b? URL" * 1_024, id="URLs"),
        pytest.param(b"", b"x\r\n" * 1_024, id="bad commands"),
    ],
)
def test_memory_is_bounded_by_the_limits(prefix: bytes, endless: bytes) -> None:
    parser = make(BEFORE_LOGIN)
    parser.dialect = EVERYTHING
    feed(parser, prefix)
    tracemalloc.start()
    try:
        for _ in range(32):
            parser.receive_data(bytes(bytearray(endless)))
            while parser.next_event() is not None:
                pass
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert peak < 2 * BEFORE_LOGIN.command_octets + 4 * len(endless)
