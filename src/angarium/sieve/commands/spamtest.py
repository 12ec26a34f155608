"""spamtest, with `:percent` of spamtestplus, and virustest (RFC 5235). The results come from the header field that the
environment names."""

from angarium.sieve.arguments import Arguments
from angarium.sieve.comparison import COMPARISON_TAGS, comparison
from angarium.sieve.filterstatus import FilterStatus
from angarium.sieve.run import Run
from angarium.sieve.specification import Kind, Parameter, Tag, Test, TestSpecification

_SPAM_LEVELS = 10
_VIRUS_LEVELS = 5


def _spamtest(arguments: Arguments) -> Test:
    is_percent = arguments.has("percent")
    compare = comparison(arguments, arguments.texts("value"))
    counts = arguments.has("count")

    def spamtest(run: Run) -> bool:
        status = run.environment.spam_status
        if is_percent:
            result = None if status is None else status.percentage(_values(run, status), _SPAM_LEVELS)
        else:
            result = None if status is None else status.level(_values(run, status), _SPAM_LEVELS)
        return compare(run, _normalized(result, counts=counts))

    return spamtest


def _virustest(arguments: Arguments) -> Test:
    compare = comparison(arguments, arguments.texts("value"))
    counts = arguments.has("count")

    def virustest(run: Run) -> bool:
        status = run.environment.virus_status
        result = None if status is None else status.level(_values(run, status), _VIRUS_LEVELS)
        return compare(run, _normalized(result, counts=counts))

    return virustest


def _values(run: Run, status: FilterStatus) -> tuple[str, ...]:
    return run.message.header(status.header)


def _normalized(result: int | None, *, counts: bool) -> tuple[str, ...]:
    """0 where nothing was tested; that counts nothing (RFC 5235 §3.1)."""
    if result is None:
        return () if counts else ("0",)
    return (str(result),)


_VALUE = Parameter("value", Kind.STRING)

SPECIFICATIONS = (
    TestSpecification(
        "spamtest",
        _spamtest,
        ("spamtest", "spamtestplus"),
        parameters=(_VALUE,),
        tags=(*COMPARISON_TAGS, Tag("percent", ("spamtestplus",))),
    ),
    TestSpecification("virustest", _virustest, ("virustest",), parameters=(_VALUE,), tags=COMPARISON_TAGS),
)
