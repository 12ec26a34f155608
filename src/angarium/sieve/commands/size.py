"""size (RFC 5228 §5.9)."""

from angarium.sieve.arguments import Arguments
from angarium.sieve.specification import Kind, Tag, Test, TestSpecification


def _size(arguments: Arguments) -> Test:
    over, under = arguments.tag_number("over"), arguments.tag_number("under")
    if over is not None:
        return lambda run: run.message.size > over
    if under is not None:
        return lambda run: run.message.size < under
    raise arguments.wrong('"size" needs ":over" or ":under", and a number')


SPECIFICATIONS = (
    TestSpecification(
        "size",
        _size,
        tags=(Tag("over", kind=Kind.NUMBER, group="relation"), Tag("under", kind=Kind.NUMBER, group="relation")),
    ),
)
