"""The grammar of imapd.conf: `key: value` lines, comments, continued lines, and included files.

What keys mean is not known here. Every fault of every file is collected before anything is refused.
"""

import os
import re
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from .notices import Position
from .problems import Problem
from .source import NotUtf8, SourceUnreadable, load_text

MAX_INCLUDES: Final = 200

_LINE: Final = re.compile(r"(@?[A-Za-z0-9_-]+)[ \t]*:(.*)", re.DOTALL)
_CONTROL: Final = re.compile("[\x00-\x08\x0a-\x1f\x7f\ud800-\udfff]")


@dataclass(frozen=True, slots=True)
class Entry:
    """One setting, its key in lower case, its value without surrounding space."""

    key: str
    value: str
    position: Position


@dataclass(slots=True)
class ParsedFile:
    """The entries of a file and of those that it includes, in order, and what is wrong with them."""

    entries: list[Entry] = field(default_factory=list)
    problems: list[Problem] = field(default_factory=list)
    is_whole: bool = True
    """Whether every file could be had."""


def read_imapd_conf(path: Path) -> ParsedFile:
    """Read a file and what it includes; faults are among the problems, and nothing is raised."""
    reader = _Reader()
    reader.read(path, included_from=())
    return reader.parsed


def parse_imapd_conf(text: str, file: Path) -> ParsedFile:
    """Parse a text as if it stood in `file`; includes are looked for beside it."""
    reader = _Reader()
    reader.parse(text, file, included_from=(_real(file),))
    return reader.parsed


class _Reader:
    def __init__(self) -> None:
        self.parsed = ParsedFile()
        self._includes = 0

    def read(self, file: Path, *, included_from: tuple[Path, ...], at: Position | None = None) -> None:
        text = self._load(file, at)
        if text is not None:
            self.parse(text, file, included_from=(*included_from, _real(file)))

    def parse(self, text: str, file: Path, *, included_from: tuple[Path, ...]) -> None:
        for number, line in _logical_lines(text):
            position = Position(file, number)
            match = _LINE.fullmatch(line)
            if match is None:
                self._refuse(position, "", "not a setting; allowed: key: value, comments, empty lines")
                continue
            key, value = match[1].lower(), match[2].strip()
            if _CONTROL.search(value):
                self._refuse(position, key, "control characters in the value")
            elif key == "@include":
                self._include(value, position, included_from)
            elif key.startswith("@"):
                self._refuse(position, key, "no such directive; allowed: @include")
            else:
                self.parsed.entries.append(Entry(key, value, position))

    def _include(self, value: str, position: Position, included_from: tuple[Path, ...]) -> None:
        file = position.file.parent / value
        self._includes += 1
        if not value:
            self._refuse(position, "@include", "no file named")
        elif _real(file) in included_from:
            self._refuse(position, "@include", f"{file} includes itself")
        elif self._includes > MAX_INCLUDES:
            self._refuse(position, "@include", f"more than {MAX_INCLUDES} files are included")
        else:
            self.read(file, included_from=included_from, at=position)

    def _load(self, file: Path, at: Position | None) -> str | None:
        """The text of a file; where it cannot be had, the line that asked for it is at fault, if there is one."""
        try:
            return load_text(file)
        except NotUtf8 as error:
            self._refuse(Position(file, error.line), "", "not UTF-8")
        except SourceUnreadable as error:
            if at is None:
                self._refuse(Position(file, 0), "", f"cannot be read: {error}")
            else:
                self._refuse(at, "@include", f"{file} cannot be read: {error}")
        self.parsed.is_whole = False
        return None

    def _refuse(self, position: Position, option: str, text: str) -> None:
        self.parsed.problems.append(Problem(position, option, text))


def _real(file: Path) -> Path:
    """The file behind all links; unlike `Path.resolve` it does not raise on a loop of links."""
    return Path(os.path.realpath(file))


def _logical_lines(text: str) -> list[tuple[int, str]]:
    """Lines that say something, with the number of their first line; those ending in a backslash are joined.

    A comment is never continued: a backslash at its end would silently take a setting away.
    """
    lines: list[tuple[int, str]] = []
    continued: tuple[int, str] | None = None
    for number, raw in enumerate(text.split("\n"), start=1):
        raw = raw.removesuffix("\r")
        first, line = continued or (number, "")
        if continued is None and raw.lstrip().startswith("#"):
            continue
        joined = line + raw.rstrip()
        if joined.endswith("\\"):
            continued = (first, joined[:-1])
            continue
        continued = None
        if joined.strip():
            lines.append((first, joined.strip()))
    if continued is not None and continued[1].strip():
        lines.append((continued[0], continued[1].strip()))
    return lines
