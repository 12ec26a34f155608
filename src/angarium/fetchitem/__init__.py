"""What a FETCH asks for."""

from .fetchitem import (
    ALL,
    FAST,
    FULL,
    BinarySection,
    BinarySize,
    BodySection,
    FetchAttribute,
    FetchItem,
    Partial,
    SectionKind,
    sets_seen,
)

__all__ = [
    "ALL",
    "FAST",
    "FULL",
    "BinarySection",
    "BinarySize",
    "BodySection",
    "FetchAttribute",
    "FetchItem",
    "Partial",
    "SectionKind",
    "sets_seen",
]
