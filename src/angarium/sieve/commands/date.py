"""date and currentdate (RFC 5260 §4, §5)."""

from collections.abc import Callable

from angarium.sieve.arguments import Arguments
from angarium.sieve.comparison import COMPARISON_TAGS, comparison
from angarium.sieve.dates import DATE_PARTS, DateTime, not_a_zone, parse_date_time, parse_zone
from angarium.sieve.fields import INDEX_TAGS, field_index, hint_at_colons
from angarium.sieve.run import Run
from angarium.sieve.specification import Kind, Parameter, Tag, Test, TestSpecification
from angarium.sieve.text import Texts

_CHARACTERS_OF_STEP = 8

_Shift = Callable[[Run, DateTime], DateTime | None]
_Part = Callable[[Run, DateTime], str]


def _date(arguments: Arguments) -> Test:
    name = arguments.text("header name")
    hint_at_colons(arguments, Texts.of(name.position, (name,)))
    choose = field_index(arguments)
    shift, part = _shift(arguments), _part(arguments)
    compare = comparison(arguments, arguments.texts("keys"))
    counts = arguments.has("count")

    def test(run: Run) -> bool:
        values = choose(run.message.header(name.value(run).lower()))
        run.spend(sum([len(value) for value in values[:1]]) // _CHARACTERS_OF_STEP)
        found = parse_date_time(values[0]) if values else None
        shifted = None if found is None else shift(run, found)
        if shifted is None:
            return counts and compare(run, ())
        return compare(run, (part(run, shifted),))

    return test


def _currentdate(arguments: Arguments) -> Test:
    shift, part = _shift(arguments), _part(arguments)
    compare = comparison(arguments, arguments.texts("keys"))

    def test(run: Run) -> bool:
        shifted = shift(run, DateTime(run.environment.now))
        return shifted is not None and compare(run, (part(run, shifted),))

    return test


def _shift(arguments: Arguments) -> _Shift:
    """Into the zone that is asked for, or else the server's."""
    if arguments.has("originalzone"):
        return lambda _run, value: value
    zone = arguments.tag_parsed("zone", parse_zone, not_a_zone)
    return lambda run, value: value.shifted(zone(run) or run.environment.now.tzinfo)


def _part(arguments: Arguments) -> _Part:
    part = arguments.parsed(arguments.text("date part"), lambda name: DATE_PARTS.get(name.lower()), _not_a_part)
    return lambda run, value: part(run)(value)


def _not_a_part(text: str) -> str:
    return f'a date has no part "{text[:60]}", but {", ".join(DATE_PARTS)}'


_ZONE_TAG = Tag("zone", kind=Kind.STRING, group="zone")
_PART = Parameter("date part", Kind.STRING)
_KEYS = Parameter("keys", Kind.STRINGS)

SPECIFICATIONS = (
    TestSpecification(
        "date",
        _date,
        ("date",),
        parameters=(Parameter("header name", Kind.STRING), _PART, _KEYS),
        tags=(*COMPARISON_TAGS, *INDEX_TAGS, _ZONE_TAG, Tag("originalzone", group="zone")),
    ),
    TestSpecification(
        "currentdate", _currentdate, ("date",), parameters=(_PART, _KEYS), tags=(*COMPARISON_TAGS, _ZONE_TAG)
    ),
)
