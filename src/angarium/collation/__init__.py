"""Comparators of text (RFC 4790), for SEARCH, SORT and THREAD, and for scripts that filter."""

from .collation import (
    ASCII_CASEMAP,
    ASCII_NUMERIC,
    COLLATIONS,
    OCTET,
    UNICODE_CASEMAP,
    Collation,
    SubstringNotSupported,
)
from .comparator import (
    DEFAULT_COMPARATOR,
    Comparator,
    ComparatorInvalid,
    ComparatorSelection,
    find_collation,
    select_comparator,
)

__all__ = [
    "ASCII_CASEMAP",
    "ASCII_NUMERIC",
    "COLLATIONS",
    "DEFAULT_COMPARATOR",
    "OCTET",
    "UNICODE_CASEMAP",
    "Collation",
    "Comparator",
    "ComparatorInvalid",
    "ComparatorSelection",
    "SubstringNotSupported",
    "find_collation",
    "select_comparator",
]
