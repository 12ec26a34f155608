"""What RETURN makes of what was found, by SEARCH or SORT (RFC 4731 §3.1, RFC 5182 §2.4, RFC 5267 §3.1, RFC 9394 §3)."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from angarium.imap import commands as c
from angarium.imap.serializer import SearchedMailbox, serialize_esearch
from angarium.imap.terminals import ranges_of
from angarium.sequenceset import UidSet
from angarium.store import Uids

_PLACES = frozenset({c.SearchReturn.MIN, c.SearchReturn.MAX, c.SearchReturn.PARTIAL})
_WHOLE = frozenset({c.SearchReturn.ALL, c.SearchReturn.COUNT})


@dataclass(frozen=True, slots=True)
class SearchResult:
    """UIDs that were found, in order, and what the client wants to know of them."""

    returns: frozenset[c.SearchReturn]
    partial: c.PartialRange | None
    uids: Uids
    tells_modseq: bool = False
    """The keys ask for MODSEQ."""

    def covered(self) -> UidSet:
        """What `$` is, and what MODSEQ speaks of: the places alone, where only such are asked for."""
        if self.returns & _WHOLE or not self.returns & _PLACES:
            return UidSet.from_array(np.sort(self.uids))
        found = [self.window(self.uids)]
        if c.SearchReturn.MIN in self.returns:
            found.append(self.uids[:1])
        if c.SearchReturn.MAX in self.returns:
            found.append(self.uids[-1:])
        return UidSet.from_array(np.unique(np.concatenate(found)))

    def window(self, numbers: NDArray[np.integer]) -> NDArray[np.integer]:
        """Those of `numbers`, which stand for the UIDs, that PARTIAL asks for."""
        if self.partial is None:
            return numbers[:0]
        first, last = self.partial.places(len(numbers))
        return numbers[first - 1 : last]


def serialize_result(
    tag: bytes,
    result: SearchResult,
    numbers: NDArray[np.integer],
    *,
    by_uid: bool,
    modseq: int | None,
    mailbox: SearchedMailbox | None = None,
) -> Iterator[bytes]:
    """ESEARCH; `numbers` are the UIDs, or the message numbers that stand for them."""
    returns = result.returns
    has_some = bool(numbers.size)
    return serialize_esearch(
        tag,
        by_uid=by_uid,
        mailbox=mailbox,
        count=len(numbers) if c.SearchReturn.COUNT in returns else None,
        minimum=int(numbers[0]) if has_some and c.SearchReturn.MIN in returns else None,
        maximum=int(numbers[-1]) if has_some and c.SearchReturn.MAX in returns else None,
        found=ranges_of(numbers) if c.SearchReturn.ALL in returns else None,
        partial=None if result.partial is None else (result.partial.serialize(), ranges_of(result.window(numbers))),
        modseq=modseq,
    )
