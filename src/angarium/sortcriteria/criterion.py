"""Sort criteria (RFC 5256 §3, RFC 5957 §4) as values."""

from dataclasses import dataclass
from enum import Enum


class SortKey(Enum):
    """What messages are compared by; the value is the key's name."""

    ARRIVAL = "ARRIVAL"
    """Internal date, in UTC, with its time."""
    CC = "CC"
    """Mailbox of the first address, without host; so are FROM and TO."""
    DATE = "DATE"
    """Sent date in UTC; the internal date where there is none (RFC 5256 §2.2)."""
    DISPLAYFROM = "DISPLAYFROM"
    """`display_address` of the first address; so is DISPLAYTO."""
    DISPLAYTO = "DISPLAYTO"
    FROM = "FROM"
    MODSEQ = "MODSEQ"
    """As Cyrus has it; so is UID."""
    SIZE = "SIZE"
    SUBJECT = "SUBJECT"
    """Base subject (RFC 5256 §2.1)."""
    TO = "TO"
    UID = "UID"

    @property
    def is_text(self) -> bool:
        """Whether the active comparator decides (RFC 5255 §4.2)."""
        return self in _TEXT_KEYS


_TEXT_KEYS = frozenset(
    {SortKey.CC, SortKey.DISPLAYFROM, SortKey.DISPLAYTO, SortKey.FROM, SortKey.SUBJECT, SortKey.TO},
)


@dataclass(frozen=True, slots=True)
class SortCriterion:
    """One key of a sort program; REVERSE is for that key alone."""

    key: SortKey
    is_reverse: bool = False
