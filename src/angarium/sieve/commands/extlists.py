"""valid_ext_list (RFC 6134 §2.7)."""

from angarium.sieve.arguments import Arguments
from angarium.sieve.extlists import is_known, list_name
from angarium.sieve.specification import Kind, Parameter, Test, TestSpecification


def _valid_ext_list(arguments: Arguments) -> Test:
    names = arguments.texts("lists")
    return lambda run: all(is_known(run, list_name(name)) for name in names.values(run))


SPECIFICATIONS = (
    TestSpecification("valid_ext_list", _valid_ext_list, ("extlists",), parameters=(Parameter("lists", Kind.STRINGS),)),
)
