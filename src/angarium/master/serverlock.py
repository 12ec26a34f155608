"""The lock that keeps a second server from a store.

It is a flock, which the kernel drops with the last process that holds it: the workers hold it too, so that a server
whose master was killed keeps the store until its workers have gone.
"""

import fcntl
import os
import time
from pathlib import Path
from typing import Final

from angarium.errors import ConfigError, StoreInUse
from angarium.master.identity import Identity

LOCK_FILE: Final = "master.lock"
ORPHANS_WAIT_S: Final = 10.0
_POLL_S: Final = 0.02


def take_server_lock(directory: Path, identity: Identity, *, orphans_wait_s: float = ORPHANS_WAIT_S) -> int:
    """The descriptor of the lock in a store's run directory, held until it is closed here and in all forked processes.

    StoreInUse, with the other's pid, where another server runs; where only workers of a dead one are left, they are
    waited for.
    """
    path = directory / LOCK_FILE
    try:
        with identity.acting():
            descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC, 0o644)
    except OSError as error:
        raise ConfigError(f"{path}: cannot be opened: {error.strerror}") from error
    deadline_s = time.monotonic() + orphans_wait_s
    while not _try_lock(descriptor):
        pid = _read_pid(descriptor)
        if _is_alive(pid) or time.monotonic() > deadline_s:
            os.close(descriptor)
            raise StoreInUse(f"another server runs on {directory.parent}, process {pid or 'unknown'}")
        time.sleep(_POLL_S)
    try:
        os.ftruncate(descriptor, 0)
        os.pwrite(descriptor, f"{os.getpid()}\n".encode(), 0)
    except OSError as error:
        os.close(descriptor)
        raise ConfigError(f"{path}: cannot be written: {error.strerror}") from error
    return descriptor


def is_served(directory: Path) -> bool:
    """Whether a server, or what is left of one, runs with this run directory. OSError."""
    try:
        descriptor = os.open(directory / LOCK_FILE, os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC)
    except FileNotFoundError:
        return False
    try:
        # Shared, so that two who ask do not find one another; a server that starts meanwhile tries again.
        fcntl.flock(descriptor, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    finally:
        os.close(descriptor)
    return False


def _try_lock(descriptor: int) -> bool:
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def _read_pid(descriptor: int) -> int:
    text = os.pread(descriptor, 32, 0).strip()
    return int(text) if text.isdigit() else 0


def _is_alive(pid: int) -> bool:
    if pid <= 0:
        return False
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True
