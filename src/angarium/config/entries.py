"""The grammar of cyrus.conf: sections in braces, one entry a line, `name key="value" key=value`, comments."""

import re
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path
from typing import Final

from .notices import Position
from .problems import Problem

_SECTION: Final = re.compile(r"([A-Za-z]+)\s*(\{?)")
_ENTRY: Final = re.compile(r"([A-Za-z0-9_-]+)(?=\s|$)\s*")
_KEY: Final = re.compile(r"([A-Za-z0-9_]+)\s*=\s*")
_QUOTED: Final = re.compile(r'"([^"]*)"(?=\s|#|$)\s*')
_BARE: Final = re.compile(r'([^\s"#{}]+)\s*')


class Section(StrEnum):
    """The sections of cyrus.conf."""

    START = "START"
    SERVICES = "SERVICES"
    EVENTS = "EVENTS"
    DAEMON = "DAEMON"


@dataclass(frozen=True, slots=True)
class RawEntry:
    """One entry as it stands; keys are in lower case, each there once."""

    section: Section
    name: str
    values: tuple[tuple[str, str], ...]
    position: Position


@dataclass(slots=True)
class ParsedEntries:
    """The entries of a file, in order, and what is wrong with it."""

    entries: list[RawEntry] = field(default_factory=list)
    problems: list[Problem] = field(default_factory=list)


class _Fault(ValueError):
    """What is wrong with a line."""


def parse_entries(text: str, file: Path) -> ParsedEntries:
    """Parse a text as if it stood in `file`."""
    parsed = ParsedEntries()
    state = _State()
    for number, line in enumerate(text.split("\n"), start=1):
        line = line.strip()
        if not line or line.startswith("#"):
            continue
        position = Position(file, number)
        try:
            entry = state.take(line, position)
        except _Fault as fault:
            parsed.problems.append(Problem(position, "", str(fault)))
        else:
            if entry is not None:
                parsed.entries.append(entry)
    if state.opened is not None:
        parsed.problems.append(Problem(state.opened, "", "the section is not closed; allowed: } on a line of its own"))
    return parsed


class _State:
    """Where in the file the parser is."""

    def __init__(self) -> None:
        self.opened: Position | None = None
        self._section: Section | None = None
        self._awaits_brace = False

    def take(self, line: str, position: Position) -> RawEntry | None:
        """The entry of a line; None for one that opens or closes a section."""
        statement = line.partition("#")[0].strip()
        if self._awaits_brace:
            self._awaits_brace = False
            if statement == "{":
                return None
            self.opened = None
            raise _Fault("a section begins with {")
        if self.opened is None:
            self._open(statement, position)
            return None
        if statement == "}":
            self.opened = self._section = None
            return None
        # In a section of an unknown name, entries are only looked at for faults.
        return _parse_entry(line, self._section, position)

    def _open(self, statement: str, position: Position) -> None:
        match = _SECTION.fullmatch(statement)
        if match is None:
            raise _Fault("not the beginning of a section; allowed: NAME {")
        self.opened = position
        self._awaits_brace = not match[2]
        self._section = next((section for section in Section if section == match[1].upper()), None)
        if self._section is None:
            raise _Fault(f"no section is called '{match[1]}'; allowed: {', '.join(Section)}")


def _parse_entry(line: str, section: Section | None, position: Position) -> RawEntry | None:
    match = _ENTRY.match(line)
    if match is None:
        raise _Fault('not an entry; allowed: name key="value" …')
    name, rest = match[1], line[match.end() :]
    values: dict[str, str] = {}
    while rest and not rest.startswith("#"):
        key_match = _KEY.match(rest)
        if key_match is None:
            raise _Fault(f"'{rest[:40]}' of {name} cannot be read; allowed: key=\"value\"")
        key, rest = key_match[1].lower(), rest[key_match.end() :]
        value_match = _QUOTED.match(rest) or _BARE.match(rest)
        if value_match is None:
            raise _Fault(f"the value of {key} of {name} is not closed, or missing")
        if key in values:
            raise _Fault(f"{key} of {name} is there twice")
        values[key], rest = value_match[1], rest[value_match.end() :]
    return RawEntry(section, name, tuple(values.items()), position) if section else None
