"""Strings of a script that are ready to run: constants, and templates where variables stand in them (RFC 5229 §3)."""

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from angarium.sieve.position import Position

if TYPE_CHECKING:
    from angarium.sieve.run import Run

_NAME = r"(?:[0-9]+|[a-z_][a-z0-9_]*)"
_REFERENCE = re.compile(
    rf"\$\{{((?:[a-z_][a-z0-9_]*\.(?:{_NAME}\.)*)?{_NAME})\}}",
    re.IGNORECASE | re.ASCII,
)


@dataclass(frozen=True, slots=True)
class Text:
    """A string."""

    position: Position
    constant: str | None
    """None: it depends on variables."""
    template: tuple["str | Variable", ...] = ()

    @property
    def source(self) -> str:
        """The string with its variables as they are named."""
        if self.constant is not None:
            return self.constant
        return "".join(part if isinstance(part, str) else f"${{{part.name}}}" for part in self.template)

    def value(self, run: "Run") -> str:
        """What it is now; costs a step for each variable in it."""
        if self.constant is not None:
            return self.constant
        run.spend(len(self.template))
        return run.joined(part if isinstance(part, str) else run.scope.value(part) for part in self.template)


@dataclass(frozen=True, slots=True)
class Variable:
    """A variable by its name in lower case, or what a match has captured, by number."""

    name: str
    is_global: bool = False
    number: int | None = None


class TemplateInvalid(ValueError):
    """A reference that can have no meaning; `str()` says why."""


@dataclass(frozen=True, slots=True)
class Texts:
    """A list of strings."""

    position: Position
    texts: tuple[Text, ...]
    constants: tuple[str, ...] | None
    """All of them, where all are constant."""
    splits: bool = False
    """Each is a list of words."""
    allowed: frozenset[str] | None = None
    """Those that are not among these in lower case are passed over."""

    @classmethod
    def of(cls, position: Position, texts: tuple[Text, ...]) -> "Texts":
        constants = tuple(text.constant for text in texts if text.constant is not None)
        return cls(position, texts, constants if len(constants) == len(texts) else None)

    def values(self, run: "Run") -> tuple[str, ...]:
        """What they are now."""
        if self.constants is not None:
            return self.constants
        values = tuple(text.value(run) for text in self.texts)
        if self.splits:
            values = _words(values)
        return values if self.allowed is None else _among(values, self.allowed)

    def split(self) -> "Texts":
        """The same list, where each string stands for the words in it."""
        constants = None if self.constants is None else _words(self.constants)
        return replace(self, constants=constants, splits=True)

    def only(self, allowed: frozenset[str]) -> "Texts":
        """The same list without what is not among `allowed`, which are in lower case."""
        constants = None if self.constants is None else _among(self.constants, allowed)
        return replace(self, constants=constants, allowed=allowed)


def _words(texts: Iterable[str]) -> tuple[str, ...]:
    return tuple(word for text in texts for word in text.split(" ") if word)


def _among(texts: Iterable[str], allowed: frozenset[str]) -> tuple[str, ...]:
    return tuple(text for text in texts if text.lower() in allowed)


def parse_template(value: str, is_global: Callable[[tuple[str, ...]], bool]) -> tuple[str | Variable, ...]:
    """A string with its references to variables taken apart; what only looks like one stays text (RFC 5229 §3).

    `is_global` is asked of the namespace of a reference that has one, and raises TemplateInvalid where there is none
    such.
    """
    parts: list[str | Variable] = []
    end = 0
    for reference in _REFERENCE.finditer(value):
        if reference.start() > end:
            parts.append(value[end : reference.start()])
        end = reference.end()
        *namespace, name = reference[1].lower().split(".")
        in_global = is_global(tuple(namespace)) if namespace else False
        parts.append(_variable(name, is_global=in_global))
    if end < len(value):
        parts.append(value[end:])
    return tuple(parts)


def _variable(name: str, *, is_global: bool) -> Variable:
    if not name.isdigit():
        return Variable(name, is_global=is_global)
    if is_global:
        raise TemplateInvalid(f'"{name}" cannot be the name of a global variable')
    return Variable(name, number=int(name.lstrip("0")[:9] or "0"))
