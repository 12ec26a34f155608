"""The types that options have: each turns an administrator's text into a value, and says what it allows."""

import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum
from pathlib import Path
from typing import Final, Generic, Protocol, TypeVar

from .quantities import DurationUnit, SizeUnit, parse_duration, parse_size, serialize_duration, serialize_size
from .secret import Secret

T_co = TypeVar("T_co", covariant=True)
E = TypeVar("E", bound=StrEnum)

TRUE_WORDS: Final = frozenset({"yes", "y", "on", "t", "true", "1"})
FALSE_WORDS: Final = frozenset({"no", "n", "off", "f", "false", "0"})


class ValueRefused(ValueError):
    """A text that is no value of its option; `str()` may say why where `allowed` does not."""


class Kind(Protocol[T_co]):
    """A type of option."""

    @property
    def name(self) -> str:
        """What the manual calls the type."""

    @property
    def allowed(self) -> str:
        """What may be written, for an error or the manual."""

    @property
    def unit(self) -> str:
        """What a bare number counts; empty where nothing is counted."""

    def parse(self, text: str) -> T_co:
        """The value of a text without surrounding space. Raises ValueError."""


@dataclass(frozen=True, slots=True)
class Switch:
    """On or off."""

    name: str = "switch"
    allowed: str = "yes, on, true, t, 1, or no, off, false, f, 0"
    unit: str = ""

    def parse(self, text: str) -> bool:
        word = text.lower()
        if word in TRUE_WORDS:
            return True
        if word in FALSE_WORDS:
            return False
        raise ValueRefused("not a switch")


@dataclass(frozen=True, slots=True)
class Text:
    """A line of text, checked by a pattern where there is one."""

    pattern: str = ""
    allowed: str = "any text"
    lower: bool = False
    name: str = "text"
    unit: str = ""

    def parse(self, text: str) -> str:
        if self.pattern and not re.fullmatch(self.pattern, text, re.ASCII):
            raise ValueRefused("not of the form that is allowed")
        return text.lower() if self.lower else text


@dataclass(frozen=True, slots=True)
class SecretText:
    """A password, or its like."""

    name: str = "secret"
    allowed: str = "any text"
    unit: str = ""

    def parse(self, text: str) -> Secret:
        return Secret(text)


@dataclass(frozen=True, slots=True)
class Number:
    """A whole number within bounds, both included."""

    minimum: int = 0
    maximum: int = 2**31 - 1
    unit: str = ""
    name: str = "number"

    @property
    def allowed(self) -> str:
        return f"a whole number from {self.minimum} to {self.maximum}"

    def parse(self, text: str) -> int:
        if not re.fullmatch(r"[+-]?\d{1,18}", text, re.ASCII):
            raise ValueRefused("not a whole number")
        number = int(text)
        if not self.minimum <= number <= self.maximum:
            raise ValueRefused("out of range")
        return number


@dataclass(frozen=True, slots=True)
class FileMode:
    """An octal mask of permissions."""

    name: str = "octal"
    allowed: str = "an octal number from 0 to 777, such as 077"
    unit: str = ""

    def parse(self, text: str) -> int:
        if not re.fullmatch(r"0?[0-7]{1,3}", text, re.ASCII):
            raise ValueRefused("not an octal mask")
        return int(text, 8)


@dataclass(frozen=True, slots=True)
class Duration:
    """A length of time; one below `raised_to` is raised to it, as a protocol may demand."""

    legacy_unit: DurationUnit = DurationUnit.SECONDS
    minimum: timedelta = timedelta(0)
    raised_to: timedelta | None = None
    name: str = "duration"

    @property
    def unit(self) -> str:
        return self.legacy_unit.name.lower()

    @property
    def allowed(self) -> str:
        at_least = f", at least {serialize_duration(self.minimum)}" if self.minimum else ""
        return f"a duration such as 1d2h30m10s, or a number of {self.unit}{at_least}"

    def parse(self, text: str) -> timedelta:
        duration = parse_duration(text, self.legacy_unit)
        if duration < self.minimum:
            raise ValueRefused("too short")
        return duration if self.raised_to is None else max(duration, self.raised_to)


@dataclass(frozen=True, slots=True)
class Size:
    """Octets, within bounds, both included."""

    legacy_unit: SizeUnit = SizeUnit.OCTETS
    minimum: int = 0
    maximum: int = 1 << 50
    name: str = "size"

    @property
    def unit(self) -> str:
        return "octets" if self.legacy_unit is SizeUnit.OCTETS else "KiB"

    @property
    def allowed(self) -> str:
        bounds = f" from {serialize_size(self.minimum)} to {serialize_size(self.maximum)}"
        return f"a size such as 10M, or a number of {self.unit},{bounds}"

    def parse(self, text: str) -> int:
        octets = parse_size(text, self.legacy_unit)
        if not self.minimum <= octets <= self.maximum:
            raise ValueRefused("out of range")
        return octets


@dataclass(frozen=True, slots=True)
class Choice(Generic[E]):
    """One of the members of an enum; where it has `on` or `off`, the other spellings of a switch mean them too."""

    members: type[E]
    name: str = "choice"
    unit: str = ""

    @property
    def allowed(self) -> str:
        return ", ".join(self.members)

    def parse(self, text: str) -> E:
        word = text.lower()
        for name, words in (("on", TRUE_WORDS), ("off", FALSE_WORDS)):
            if word in words and name in list(self.members):
                word = name
        try:
            return self.members(word)
        except ValueError:
            raise ValueRefused("not one of those allowed") from None


@dataclass(frozen=True, slots=True)
class Chosen(Generic[E]):
    """Any of the members of an enum, separated by spaces."""

    members: type[E]
    at_least_one: bool = False
    name: str = "choices"
    unit: str = ""

    @property
    def allowed(self) -> str:
        return "any of " + ", ".join(self.members) + ", separated by spaces"

    def parse(self, text: str) -> tuple[E, ...]:
        choice = Choice(self.members)
        if self.at_least_one and not text:
            raise ValueRefused("none named")
        return tuple(dict.fromkeys(choice.parse(word) for word in text.split()))


@dataclass(frozen=True, slots=True)
class Words:
    """Words separated by spaces, each of them passed through `change`."""

    allowed: str = "words separated by spaces"
    change: Callable[[str], str] = str
    name: str = "words"
    unit: str = ""

    def parse(self, text: str) -> tuple[str, ...]:
        return tuple(dict.fromkeys(self.change(word) for word in text.split()))


@dataclass(frozen=True, slots=True)
class FilePath:
    """An absolute path."""

    name: str = "path"
    allowed: str = "an absolute path, beginning with /"
    unit: str = ""

    def parse(self, text: str) -> Path:
        if not text.startswith("/") or "\0" in text:
            raise ValueRefused("not an absolute path")
        return Path(text)
