"""The mechanism ANONYMOUS (RFC 4505): no password, and a trace of who it was for the log, if the client likes."""

import re
import stringprep
from typing import Final

from angarium.errors import FailureReason
from angarium.sasl.exchange import AnonymousWanted, AsksNothing, Challenge, Failed, Outcome, decode_text
from angarium.sasl.saslprep import has_one_direction

_MAX_TOKEN_CHARACTERS: Final = 255
_PROHIBITED = (  # RFC 4505 §3
    stringprep.in_table_c21_c22,
    stringprep.in_table_c3,
    stringprep.in_table_c4,
    stringprep.in_table_c5,
    stringprep.in_table_c6,
    stringprep.in_table_c8,
    stringprep.in_table_c9,
)
_ATOMS: Final = r'[^\s()<>\[\]:;@\\,."]+(?:\.[^\s()<>\[\]:;@\\,."]+)*'
# RFC 5322 §3.4.1, without comments and folds; letters beyond ASCII as in RFC 6532 §3.2.
_ADDRESS: Final = re.compile(rf'(?:{_ATOMS}|"(?:[^"\\]|\\.)*")@(?:{_ATOMS}|\[[^\[\]\\]*\])')


class AnonymousServer(AsksNothing):
    """One message of the client: the trace."""

    __slots__ = ()

    def step(self, response: bytes | None) -> Outcome:
        """Asks for the trace with an empty challenge if it did not come as initial response."""
        if response is None:
            return Challenge(b"")
        text = decode_text(response)
        if isinstance(text, Failed):
            return text
        if any(is_prohibited(character) for character in text for is_prohibited in _PROHIBITED):
            return Failed(FailureReason.PROHIBITED)
        return AnonymousWanted(text) if _is_trace(text) else Failed(FailureReason.MALFORMED)


def loggable_trace(text: str) -> str:
    """What is kept of a text that was given in place of a trace, as with the command LOGIN, where any will do."""
    return "".join([character for character in text if character.isprintable()])[:_MAX_TOKEN_CHARACTERS]


def _is_trace(text: str) -> bool:
    """RFC 4505 §2: nothing, an address, or a token without `@`."""
    if not has_one_direction(text):
        return False
    return _ADDRESS.fullmatch(text) is not None if "@" in text else len(text) <= _MAX_TOKEN_CHARACTERS
