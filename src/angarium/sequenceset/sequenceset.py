"""`SequenceSet`: a set of message numbers or UIDs as a client wrote it (RFC 9051 §9, sequence-set)."""

import re
from dataclasses import dataclass
from typing import Final, Self

from .uidset import MAXIMUM_UID, UidSet

STAR: Final = 0
"""Stands for `*`, the largest number in use, in the ranges of a SequenceSet; 0 itself is never a legal number."""

# Ten digits at most, so that int() below stays cheap; each element can only match one way, so this is linear.
_NUMBER = rb"(?:[1-9][0-9]{0,9}|\*)"
_ELEMENT = _NUMBER + rb"(?::" + _NUMBER + rb")?"
_SEQUENCE_SET = re.compile(_ELEMENT + rb"(?:," + _ELEMENT + rb")*")


class SequenceSetInvalid(ValueError):
    """Not a sequence-set."""


@dataclass(frozen=True, slots=True)
class SequenceSet:
    """Ranges as written, in the order written, with `*` not resolved yet; or `$`, the last saved search result.

    `ranges` hold STAR where the client wrote `*`. `is_saved_result` (RFC 5182, RFC 9051 §6.4.4.1) excludes ranges.
    """

    ranges: tuple[tuple[int, int], ...]
    is_saved_result: bool = False

    @classmethod
    def parse(cls, text: bytes) -> Self:
        """Raises SequenceSetInvalid for anything but a sequence-set of numbers from 1 to 4294967295."""
        if text == b"$":
            return cls((), is_saved_result=True)
        if not _SEQUENCE_SET.fullmatch(text):
            raise SequenceSetInvalid("not a sequence-set")
        ranges: list[tuple[int, int]] = []
        for element in text.split(b","):
            left, colon, right = element.partition(b":")
            first = STAR if left == b"*" else int(left)
            last = (STAR if right == b"*" else int(right)) if colon else first
            if first > MAXIMUM_UID or last > MAXIMUM_UID:
                raise SequenceSetInvalid("number out of range")
            # 4:2 equals 2:4 (RFC 9051 §9, seq-range)
            ranges.append((last, first) if STAR != last < first else (first, last))
        return cls(tuple(ranges))

    @property
    def is_resolved(self) -> bool:
        """Whether the set consists of numbers alone, and so means the same in every mailbox."""
        return not self.is_saved_result and not any(STAR in pair for pair in self.ranges)

    def resolve(self, maximum: int) -> UidSet:
        """The numbers meant where `maximum` is the largest in use (0: the mailbox is empty).

        Numbers above `maximum` stay in the set; whether they are an error is the command's business. `*` in an empty
        mailbox means nothing, and neither does a range that ends there (for UIDs RFC 9051 §9 has it mean UIDNEXT, which
        no message has either). A saved result must be substituted by its owner instead: ValueError.
        """
        if self.is_saved_result:
            raise ValueError("a saved search result has no ranges")
        resolved: list[tuple[int, int]] = []
        for first, last in self.ranges:
            if STAR not in (first, last):
                resolved.append((first, last))
            elif maximum:
                first, last = first or maximum, last or maximum
                resolved.append((first, last) if first <= last else (last, first))
        return UidSet.from_ranges(resolved)

    def serialize(self) -> bytes:
        """The set as a client would write it, for logs and for other servers."""
        if self.is_saved_result:
            return b"$"
        return b",".join(
            [
                _serialize_number(first) if first == last else _serialize_number(first) + b":" + _serialize_number(last)
                for first, last in self.ranges
            ],
        )


def _serialize_number(number: int) -> bytes:
    return b"*" if number == STAR else b"%d" % number
