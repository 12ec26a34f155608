"""keep, discard and stop (RFC 5228 §3.3, §4.3, §4.4)."""

from angarium.sieve.actions import Discard, Keep
from angarium.sieve.arguments import Arguments
from angarium.sieve.flags import FLAGS_TAG, flags_of
from angarium.sieve.run import Run
from angarium.sieve.specification import Action, CommandSpecification


def _keep(arguments: Arguments) -> Action:
    flags = flags_of(arguments)
    return lambda run: run.perform(Keep(origin=run.origin, flags=flags(run), edition=run.edition()))


def _discard(_arguments: Arguments) -> Action:
    return lambda run: run.perform(Discard(origin=run.origin))


def _stop(_arguments: Arguments) -> Action:
    def stop(run: Run) -> None:
        run.frames.clear()

    return stop


SPECIFICATIONS = (
    CommandSpecification("keep", _keep, tags=(FLAGS_TAG,)),
    CommandSpecification("discard", _discard),
    CommandSpecification("stop", _stop),
)
