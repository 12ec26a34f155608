"""allof, anyof, not, true and false (RFC 5228 §5)."""

from angarium.sieve.arguments import Arguments
from angarium.sieve.sequence import first
from angarium.sieve.specification import Test, Tests, TestSpecification


def _allof(arguments: Arguments) -> Test:
    find = first(arguments.tests, result=False)
    return lambda run: find(run) < 0


def _anyof(arguments: Arguments) -> Test:
    find = first(arguments.tests, result=True)
    return lambda run: find(run) >= 0


def _not(arguments: Arguments) -> Test:
    (test,) = arguments.tests
    return lambda run: not test(run)


def _true(_arguments: Arguments) -> Test:
    return lambda _run: True


def _false(_arguments: Arguments) -> Test:
    return lambda _run: False


SPECIFICATIONS = (
    TestSpecification("allof", _allof, tests=Tests.LIST),
    TestSpecification("anyof", _anyof, tests=Tests.LIST),
    TestSpecification("not", _not, tests=Tests.ONE),
    TestSpecification("true", _true),
    TestSpecification("false", _false),
)
