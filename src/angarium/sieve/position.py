"""Where something stands in a script."""

from typing import NamedTuple


class Position(NamedTuple):
    """Line and column, both from 1; a column counts characters."""

    line: int
    column: int

    def __str__(self) -> str:
        return f"line {self.line}, column {self.column}"
