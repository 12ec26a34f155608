"""The figures as a table for people, and as JSON for programs."""

import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from bench.bed import Sample
from bench.interpreter import Interpreter
from bench.rows import Goal, Row

OURS: Final = "angarium"
_COLUMNS: Final = ("cyrus", "dovecot", OURS)
_NONE: Final = "-"


@dataclass(frozen=True, slots=True)
class Result:
    """A row's least samples by the names of the servers, and what went wrong with others."""

    row: Row
    samples: Mapping[str, Sample]
    failures: Mapping[str, str]

    @property
    def ours(self) -> float | None:
        return self.samples[OURS].value if OURS in self.samples else None

    def ratio(self, peer: str) -> float | None:
        """What Angarium takes as a part of what the peer takes."""
        sample = self.samples.get(peer)
        return _divide(self.ours, sample.value if sample else None)

    @property
    def target(self) -> float | None:
        """What Angarium may take on this machine: the goal, by what the measured peers take here and took there."""
        if self.row.goal is None:
            return None
        scales = [
            sample.value / goal
            for name, goal in peers_of(self.row.goal).items()
            if (sample := self.samples.get(name)) is not None and sample.value > 0
        ]
        if not scales:
            return self.row.goal.angarium
        return self.row.goal.angarium * math.prod(scales) ** (1 / len(scales))

    @property
    def of_target(self) -> float | None:
        return _divide(self.ours, self.target)


def peers_of(goal: Goal) -> dict[str, float]:
    took = {"cyrus": goal.cyrus, "dovecot": goal.dovecot}
    return {name: figure for name, figure in took.items() if figure is not None}


def serialize_versions(versions: Mapping[str, str], interpreter: Interpreter | None) -> str:
    """One line: of each server its version, and of Angarium the interpreter that ran it."""
    by = {OURS: f" by {interpreter}"} if interpreter else {}
    return ", ".join(f"{name} {version}{by.get(name, '')}" for name, version in versions.items())


def serialize_table(results: Sequence[Result]) -> str:
    """One line a row; at 1.00 or less of the target a row is where it should be."""
    heading = ("", "unit", *_COLUMNS, "of cyrus", "of dovecot", "target", "of target", "wall C / D / A")
    lines = [heading, *(_cells(result) for result in results)]
    widths = [max(len(line[place]) for line in lines) for place in range(len(heading))]
    text = [
        "  ".join(
            cell.ljust(width) if place < 2 else cell.rjust(width)
            for place, (cell, width) in enumerate(zip(line, widths, strict=True))
        ).rstrip()
        for line in lines
    ]
    text += [f"{result.row.key}: {name}: {failure}" for result in results for name, failure in result.failures.items()]
    return "\n".join(text) + "\n"


def serialize_json(results: Sequence[Result], *, facts: Mapping[str, object]) -> str:
    rows = [
        {
            "key": result.row.key,
            "title": result.row.title,
            "unit": result.row.unit.value,
            "values": {name: sample.value for name, sample in result.samples.items()},
            "wall_ms": {name: sample.wall_ms for name, sample in result.samples.items()},
            "ratios": {name: result.ratio(name) for name in result.samples if name != OURS},
            "target": result.target,
            "of_target": result.of_target,
            "failures": dict(result.failures),
        }
        for result in results
    ]
    return json.dumps({**facts, "rows": rows}, indent=2) + "\n"


def _cells(result: Result) -> tuple[str, ...]:
    samples = [result.samples.get(name) for name in _COLUMNS]
    walls = [_number(sample.wall_ms if sample else None) for sample in samples]
    return (
        result.row.title,
        result.row.unit.value,
        *(_number(sample.value if sample else None) for sample in samples),
        _ratio(result.ratio("cyrus")),
        _ratio(result.ratio("dovecot")),
        _number(result.target),
        _ratio(result.of_target),
        " / ".join(walls) if any(wall != _NONE for wall in walls) else "",
    )


def _number(value: float | None) -> str:
    """Three digits that count."""
    if value is None:
        return _NONE
    if value == 0:
        return "0"
    decimals = max(0, 2 - math.floor(math.log10(abs(value))))
    return f"{value:.{decimals}f}"


def _ratio(value: float | None) -> str:
    return _NONE if value is None else f"{value:.2f}"


def _divide(ours: float | None, theirs: float | None) -> float | None:
    return None if ours is None or theirs is None or theirs <= 0 else ours / theirs
