"""What a FETCH asks for."""

from .fetchitem import (
    ALL,
    FAST,
    FULL,
    Annotation,
    BinarySection,
    BinarySize,
    BodySection,
    FetchAttribute,
    FetchItem,
    Partial,
    Preview,
    SectionKind,
    sets_seen,
)

__all__ = [
    "ALL",
    "FAST",
    "FULL",
    "Annotation",
    "BinarySection",
    "BinarySize",
    "BodySection",
    "FetchAttribute",
    "FetchItem",
    "Partial",
    "Preview",
    "SectionKind",
    "sets_seen",
]
