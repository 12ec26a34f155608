"""The grammar of the commands, one module a family; `table` joins them."""

from .append import AppendHead, parse_append_head
from .entry import Entry
from .table import COMMANDS, UID_COMMANDS

__all__ = ["COMMANDS", "UID_COMMANDS", "AppendHead", "Entry", "parse_append_head"]
