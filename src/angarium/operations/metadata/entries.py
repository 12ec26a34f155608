"""Which entries a GETMETADATA asks for, and in which order they are told (RFC 5464 §4.2).

Names in METADATA have `/shared` or `/private` in front. The order is that of Cyrus: what is asked for by name comes
in the opposite order, and of what is found below a name first that which somebody has set, then the rest of the table,
from the last entry to the first, and the name itself at the end.
"""

from collections.abc import Awaitable, Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Final

from angarium.names import EntryPattern, is_entry_pattern
from angarium.store import AnnotationEntry

SHARED: Final = "/shared"
PRIVATE: Final = "/private"


@dataclass(frozen=True, slots=True)
class MetadataQuery:
    """What is asked for."""

    entries: tuple[str, ...]
    """As the client wrote them, perhaps with wildcards."""
    levels: int | None = 0
    """How far below them; None: all the way."""
    max_size_octets: int | None = None


@dataclass(frozen=True, slots=True)
class MetadataValue:
    """An entry, below `/shared` or `/private`, with its value; None where it has none, or is to lose it."""

    entry: str
    value: bytes | None = field(repr=False)


@dataclass(frozen=True, slots=True)
class Metadata:
    """What was found."""

    values: tuple[MetadataValue, ...]
    longest_octets: int | None = None
    """The largest of the values that were left out for their size; None where none was."""


Stored = Mapping[tuple[str, bool], bytes]
"""What somebody has set, by entry and whether it is shared."""
Reader = Callable[[str, bool], Awaitable[bytes | None]]
"""Gives the value of an entry, by its name and whether it is the shared one."""


def split_name(name: str) -> tuple[str, bool]:
    """The entry and whether it is the shared one, by its name in METADATA."""
    lower = name.lower()
    if lower.startswith(SHARED):
        return lower.removeprefix(SHARED), True
    return lower.removeprefix(PRIVATE), False


async def gather(query: MetadataQuery, table: Iterable[AnnotationEntry], stored: Stored, read: Reader) -> Metadata:
    """The values that are asked for, each once."""
    names = list(dict.fromkeys(_names(query, list(table), stored)))
    values = [MetadataValue(name, await read(*split_name(name))) for name in names]
    limit = query.max_size_octets
    too_long = [
        len(each.value) for each in values if each.value is not None and limit is not None and len(each.value) > limit
    ]
    kept = [each for each in values if each.value is None or limit is None or len(each.value) <= limit]
    return Metadata(tuple(kept), max(too_long, default=None))


def _names(query: MetadataQuery, table: list[AnnotationEntry], stored: Stored) -> Iterator[str]:
    for asked in reversed(query.entries):
        name = asked.lower()
        is_pattern = is_entry_pattern(name)
        if is_pattern or query.levels != 0:
            matches = _matcher(name, query.levels)
            yield from [full for full in _stored_names(stored) if matches(full)]
            yield from [full for full in _table_names(table) if matches(full)]
        if not is_pattern:
            yield name


def _stored_names(stored: Stored) -> list[str]:
    ordered = sorted(stored, key=lambda key: (key[0], not key[1]))
    return [(SHARED if is_shared else PRIVATE) + entry for entry, is_shared in ordered]


def _table_names(table: list[AnnotationEntry]) -> Iterator[str]:
    for entry in reversed(table):
        for prefix in (SHARED, PRIVATE):
            if entry.has(shared=prefix is SHARED):
                yield prefix + entry.name


def _matcher(name: str, levels: int | None) -> Callable[[str], bool]:
    pattern = EntryPattern(name, below=levels)
    if is_entry_pattern(name):
        return pattern.matches
    # The name itself has its place at the end; a pattern has none.
    return lambda full: full != name and pattern.matches(full)
