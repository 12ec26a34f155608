"""What a SORT asks for, and the order it asks for (RFC 5256 §3)."""

from .criterion import SortCriterion, SortKey
from .displayaddress import display_address
from .order import SortColumn, order
from .ranks import ranks, ranks_in_slices

__all__ = ["SortColumn", "SortCriterion", "SortKey", "display_address", "order", "ranks", "ranks_in_slices"]
