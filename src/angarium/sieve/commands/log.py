"""log (vnd.cyrus.log, Cyrus's own)."""

from angarium.sieve.actions import LogLine
from angarium.sieve.arguments import Arguments
from angarium.sieve.run import Run
from angarium.sieve.specification import Action, CommandSpecification, Kind, Parameter

_MAX_LENGTH = 1024


def _log(arguments: Arguments) -> Action:
    text = arguments.text("text")

    def log(run: Run) -> None:
        if len(run.log) >= run.limits.actions:
            run.fail(f"more than {run.limits.actions} lines for the log")
        run.log.append(LogLine(run.origin, text.value(run)[:_MAX_LENGTH]))

    return log


SPECIFICATIONS = (CommandSpecification("log", _log, ("vnd.cyrus.log",), parameters=(Parameter("text", Kind.STRING),)),)
