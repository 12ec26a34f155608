"""How the fields of a settings class declare options: type, default and meaning stand at the field, once.

The classes below `options` are the one table of options. Parsing, the manual page and the checks all read it from
their fields, so an option that has no field does not exist, and a field without an option cannot be made.
"""

from collections.abc import Iterator
from dataclasses import Field, dataclass, field, fields, replace
from enum import Enum
from typing import Any, ClassVar, Final, Protocol, TypeVar

from .kinds import Kind

T = TypeVar("T")

_METADATA_KEY: Final = "angarium.option"


class Scope(Enum):
    """Where an option may differ."""

    SERVER = "the whole server"
    SERVICE = "each service"


class SettingsClass(Protocol):
    """A frozen dataclass whose fields were made by `option` or `optional`."""

    __dataclass_fields__: ClassVar[dict[str, Field[Any]]]  # the type that typeshed gives it


@dataclass(frozen=True, slots=True)
class Option:
    """One option of imapd.conf; its name is the name of its field."""

    name: str
    kind: Kind[object]
    default: str | None
    """As an administrator would write it; None where unset is a state of its own."""
    meaning: str
    scope: Scope
    added: bool
    """It is ours, and Cyrus does not know it."""
    repeated: bool = False
    """It may stand any number of times; the values are one with `|` between."""
    at_start: bool = False
    """A running server goes on by the value that it was started with."""


def option(
    kind: Kind[T],
    default: str,
    *,
    meaning: str,
    scope: Scope = Scope.SERVICE,
    added: bool = False,
    repeated: bool = False,
    at_start: bool = False,
) -> T:
    """A field for an option that always has a value."""
    metadata = _metadata(Option("", kind, default, meaning, scope, added, repeated, at_start))
    if "{" in default:
        # What stands for it is known when the file is read, so a settings object cannot be made without it.
        return field(metadata=metadata)  # type: ignore[no-any-return]
    return field(default=kind.parse(default), metadata=metadata)


def optional(
    kind: Kind[T], *, meaning: str, scope: Scope = Scope.SERVICE, added: bool = False, at_start: bool = False
) -> T | None:
    """A field for an option that may be unset; an empty value unsets it."""
    metadata = _metadata(Option("", kind, None, meaning, scope, added, at_start=at_start))
    return field(default=None, metadata=metadata)


def _metadata(declared: Option) -> dict[str, Option]:
    return {_METADATA_KEY: declared}


def options_of(settings_class: type[SettingsClass]) -> Iterator[Option]:
    """The options of a settings class, in the order of its fields."""
    for each in fields(settings_class):
        declared = each.metadata.get(_METADATA_KEY)
        if declared is not None:
            yield replace(declared, name=each.name)
