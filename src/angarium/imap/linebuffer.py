"""`LineBuffer`: octets as they come from a socket, taken again as lines and as stretches of a known size."""

from .literals import ANNOUNCEMENT_OCTETS


class LineTooLong(Exception):
    """More octets than a line may have, and no end of it."""


class LineBuffer:
    """What was received and not taken; what was received at once is handed on without being copied."""

    __slots__ = ("_octets", "_scanned", "_start")

    def __init__(self) -> None:
        # octets before `_start` are done with, those before `_scanned` hold no LF
        self._octets: bytes | bytearray = b""
        self._start = 0
        self._scanned = 0

    def __len__(self) -> int:
        return len(self._octets) - self._start

    def receive(self, data: bytes) -> None:
        """Takes octets in."""
        if not data:
            return
        if self._start == len(self._octets):
            self._octets = data
            self._scanned = 0
        else:
            if isinstance(self._octets, bytearray):
                del self._octets[: self._start]
            else:
                self._octets = bytearray(self._octets[self._start :])
            self._octets += data
            self._scanned -= self._start
        self._start = 0

    def clear(self) -> None:
        """Forgets all."""
        self._octets = b""
        self._start = self._scanned = 0

    def peek(self, count: int) -> bytes:
        """The next octets, `count` at most, left where they are."""
        return self._slice(self._start, self._start + count)

    def take_line(self, limit: int) -> bytes | None:
        """The next line without its CRLF, or without a LF alone, which is what people type; None if it is not whole.

        Raises LineTooLong beyond `limit` octets, and then takes nothing.
        """
        octets, start = self._octets, self._start
        newline = octets.find(b"\n", self._scanned)
        if newline < 0:
            self._scanned = len(octets)
            if len(octets) - start > limit + 1:
                raise LineTooLong
            return None
        end = newline - 1 if newline > start and octets[newline - 1] == 0x0D else newline
        if end - start > limit:
            raise LineTooLong
        if isinstance(octets, bytes) and newline + 1 == len(octets):
            # as mostly: what came is one command
            self._octets, self._start, self._scanned = b"", 0, 0
            return octets[start:end]
        line = self._slice(start, end)
        self._advance(newline + 1)
        return line

    def take_exactly(self, count: int) -> bytes | None:
        """The next `count` octets, None if they are not all there."""
        end = self._start + count
        if end > len(self._octets):
            return None
        taken = self._slice(self._start, end)
        self._advance(end)
        return taken

    def take_some(self, maximum: int) -> bytes:
        """The next octets, `maximum` at most; empty if there are none."""
        start = self._start
        end = min(start + maximum, len(self._octets))
        if start == end:
            return b""
        taken = self._slice(start, end)
        self._advance(end)
        return taken

    def skip_some(self, maximum: int) -> int:
        """Drops the next octets, `maximum` at most; how many that were."""
        start = self._start
        end = min(start + maximum, len(self._octets))
        self._advance(end)
        return end - start

    def skip_line(self) -> bytes | None:
        """Drops a line of any length; its last octets, where a literal may be announced; None if its end is not there.

        Of a line without end yet, what may be the beginning of an announcement is kept, with a CR.
        """
        newline = self._octets.find(b"\n", self._scanned)
        end = len(self._octets) if newline < 0 else newline
        tail_at = max(self._start, end - ANNOUNCEMENT_OCTETS - 1)
        if newline < 0:
            self._start = tail_at
            self._scanned = end
            return None
        tail = self._slice(tail_at, end)
        self._advance(newline + 1)
        return tail.removesuffix(b"\r")

    def _slice(self, start: int, end: int) -> bytes:
        if isinstance(self._octets, bytes):
            return self._octets[start:end]
        with memoryview(self._octets) as view:
            return bytes(view[start:end])

    def _advance(self, position: int) -> None:
        """Moves on, and lets go of the octets at their end, so that an idle connection keeps none."""
        if position == len(self._octets):
            self._octets = b""
            position = 0
        self._start = self._scanned = position
