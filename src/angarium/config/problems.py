"""What stops the start: faults of a configuration, collected and told together."""

from collections.abc import Sequence
from dataclasses import dataclass

from angarium.errors import ConfigError

from .notices import Position


@dataclass(frozen=True, slots=True)
class Problem:
    """One fault; line 0 means the file as a whole."""

    position: Position
    option: str
    """The option, entry or key as written; empty where the line has none."""
    text: str
    """What is wrong, and what is allowed."""

    def __str__(self) -> str:
        where = str(self.position) if self.position.line else str(self.position.file)
        return f"{where}: {self.option}: {self.text}" if self.option else f"{where}: {self.text}"


def refusal(problems: Sequence[Problem]) -> ConfigError:
    """One error with a line for each problem, in the order of the files' lines."""
    ordered = sorted(problems, key=lambda problem: problem.position)
    return ConfigError("\n".join(str(problem) for problem in ordered))
