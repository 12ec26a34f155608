"""The script in a user's home directory on this machine (`sieveusehomedir`), as Cyrus has it: `~/.sieve`.

Whoever the server runs as may be able to read more than the user: so the file itself is opened and no link, and it is
hers or root's.
"""

import asyncio
import errno
import logging
import os
import pwd
import stat
from typing import Final

from angarium.engine.rows import ModSeq
from angarium.engine.scripts import ScriptRow
from angarium.errors import DiskFailed
from angarium.names import UserId

log = logging.getLogger(__name__)

_NAME: Final = ".sieve"
_NOT_THERE: Final = frozenset({errno.ENOENT, errno.ENOTDIR})
_NOT_OURS: Final = frozenset({errno.EACCES, errno.EPERM, errno.ELOOP, errno.ENXIO})
_NEVER_CHANGED: Final = ModSeq(0)
"""Its text alone tells whether it is what it was."""


async def home_script(userid: UserId, *, octets_max: int) -> ScriptRow | None:
    """The script; None where the machine has no such user, or she has no file that may be used, which is logged.
    DiskFailed."""
    return await asyncio.get_running_loop().run_in_executor(None, _read, str(userid), octets_max)


def _read(user: str, octets_max: int) -> ScriptRow | None:
    try:
        entry = pwd.getpwnam(user)
    except (KeyError, ValueError):
        return None
    path = os.path.join(entry.pw_dir, _NAME)
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
    except OSError as error:
        if error.errno in _NOT_THERE:
            return None
        if error.errno in _NOT_OURS:
            _tell_unused(user, path, error.strerror or str(error))
            return None
        raise DiskFailed(f"{path}: {error.strerror}") from error
    try:
        status = os.fstat(descriptor)
        if not stat.S_ISREG(status.st_mode):
            _tell_unused(user, path, "it is no file")
            return None
        if status.st_uid not in (entry.pw_uid, 0):
            _tell_unused(user, path, "it is somebody else's")
            return None
        # One octet more shows that it is too large, which is for the user to be told as other mistakes are.
        content = os.read(descriptor, octets_max + 1)
    except OSError as error:
        raise DiskFailed(f"{path}: {error.strerror}") from error
    finally:
        os.close(descriptor)
    return ScriptRow(_NAME, content, True, _NEVER_CHANGED, int(status.st_mtime))


def _tell_unused(user: str, path: str, reason: str) -> None:
    log.warning("home_script_not_used", extra={"user": user, "path": path, "reason": reason})
