"""Octets to events, however they come."""

from collections.abc import Iterable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from angarium.managesieve import commands as c
from angarium.managesieve.events import CommandReceived, CommandRefused, Event, ResponseReceived
from angarium.managesieve.grammar import Problem
from angarium.managesieve.parser import ManageSieveParser, ParserLimits

LIMITS = ParserLimits(line=2000, script=100)
NOOP = CommandReceived(c.Noop())


def events_of(chunks: Iterable[bytes], *, in_exchange: bool = False) -> list[Event]:
    parser = ManageSieveParser(LIMITS)
    if in_exchange:
        parser.expect_response()
    events = []
    for chunk in chunks:
        parser.receive_data(chunk)
        while (event := parser.next_event()) is not None:
            events.append(event)
            assert parser.buffered_octets <= len(chunk) + LIMITS.line + LIMITS.script
    return events


def every_way(octets: bytes) -> Iterable[list[bytes]]:
    yield [octets]
    yield [octets[index : index + 1] for index in range(len(octets))]
    for size in (2, 3, 7):
        yield [octets[start : start + size] for start in range(0, len(octets), size)]


@pytest.mark.parametrize(
    ("octets", "expected"),
    [
        (b"NOOP\r\nNOOP\n", [NOOP, NOOP]),
        (b"NOOP", []),
        (b'NOOP {3+}\r\na"b\r\nNOOP\r\n', [CommandReceived(c.Noop(b'a"b')), NOOP]),
        (b"NOOP {0+}\r\n\r\n", [CommandReceived(c.Noop(b""))]),
        (
            b'PUTSCRIPT {1+}\r\nx {7+}\r\nkeep;\r\n\r\nPUTSCRIPT "y" "stop;"\r\n',
            [CommandReceived(c.PutScript("x", b"keep;\r\n")), CommandReceived(c.PutScript("y", b"stop;"))],
        ),
        # What is refused takes its literals along.
        (
            b'FOO "x" {6+}\r\nNOOP\r\n {6+}\r\nNOOP\r\n\r\nNOOP\r\n',
            [CommandRefused(Problem.COMMAND_UNKNOWN, b"FOO"), NOOP],
        ),
        (b"GETSCRIPT x {6+}\r\nNOOP\r\n\r\nNOOP\r\n", [CommandRefused(Problem.SYNTAX, b"GETSCRIPT"), NOOP]),
        (b"LOGOUT {6+}\r\nNOOP\r\n\r\nNOOP\r\n", [CommandRefused(Problem.SYNTAX, b"LOGOUT"), NOOP]),
        (
            b'PUTSCRIPT "x" {101+}\r\n' + b"NOOP\r\n" * 16 + b"12345\r\nNOOP\r\n",
            [CommandRefused(Problem.SCRIPT_TOO_LARGE, b"PUTSCRIPT"), NOOP],
        ),
        (
            b"PUTSCRIPT {1025+}\r\n" + b"x" * 1025 + b" {6+}\r\nNOOP\r\n\r\nNOOP\r\n",
            [CommandRefused(Problem.NAME, b"PUTSCRIPT"), NOOP],
        ),
        (b"NOOP {1025+}\r\n" + b"x" * 1025 + b"\r\nNOOP\r\n", [CommandRefused(Problem.STRING_TOO_LONG, b"NOOP"), NOOP]),
        (b'PUTSCRIPT "x" {3}\r\nNOOP\r\n', [CommandRefused(Problem.SYNCHRONISING, b"PUTSCRIPT"), NOOP]),
        (b"{3+}\r\nabc\r\nNOOP\r\n", [CommandRefused(Problem.COMMAND_UNKNOWN), NOOP]),
        (b"\r\nNOOP\r\n", [CommandRefused(Problem.COMMAND_UNKNOWN), NOOP]),
        (b"GET / HTTP/1.1\r\nNOOP\r\n", [CommandRefused(Problem.HTTP, b"GET"), NOOP]),
        (b'NOOP "' + b"x" * 1990 + b'"\r\n', [CommandReceived(c.Noop(b"x" * 1990))]),
    ],
)
def test_events_do_not_depend_on_how_octets_come(octets: bytes, expected: list[Event]) -> None:
    for chunks in every_way(octets):
        assert events_of(chunks) == expected


