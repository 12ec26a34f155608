"""A row: what it is called, how it is measured, and where Angarium is to stand."""

from collections.abc import Callable
from dataclasses import dataclass
from enum import Enum

from bench.bed import Bed, Sample


class Unit(Enum):
    CPU_MS = "ms CPU"
    WALL_MS = "ms"
    KILOBYTES = "KB"


@dataclass(frozen=True, slots=True)
class Goal:
    """What the peers took on the machine where the goal was set, and what Angarium may take there. Only the ratios
    count, or where no peer was measured the figure itself."""

    cyrus: float | None
    dovecot: float | None
    angarium: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """`measure` does the work once; of `rounds` the least counts: disturbance only adds, the first is cold."""

    key: str
    title: str
    measure: Callable[[Bed], Sample]
    goal: Goal | None
    unit: Unit = Unit.CPU_MS
    rounds: int = 3
    beyond: Callable[[Bed], Sample] | None = None
    """Work that is done besides in each round, and whose figure is subtracted: the row tells what `measure` adds."""
    is_extra: bool = False
    """Takes minutes to prepare, and so must be asked for."""
    is_own: bool = False
    """Measures code of Angarium alone."""
