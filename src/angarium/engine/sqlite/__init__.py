"""The engine of a single machine: SQLite files for the index, plain files for messages."""

from angarium.engine.sqlite.engine import SqliteEngine
from angarium.engine.sqlite.options import SqliteOptions

__all__ = ["SqliteEngine", "SqliteOptions"]
