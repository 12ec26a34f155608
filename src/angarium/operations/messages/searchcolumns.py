"""Folded text of a mailbox's messages, one column a field, searched by one pass over long strings.

The texts of a column stand in a few strings with NUL between them, which none of them holds.
"""

from bisect import bisect_right
from collections.abc import Callable, Generator
from weakref import ref

import numpy as np
from numpy.typing import NDArray

from angarium.engine.rows import SearchFields
from angarium.searchkey import SearchedField
from angarium.store import MailboxView, Mask

_SEPARATOR = "\0"
_ROWS_AT_ONCE = 4_096
"""Texts that are looked at one by one between two yields: some 1 ms."""
_NO_DATE = np.iinfo(np.int64).min

_TEXT_OF: dict[SearchedField, Callable[[SearchFields], str]] = {
    SearchedField.FROM: lambda fields: fields.from_,
    SearchedField.TO: lambda fields: fields.to,
    SearchedField.CC: lambda fields: fields.cc,
    SearchedField.BCC: lambda fields: fields.bcc,
    SearchedField.SUBJECT: lambda fields: fields.subject,
}


class TextColumn:
    """Texts of rows, in their order."""

    def __init__(self) -> None:
        self._segments: list[_Segment] = []
        self._count = 0
        self._length = 0

    def append(self, text: str) -> None:
        """The next row's text."""
        clean = text.replace(_SEPARATOR, "") if _SEPARATOR in text else text
        if self._count % _ROWS_AT_ONCE == 0:
            self._segments.append(_Segment())
        self._segments[-1].append(clean + _SEPARATOR)
        self._count += 1
        self._length += len(clean) + 1

    def rows_with(self, needle: str) -> Generator[None, None, Mask]:
        """Rows whose text contains `needle`, which is folded as they are: the rows that were there at the start."""
        mask = np.zeros(self._count, dtype=np.bool_)
        if not needle:
            mask[:] = True
        elif _SEPARATOR not in needle:
            for first in range(0, len(mask), _ROWS_AT_ONCE):
                if first:
                    yield
                self._segments[first // _ROWS_AT_ONCE].mark(needle, mask[first : first + _ROWS_AT_ONCE])
        return mask

    @property
    def octets(self) -> int:
        """About what the column takes."""
        return self._length + 40 * self._count


class _Segment:
    """Texts of so many rows as are looked at without a pause; several, so that none of them is long to put together."""

    __slots__ = ("_blob", "_length", "_pieces", "_starts")

    def __init__(self) -> None:
        self._pieces: list[str] = []
        self._blob = ""
        self._starts: list[int] = []
        self._length = 0

    def append(self, text: str) -> None:
        """The next row's text, its separator behind it."""
        self._starts.append(self._length)
        self._length += len(text)
        self._pieces.append(text)

    def mark(self, needle: str, mask: Mask) -> None:
        """Sets the rows that contain it; of as many as `mask` has, for the segment may have grown since that was made.

        Rare texts are found from hit to hit; where hits are many, looking at each row is faster.
        """
        if self._pieces:
            self._blob += "".join(self._pieces)
            self._pieces.clear()
        blob, starts, count = self._blob, self._starts, len(mask)
        position = blob.find(needle)
        for _ in range(count // 64):
            if position < 0:
                return
            row = bisect_right(starts, position) - 1
            if row >= count:
                return
            mask[row] = True
            if row + 1 == len(starts):
                return
            position = blob.find(needle, starts[row + 1])
        if position < 0:
            return
        first = min(bisect_right(starts, position) - 1, count)
        texts = blob[starts[first] :].split(_SEPARATOR) if first < count else []
        mask[first:] = [needle in text for text in texts[: count - first]]


class SearchColumns:
    """Columns over the rows of one view, expunged rows included."""

    def __init__(self, view: MailboxView) -> None:
        # Weakly, so that a generation that nobody uses any more takes no room.
        self._view = ref(view)
        self._texts = {field: TextColumn() for field in _TEXT_OF}
        self._sent: list[int] = []
        self._sent_array: NDArray[np.int64] = np.empty(0, dtype=np.int64)

    def __len__(self) -> int:
        return len(self._sent)

    def is_of(self, view: MailboxView) -> bool:
        """Whether these are the columns of this generation of the view."""
        return self._view() is view

    @property
    def octets(self) -> int:
        """About what the columns take."""
        return sum(column.octets for column in self._texts.values()) + 48 * len(self._sent)

    def text(self, field: SearchedField) -> TextColumn:
        """The column of an address field or of the subject."""
        return self._texts[field]

    def sent_s(self) -> NDArray[np.int64]:
        """The Date field as UTC seconds."""
        if len(self._sent_array) != len(self._sent):
            self._sent_array = np.array(self._sent, dtype=np.int64)
        return self._sent_array

    def has_sent(self) -> Mask:
        """Rows whose Date field could be read."""
        mask: Mask = self.sent_s() != _NO_DATE
        return mask

    def append(self, fields: SearchFields | None) -> None:
        """The next row; None where its content is gone."""
        for field, column in self._texts.items():
            column.append("" if fields is None else _TEXT_OF[field](fields))
        self._sent.append(_NO_DATE if fields is None or fields.sent_s is None else fields.sent_s)
