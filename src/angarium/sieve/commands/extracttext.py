"""extracttext (RFC 5703 §7)."""

from angarium.sieve.arguments import Arguments
from angarium.sieve.modifiers import MODIFIER_TAGS, modifiers
from angarium.sieve.partloop import current_entity
from angarium.sieve.run import Run
from angarium.sieve.specification import Action, CommandSpecification, Kind, Parameter, Tag
from angarium.sieve.variablename import variable_named

_CHARACTERS_OF_STEP = 1024


def _extracttext(arguments: Arguments) -> Action:
    if not arguments.loops():
        raise arguments.wrong('"extracttext" stands in no "foreverypart"')
    arguments.need('"extracttext"', arguments.position, "variables")
    variable = variable_named(arguments, arguments.text("name"))
    first = arguments.tag_number("first")
    modify_by = modifiers(arguments)
    arguments.needs_body()

    def extract(run: Run) -> None:
        text = current_entity(run).exact_text(run.limits.body_octets)
        run.spend(len(text) // _CHARACTERS_OF_STEP)
        text = text[: run.limits.variable_octets if first is None else min(first, run.limits.variable_octets)]
        for modify in modify_by:
            text = modify(text)
        run.set_variable(variable, text)

    return extract


SPECIFICATIONS = (
    CommandSpecification(
        "extracttext",
        _extracttext,
        ("extracttext",),
        parameters=(Parameter("name", Kind.STRING),),
        tags=(*MODIFIER_TAGS, Tag("first", kind=Kind.NUMBER)),
    ),
)
