"""What a test or a command is called, what it takes, and what makes it run: the rows of the table of the language."""

import enum
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from angarium.sieve.arguments import Arguments
    from angarium.sieve.run import Run

Test = Callable[["Run"], bool]
"""A test that is ready to run. It may ask (`Run.ask`), and is then run again from its beginning; so it changes nothing
but what a second run of it would set to the same."""
Action = Callable[["Run"], None]
"""A command that is ready to run; what it asks, it asks before it changes anything."""


class Kind(enum.Enum):
    """The type of an argument."""

    NUMBER = "a number"
    STRING = "a string"
    STRINGS = "a string or a list of strings"


class Tests(enum.Enum):
    """How many tests stand behind the arguments."""

    NONE = 0
    ONE = 1
    LIST = 2


@dataclass(frozen=True, slots=True)
class Parameter:
    """A positional argument."""

    name: str
    """As messages and `Arguments` call it."""
    kind: Kind
    optional: bool = False
    """Left out where fewer arguments are given, whether it stands first or last."""
    constant: bool = False
    """Variables have no meaning in it."""
    capability: str | None = None
    """What must be required for an optional one to be given."""


@dataclass(frozen=True, slots=True)
class Tag:
    """A tagged argument."""

    name: str
    """Without its colon."""
    capabilities: tuple[str, ...] = ()
    """One of them must be required; none: the capability of its command does."""
    kind: Kind | None = None
    """Of the value that follows it; None: there is none."""
    group: str = ""
    """Of several tags of a group one can be given; a tag can always be given once alone."""
    constant: bool = False


@dataclass(frozen=True, slots=True)
class TestSpecification:
    """A test."""

    name: str
    compile: Callable[["Arguments"], Test]
    capabilities: tuple[str, ...] = ()
    """One of them must be required; none: it is part of the base."""
    parameters: tuple[Parameter, ...] = ()
    tags: tuple[Tag, ...] = ()
    tests: Tests = Tests.NONE


@dataclass(frozen=True, slots=True)
class CommandSpecification:
    """A command that is no `require`, `if`, `elsif` or `else`."""

    name: str
    compile: Callable[["Arguments"], Action]
    capabilities: tuple[str, ...] = ()
    parameters: tuple[Parameter, ...] = ()
    tags: tuple[Tag, ...] = ()
    has_block: bool = False


Specification = TestSpecification | CommandSpecification
