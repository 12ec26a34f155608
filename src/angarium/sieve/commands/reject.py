"""reject and ereject (RFC 5429)."""

from collections.abc import Callable

from angarium.sieve.actions import Reject
from angarium.sieve.arguments import Arguments
from angarium.sieve.specification import Action, CommandSpecification, Kind, Parameter


def _rejecting(*, extended: bool) -> Callable[[Arguments], Action]:
    def compile_reject(arguments: Arguments) -> Action:
        reason = arguments.text("reason")
        return lambda run: run.perform(Reject(origin=run.origin, reason=reason.value(run), extended=extended))

    return compile_reject


_REASON = Parameter("reason", Kind.STRING)

SPECIFICATIONS = (
    CommandSpecification("reject", _rejecting(extended=False), ("reject",), parameters=(_REASON,)),
    CommandSpecification("ereject", _rejecting(extended=True), ("ereject",), parameters=(_REASON,)),
)
