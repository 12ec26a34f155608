"""A script as its grammar has it (RFC 5228 §8.2), before anybody knows what its commands mean."""

from dataclasses import dataclass

from angarium.sieve.position import Position


@dataclass(frozen=True, slots=True)
class String:
    """A string as it is written, escapes resolved and nothing else."""

    position: Position
    value: str


@dataclass(frozen=True, slots=True)
class StringList:
    """Strings in brackets, or one that stands for a list of itself."""

    position: Position
    strings: tuple[String, ...]
    is_bracketed: bool


@dataclass(frozen=True, slots=True)
class Number:
    """A number, its quantifier applied."""

    position: Position
    value: int


@dataclass(frozen=True, slots=True)
class TagName:
    """A tag in lower case, without its colon."""

    position: Position
    name: str


Argument = StringList | Number | TagName


@dataclass(frozen=True, slots=True)
class TestNode:
    """A test with its arguments."""

    position: Position
    name: str
    arguments: tuple[Argument, ...]
    tests: tuple["TestNode", ...]
    has_list: bool
    """Whether the tests stand in parentheses."""


@dataclass(frozen=True, slots=True)
class CommandNode:
    """A command with its arguments."""

    position: Position
    name: str
    arguments: tuple[Argument, ...]
    tests: tuple[TestNode, ...]
    has_list: bool
    block: tuple["CommandNode", ...] | None
    """None: it ends in a semicolon."""
    end: Position
    """Of the semicolon or the opening brace."""
