"""The one table from a refusal of the store, or of a login, to the reply that the client gets (RFC 3206 §3).

No text holds a name, a path or anything that a stranger could not know; the detail goes to the log.
"""

from typing import Final

from angarium import errors
from angarium.errors import AngariumError, FailureReason
from angarium.pop3 import replies
from angarium.pop3.replies import Code, Reply, error

_BUSY: Final = error("Server is busy, try again", Code.SYS_TEMP)
_FAILED: Final = error("System I/O error", Code.SYS_TEMP)
_DAMAGED: Final = error("Mailbox has an invalid format", Code.SYS_PERM)
_NO_MAILDROP: Final = error("Mailbox does not exist", Code.SYS_PERM)

REFUSALS: Final[dict[type[AngariumError], Reply]] = {
    errors.MailboxNotFound: _NO_MAILDROP,
    errors.MailboxNameInvalid: _NO_MAILDROP,
    errors.AccountNotFound: _NO_MAILDROP,
    errors.PermissionDenied: error("Permission denied", Code.SYS_PERM),
    errors.MailboxMoving: error("Mailbox is being moved", Code.SYS_TEMP),
    errors.AclChanged: error("Mailbox is locked", Code.SYS_TEMP),
    errors.MessageNotFound: error("Message no longer exists"),
    errors.MessageFileMissing: error("Message file is missing", Code.SYS_PERM),
    errors.AuthenticationFailed: replies.INVALID_LOGIN,
    errors.AuthorizationFailed: replies.INVALID_LOGIN,
    errors.PreparationFailed: replies.INVALID_LOGIN,
    errors.UserNameInvalid: replies.INVALID_LOGIN,
    errors.UserNotFound: replies.INVALID_LOGIN,
    errors.ExchangeFailed: replies.INVALID_LOGIN,
    errors.AuthenticationUnavailable: error("authentication is not available now", Code.SYS_TEMP),
    errors.MechanismUnavailable: replies.NO_MECHANISM,
    errors.EncryptionNeeded: replies.MECHANISM_NEEDS_TLS,
    errors.SessionLimitExceeded: error("Too many open sessions", Code.SYS_TEMP),
    errors.StoreBusy: _BUSY,
    errors.StoreReadOnly: error("Server is read only", Code.SYS_TEMP),
    errors.DiskFull: _FAILED,
    errors.DiskFailed: _FAILED,
    errors.StoreDamaged: _DAMAGED,
    errors.SchemaTooNew: error("Mailbox format is not supported", Code.SYS_PERM),
    errors.TemporaryError: _FAILED,
    errors.PermanentError: error("Operation cannot be done", Code.SYS_PERM),
    errors.AngariumError: _FAILED,
}
"""A class without a line of its own is answered as its nearest base."""

_EXCHANGES: Final = {
    # RFC 5034 §4: these say nothing of the credentials.
    FailureReason.ABORTED: replies.CANCELLED,
    FailureReason.NOT_BASE64: replies.NOT_BASE64,
}


def reply_to(refusal: AngariumError) -> Reply:
    """The reply of the refusal's class, or of its nearest base in the table."""
    if isinstance(refusal, errors.ExchangeFailed):
        return _EXCHANGES.get(refusal.reason, replies.INVALID_LOGIN)
    return next(REFUSALS[kind] for kind in type(refusal).__mro__ if kind in REFUSALS)
