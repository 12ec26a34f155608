"""How much a worker's LMTP connections may have under way (DESIGN §5: queues are bounded, and 451 comes before DATA).

Each recipient of a message becomes one write in the queue of an account. A place for it is taken before the message is
let in, so that a client does not send what would be refused behind it, and given back when the write is answered.
Writes of others share the engine's queues, which have the last word; so half of each is for mail.
"""

from collections import Counter
from collections.abc import Iterable, Iterator
from contextlib import contextmanager

from angarium.config import EngineSettings
from angarium.engine.rows import AccountId
from angarium.errors import StoreBusy


class Backlog:
    """One for all LMTP services of a worker; for its loop only."""

    __slots__ = ("_by_account", "_total")

    def __init__(self) -> None:
        self._by_account: Counter[AccountId] = Counter()
        self._total = 0

    @contextmanager
    def places(self, accounts: Iterable[AccountId], settings: EngineSettings) -> Iterator[None]:
        """Hold a place in the queue of each of `accounts`, which may repeat; StoreBusy, and then none is held.

        A message whose recipients are more than all the places is let in where nothing else is under way: it would
        never be otherwise.
        """
        wanted = Counter(accounts)
        self._check(wanted, settings)
        self._by_account.update(wanted)
        self._total += wanted.total()
        try:
            yield
        finally:
            self._total -= wanted.total()
            for account, count in wanted.items():
                self._by_account[account] -= count
                if not self._by_account[account]:
                    del self._by_account[account]

    def _check(self, wanted: Counter[AccountId], settings: EngineSettings) -> None:
        if self._total and self._total + wanted.total() > settings.write_queue_per_worker // 2:
            raise StoreBusy("mail for too many recipients is under way")
        for account, count in wanted.items():
            under_way = self._by_account.get(account, 0)
            if under_way and under_way + count > settings.write_queue_per_account // 2:
                raise StoreBusy(f"too much mail for account {account} is under way")
