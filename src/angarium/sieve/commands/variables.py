"""set and string (RFC 5229), with `:encodeurl` (RFC 5435 §6)."""

from angarium.sieve.arguments import Arguments
from angarium.sieve.comparison import COMPARISON_TAGS, comparison
from angarium.sieve.modifiers import MODIFIER_TAGS, modifiers
from angarium.sieve.run import Run, truncated
from angarium.sieve.specification import Action, CommandSpecification, Kind, Parameter, Test, TestSpecification
from angarium.sieve.variablename import variable_named

_CHARACTERS_OF_STEP = 32
"""That are modified."""


def _set(arguments: Arguments) -> Action:
    name = arguments.text("name")
    variable = variable_named(arguments, name)
    value = arguments.text("value")
    modify_by = modifiers(arguments)
    limit = arguments.limits.variable_octets
    if value.constant is not None and not modify_by and truncated(value.constant, limit) != value.constant:
        raise arguments.wrong(f"a variable can hold {limit} octets at most", value.position)

    def set_variable(run: Run) -> None:
        text = value.value(run)
        if modify_by:
            run.spend(len(text) // _CHARACTERS_OF_STEP)
        for modify in modify_by:
            text = modify(text)
        run.set_variable(variable, text)

    return set_variable


def _string(arguments: Arguments) -> Test:
    sources = arguments.texts("sources")
    compare = comparison(arguments, arguments.texts("keys"), counts_empty=False, in_turns=True)
    return lambda run: compare(run, sources.values(run))


SPECIFICATIONS = (
    CommandSpecification(
        "set",
        _set,
        ("variables",),
        parameters=(Parameter("name", Kind.STRING), Parameter("value", Kind.STRING)),
        tags=MODIFIER_TAGS,
    ),
    TestSpecification(
        "string",
        _string,
        ("variables",),
        parameters=(Parameter("sources", Kind.STRINGS), Parameter("keys", Kind.STRINGS)),
        tags=COMPARISON_TAGS,
    ),
)
