"""`FeedLedger` (`events.db`, `imapsieve.db`): how far consumers of the change logs have come, durably.

Consumers write here, and nobody who writes to an account does. One process at a time writes; it is the one that has the
lease of the consumers.
"""

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final, TypeVar

import apsw

from angarium.engine.disk import Disk
from angarium.engine.rows import AccountId, ModSeq
from angarium.engine.sqlite.query import fetch_all, fetch_one
from angarium.engine.sqlite.refusals import as_known
from angarium.engine.sqlite.schema import FEEDS
from angarium.engine.sqlite.site import SiteDatabase

Answer = TypeVar("Answer")

_CHECKPOINT_PAGES: Final = 1000


@dataclass(slots=True)
class Progress:
    """What one consumer has to have remembered."""

    positions: dict[AccountId, ModSeq] = field(default_factory=dict)
    gone: set[AccountId] = field(default_factory=set)
    """Accounts that are no more."""
    noted: set[AccountId] = field(default_factory=set)
    """Accounts with news that it has not looked at yet, and ..."""
    done: set[AccountId] = field(default_factory=set)
    """... those among them that it has."""

    def __bool__(self) -> bool:
        return bool(self.positions or self.gone or self.noted or self.done)


class FeedLedger:
    """The constructor, `begin`, `save` and `close` block, and belong into a thread; reads take some µs. DiskFull,
    DiskFailed, StoreDamaged."""

    def __init__(self, directory: str, disk: Disk, *, name: str = "events.db") -> None:
        path = f"{directory}/{name}"
        try:
            self._database = SiteDatabase(path, FEEDS, disk, vfs=None, checkpoint_pages=_CHECKPOINT_PAGES)
        except (OSError, apsw.Error) as error:
            raise as_known(error) from error

    def begin(self, consumers: Collection[str], now_s: int) -> dict[str, int]:
        """Since when each consumer is told; a new one is from now on. What others have left is forgotten."""

        def change(connection: apsw.Connection) -> dict[str, int]:
            known = dict(fetch_all(connection, "SELECT name, began_at FROM consumer"))
            for name in known.keys() - set(consumers):
                for table in ("consumer", "position", "noted"):
                    column = "name" if table == "consumer" else "consumer"
                    connection.execute(f"DELETE FROM {table} WHERE {column} = ?", (name,))
            for name in set(consumers) - known.keys():
                row = (name, now_s, now_s)
                connection.execute("INSERT INTO consumer (name, began_at, looked_at) VALUES (?, ?, ?)", row)
            return dict(fetch_all(connection, "SELECT name, began_at FROM consumer"))

        return self._write(change)

    def looked_s(self) -> int | None:
        """Everything that happened before is told, or noted; None where there is no consumer."""
        row = fetch_one(self._database.open_reader, "SELECT min(looked_at) FROM consumer")
        return None if row is None else row[0]

    def position(self, consumer: str, account: AccountId) -> ModSeq | None:
        """Up to where it has told what happened in the account."""
        row = fetch_one(
            self._database.open_reader,
            "SELECT modseq FROM position WHERE consumer = ? AND account = ?",
            (consumer, account),
        )
        return None if row is None else ModSeq(row[0])

    def noted(self, consumer: str, *, after: str, limit: int) -> list[AccountId]:
        """Accounts that are noted, by id, behind one."""
        rows = fetch_all(
            self._database.open_reader,
            "SELECT account FROM noted WHERE consumer = ? AND account > ? ORDER BY account LIMIT ?",
            (consumer, after, limit),
        )
        return [AccountId(account) for (account,) in rows]

    def save(self, progress: Mapping[str, Progress], *, looked_s: int | None = None) -> None:
        """Durable on return. `looked_s`: what happened before is told, or noted."""

        def change(connection: apsw.Connection) -> None:
            for consumer, made in progress.items():
                connection.executemany(
                    "INSERT OR REPLACE INTO position (consumer, account, modseq) VALUES (?, ?, ?)",
                    [(consumer, account, modseq) for account, modseq in made.positions.items()],
                )
                _each(connection, "DELETE FROM position WHERE consumer = ? AND account = ?", consumer, made.gone)
                _each(connection, "DELETE FROM noted WHERE consumer = ? AND account = ?", consumer, made.done)
                _each(connection, "INSERT OR IGNORE INTO noted (consumer, account) VALUES (?, ?)", consumer, made.noted)
            if looked_s is not None:
                connection.execute("UPDATE consumer SET looked_at = max(looked_at, ?)", (looked_s,))

        self._write(change)

    def close(self) -> None:
        self._database.close()

    def _write(self, change: Callable[[apsw.Connection], Answer]) -> Answer:
        try:
            return self._database.write(change)
        except (OSError, apsw.Error) as error:
            raise as_known(error) from error


def _each(connection: apsw.Connection, statement: str, consumer: str, accounts: Iterable[AccountId]) -> None:
    rows: Sequence[tuple[str, str]] = [(consumer, account) for account in accounts]
    connection.executemany(statement, rows)
