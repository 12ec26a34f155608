"""Octets to events: line ends, limits, messages between commands."""

from collections.abc import Iterable
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from angarium.lmtp.commands import Bdat, Data, Noop, Quit, Rset
from angarium.lmtp.events import CommandReceived, CommandRefused, DataChunk, DataEnded, Event
from angarium.lmtp.grammar import Problem
from angarium.lmtp.parser import LINE_OCTETS, LmtpParser

NOOP = CommandReceived(Noop())
TOO_LONG = CommandRefused(Problem.LINE_TOO_LONG)


def events_of(chunks: Iterable[bytes]) -> list[Event]:
    """All events, with a message for each DATA; its chunks are joined."""
    parser = LmtpParser()
    events: list[Event] = []
    for chunk in chunks:
        parser.receive_data(chunk)
        while (event := parser.next_event()) is not None:
            if event == CommandReceived(Data()):
                parser.expect_data()
            if isinstance(event, DataChunk) and events and isinstance(events[-1], DataChunk):
                events[-1] = DataChunk(events[-1].octets + event.octets)
            else:
                events.append(event)
    return events


def test_commands_that_are_sent_ahead_come_one_by_one() -> None:
    parser = LmtpParser()
    parser.receive_data(b"NOOP\r\nRSET\r\nQU")
    assert parser.next_event() == NOOP
    assert parser.next_event() == CommandReceived(Rset())
    assert parser.next_event() is None
    assert parser.buffered_octets == 2
    parser.receive_data(b"IT\r\n")
    assert parser.next_event() == CommandReceived(Quit())
    assert parser.next_event() is None
    assert parser.buffered_octets == 0


def test_a_message_stands_between_commands() -> None:
    events = events_of([b"DATA\r\nA: b\r\n\r\n..c\r\n.\r\nNOOP\r\nDATA\r\n.\r\nQUIT\r\n"])
    assert events == [
        CommandReceived(Data()),
        DataChunk(b"A: b\r\n\r\n.c\r\n"),
        DataEnded(),
        NOOP,
        CommandReceived(Data()),
        DataEnded(),
        CommandReceived(Quit()),
    ]


def test_without_expect_data_a_message_is_commands() -> None:
    parser = LmtpParser()
    parser.receive_data(b"DATA\r\nA: b\r\n.\r\n")
    assert [parser.next_event() for _ in range(4)] == [
        CommandReceived(Data()),
        CommandRefused(Problem.COMMAND_UNKNOWN),
        CommandRefused(Problem.COMMAND_UNKNOWN),
        None,
    ]


def test_a_message_is_under_way_until_its_end_was_told() -> None:
    parser = LmtpParser()
    seen = [parser.is_in_data]
    parser.expect_data()
    parser.receive_data(b"a\r\n.\r\n")
    for event in (DataChunk(b"a\r\n"), DataEnded()):
        seen.append(parser.is_in_data)
        assert parser.next_event() == event
    seen.append(parser.is_in_data)
    assert seen == [False, True, True, False]


def test_a_chunk_is_as_long_as_was_said_and_is_no_command() -> None:
    events = events_of([b"BDAT 8\r\nQUIT\r\n.\nBDAT 0\r\nBDAT 3 LAST\r\n\r\n.NOOP\r\n"])
    assert events == [
        CommandReceived(Bdat(8)),
        DataChunk(b"QUIT\r\n.\n"),
        DataEnded(),
        CommandReceived(Bdat(0)),
        DataEnded(),
        CommandReceived(Bdat(3, is_last=True)),
        DataChunk(b"\r\n."),
        DataEnded(),
        NOOP,
    ]


def test_nothing_of_a_chunk_is_kept() -> None:
    parser = LmtpParser()
    parser.receive_data(b"BDAT 99999999999999999999\r\n")
    assert parser.next_event() == CommandReceived(Bdat(99999999999999999999))
    for _ in range(100):
        parser.receive_data(b"x" * 10_000)
        while parser.next_event() is not None:
            pass
        assert parser.buffered_octets == 0
        assert parser.is_in_data


@pytest.mark.parametrize("line", [b"NOOP\nRSET\r\n", b"NOOP\rRSET\r\n", b"\nNOOP\r\n", b"NOOP\r\r\n"])
def test_only_crlf_ends_a_command(line: bytes) -> None:
    assert events_of([line]) == [CommandRefused(Problem.COMMAND_UNKNOWN)]


def test_a_line_of_the_greatest_length_is_taken() -> None:
    assert events_of([b"NOOP " + b"x" * (LINE_OCTETS - 7) + b"\r\n"]) == [NOOP]


@pytest.mark.parametrize("length", [LINE_OCTETS - 1, LINE_OCTETS, 3 * LINE_OCTETS])
@pytest.mark.parametrize("size", [1, 2, 4095, 4096, 4097, 20_000])
def test_a_longer_line_is_refused_once_and_swallowed(length: int, size: int) -> None:
    octets = b"x" * length + b"\r\nNOOP\r\n"
    chunks = [octets[place : place + size] for place in range(0, len(octets), size)]
    assert events_of(chunks) == [TOO_LONG, NOOP]


def test_nothing_of_a_line_that_is_swallowed_is_kept() -> None:
    parser = LmtpParser()
    for _ in range(100):
        parser.receive_data(b"x" * 10_000)
        while parser.next_event() is not None:
            pass
        assert parser.buffered_octets == 0


def test_nothing_of_a_message_is_kept() -> None:
    parser = LmtpParser()
    parser.expect_data()
    for _ in range(100):
        parser.receive_data(b"x" * 10_000 + b"\r\n")
        while parser.next_event() is not None:
            pass
        assert parser.buffered_octets == 0


LINES = st.sampled_from(
    [
        b"BDAT 9\r\n",
        b"BDAT 0\r\n",
        b"BDAT 4 LAST\r\n",
        b"BDAT x\r\n",
        b"DATA\r\n",
        b"NOOP\r\n",
        b".\r\n",
        b"..\r\n",
        b"a\r\n",
        b"\n",
        b"\r",
        b".",
        b"x" * 4100,
        b"MAIL FROM:<a@b>\r\n",
    ]
)
OCTETS = st.lists(st.one_of(LINES, st.binary(max_size=5)), max_size=20).map(b"".join)


@settings(deadline=None)
@given(octets=OCTETS, places=st.lists(st.integers(0, 9000), max_size=8))
def test_any_octets_in_any_split_give_the_same_events(octets: bytes, places: list[int]) -> None:
    cuts = sorted({0, len(octets), *[min(place, len(octets)) for place in places]})
    split = events_of([octets[start:end] for start, end in pairwise(cuts)])
    # A message that has no end yet may differ in what is held back, never in what a whole one is.
    assert without_open_message(split) == without_open_message(events_of([octets]))
    assert without_open_message(split) == without_open_message(events_of([bytes((octet,)) for octet in octets]))


def without_open_message(events: list[Event]) -> list[Event]:
    return events[:-1] if events and isinstance(events[-1], DataChunk) else events
