"""The parser of IMAP: the same events however the octets come, and no more kept than the limits say."""

from typing import Final

from tests.fuzz.imaptexts import COMMANDS, FRAGMENTS
from tests.imap.feeding import feed, octets

from angarium.imap.dialect import EVERYTHING, Dialect, Extension
from angarium.imap.limits import ParserLimits
from angarium.imap.parser import ImapParser
from angarium.imap.states import State

_LIMITS: Final = ParserLimits(
    line_octets=2000,
    atom_octets=500,
    quoted_octets=500,
    literal_octets=600,
    command_octets=4000,
    message_octets=3000,
    arguments=60,
    nesting=10,
)
_DIALECTS: Final = (Dialect(), EVERYTHING, Dialect(EVERYTHING.served, frozenset(Extension)))
_STATES: Final = (State.SELECTED, State.AUTHENTICATED, State.NOT_AUTHENTICATED)

WORDS: Final = FRAGMENTS
SEEDS: Final = [b"\x01\x09" + b"\r\n".join([b"t " + text, b"z NOOP\r\n"]) for text in COMMANDS]
"""The first octet is the dialect and the state, the second one where the octets are cut."""


def run(data: bytes) -> None:
    """Feed it whole, cut, and octet by octet."""
    if len(data) < 2:
        return
    dialect, state = _DIALECTS[data[0] % 3], _STATES[data[0] // 3 % 3]
    stream = data[2:]
    cut = data[1] * len(stream) // 256

    def events(*pieces: bytes) -> object:
        parser = ImapParser(_LIMITS, state=state, dialect=dialect)
        found = feed(parser, *pieces)
        assert parser.buffered_octets <= _LIMITS.command_octets + _LIMITS.line_octets + 2
        return found

    whole = events(stream)
    assert events(stream[:cut], stream[cut:]) == whole
    if len(stream) < 200:
        assert events(*octets(stream)) == whole
