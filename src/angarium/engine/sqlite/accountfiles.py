"""The files of accounts as the file system shows them, without opening one."""

import glob
import os
from collections.abc import Iterator
from typing import Final

from angarium.engine.rows import AccountId

_SLICE: Final = 1000
_ID_LENGTH: Final = 24


def changed_accounts(directory: str, time_s: int) -> Iterator[list[AccountId]]:
    """Accounts whose file, or write-ahead log, was written at or after a time, in slices; also an empty one after each
    so many directories, so that who asks for the next can look around. Folding a log in writes to the file, too."""
    found: dict[AccountId, None] = {}
    for number, entries in enumerate(_directories(os.path.join(directory, "account"))):
        for entry in entries:
            account = AccountId(entry.name[:_ID_LENGTH])
            if account not in found and _is_changed(entry, time_s):
                found[account] = None
        if len(found) >= _SLICE or number % _SLICE == _SLICE - 1:
            yield list(found)
            found = {}
    if found:
        yield list(found)


def accounts_with_logs(directory: str) -> list[AccountId]:
    """Accounts whose write-ahead log is not empty, open here or not."""
    logs = glob.iglob(f"{glob.escape(os.path.join(directory, 'account'))}/*/*/*.db-wal")
    return [AccountId(os.path.basename(path)[: -len(".db-wal")]) for path in logs if os.path.getsize(path)]


def _directories(root: str) -> Iterator[list[os.DirEntry[str]]]:
    for above in _entries(root):
        for below in _entries(above.path):
            yield _entries(below.path)


def _entries(path: str) -> list[os.DirEntry[str]]:
    try:
        with os.scandir(path) as entries:
            return list(entries)
    except (FileNotFoundError, NotADirectoryError):
        return []  # no account yet, or none any more


def _is_changed(entry: os.DirEntry[str], time_s: int) -> bool:
    if entry.name[_ID_LENGTH:] not in (".db", ".db-wal"):
        return False
    try:
        return entry.stat().st_mtime >= time_s
    except FileNotFoundError:
        return False
