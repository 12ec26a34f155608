"""The whole grammar in texts: each entry of the table is there, valid ones are read, and broken ones break nothing."""

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tests.imap.commandtexts import COMMANDS, HOSTILE, UID_COMMANDS, broken
from tests.imap.feeding import feed, octets

from angarium.imap import commands as c
from angarium.imap import grammar
from angarium.imap.dialect import EVERYTHING, Dialect, Extension
from angarium.imap.events import AppendFinished, CommandBad, CommandReceived, CommandRefused, Event, LiteralWanted
from angarium.imap.limits import ParserLimits
from angarium.imap.parser import ImapParser
from angarium.imap.states import State

_ENABLED = frozenset({Extension.CONDSTORE, Extension.QRESYNC})
_LIMITS = ParserLimits(message_octets=1_000_000)
_BEFORE_LOGIN = {b"LOGIN", b"AUTHENTICATE", b"STARTTLS"}
_ALL = {
    **{name.decode(): texts for name, texts in COMMANDS.items()},
    **{f"UID {name.decode()}": texts for name, texts in UID_COMMANDS.items()},
}

_ENDS = (AppendFinished, CommandBad, CommandReceived, CommandRefused)


def parser(name: str = "", dialect: Dialect | None = None) -> ImapParser:
    state = State.NOT_AUTHENTICATED if name.encode() in _BEFORE_LOGIN else State.SELECTED
    return ImapParser(_LIMITS, state=state, dialect=dialect or Dialect(EVERYTHING.served, _ENABLED))


def ends(events: list[Event]) -> list[Event]:
    return [event for event in events if isinstance(event, _ENDS)]


def test_every_command_of_the_grammar_has_texts() -> None:
    assert set(COMMANDS) == set(grammar.COMMANDS)
    assert set(UID_COMMANDS) == set(grammar.UID_COMMANDS)


@pytest.mark.parametrize("name", _ALL)
def test_valid_texts_are_read(name: str) -> None:
    read = 0
    refused: list[Event] = []

    @settings(max_examples=40, suppress_health_check=list(HealthCheck), database=None, derandomize=True)
    @given(_ALL[name])
    def read_one(text: bytes) -> None:
        nonlocal read
        (*_, end) = feed(parser(name), b"t " + text + b"\r\n")
        if isinstance(end, CommandReceived | AppendFinished):
            read += 1
        else:
            refused.append(end)

    read_one()
    # Some combinations are none, and only whoever wrote the grammar knows which; most of what is drawn is.
    assert read > len(refused), refused


@settings(max_examples=400, suppress_health_check=list(HealthCheck))
@given(st.lists(st.one_of(*_ALL.values()) | HOSTILE, min_size=1, max_size=3), st.sampled_from(State), st.data())
def test_chunks_never_matter(texts: list[bytes], state: State, data: st.DataObject) -> None:
    stream = b"".join([b"t%d %b\r\n" % (number, text) for number, text in enumerate(texts)])
    dialect = data.draw(st.sampled_from([EVERYTHING, Dialect(), Dialect(EVERYTHING.served, frozenset(Extension))]))
    cuts = sorted(data.draw(st.lists(st.integers(0, len(stream)), max_size=4)))
    pieces = [stream[a:b] for a, b in zip([0, *cuts], [*cuts, len(stream)], strict=True)]
    whole = feed(ImapParser(_LIMITS, state=state, dialect=dialect), stream)
    assert feed(ImapParser(_LIMITS, state=state, dialect=dialect), *pieces) == whole
    if len(stream) < 300:
        assert feed(ImapParser(_LIMITS, state=state, dialect=dialect), *octets(stream)) == whole


@settings(max_examples=600, suppress_health_check=list(HealthCheck))
@given(broken(), st.sampled_from([EVERYTHING, Dialect(EVERYTHING.served, frozenset(Extension)), Dialect()]))
def test_what_is_broken_is_answered_once_where_it_is_one_line(text: bytes, dialect: Dialect) -> None:
    if b"\n" in text or b"\r" in text or b"{" in text:
        return
    events = feed(parser(dialect=dialect), b"t " + text + b"\r\nz NOOP\r\n")
    assert len(ends(events)) == 2, events
    assert events[-1] == CommandReceived(b"z", c.Noop())


@settings(max_examples=400, suppress_health_check=list(HealthCheck))
@given(st.lists(HOSTILE, max_size=5), st.sampled_from(State))
def test_nothing_is_kept_of_what_is_hostile(pieces: list[bytes], state: State) -> None:
    small = ParserLimits(line_octets=500, command_octets=900, literal_octets=300, message_octets=200, arguments=20)
    reading = ImapParser(small, state=state, dialect=EVERYTHING)
    for piece in pieces:
        wanted = [event for event in feed(reading, piece) if isinstance(event, LiteralWanted)]
        assert len(wanted) <= len(piece)
        assert reading.buffered_octets <= small.command_octets + small.line_octets + 2
