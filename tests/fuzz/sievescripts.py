"""A script and a message that it is run over: both are any octets, and what the world answers is, too."""

import random
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Final

from tests.sieve.generating import Generator
from tests.sieve.test_random import TOKENS, answering, check, outcome_of

from angarium.sieve import Environment, Mistake, Script, ScriptInvalid, parse_script

_BETWEEN: Final = b"\0\0"
"""What stands between the script and the message."""
_GENERATED: Final = 60
_ENVIRONMENT: Final = Environment(datetime(2026, 11, 21, 12, 0, tzinfo=UTC), {"host": "mail.example.org"})


def _seed(number: int) -> bytes:
    generator = Generator(number)
    script = generator.script()
    return bytes([number]) + script.encode() + _BETWEEN + generator.message()


SEEDS: Final = [_seed(number) for number in range(_GENERATED)]
"""The first octet is what the world answers."""
WORDS: Final = [_BETWEEN, *sorted({token.encode() for token in TOKENS})]


def run(data: bytes) -> None:
    """It is a script or is refused; it ends, and says what becomes of the message."""
    if not data:
        return
    text, _, message = data[1:].partition(_BETWEEN)
    script = _parsed(text)
    if isinstance(script, Script):
        included = {"self": script, "one": script}
        check(outcome_of(script, message, _ENVIRONMENT, answering(random.Random(data[0]), included)))
    else:
        assert script
        assert all(1 <= mistake.position.line <= text.count(b"\n") + 1 for mistake in script)


def _parsed(text: bytes) -> Script | Sequence[Mistake]:
    try:
        return parse_script(text, name="self")
    except ScriptInvalid as error:
        return error.mistakes
