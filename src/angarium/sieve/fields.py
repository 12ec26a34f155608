"""The header fields that a test looks at: those of the message, or with `:mime` of its parts (RFC 5703 §4); all of a
name, or the one that `:index` counts (RFC 5260 §6)."""

import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import TypeVar

from angarium import mime
from angarium.mime.parameters import decode_parameter, parse_content_type, parse_parameters, parse_token
from angarium.sieve.arguments import Arguments
from angarium.sieve.entity import Entity
from angarium.sieve.mailaddress import ADDRESS_FIELDS, MailAddress, field_addresses
from angarium.sieve.message import field_values, text_of_field
from angarium.sieve.partloop import current_entity
from angarium.sieve.run import Run
from angarium.sieve.specification import Kind, Tag, Test
from angarium.sieve.text import Texts

INDEX_TAGS: tuple[Tag, ...] = (Tag("index", ("index",), Kind.NUMBER), Tag("last", ("index",)))
MIME_TAGS: tuple[Tag, ...] = (Tag("mime", ("mime",)), Tag("anychild", ("mime",)))
ADDRESS_FIELD_TAGS: tuple[Tag, ...] = (*MIME_TAGS, *INDEX_TAGS)
FIELD_TAGS: tuple[Tag, ...] = (
    *ADDRESS_FIELD_TAGS,
    Tag("type", ("mime",), group="mime option"),
    Tag("subtype", ("mime",), group="mime option"),
    Tag("contenttype", ("mime",), group="mime option"),
    Tag("param", ("mime",), Kind.STRINGS, group="mime option"),
)

_FIELD_NAME = re.compile(r"[!-9;-~]+")
_STEPS_OF_ENTITY = 10
"""Its header is read the first time."""
_NAMES_OF_STEP = 8
_OCTETS_OF_STEP = 64
"""Decoded or taken apart at each test."""

FieldReader = Callable[[Run], Sequence[str]]
AddressReader = Callable[[Run], Sequence[MailAddress]]
_Value = TypeVar("_Value")
_Entities = Callable[[Run], Iterable[Entity]]
_Elements = Callable[[Run, str, bytes], Iterable[str]]
"""What a MIME option makes of a field, by its name in lower case and its value."""


def field_reader(arguments: Arguments, names: Texts) -> FieldReader:
    """The values of all fields of these names, for `header`."""
    hint_at_colons(arguments, names)
    elements = _elements(arguments)
    if _is_special(arguments):
        values = _raw_reader(arguments, names)
        if elements is None:
            return lambda run: [text_of_field(value) for _, value in values(run)]
        return lambda run: [text for name, value in values(run) for text in elements(run, name, value)]
    if names.constants is not None:
        constants = tuple(name.lower() for name in names.constants)
        if len(constants) == 1:
            (name,) = constants
            return lambda run: run.message.header(name)
        return lambda run: [value for name in _paid(run, constants) for value in run.message.header(name)]
    return lambda run: [value for name in _paid(run, names.values(run)) for value in run.message.header(name.lower())]


def address_reader(arguments: Arguments, names: Texts) -> AddressReader:
    """The addresses in all fields of these names, for `address`; raises Wrong of a field that holds none, and passes
    over it where a variable names it (RFC 5228 §5.1)."""
    hint_at_colons(arguments, names)
    if not arguments.limits.any_address_field:
        _check_address_fields(arguments, names)
        names = names.only(ADDRESS_FIELDS)
    if _is_special(arguments):
        values = _raw_reader(arguments, names)
        return lambda run: [address for _, value in values(run) for address in field_addresses(value)]
    if names.constants is not None:
        constants = tuple(name.lower() for name in names.constants)
        if len(constants) == 1:
            (name,) = constants
            return lambda run: run.message.addresses(name)
        return lambda run: [address for name in _paid(run, constants) for address in run.message.addresses(name)]
    return lambda run: [
        address for name in _paid(run, names.values(run)) for address in run.message.addresses(name.lower())
    ]


def _check_address_fields(arguments: Arguments, names: Texts) -> None:
    """What can be no name of a field is no mistake (RFC 5228 §2.4.2.2)."""
    for text in names.texts:
        name = text.constant
        if name is not None and _FIELD_NAME.fullmatch(name) and name.lower() not in ADDRESS_FIELDS:
            raise arguments.wrong(f'"{name[:60]}" is no header field that holds addresses', text.position)


def field_finder(arguments: Arguments, names: Texts) -> Test:
    """Whether there are fields of all these names, for `exists`."""
    hint_at_colons(arguments, names)
    if not _is_special(arguments):
        return lambda run: all(run.message.header(name.lower()) for name in _paid(run, names.values(run)))
    entities = _entities(arguments)

    def find(run: Run) -> bool:
        missing = {name.lower() for name in _paid(run, names.values(run))}
        for entity in entities(run):
            missing = {name for name in missing if not field_values(entity, name)}
            if not missing:
                break
        return not missing

    return find


