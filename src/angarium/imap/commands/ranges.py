"""`PartialRange`: a window of results (RFC 9394 §3.1)."""

from dataclasses import dataclass

from angarium.sequenceset import UidSet


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

    def of(self, found: UidSet) -> UidSet:
        """What of a result stands at these places."""
        return found.window(*self.places(len(found)))

    def places(self, count: int) -> tuple[int, int]:
        """The first and the last place, from the start, in a result of that many; the last may be before the first,
        or beyond the end."""
        if not self.from_end:
            return self.first, self.last
        return max(1, count - self.last + 1), max(0, count - self.first + 1)

    def serialize(self) -> bytes:
        """As ESEARCH repeats it (RFC 9394 §4, partial-range)."""
        return b"-%d:-%d" % (self.first, self.last) if self.from_end else b"%d:%d" % (self.first, self.last)
