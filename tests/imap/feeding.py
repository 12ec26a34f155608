"""Feeding a parser in pieces, for tests."""

from angarium.imap.events import Event, LiteralChunk
from angarium.imap.parser import ImapParser


def drain(parser: ImapParser) -> list[Event]:
    events: list[Event] = []
    while (event := parser.next_event()) is not None:
        events.append(event)
    return events


def feed(parser: ImapParser, *pieces: bytes) -> list[Event]:
    """What comes of the pieces, neighbouring chunks of a message joined."""
    events: list[Event] = []
    for piece in pieces:
        parser.receive_data(piece)
        for event in drain(parser):
            if isinstance(event, LiteralChunk):
                assert event.data
                if events and isinstance(events[-1], LiteralChunk):
                    event = LiteralChunk(events.pop().data + event.data)  # type: ignore[union-attr]  # it was just asked
            events.append(event)
    return events


def octets(data: bytes) -> list[bytes]:
    return [data[at : at + 1] for at in range(len(data))]
