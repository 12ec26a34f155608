"""Engines that remember what they read by the announcements of one another, as those of workers do."""

from collections import Counter

from angarium.engine.rows import AccountId
from angarium.engine.sqlite import SqliteEngine


class Announcements:
    """Counts the changes of all engines that joined."""

    def __init__(self) -> None:
        self._changes: Counter[AccountId] = Counter()
        self.seconds = 0

    def join(self, engine: SqliteEngine) -> None:
        engine.subscribe(self.changed)
        engine.remember_by(lambda account: (self._changes[account], self.seconds))

    def hold_back(self, account: AccountId) -> None:
        """As if the last change were committed, and not announced yet."""
        self._changes[account] -= 1

    def changed(self, account: AccountId) -> None:
        self._changes[account] += 1
