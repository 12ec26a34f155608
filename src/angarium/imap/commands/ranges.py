"""`PartialRange`: a window of results (RFC 9394 §3.1)."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class PartialRange:
    """Places in a result, counted from 1, both included; 500:400 is the same as 400:500, and so is here.

    With `from_end` the newest message is the first (`-1:-100`), else the oldest is.
    """

    first: int
    last: int
    from_end: bool = False

    def __post_init__(self) -> None:
        if not 1 <= self.first <= self.last:
            raise ValueError("not a partial range")

    def serialize(self) -> bytes:
        """As ESEARCH repeats it (RFC 9394 §4, partial-range)."""
        return b"-%d:-%d" % (self.first, self.last) if self.from_end else b"%d:%d" % (self.first, self.last)
