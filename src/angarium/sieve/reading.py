"""Reading a script: from its octets to what is ready to run."""

from collections.abc import Collection

from angarium.sieve.checker import Checker
from angarium.sieve.context import Context
from angarium.sieve.facts import Mistake, ScriptInvalid
from angarium.sieve.lexer import tokens_of
from angarium.sieve.limits import DEFAULT_LIMITS, Limits
from angarium.sieve.parser import Parser
from angarium.sieve.position import Position
from angarium.sieve.script import Script
from angarium.sieve.source import Source
from angarium.sieve.table import ALWAYS_AVAILABLE, CAPABILITIES

_MAX_MISTAKES = 100
"""That are told; who has more has sent something else than a script."""


def parse_script(
    text: bytes,
    *,
    limits: Limits = DEFAULT_LIMITS,
    extensions: Collection[str] | None = None,
    name: str = "",
    traced: bool = False,
) -> Script:
    """A script that was checked whole; raises ScriptInvalid with the mistakes that could be found.

    `extensions` are the capabilities that it may require; None: all. `name` is what origins call it. A run of one that
    is `traced` can tell the result of each test.
    """
    if len(text) > limits.script_octets:
        raise ScriptInvalid((Mistake(Position(1, 1), f"the script has more than {limits.script_octets} octets"),))
    available = CAPABILITIES if extensions is None else [name for name in CAPABILITIES if name in extensions]
    context = Context(name, limits, ALWAYS_AVAILABLE.union(available), traced)
    parser = Parser(tokens_of(Source(text)), limits)
    block = Checker(context).script(parser.commands)
    mistakes = sorted([*context.mistakes, *parser.mistakes], key=lambda mistake: mistake.position)
    if mistakes:
        raise ScriptInvalid(tuple(mistakes[:_MAX_MISTAKES]))
    return Script(
        name=name,
        requires=tuple(context.requires),
        block=block,
        mailboxes=tuple(context.mailboxes),
        includes=tuple(context.includes),
        needs_body=context.needs_body,
        hints=tuple(sorted(context.hints, key=lambda hint: hint.position)),
    )
