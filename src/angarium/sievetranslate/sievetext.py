"""Writing Sieve: strings, tests, commands and blocks, laid out for people to read and go on with."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Final, assert_never

_WIDTH: Final = 100
_INDENT: Final = "    "


def quoted(text: str) -> str:
    """A string (RFC 5228 §2.4.2)."""
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'


def quoted_list(texts: Sequence[str]) -> str:
    """A list of strings, or of one the string."""
    return quoted(texts[0]) if len(texts) == 1 else "[" + ", ".join(map(quoted, texts)) + "]"


def multiline(text: str) -> str:
    """A string of lines, which ends the line that it stands on (RFC 5228 §2.4.2: dot-stuffed)."""
    lines = [f".{line}" if line.startswith(".") else line for line in text.split("\n")]
    return "text:\n" + "\n".join(lines) + "\n.\n"


# Tests


@dataclass(frozen=True, slots=True)
class Leaf:
    """A test as it is written, but for its indentation: lists are broken where they are long."""

    text: str
    lists: tuple[tuple[str, ...], ...] = ()
    """The lists of strings at its end."""


@dataclass(frozen=True, slots=True)
class Not:
    test: "Test"


@dataclass(frozen=True, slots=True)
class AnyOf:
    tests: "tuple[Test, ...]"


@dataclass(frozen=True, slots=True)
class AllOf:
    tests: "tuple[Test, ...]"


Test = Leaf | Not | AnyOf | AllOf


def any_of(tests: Sequence[Test]) -> Test:
    """A test that is true where one of these is; there is one at the least."""
    return tests[0] if len(tests) == 1 else AnyOf(tuple(tests))


def all_of(tests: Sequence[Test]) -> Test | None:
    """A test that is true where all of these are; None where there are none."""
    if not tests:
        return None
    return tests[0] if len(tests) == 1 else AllOf(tuple(tests))


def _inline(test: Test) -> str:
    match test:
        case Leaf(text, lists):
            return " ".join([text, *map(quoted_list, lists)])
        case Not(inner):
            return f"not {_inline(inner)}"
        case AnyOf(tests):
            return f"anyof ({', '.join(map(_inline, tests))})"
        case AllOf(tests):
            return f"allof ({', '.join(map(_inline, tests))})"
        case _:
            assert_never(test)


def _laid_out(test: Test, indent: str, used: int) -> str:
    """A test in as many lines as it needs, the first of which has `used` characters already."""
    inline = _inline(test)
    if used + len(inline) <= _WIDTH:
        return inline
    inner = indent + _INDENT
    match test:
        case Leaf(text, lists):
            return f"\n{inner}".join([text, *[_list_laid_out(each, inner) for each in lists]])
        case Not(negated):
            return f"not {_laid_out(negated, indent, used + 4)}"
        case AnyOf(tests) | AllOf(tests):
            name = "anyof" if isinstance(test, AnyOf) else "allof"
            parts = [f"{inner}{_laid_out(each, inner, len(inner) + 1)}" for each in tests]
            return f"{name} (\n" + ",\n".join(parts) + ")"
        case _:
            assert_never(test)


def _list_laid_out(texts: Sequence[str], indent: str) -> str:
    """A list in as many lines as it needs, behind `indent`."""
    if len(texts) == 1 or len(quoted_list(texts)) + len(indent) <= _WIDTH:
        return quoted_list(texts)
    lines = [""]
    for number, text in enumerate(texts):
        word = quoted(text) + ("," if number < len(texts) - 1 else "")
        if lines[-1] and len(indent) + len(lines[-1]) + len(word) + 2 > _WIDTH:
            lines.append("")
        lines[-1] += f" {word}" if lines[-1] else word
    return "[" + f"\n{indent} ".join(lines) + "]"


# Commands


@dataclass(slots=True)
class Comment:
    """Text of any number of lines, which no reader takes for a command."""

    text: str


@dataclass(slots=True)
class Blank:
    """An empty line."""


@dataclass(slots=True)
class Command:
    """A command without its semicolon."""

    text: str


@dataclass(slots=True)
class Conditional:
    """`if`, its `elsif`s, and an `else` where the last test is None; with no test but None, the block alone."""

    branches: "list[tuple[Test | None, list[Statement]]]" = field(default_factory=list)


Statement = Blank | Comment | Command | Conditional


def laid_out(statements: Iterable[Statement], indent: str = "") -> list[str]:
    """The lines of a block."""
    lines: list[str] = []
    for statement in statements:
        match statement:
            case Comment(text):
                lines += [f"{indent}# {line}".rstrip() for line in _harmless(text).split("\n")]
            case Blank():
                lines.append("")
            case Command(text):
                lines.append(f"{indent}{text};")
            case Conditional(branches):
                lines += _conditional(branches, indent)
            case _:
                assert_never(statement)
    return lines


def _conditional(branches: "list[tuple[Test | None, list[Statement]]]", indent: str) -> list[str]:
    if branches[0][0] is None:
        return laid_out(branches[0][1], indent)
    lines: list[str] = []
    for number, (test, block) in enumerate(branches):
        start = "if " if number == 0 else "} elsif " if test is not None else "} else"
        text = "" if test is None else _laid_out(test, indent, len(indent) + len(start) + 2)
        lines += f"{indent}{start}{text} {{".split("\n")
        lines += laid_out(block, indent + _INDENT)
        if test is None:
            break
    return [*lines, f"{indent}}}"]


def _harmless(text: str) -> str:
    return "".join([char if char == "\n" or char.isprintable() else " " for char in text])


def script_text(title: str, requires: Iterable[str], statements: Sequence[Statement]) -> str:
    """A whole script."""
    lines = laid_out([Comment(title)])
    names = sorted(set(requires))
    if names:
        lines += ["", *f"require {_list_laid_out(names, ' ' * 8)};".split("\n")]
    lines += ["", *laid_out(statements)] if statements else []
    return "\n".join(lines) + "\n"
