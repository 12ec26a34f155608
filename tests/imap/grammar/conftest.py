"""One driver for the tables of all families: each case is fed whole, octet by octet, and with a command behind it."""

from collections.abc import Callable

import pytest

from angarium.imap.commands import Command, Noop
from angarium.imap.dialect import EVERYTHING, Dialect
from angarium.imap.events import CommandBad, CommandReceived, CommandRefused, Event
from angarium.imap.limits import ParserLimits
from angarium.imap.parser import ImapParser
from angarium.imap.states import State

Outcome = Command | bytes | tuple[bytes, bytes]
Parse = Callable[..., Outcome]


def _events(parser: ImapParser, data: bytes) -> list[Event]:
    parser.receive_data(data)
    events: list[Event] = []
    while (event := parser.next_event()) is not None:
        events.append(event)
    return events


def _outcome(event: Event) -> Outcome:
    match event:
        case CommandReceived(b"a1", command):
            return command
        case CommandBad(b"a1", text, b""):
            return text
        case CommandBad(b"a1", text, code) | CommandRefused(b"a1", code, text):
            return code, text
        case _:
            raise AssertionError(event)


def _parse(
    text: bytes,
    *,
    state: State = State.SELECTED,
    limits: ParserLimits | None = None,
    dialect: Dialect = EVERYTHING,
) -> Outcome:
    line = b"a1 " + text + b"\r\n"

    def parser() -> ImapParser:
        return ImapParser(limits or ParserLimits(), state=state, dialect=dialect)

    whole = _events(parser(), line)
    assert len(whole) == 1, whole
    slow = parser()
    assert [event for octet in line for event in _events(slow, bytes([octet]))] == whole
    noop = CommandReceived(b"a2", Noop())
    assert _events(parser(), line + b"a2 NOOP\r\n") == [*whole, noop]
    return _outcome(whole[0])


@pytest.fixture(scope="session")
def parse() -> Parse:
    """What comes of a command's text, without its tag and CRLF: a command, the text of a BAD, or code and text.

    All that the grammar knows is served where no `dialect` is given, and nothing of it enabled.
    """
    return _parse
