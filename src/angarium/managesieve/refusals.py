"""The one table from a refusal of an operation to the answer that a client gets (RFC 5804 §1.3)."""

from typing import Final

from angarium import errors
from angarium.errors import AngariumError
from angarium.managesieve import responses
from angarium.managesieve.responses import Condition, Response, ResponseCode
from angarium.sieve import ScriptInvalid

_NO_MAILBOX: Final = Response(Condition.NO, "There is no mailbox that scripts could filter mail for")
_BUSY: Final = Response(Condition.NO, "Server is busy, try again", code=ResponseCode.TRYLATER)
_BROKEN: Final = Response(Condition.NO, "System I/O error", code=ResponseCode.TRYLATER)

REFUSALS: Final[dict[type[AngariumError], Response]] = {
    errors.ScriptNotFound: Response(Condition.NO, "Script does not exist", code=ResponseCode.NONEXISTENT),
    errors.ScriptExists: Response(Condition.NO, "Script already exists", code=ResponseCode.ALREADYEXISTS),
    errors.ScriptActive: Response(Condition.NO, "Active script cannot be deleted", code=ResponseCode.ACTIVE),
    errors.ScriptRefused: Response(Condition.NO, "Script cannot be used"),
    errors.ScriptLimitExceeded: Response(Condition.NO, "Too many scripts", code=ResponseCode.QUOTA_MAXSCRIPTS),
    errors.ScriptNameInvalid: responses.NAME_INVALID,
    errors.ScriptError: Response(Condition.NO, "Script cannot be used"),
    errors.PermissionDenied: Response(Condition.NO, "Permission denied"),
    errors.AccountNotFound: _NO_MAILBOX,
    errors.MailboxNotFound: _NO_MAILBOX,
    errors.QuotaExceeded: Response(Condition.NO, "Over quota", code=ResponseCode.QUOTA),
    errors.AuthenticationFailed: responses.AUTHENTICATION_ERROR,
    errors.AuthorizationFailed: responses.AUTHENTICATION_ERROR,
    errors.PreparationFailed: responses.AUTHENTICATION_ERROR,
    errors.UserNameInvalid: responses.AUTHENTICATION_ERROR,
    errors.MechanismUnavailable: responses.AUTHENTICATION_ERROR,
    errors.ExchangeFailed: responses.AUTHENTICATION_ERROR,
    errors.EncryptionNeeded: responses.ENCRYPTION_NEEDED,
    errors.AuthenticationUnavailable: Response(
        Condition.NO, "Authentication is not available now", code=ResponseCode.TRYLATER
    ),
    errors.SessionLimitExceeded: Response(Condition.NO, "Too many open sessions", code=ResponseCode.TRYLATER),
    errors.MailboxMoving: _BUSY,
    errors.StoreBusy: _BUSY,
    errors.StoreReadOnly: Response(Condition.NO, "Server is read only", code=ResponseCode.TRYLATER),
    errors.DiskFull: _BROKEN,
    errors.DiskFailed: _BROKEN,
    errors.StoreDamaged: _BROKEN,
    errors.SchemaTooNew: _BROKEN,
    errors.StoreInUse: _BROKEN,
    errors.PartitionNotFound: _BROKEN,
    errors.TemporaryError: _BUSY,
}
"""What a session may meet, and what stands for all temporary refusals."""


def response_to(error: AngariumError) -> Response | None:
    """The answer to a command that was refused; None where no session has a reason to meet that, and the fault is
    ours."""
    if isinstance(error, errors.ScriptRefused) and isinstance(error.__cause__, ScriptInvalid):
        return mistakes_of(error.__cause__)
    for ancestor in type(error).__mro__:
        if ancestor in REFUSALS:
            return REFUSALS[ancestor]
    return None


def mistakes_of(invalid: ScriptInvalid) -> Response:
    """Each mistake with its line and column, on a line of its own (RFC 5804 §2.6)."""
    return Response(Condition.NO, "".join([f"{mistake}\r\n" for mistake in invalid.mistakes]), is_literal=True)