def test_a_long_line_is_refused_before_it_ends_and_swallowed() -> None:
    for end in (b"", b" {6+}\r\nNOOP\r\n"):
        octets = b"NOOP " + b"x" * 5000 + end + b"\r\nNOOP\r\n"
        for chunks in every_way(octets):
            assert [type(event) for event in events_of(chunks)] == [CommandRefused, CommandReceived], chunks[:3]
    parser = ManageSieveParser(LIMITS)
    parser.receive_data(b"x" * 2001)
    assert parser.next_event() == CommandRefused(Problem.LINE_TOO_LONG)
    for _ in range(100):
        parser.receive_data(b"x" * 2000)
        assert parser.next_event() is None
        assert parser.buffered_octets < 100


def test_a_literal_that_is_too_large_is_never_held() -> None:
    parser = ManageSieveParser(LIMITS)
    parser.receive_data(b"CHECKSCRIPT {4294967295+}\r\n")
    assert parser.next_event() == CommandRefused(Problem.SCRIPT_TOO_LARGE, b"CHECKSCRIPT")
    for _ in range(100):
        parser.receive_data(b"x" * 65536)
        assert parser.next_event() is None
        assert parser.buffered_octets == 0


@pytest.mark.parametrize(
    ("octets", "response"),
    [
        (b'"AAAA"\r\n', b"AAAA"),
        (b'""\r\n', b""),
        (b"{4+}\r\nAAAA\r\n", b"AAAA"),
        (b"{0+}\r\n\r\n", b""),
        (b'"*"\r\n', b"*"),
        (b"*\r\n", b"*"),
        (b"AAAA\r\n", None),
        (b"\r\n", None),
        (b'"AAAA" "AAAA"\r\n', None),
        (b'"AAAA\r\n', None),
        (b"{4}\r\n", None),
        (b'"A" {6+}\r\nNOOP\r\n\r\n', None),
        (b"{2001+}\r\n" + b"A" * 2001 + b"\r\n", None),
        (b'LOGOUT "x" {6+}\r\nNOOP\r\n\r\n', None),
        (b"A" * 5000 + b"\r\n", None),
    ],
)
def test_in_an_exchange_each_line_is_a_response(octets: bytes, response: bytes | None) -> None:
    for chunks in every_way(octets + b"NOOP\r\n"):
        assert events_of(chunks, in_exchange=True) == [ResponseReceived(response), NOOP]


def test_a_command_is_kept_as_it_came() -> None:
    parser = ManageSieveParser(LIMITS)
    octets = b'putscript  "x" {7+}\r\nkeep;\r\n\r\n'
    for octet in octets:
        parser.receive_data(bytes([octet]))
        event = parser.next_event()
    assert event == CommandReceived(c.PutScript("x", b"keep;\r\n"))
    assert parser.take_octets() == octets
    assert parser.take_octets() == b""


PIECES = st.sampled_from(
    [b"NOOP", b"PUTSCRIPT", b"GET", b" ", b'"', b"\\", b"{3+}", b"{300+}", b"{3}", b"\r\n", b"\n", b'"x"', b"*", b"\0"]
)


@given(st.lists(PIECES | st.binary(max_size=5), max_size=40), st.lists(st.integers(0, 200), max_size=5), st.booleans())
def test_any_octets_give_the_same_events_however_they_are_split(
    pieces: list[bytes], cuts: list[int], in_exchange: bool
) -> None:
    octets = b"".join(pieces) + b"\r\n"
    ends = [*sorted(min(cut, len(octets)) for cut in cuts), len(octets)]
    starts = [0, *ends[:-1]]
    split = [octets[start:end] for start, end in zip(starts, ends, strict=True)]
    assert events_of(split, in_exchange=in_exchange) == events_of([octets], in_exchange=in_exchange)
