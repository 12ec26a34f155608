"""Regular expressions as procmail has them, taken apart; and as POSIX has them, put together again.

procmail's are those of egrep without counts and classes, in which `^` and `$` match the end of a line, `\\<` and `\\>`
a character that is of no word, `\\/` divides what `MATCH` is to hold from what stands before it, and `^^` is the
beginning or the end of all.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final, assert_never

_MAX_NESTING: Final = 20
_MAX_CHARACTERS: Final = 4000

_CLASSES: Final = {
    "alpha": "A-Za-z",
    "digit": "0-9",
    "alnum": "0-9A-Za-z",
    "upper": "A-Z",
    "lower": "a-z",
    "space": "\t-\r - ",
    "blank": "\t-\t - ",
    "xdigit": "0-9A-Fa-f",
    "punct": "!-/:-@[-`{-~",
}
"""Classes of POSIX as ranges of three characters each. procmail knows none, and yet they are written."""
_SPECIAL_IN_SETS: Final = "-[]^"
"""In their order in ASCII."""


class RegexRefused(ValueError):
    """What cannot be read, or has no like; `str()` says why."""


@dataclass(frozen=True, slots=True)
class Char:
    """A character, in either case unless the flag `D` says otherwise."""

    char: str


@dataclass(frozen=True, slots=True)
class AnyChar:
    """Any character but the end of a line."""


@dataclass(frozen=True, slots=True)
class CharSet:
    """Any of these characters, or any other."""

    ranges: tuple[tuple[str, str], ...]
    negated: bool

    def holds(self, char: str) -> bool:
        return any(low <= char <= high for low, high in self.ranges) is not self.negated


@dataclass(frozen=True, slots=True)
class LineStart:
    pass


@dataclass(frozen=True, slots=True)
class LineEnd:
    pass


@dataclass(frozen=True, slots=True)
class TextEdge:
    """`^^`."""


@dataclass(frozen=True, slots=True)
class WordEdge:
    """A character that is of no word, or the edge of the line."""

    is_start: bool


@dataclass(frozen=True, slots=True)
class MatchStart:
    """`\\/`."""


@dataclass(frozen=True, slots=True)
class Group:
    alternatives: "tuple[Sequence, ...]"


@dataclass(frozen=True, slots=True)
class Repeat:
    node: "Node"
    operator: str
    """`*`, `+` or `?`."""


Node = Char | AnyChar | CharSet | LineStart | LineEnd | TextEdge | WordEdge | MatchStart | Group | Repeat
Sequence = tuple[Node, ...]

ANYTHING: Final = Repeat(AnyChar(), "*")


def parse_regex(pattern: str) -> tuple[Sequence, ...]:
    """The alternatives of a pattern. RegexRefused."""
    if len(pattern) > _MAX_CHARACTERS:
        raise RegexRefused(f"the expression is longer than {_MAX_CHARACTERS} characters")
    return _Parser(pattern).parse()


class _Parser:
    def __init__(self, pattern: str) -> None:
        self._pattern = pattern
        self._at = 0

    def parse(self) -> tuple[Sequence, ...]:
        alternatives = self._alternatives(0)
        if self._at < len(self._pattern):
            raise RegexRefused('a ")" has no "("')
        return alternatives

    def _alternatives(self, depth: int) -> tuple[Sequence, ...]:
        if depth > _MAX_NESTING:
            raise RegexRefused("parentheses are nested too deeply")
        found: list[Sequence] = []
        nodes: list[Node] = []
        while self._at < len(self._pattern) and self._pattern[self._at] != ")":
            char = self._pattern[self._at]
            self._at += 1
            match char:
                case "|":
                    found.append(tuple(nodes))
                    nodes = []
                case "*" | "+" | "?":
                    _repeat(nodes, char)
                case "(":
                    nodes += self._group(depth)
                case _:
                    nodes.append(self._single(char))
        found.append(tuple(nodes))
        return tuple(found)

    def _group(self, depth: int) -> list[Node]:
        alternatives = self._alternatives(depth + 1)
        if self._at == len(self._pattern):
            raise RegexRefused('a "(" is not closed')
        self._at += 1
        return [] if alternatives == ((),) and not self._is_repeated() else [Group(alternatives)]

    def _is_repeated(self) -> bool:
        return self._pattern[self._at : self._at + 1] in ("*", "+", "?")

    def _single(self, char: str) -> Node:
        match char:
            case ".":
                return AnyChar()
            case "[":
                return self._set()
            case "$":
                return LineEnd()
            case "^" if self._pattern.startswith("^", self._at):
                self._at += 1
                return TextEdge()
            case "^":
                return LineStart()
            case "\\":
                return self._escaped()
            case _:
                return Char(char)

    def _escaped(self) -> Node:
        char = self._pattern[self._at : self._at + 1]
        if not char:
            raise RegexRefused('there is nothing behind the last "\\"')
        self._at += 1
        match char:
            case "<" | ">":
                return WordEdge(char == "<")
            case "/":
                return MatchStart()
            case _:
                return Char(char)

    def _set(self) -> CharSet:
        """`[` was read; `]` right behind it stands for itself."""
        pattern = self._pattern
        negated = pattern.startswith("^", self._at)
        self._at += negated
        ranges: list[tuple[str, str]] = []
        start = self._at
        while not (pattern.startswith("]", self._at) and self._at > start):
            if self._at >= len(pattern):
                raise RegexRefused('a "[" is not closed')
            ranges += self._set_item()
        self._at += 1
        return CharSet(_merged(ranges), negated)

    def _set_item(self) -> list[tuple[str, str]]:
        pattern = self._pattern
        if pattern.startswith("[:", self._at):
            end = pattern.find(":]", self._at)
            name = pattern[self._at + 2 : end] if end > 0 else ""
            if name in _CLASSES:
                self._at = end + 2
                text = _CLASSES[name]
                return [(text[place], text[place + 2]) for place in range(0, len(text), 3)]
        first = self._set_char()
        if not pattern.startswith("-", self._at) or pattern.startswith("-]", self._at):
            return [(first, first)]
        self._at += 1
        if self._at >= len(pattern):
            raise RegexRefused('a "[" is not closed')
        last = self._set_char()
        if last < first:
            raise RegexRefused(f"the range {first}-{last} goes downwards")
        return [(first, last)]

    def _set_char(self) -> str:
        if self._pattern.startswith(("\\]", "\\\\", "\\-", "\\^", "\\["), self._at):
            self._at += 1
        self._at += 1
        return self._pattern[self._at - 1]


def _repeat(nodes: list[Node], operator: str) -> None:
    if not nodes or not isinstance(nodes[-1], Char | AnyChar | CharSet | Group | Repeat):
        raise RegexRefused(f'there is nothing that "{operator}" could repeat')
    last = nodes.pop()
    if isinstance(last, Repeat):
        operator = operator if operator == last.operator else "*"
        last = last.node
    nodes.append(Repeat(last, operator))


def _merged(ranges: Iterable[tuple[str, str]]) -> tuple[tuple[str, str], ...]:
    merged: list[tuple[str, str]] = []
    for low, high in sorted(ranges):
        if merged and ord(low) <= ord(merged[-1][1]) + 1:
            merged[-1] = (merged[-1][0], max(merged[-1][1], high))
        else:
            merged.append((low, high))
    return tuple(merged)


# POSIX


def posix_regex(nodes: Sequence) -> str:
    """An extended regular expression of POSIX. RegexRefused."""
    return "".join(map(_posix_node, nodes))


def _posix_node(node: Node) -> str:
    match node:
        case Char(char):
            return f"\\{char}" if char in ".[]()*+?{}|^$\\" else char
        case AnyChar():
            return "."
        case CharSet():
            return _posix_set(node)
        case LineStart():
            return "^"
        case LineEnd():
            return "$"
        case WordEdge(is_start=is_start):
            return "(^|[^0-9A-Za-z_])" if is_start else "($|[^0-9A-Za-z_])"
        case Group(alternatives):
            return "(" + "|".join(map(posix_regex, alternatives)) + ")"
        case Repeat(inner, operator):
            return _posix_node(inner) + operator
        case TextEdge():
            raise RegexRefused('"^^" stands where Sieve has nothing like it')
        case MatchStart():
            raise RegexRefused('"\\/" stands where Sieve has nothing like it')
        case _:
            assert_never(node)


def _posix_set(node: CharSet) -> str:
    """A bracket expression, in which `]` stands first, `-` last and `^` not first."""
    special = [char for char in _SPECIAL_IN_SETS if any(low <= char <= high for low, high in node.ranges)]
    text = "]" if "]" in special else ""
    for low, high in node.ranges:
        text += "".join([_posix_range(*each) for each in _without_special(ord(low), ord(high))])
    text += "[" if "[" in special else ""
    if not text and not node.negated and "^" in special:
        return "[-^]" if "-" in special else "\\^"
    text += ("^" if "^" in special else "") + ("-" if "-" in special else "")
    return f"[{'^' if node.negated else ''}{text}]"


def _without_special(low: int, high: int) -> Iterable[tuple[int, int]]:
    for char in _SPECIAL_IN_SETS:
        if low <= ord(char) <= high:
            yield low, ord(char) - 1
            low = ord(char) + 1
    yield low, high


def _posix_range(low: int, high: int) -> str:
    if low > high:
        return ""
    return chr(low) if low == high else f"{chr(low)}-{chr(high)}"