def field_index(arguments: Arguments) -> Callable[[Sequence[_Value]], Sequence[_Value]]:
    """The one that `:index` and `:last` choose, or all; raises Wrong."""
    number = arguments.tag_number("index")
    if number is None:
        if arguments.has("last"):
            raise arguments.wrong('":last" needs ":index"', arguments.position_of("last"))
        return lambda values: values
    if number == 0:
        raise arguments.wrong('":index" counts from 1', arguments.position_of("index"))
    if arguments.has("last"):
        return lambda values: values[-number : len(values) - number + 1] if number <= len(values) else ()
    return lambda values: values[number - 1 : number]


def hint_at_colons(arguments: Arguments, names: Texts) -> None:
    """RFC 5228 §2.4.2.2: a name with a colon is no mistake, but no field has it."""
    for text in names.texts:
        if text.constant is not None and text.constant.endswith(":"):
            arguments.hint(
                f'no header field is called "{text.constant[:60]}": the name stands without its colon', text.position
            )


def _paid(run: Run, names: Sequence[str]) -> Sequence[str]:
    """The same names; many of them take some time even if no field has them."""
    if len(names) >= _NAMES_OF_STEP:
        run.spend(len(names) // _NAMES_OF_STEP)
    return names


def _is_special(arguments: Arguments) -> bool:
    """Whether other fields are meant than all of the message's own."""
    return any(arguments.has(tag.name) for tag in FIELD_TAGS)


def _raw_reader(arguments: Arguments, names: Texts) -> Callable[[Run], Sequence[tuple[str, bytes]]]:
    """Name and raw value of each field, in the order of the names that were given."""
    entities = _entities(arguments)
    choose: Callable[[Sequence[tuple[str, bytes]]], Sequence[tuple[str, bytes]]] = field_index(arguments)

    def read(run: Run) -> Sequence[tuple[str, bytes]]:
        wanted = [name.lower() for name in _paid(run, names.values(run))]
        found = [(name, value) for entity in entities(run) for name in wanted for value in field_values(entity, name)]
        chosen = choose(found)
        run.spend(sum(len(value) for _, value in chosen) // _OCTETS_OF_STEP)
        return chosen

    return read


def _entities(arguments: Arguments) -> _Entities:
    """Whose fields are looked at; raises Wrong."""
    if not arguments.has("mime"):
        for tag in ("anychild", "type", "subtype", "contenttype", "param"):
            if arguments.has(tag):
                raise arguments.wrong(f'":{tag}" needs ":mime"', arguments.position_of(tag))
        return lambda run: (run.message.viewed,)
    if not arguments.has("anychild"):
        return lambda run: (current_entity(run),)
    arguments.needs_body()

    def walk(run: Run) -> Iterator[Entity]:
        for entity in current_entity(run).walk():
            run.spend(_STEPS_OF_ENTITY)
            yield entity

    return walk


def _elements(arguments: Arguments) -> _Elements | None:
    match arguments.given("type", "subtype", "contenttype", "param"):
        case "type":
            return lambda _run, name, value: _main_type(name, value)
        case "subtype":
            return lambda _run, name, value: _subtype(name, value)
        case "contenttype":
            return lambda _run, name, value: _content_type(name, value)
        case "param":
            wanted = arguments.tag_texts("param")
            assert wanted is not None
            return lambda run, _name, value: _parameters(value, wanted.values(run))
        case _:
            return None


def _content_type(name: str, value: bytes) -> Sequence[str]:
    """The whole type; nothing of one that cannot be read (RFC 5703 §4.1)."""
    if name == "content-type":
        parsed = parse_content_type(mime.unfold(value))
        return () if parsed is None else (f"{parsed.type.decode()}/{parsed.subtype.decode()}".lower(),)
    if name == "content-disposition":
        disposition = parse_token(mime.unfold(value))
        return (disposition.decode().lower(),) if disposition else ()
    return ("",)


def _main_type(name: str, value: bytes) -> Sequence[str]:
    return [text.partition("/")[0] for text in _content_type(name, value)]


def _subtype(name: str, value: bytes) -> Sequence[str]:
    return [text.partition("/")[2] for text in _content_type(name, value)]


def _parameters(value: bytes, wanted: Sequence[str]) -> list[str]:
    names = {name.lower() for name in wanted}
    decoded = [decode_parameter(name, text) for name, text in parse_parameters(mime.unfold(value))]
    return [text for name, text in decoded if name in names]
