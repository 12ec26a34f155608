"""Refusals as exit statuses (sysexits), by which scripts and mail systems tell temporary from permanent."""

import os
from typing import Final

from angarium import errors

EXIT_STATUSES: Final[dict[type[errors.AngariumError], int]] = {
    errors.AngariumError: os.EX_SOFTWARE,
    errors.TemporaryError: os.EX_TEMPFAIL,
    errors.PermanentError: os.EX_DATAERR,
    errors.ConfigError: os.EX_CONFIG,
    errors.StoreInUse: os.EX_UNAVAILABLE,
    errors.UserNotFound: os.EX_NOUSER,
    errors.UserExists: os.EX_CANTCREAT,
    errors.PermissionDenied: os.EX_NOPERM,
    errors.DiskFull: os.EX_IOERR,
    errors.DiskFailed: os.EX_IOERR,
}
"""The nearest class above a refusal decides."""


def exit_status(error: errors.AngariumError) -> int:
    """The status of a command that ended with this refusal."""
    return next(EXIT_STATUSES[each] for each in type(error).__mro__ if each in EXIT_STATUSES)
