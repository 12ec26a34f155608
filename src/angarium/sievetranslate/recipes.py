"""The grammar of a procmailrc: recipes, blocks, assignments and comments, before anybody knows what they mean."""

import re
from dataclasses import dataclass
from typing import Final

_MAX_NESTING: Final = 12
# Nothing is given back: where spaces may stand between any two things, going back takes for ever.
_START: Final = re.compile(r":\s*+([0-9]*+)\s*+([A-Za-z]*+)\s*+(?::\s*+([^\s#]*+))?\s*+(?:#.*)?")
_ASSIGNMENT: Final = re.compile(r"([A-Za-z_][A-Za-z0-9_]*)[ \t]*(?:(=)[ \t]*)?")
_VALUE: Final = re.compile(r"""(?:"(?:[^"\\]|\\.)*+"|'[^']*'|`[^`]*`|\\.|[^\s"'`\\])*""", re.DOTALL)
_QUOTES: Final = ("'", '"', "`", "\\")
_MAX_QUOTED_LINES: Final = 100


@dataclass(frozen=True, slots=True)
class Line:
    """A line, those that it was continued on included."""

    number: int
    text: str


@dataclass(frozen=True, slots=True)
class Comment:
    line: int
    text: str
    """Without its mark."""


@dataclass(frozen=True, slots=True)
class Assignment:
    """A variable gets a value."""

    line: int
    name: str
    value: str | None
    """As it is written, quotes and all; None: it is unset."""


@dataclass(frozen=True, slots=True)
class Nonsense:
    """What procmail would skip with a complaint."""

    line: int
    text: str
    reason: str


@dataclass(frozen=True, slots=True)
class Recipe:
    """`:0`, its conditions and its action."""

    line: int
    flags: str
    conditions: tuple[Line, ...]
    """Without their asterisks."""
    action: "str | tuple[Node, ...]"
    """The action's line, or the contents of a block."""
    source: tuple[str, ...]
    """The lines that it was read from."""
    action_line: int


Node = Comment | Assignment | Nonsense | Recipe


def parse_recipes(text: str) -> tuple[Node, ...]:
    """All that a file holds."""
    reader = _Reader(text.split("\n"))
    nodes: list[Node] = []
    while reader.line() is not None:
        nodes += reader.block(0)
        stray = reader.line()
        if stray is not None:
            nodes.append(Nonsense(stray.number, stray.text, 'a "}" closes nothing'))
            reader.skip()
    return tuple(nodes)


class _Reader:
    def __init__(self, lines: list[str]) -> None:
        self._lines = lines
        self._at = 0
        self._next: Line | None = None
        self._read()

    def _read(self) -> None:
        """Reads the next line and those that it is continued on."""
        self._start = self._at
        if self._at >= len(self._lines):
            self._next = None
            return
        text = self._lines[self._at]
        self._at += 1
        # A comment ends with its line, whatever stands at its end.
        while _is_continued(text) and self._at < len(self._lines) and not text.lstrip().startswith("#"):
            text = text[:-1] + self._lines[self._at].lstrip()
            self._at += 1
        self._next = Line(self._start + 1, text.strip())

    def line(self) -> Line | None:
        """The next line; None at the end."""
        return self._next

    def skip(self) -> None:
        self._read()

    def _replace(self, text: str) -> None:
        """What is left of the line."""
        assert self._next is not None
        if text.strip():
            self._next = Line(self._next.number, text.strip())
        else:
            self._read()

    def block(self, depth: int) -> list[Node]:
        """Up to the end or a closing brace, which is left."""
        nodes: list[Node] = []
        while (line := self._next) is not None and not line.text.startswith("}"):
            if not line.text:
                self._read()
            elif line.text.startswith("#"):
                nodes.append(Comment(line.number, line.text.lstrip("#").strip()))
                self._read()
            elif line.text.startswith(":"):
                nodes.append(self._recipe(line, depth))
            else:
                nodes.append(self._assignment(line))
        return nodes

    def _assignment(self, line: Line) -> Node:
        found = _ASSIGNMENT.match(line.text)
        if found is None:
            self._read()
            return Nonsense(line.number, line.text, "this is no recipe and no assignment")
        if found[2] is None:
            self._replace(line.text[found.end() :])
            return Assignment(line.number, found[1], None)
        text, value, rest = line.text, "", ""
        for _ in range(_MAX_QUOTED_LINES):
            value, rest = _value_in(text, found.end())
            if not rest.startswith(_QUOTES) or self._at >= len(self._lines):
                break
            text += "\n" + self._lines[self._at]
            self._at += 1
        if rest.startswith(_QUOTES):
            self._read()
            return Nonsense(line.number, line.text, "a quote is not closed")
        self._replace("" if rest.strip().startswith("#") else rest)
        return Assignment(line.number, found[1], value)

    def _recipe(self, start: Line, depth: int) -> Node:
        first = self._start
        found = _START.fullmatch(start.text)
        self._read()
        if found is None:
            return Nonsense(start.number, start.text, "this is no beginning of a recipe")
        # An old recipe says how many conditions it has, and marks none.
        conditions = self._conditions(int(found[1][:3] or "1"))
        line = self._next
        if line is None or line.text.startswith((":", "}")):
            return Nonsense(start.number, start.text, "the recipe has no action")
        action: str | tuple[Node, ...]
        if line.text.startswith("{"):
            if depth >= _MAX_NESTING:
                self._read()
                return Nonsense(line.number, line.text, "blocks are nested too deeply")
            self._replace(line.text[1:])
            action = tuple(self.block(depth + 1))
            last = self._start
            if self._next is not None:
                self._replace(self._next.text[1:])
            source = self._lines[first : last + 1]
        else:
            action = line.text
            source = self._lines[first : self._at]
            self._read()
        return Recipe(start.number, found[2], tuple(conditions), action, tuple(source), line.number)

    def _conditions(self, unmarked: int) -> list[Line]:
        found: list[Line] = []
        while (line := self._next) is not None:
            if line.text.startswith("*"):
                found.append(Line(line.number, line.text[1:].strip()))
            elif line.text and not line.text.startswith("#"):
                if unmarked <= 0:
                    break
                unmarked -= 1
                found.append(line)
            self._read()
        return found


def _value_in(text: str, at: int) -> tuple[str, str]:
    """A value, and what stands behind it."""
    found = _VALUE.match(text, at)
    assert found is not None, "the empty value is one"
    return found[0], text[found.end() :]


def _is_continued(text: str) -> bool:
    return (len(text) - len(text.rstrip("\\"))) % 2 == 1
