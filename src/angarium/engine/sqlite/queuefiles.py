"""The files of mail to send as the file system shows them: what no line names is an orphan.

A crash leaves one between link and COMMIT, or between the COMMIT that took its line away and the unlinking. They are
found at a checkpoint, and removed in the account's turn of the writer (`SweepQueue`), when nobody is in between.
"""

import logging
import os
import re
from dataclasses import dataclass
from functools import partial
from typing import Final

from angarium.engine.commands import Purged
from angarium.engine.disk import Disk
from angarium.engine.rows import AccountId
from angarium.engine.spool import Layout
from angarium.engine.sqlite.query import fetch_all
from angarium.engine.sqlite.transaction import Transaction

log = logging.getLogger(__name__)

_NAME: Final = re.compile(r"([0-9a-z]+)-([1-9][0-9]{0,18})\.")


@dataclass(frozen=True, slots=True)
class QueueFile:
    """A file of mail to send."""

    account: AccountId
    partition: str
    number: int
    path: str


class QueueFiles:
    """Finds files of mail to send."""

    def __init__(self, disk: Disk, layout: Layout) -> None:
        self._disk = disk
        self._layout = layout

    def accounts(self) -> set[AccountId]:
        """All that have one, on whatever partition."""
        found: set[AccountId] = set()
        for partition in self._layout.partitions:
            root = f"{self._layout.partition(partition)}/queue"
            for above in self._entries(root):
                for below in self._entries(f"{root}/{above}"):
                    names = self._entries(f"{root}/{above}/{below}")
                    found |= {AccountId(match[1]) for match in map(_NAME.fullmatch, names) if match is not None}
        return found

    def of(self, account: AccountId) -> list[QueueFile]:
        """Those of one account."""
        found: list[QueueFile] = []
        for partition in self._layout.partitions:
            directory = self._layout.queue(partition, account)
            for name in self._entries(directory):
                match = _NAME.fullmatch(name)
                if match is not None and match[1] == account:
                    found.append(QueueFile(account, partition, int(match[2]), f"{directory}/{name}"))
        return found

    def put_aside(self, account: AccountId, now_s: int) -> None:
        """Give them names under which nobody sends or removes them; durable on return."""
        files = self.of(account)
        for file in files:
            aside = f"{file.path}aside-{now_s}"
            self._disk.rename(file.path, aside)
            log.warning("queue_file_put_aside", extra={"account": account, "path": aside})
        for directory in {os.path.dirname(file.path) for file in files}:
            self._disk.fsync_directory(directory)

    def remove(self, account: AccountId) -> None:
        """For an account that goes, and has no mail to send: those that no line names."""
        for file in self.of(account):
            self._disk.unlink(file.path)

    def _entries(self, directory: str) -> list[str]:
        try:
            return sorted(self._disk.listdir(directory))
        except (FileNotFoundError, NotADirectoryError):
            return []


@dataclass(frozen=True, slots=True)
class SweepQueue:
    """Remove an account's files of the queue that no line names. Answered by Purged."""


def sweep_queue(transaction: Transaction, _: SweepQueue) -> Purged:
    """The numbers of what is removed are not given again.

    That is a change of a row, too, without which there would be no commit for the files to go after: a record whose
    sync had failed, and which would name them, is overwritten by it.
    """
    connection, disk = transaction.connection, transaction.storage.disk
    known = set(fetch_all(connection, "SELECT partition, number FROM dispatch WHERE partition IS NOT NULL"))
    files = QueueFiles(disk, transaction.storage.layout).of(transaction.account)
    orphans = [file for file in files if (file.partition, file.number) not in known]
    if orphans:
        highest = max(file.number for file in orphans)
        connection.execute("UPDATE sqlite_sequence SET seq = max(seq, ?) WHERE name = 'dispatch'", (highest,))
        if connection.changes() == 0:
            connection.execute("INSERT INTO sqlite_sequence (name, seq) VALUES ('dispatch', ?)", (highest,))
    for path in [file.path for file in orphans]:
        log.info("queue_file_removed", extra={"account": transaction.account, "path": path})
        transaction.after_commit.append(partial(disk.unlink, path))
    return Purged(len(orphans), more=False)
