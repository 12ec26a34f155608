"""Octets to events."""

import itertools
import sys

import pytest
from hypothesis import given
from hypothesis import strategies as st

from angarium.pop3.commands import Noop, Quit, Stat
from angarium.pop3.events import CommandReceived, CommandRefused, Event, LineReceived, Problem
from angarium.pop3.parser import LINE_OCTETS, Pop3Parser

_SEVERAL = st.lists(st.sampled_from([b"NOOP", b"STAT", b"\r", b"\n", b"\r\n", b"x" * 15, b"RETR 1", b" "]), max_size=20)


def events_of(parser: Pop3Parser) -> list[Event]:
    events = []
    while (event := parser.next_event()) is not None:
        events.append(event)
    return events


def parse(chunks: list[bytes], *, line_octets: int = LINE_OCTETS) -> list[Event]:
    parser = Pop3Parser(line_octets=line_octets)
    events = []
    for chunk in chunks:
        parser.receive_data(chunk)
        events += events_of(parser)
    return events


@pytest.mark.parametrize("end", [b"\r\n", b"\n"])
def test_lines_end_as_people_and_programs_end_them(end: bytes) -> None:
    assert parse([b"NOOP" + end + b"QUIT" + end]) == [CommandReceived(Noop()), CommandReceived(Quit())]


def test_nothing_is_told_of_what_is_not_whole() -> None:
    parser = Pop3Parser()
    parser.receive_data(b"STA")
    assert parser.next_event() is None
    assert parser.buffered_octets == 3
    parser.receive_data(b"T\r\n")
    assert parser.next_event() == CommandReceived(Stat())
    assert parser.buffered_octets == 0


@given(st.one_of(st.binary(max_size=80), _SEVERAL.map(b"".join)), st.lists(st.integers(0, 80), max_size=6))
def test_how_octets_come_makes_no_difference(octets: bytes, places: list[int]) -> None:
    bounds = [0, *sorted(min(place, len(octets)) for place in places), len(octets)]
    chunks = [octets[first:last] for first, last in itertools.pairwise(bounds)]
    assert parse(chunks, line_octets=12) == parse([octets], line_octets=12)


@pytest.mark.parametrize("octets", [b"x" * 13 + b"\r\n", b"NOOP" + b" " * 1000 + b"\r\n"])
@pytest.mark.parametrize("size", [1, 7, 5000])
def test_a_line_that_is_too_long_is_refused_once_and_not_kept(octets: bytes, size: int) -> None:
    parser = Pop3Parser(line_octets=12)
    events = []
    for start in range(0, len(octets), size):
        parser.receive_data(octets[start : start + size])
        events += events_of(parser)
        assert parser.buffered_octets <= 14
    parser.receive_data(b"NOOP\r\n")
    events += events_of(parser)
    assert events == [CommandRefused(Problem.LINE_TOO_LONG), CommandReceived(Noop())]


def test_what_was_looked_at_is_kept_no_longer() -> None:
    """A session that is idle holds nothing of the many commands that it once sent ahead."""
    parser = Pop3Parser()
    parser.receive_data(b"NOOP\r\n" * 10_000)
    assert len(events_of(parser)) == 10_000
    assert sys.getsizeof(parser._buffer) < 100
    parser.receive_data(b"x" * 100_000)
    assert len(events_of(parser)) == 1
    assert sys.getsizeof(parser._buffer) < 100


def test_a_line_of_the_longest_length_is_taken() -> None:
    assert parse([b"NOOP" + b" " * 8 + b"\r\nQUIT\r\n"], line_octets=12)[-1] == CommandReceived(Quit())
    assert parse([b"x" * 12 + b"\r\n"], line_octets=12) == [CommandRefused(Problem.UNKNOWN)]


def test_the_line_that_is_asked_for_is_no_command() -> None:
    parser = Pop3Parser()
    parser.receive_data(b"AUTH LOGIN\r\nQUIT\r\nQUIT\r\n")
    parser.next_event()
    parser.expect_line()
    assert events_of(parser) == [LineReceived(b"QUIT"), CommandReceived(Quit())]
