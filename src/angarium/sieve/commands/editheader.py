"""addheader and deleteheader (RFC 5293).

A new field comes below the trace of the message's way, which stays on top (RFC 5322 §3.6.7, RFC 5321 §4.4).
"""

import re
from collections.abc import Callable

from angarium.compose.fields import text_field
from angarium.sieve.arguments import Arguments
from angarium.sieve.comparison import COMPARISON_TAGS, comparison
from angarium.sieve.fields import field_index
from angarium.sieve.headerblock import Field
from angarium.sieve.message import field_values, text_of_field
from angarium.sieve.run import Run
from angarium.sieve.specification import Action, CommandSpecification, Kind, Parameter, Tag

_FIELD_NAME = re.compile(r"[!-9;-~]{1,76}")
_MAX_VALUE = 16 * 1024
_OCTETS_OF_STEP = 16
"""Whoever reads the header after a change reads it anew."""

_PROTECTED = frozenset(
    {"received", "auto-submitted", "x-sieve", "x-sieve-redirected-from", "original-subject", "original-from"}
)
"""Not deleted, and without a word (RFC 5293 §6, RFC 5703 §5). By those of Sieve a mail that comes back is known."""


def _addheader(arguments: Arguments) -> Action:
    name = _field_name(arguments)
    value = arguments.text("value")
    last = arguments.has("last")

    def add(run: Run) -> None:
        text = value.value(run)
        if len(text) > _MAX_VALUE:
            run.fail(f"a header field can be {_MAX_VALUE} characters long at most")
        field = name(run)
        octets = text_field(field, text)
        run.spend(1 + (len(octets) + run.message.viewed.header.size) // _OCTETS_OF_STEP)
        run.message.add_field(Field(field.lower().encode("ascii"), octets), last=last)

    return add


def _deleteheader(arguments: Arguments) -> Action:
    field_name = _field_name(arguments)
    choose = field_index(arguments)
    is_meant = _value_test(arguments)

    def delete(run: Run) -> None:
        name = field_name(run).lower()
        run.spend(1 + run.message.viewed.header.size // _OCTETS_OF_STEP)
        values = field_values(run.message.viewed, name)
        numbers = choose(range(len(values)))
        meant = is_meant(run, [(number, text_of_field(values[number])) for number in numbers])
        if name not in _PROTECTED:
            run.message.delete_fields(name.encode("ascii"), meant)

    return delete


def _value_test(arguments: Arguments) -> Callable[[Run, list[tuple[int, str]]], set[int]]:
    """Which of some fields, each with its number, have a value that is meant."""
    if not arguments.has_parameter("value patterns"):
        return lambda _run, fields: {number for number, _ in fields}
    compare = comparison(arguments, arguments.texts("value patterns"))
    if arguments.has("count"):
        return lambda run, fields: {number for number, _ in fields if compare(run, [text for _, text in fields])}
    return lambda run, fields: {number for number, text in fields if compare(run, (text,))}


def _field_name(arguments: Arguments) -> Callable[[Run], str]:
    """The name of a field, which must be one; raises Wrong."""
    return arguments.parsed(
        arguments.text("field name"), lambda text: text if _FIELD_NAME.fullmatch(text) else None, _not_a_name
    )


def _not_a_name(text: str) -> str:
    return f'"{text[:60]}" cannot be the name of a header field'


_NAME = Parameter("field name", Kind.STRING)

SPECIFICATIONS = (
    CommandSpecification(
        "addheader",
        _addheader,
        ("editheader",),
        parameters=(_NAME, Parameter("value", Kind.STRING)),
        tags=(Tag("last"),),
    ),
    CommandSpecification(
        "deleteheader",
        _deleteheader,
        ("editheader",),
        parameters=(_NAME, Parameter("value patterns", Kind.STRINGS, optional=True)),
        tags=(*COMPARISON_TAGS, Tag("index", kind=Kind.NUMBER), Tag("last")),
    ),
)
