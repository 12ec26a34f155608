"""header and exists (RFC 5228 §5.5, §5.7), with the options that other extensions add to them."""

from angarium.sieve.arguments import Arguments
from angarium.sieve.comparison import COMPARISON_TAGS, comparison
from angarium.sieve.fields import FIELD_TAGS, MIME_TAGS, field_finder, field_reader
from angarium.sieve.specification import Kind, Parameter, Test, TestSpecification


def _header(arguments: Arguments) -> Test:
    read = field_reader(arguments, arguments.texts("header names"))
    compare = comparison(arguments, arguments.texts("keys"), in_turns=True)
    return lambda run: compare(run, read(run))


def _exists(arguments: Arguments) -> Test:
    return field_finder(arguments, arguments.texts("header names"))


_NAMES = Parameter("header names", Kind.STRINGS)

SPECIFICATIONS = (
    TestSpecification(
        "header", _header, parameters=(_NAMES, Parameter("keys", Kind.STRINGS)), tags=(*COMPARISON_TAGS, *FIELD_TAGS)
    ),
    TestSpecification("exists", _exists, parameters=(_NAMES,), tags=MIME_TAGS),
)
