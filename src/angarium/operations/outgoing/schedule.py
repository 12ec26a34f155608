"""When which account is due."""

import heapq
from itertools import count

from angarium.engine.rows import AccountId


class Schedule:
    """Accounts by the moment at which the first of their mails is due; those of one moment in the order they came."""

    def __init__(self) -> None:
        self.busy: set[AccountId] = set()
        """Those that somebody serves now."""
        self._due: dict[AccountId, tuple[int, int]] = {}
        self._heap: list[tuple[int, int, AccountId]] = []
        self._numbers = count()

    def __len__(self) -> int:
        return len(self._due)

    @property
    def next_due_s(self) -> int | None:
        """The earliest moment; None where nothing waits."""
        self._skip()
        return self._heap[0][0] if self._heap else None

    def finish(self, account: AccountId, due_s: int | None) -> None:
        """An account is due then, or has no mail any more (None)."""
        known = self._due.get(account)
        if due_s is None:
            self._due.pop(account, None)
        elif known is None or known[0] != due_s:
            number = next(self._numbers)
            self._due[account] = (due_s, number)
            heapq.heappush(self._heap, (due_s, number, account))

    def take_due(self, now_s: int) -> AccountId | None:
        """The account that is due first, which is busy from then on; None where none is due yet."""
        self._skip()
        if not self._heap or self._heap[0][0] > now_s:
            return None
        account = heapq.heappop(self._heap)[2]
        del self._due[account]
        self.busy.add(account)
        return account

    def _skip(self) -> None:
        """Entries that later ones have taken the place of."""
        while self._heap:
            due_s, number, account = self._heap[0]
            if self._due.get(account) == (due_s, number):
                return
            heapq.heappop(self._heap)
