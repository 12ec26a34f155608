"""ihave and error (RFC 5463)."""

from angarium.sieve.arguments import Arguments
from angarium.sieve.events import EVENTS, is_applicable
from angarium.sieve.run import Run
from angarium.sieve.specification import Action, CommandSpecification, Kind, Parameter, Test, TestSpecification

_OF_THE_GRAMMAR = frozenset({"encoded-character", "variables"})
"""They change what scripts mean, and cannot come into effect in the midst of one (RFC 5463 §4)."""


def _ihave(arguments: Arguments) -> Test:
    wanted = frozenset(arguments.constants("capabilities"))
    of_events = arguments.requires(EVENTS)
    has = all(
        arguments.requires(capability)
        or (
            arguments.is_available(capability)
            and capability not in _OF_THE_GRAMMAR
            and (is_applicable(capability) or not of_events)
        )
        for capability in wanted
    )

    def ihave(run: Run) -> bool:
        if has:
            run.scope.enabled |= wanted
        return has

    return ihave


def _error(arguments: Arguments) -> Action:
    message = arguments.text("message")
    return lambda run: run.fail(message.value(run))


SPECIFICATIONS = (
    TestSpecification("ihave", _ihave, ("ihave",), parameters=(Parameter("capabilities", Kind.STRINGS),)),
    CommandSpecification("error", _error, ("ihave",), parameters=(Parameter("message", Kind.STRING),)),
)
