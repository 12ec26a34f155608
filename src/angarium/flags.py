"""Flags of messages (RFC 9051 §2.3.2): system flags as bits, keywords as text.

Keywords compare without regard to case and are kept as first given, as Cyrus does.
"""

import enum
from collections.abc import Iterable
from dataclasses import dataclass


class SystemFlags(enum.IntFlag):
    """The system flags that are stored; `\\Recent` is a matter of sessions and is not here."""

    NONE = 0
    ANSWERED = 1
    FLAGGED = 2
    DELETED = 4
    DRAFT = 8
    SEEN = 16


ALL_SYSTEM_FLAGS = SystemFlags(31)

SYSTEM_FLAG_NAMES: dict[SystemFlags, str] = {
    SystemFlags.ANSWERED: "\\Answered",
    SystemFlags.FLAGGED: "\\Flagged",
    SystemFlags.DRAFT: "\\Draft",
    SystemFlags.DELETED: "\\Deleted",
    SystemFlags.SEEN: "\\Seen",
}
"""In the order in which FLAGS lists them."""

_BY_NAME = {name.lower(): flag for flag, name in SYSTEM_FLAG_NAMES.items()}


def system_flag(name: str) -> SystemFlags | None:
    """The system flag of this name, in any case; None where it is not one that is stored."""
    return _BY_NAME.get(name.lower())


@dataclass(frozen=True, slots=True)
class Flags:
    """Flags of a message, or to set on one; `keywords` holds each keyword once in its stored spelling."""

    system: SystemFlags = SystemFlags.NONE
    keywords: tuple[str, ...] = ()

    @classmethod
    def of(cls, names: Iterable[str]) -> "Flags":
        """Flags by their names; `\\Recent` is passed over, since nobody can set it (RFC 3501 §2.3.2)."""
        system = SystemFlags.NONE
        keywords: dict[str, str] = {}
        for name in names:
            flag = system_flag(name)
            if flag is not None:
                system |= flag
            elif name.lower() != "\\recent":
                keywords.setdefault(name.lower(), name)
        return cls(system, tuple(keywords.values()))

    def names(self) -> tuple[str, ...]:
        """All names, system flags first."""
        return (*(name for flag, name in SYSTEM_FLAG_NAMES.items() if flag in self.system), *self.keywords)


NO_FLAGS = Flags()
