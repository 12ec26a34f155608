"""The grammar of the commands, one module a family; `table` joins them."""

from .entry import AppendEntry, AppendSteps, ArgumentWanted, Entry, is_in_parts, is_served
from .fetchitems import parse_section_spec
from .filters import parse_filter
from .table import COMMANDS, UID_COMMANDS

__all__ = [
    "COMMANDS",
    "UID_COMMANDS",
    "AppendEntry",
    "AppendSteps",
    "ArgumentWanted",
    "Entry",
    "is_in_parts",
    "is_served",
    "parse_filter",
    "parse_section_spec",
]
