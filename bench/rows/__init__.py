"""What is measured: one row for each kind of work."""

from bench.rows.row import Goal, Row, Unit
from bench.rows.table import ROWS

__all__ = ["ROWS", "Goal", "Row", "Unit"]
