"""environment (RFC 5183)."""

from angarium.sieve.arguments import Arguments
from angarium.sieve.comparison import COMPARISON_TAGS, comparison
from angarium.sieve.run import Run
from angarium.sieve.specification import Kind, Parameter, Test, TestSpecification


def _environment(arguments: Arguments) -> Test:
    name = arguments.text("item")
    compare = comparison(arguments, arguments.texts("keys"), counts_empty=False)

    def environment(run: Run) -> bool:
        value = run.environment.items.get(name.value(run).lower())
        return value is not None and compare(run, (value,))

    return environment


SPECIFICATIONS = (
    TestSpecification(
        "environment",
        _environment,
        ("environment",),
        parameters=(Parameter("item", Kind.STRING), Parameter("keys", Kind.STRINGS)),
        tags=COMPARISON_TAGS,
    ),
)
