"""What SORT and THREAD compare, one column a field, over the rows of a mailbox view (RFC 5256 §2, §3)."""

import asyncio
from collections.abc import Callable, Sequence
from typing import Final
from weakref import ref

import numpy as np
from numpy.typing import NDArray

from angarium.collation import UNICODE_CASEMAP
from angarium.engine.rows import SearchFields
from angarium.sortcriteria import SortKey
from angarium.store import MailboxView

_STORED: Final[dict[SortKey, Callable[[SearchFields], str]]] = {
    SortKey.FROM: lambda fields: fields.first_from,
    SortKey.TO: lambda fields: fields.first_to,
    SortKey.CC: lambda fields: fields.first_cc,
    SortKey.SUBJECT: lambda fields: fields.base_subject,
}
"""Texts that are kept as the default collation compares them."""
_NO_DATE = np.iinfo(np.int64).min
_NO_FIELDS = SearchFields("", "", "", "", "", "", None, "", is_reply=False)
_ROW_OCTETS = 250
"""Of one row besides the octets of its texts: places in lists, a tuple, heads of strings."""


class OrderColumns:
    """Folded texts, dates and message ids. Equal texts are one object, for subjects and ids come many times.

    Whoever derives something that is kept here (other forms, `ranks`, the rows in `unknown`) holds `lock` meanwhile.
    """

    def __init__(self, view: MailboxView) -> None:
        # Weakly, so that a generation that nobody uses any more takes no room.
        self._view = ref(view)
        self._texts: dict[str, str] = {}
        self._octets = 0
        self._sent: list[int] = []
        self._sent_array: NDArray[np.int64] = np.empty(0, dtype=np.int64)
        self._stored: dict[SortKey, list[str]] = {key: [] for key in _STORED}
        self.forms = {(key, UNICODE_CASEMAP.name): texts for key, texts in self._stored.items()}
        """Texts as the collation of that name compares them; of stored ones all, of others perhaps not the last."""
        self.message_ids: list[str] = []
        self.references: list[Sequence[str]] = []
        self.is_reply: list[bool] = []
        self.unknown: list[int] = []
        """Rows of whose `references` and `is_reply` nothing was stored."""
        self.ranks: dict[tuple[SortKey, str], NDArray[np.int64]] = {}
        """By key and the name of the collation; perhaps of fewer rows."""
        self.lock = asyncio.Lock()

    def __len__(self) -> int:
        return len(self._sent)

    def is_of(self, view: MailboxView) -> bool:
        """Whether these are the columns of this generation of the view."""
        return self._view() is view

    @property
    def octets(self) -> int:
        """About what the columns take."""
        derived = sum(ranks.nbytes for ranks in self.ranks.values()) + 8 * sum(map(len, self.forms.values()))
        return self._octets + _ROW_OCTETS * len(self) + derived

    def append(self, fields: SearchFields | None) -> None:
        """The next row; None where its content is gone."""
        if fields is None:
            fields = _NO_FIELDS
        if fields.is_reply is None:
            self.unknown.append(len(self))
        for key, texts in self._stored.items():
            texts.append(self.one(_STORED[key](fields)))
        self.message_ids.append(self.one(fields.message_id))
        self.references.append(tuple(map(self.one, fields.references)))
        self.is_reply.append(bool(fields.is_reply))
        self._sent.append(_NO_DATE if fields.sent_s is None else fields.sent_s)

    def know_replies(self, row: int, references: Sequence[str], *, is_reply: bool) -> None:
        """What was read again of a row that is in `unknown`; the caller takes it out there."""
        self.references[row] = tuple(map(self.one, references))
        self.is_reply[row] = is_reply

    def one(self, text: str) -> str:
        """The same text, one object for all that are equal."""
        known = self._texts.setdefault(text, text)
        if known is text:
            self._octets += len(text)
        return known

    def sent_s(self, rows: NDArray[np.intp], else_s: NDArray[np.int64]) -> NDArray[np.int64]:
        """Sent dates as UTC seconds; `else_s` where the Date field cannot be read (RFC 5256 §2.2)."""
        if len(self._sent_array) != len(self._sent):
            self._sent_array = np.array(self._sent, dtype=np.int64)
        sent_s = self._sent_array[rows]
        return np.where(sent_s == _NO_DATE, else_s, sent_s)
