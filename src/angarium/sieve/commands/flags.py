"""setflag, addflag, removeflag and hasflag (RFC 5232), and Cyrus's older `imapflags`: mark and unmark."""

from collections.abc import Callable, Iterable

from angarium.sieve.arguments import Arguments
from angarium.sieve.comparison import COMPARISON_TAGS, comparison
from angarium.sieve.flags import flags_in, parse_flags, read_flags
from angarium.sieve.run import Run
from angarium.sieve.specification import Action, CommandSpecification, Kind, Parameter, Test, TestSpecification
from angarium.sieve.text import Variable
from angarium.sieve.variablename import variable_named

_Flags = tuple[str, ...]
_Change = Callable[[_Flags, _Flags], _Flags]

_FLAGGED = ("\\Flagged",)


def _replaced(_current: _Flags, given: _Flags) -> _Flags:
    return given


def _added(current: _Flags, given: _Flags) -> _Flags:
    return parse_flags((*current, *given))


def _removed(current: _Flags, given: _Flags) -> _Flags:
    names = {flag.lower() for flag in given}
    return tuple(flag for flag in current if flag.lower() not in names)


def _changing(change: _Change) -> Callable[[Arguments], Action]:
    def compile_change(arguments: Arguments) -> Action:
        flags = flags_in(arguments.texts("flags"))
        if not arguments.has_parameter("variable"):
            return lambda run: _set_internal(run, _changed(run, change, run.flags, flags(run)))
        variable = variable_named(arguments, arguments.text("variable"))

        def execute(run: Run) -> None:
            current = read_flags(run, (run.scope.value(variable),))
            run.set_variable(variable, " ".join(_changed(run, change, current, flags(run))))

        return execute

    return compile_change


def _marking(change: _Change) -> Callable[[Arguments], Action]:
    return lambda _arguments: lambda run: _set_internal(run, change(run.flags, _FLAGGED))


def _changed(run: Run, change: _Change, current: _Flags, given: _Flags) -> _Flags:
    run.spend((len(current) + len(given)) // 2)
    return change(current, given)


def _set_internal(run: Run, flags: _Flags) -> None:
    run.flags = flags


def _hasflag(arguments: Arguments) -> Test:
    flags = arguments.texts("flags")
    compare = comparison(arguments, flags.split() if not arguments.given("count", "value", "list") else flags)
    read = _reader(arguments)
    return lambda run: compare(run, read(run))


def _reader(arguments: Arguments) -> Callable[[Run], _Flags]:
    """The flags of the variables that a test names, or of the internal one."""
    if not arguments.has_parameter("variables"):
        return lambda run: run.flags
    variables = [variable_named(arguments, text) for text in arguments.texts("variables").texts]
    return lambda run: _flags_of_each(run, variables)


def _flags_of_each(run: Run, variables: Iterable[Variable]) -> _Flags:
    """Those of one variable once, of several as often (RFC 5232 §4, of `:count`)."""
    return tuple(flag for variable in variables for flag in read_flags(run, (run.scope.value(variable),)))


_VARIABLE = Parameter("variable", Kind.STRING, optional=True, capability="variables")
_FLAGS = Parameter("flags", Kind.STRINGS)
_BOTH = ("imap4flags", "imapflags")

SPECIFICATIONS = (
    CommandSpecification("setflag", _changing(_replaced), _BOTH, parameters=(_VARIABLE, _FLAGS)),
    CommandSpecification("addflag", _changing(_added), _BOTH, parameters=(_VARIABLE, _FLAGS)),
    CommandSpecification("removeflag", _changing(_removed), _BOTH, parameters=(_VARIABLE, _FLAGS)),
    CommandSpecification("mark", _marking(_added), ("imapflags",)),
    CommandSpecification("unmark", _marking(_removed), ("imapflags",)),
    TestSpecification(
        "hasflag",
        _hasflag,
        ("imap4flags",),
        parameters=(Parameter("variables", Kind.STRINGS, optional=True, capability="variables"), _FLAGS),
        tags=COMPARISON_TAGS,
    ),
)
