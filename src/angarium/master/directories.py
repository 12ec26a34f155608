"""Directories and small files that the master makes, also as root in places where its user may write.

Such a place may hold a symbolic link put there to mislead root. So everything is done with the rights of the user, and
as root only where the user may not and no link of the user's is on the way; and every file is new when it is written.
"""

import contextlib
import os
import stat
from collections.abc import Callable, Iterable
from functools import partial
from pathlib import Path
from typing import TypeVar

from angarium.errors import ConfigError
from angarium.master.identity import Identity

T = TypeVar("T")


def as_user(identity: Identity, path: Path, action: Callable[[], T]) -> T:
    """Do what makes `path` with the user's rights, or with root's where only root may, as in /run."""
    try:
        with identity.acting():
            return action()
    except PermissionError:
        if not identity.changes or _has_link_of(identity, path):
            raise
        return action()


def make_directories(paths: Iterable[Path], identity: Identity, *, is_ours: bool = True) -> None:
    """Make what is missing of each path, owned by `identity`. ConfigError, with the path, where that fails, or where a
    directory that `is_ours` cannot be written by that user."""
    for path in paths:
        try:
            _make(path, identity)
            if is_ours:
                _check_writable(path, identity)
        except OSError as error:
            raise ConfigError(f"{path}: cannot be made or used: {error.strerror}") from error


def write_new_file(path: Path, text: str, identity: Identity) -> None:
    """Put a file in place of what bears its name. OSError."""
    temporary = path.with_name(path.name + ".new")

    def write() -> None:
        with contextlib.suppress(FileNotFoundError):
            os.unlink(temporary)
        descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC, 0o644)
        with open(descriptor, "w") as file:
            file.write(text)
        os.rename(temporary, path)

    as_user(identity, path, write)


def remove_file(path: Path) -> None:
    """Remove a file, if it is there and may be removed."""
    with contextlib.suppress(OSError):
        os.unlink(path)


def _make(path: Path, identity: Identity) -> None:
    missing = []
    at = path
    while not at.exists():
        missing.append(at)
        at = at.parent
    for each in reversed(missing):
        as_user(identity, each, partial(_make_one, each, identity))
    if not path.is_dir():
        raise NotADirectoryError(0, "not a directory")


def _check_writable(path: Path, identity: Identity) -> None:
    with identity.acting():
        if not os.access(path, os.W_OK | os.X_OK, effective_ids=True):
            raise PermissionError(0, f"{identity.user} may not write there")


def _make_one(path: Path, identity: Identity) -> None:
    os.mkdir(path, 0o755)
    if os.geteuid() != identity.uid:
        os.chown(path, *identity.owner, follow_symlinks=False)


def _has_link_of(identity: Identity, path: Path) -> bool:
    for each in (path, *path.parents):
        with contextlib.suppress(FileNotFoundError):
            found = os.lstat(each)
            if stat.S_ISLNK(found.st_mode) and found.st_uid == identity.uid:
                return True
    return False
