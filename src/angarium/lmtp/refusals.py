"""The one table from a refusal of the store to the reply that a recipient gets."""

import re
import textwrap
from typing import Final

from angarium import errors
from angarium.errors import AngariumError, MessageDefect
from angarium.lmtp import replies
from angarium.lmtp.replies import Reply

_UNKNOWN: Final = Reply(
    550,
    "5.1.1",
    (
        "Mailbox unknown.  Either there is no mailbox associated with this",
        "name or you do not have authorization to see it.",
        "User unknown",
    ),
)
_NOT_PERMITTED: Final = Reply(
    550,
    "5.7.1",
    (
        "You do not have permission to post a message to this mailbox.",
        "Please contact the owner of this mailbox in order to submit",
        "your message, or postmaster if you believe you",
        "received this message in error.",
        "Permission denied",
    ),
)
_BUSY: Final = Reply(451, "4.3.2", ("System busy, try again later",), names_session=True)
_BROKEN: Final = Reply(451, "4.3.0", ("System error, try again later",), names_session=True)
_CHANGING: Final = Reply(451, "4.2.1", ("Mailbox is changing, try again later",), names_session=True)
_DISK_FULL: Final = Reply(452, "4.3.1", ("Insufficient system storage",), names_session=True)
_OVER_QUOTA: Final = Reply(452, "4.2.2", ("Over quota",), names_session=True)
_OVER_QUOTA_FOR_GOOD: Final = Reply(552, "5.2.2", ("Over quota",), names_session=True)
_MAILBOX_FULL: Final = Reply(552, "5.2.2", ("Mailbox is full",), names_session=True)

UNEXPECTED: Final = Reply(451, "4.3.0", ("Internal error",), names_session=True)
"""For what is no refusal but a fault of ours."""

DEFECTS: Final[dict[MessageDefect, Reply]] = {
    # Only APPEND refuses these two: an empty message is delivered, and a bare newline is mended.
    MessageDefect.EMPTY: Reply(554, "5.6.0", ("Message is empty",)),
    MessageDefect.BARE_NEWLINE: Reply(554, "5.6.0", ("Message contains bare newlines",)),
    # By `reject8bit`, under which no client was told that it may (RFC 6531 §3.1).
    MessageDefect.HEADER_8BIT: Reply(554, "5.6.0", ("Message contains non-ASCII characters in headers",)),
    MessageDefect.NUL: Reply(554, "5.6.0", ("Message contains NUL characters",)),
    MessageDefect.HEADER: Reply(554, "5.6.0", ("Message contains invalid header",)),
}

REFUSALS: Final[dict[type[AngariumError], Reply]] = {
    errors.UserNotFound: _UNKNOWN,
    errors.UserNameInvalid: _UNKNOWN,
    errors.AccountNotFound: _UNKNOWN,
    errors.MailboxNotFound: _UNKNOWN,
    errors.MailboxCreatable: _UNKNOWN,
    errors.MailboxNameInvalid: _UNKNOWN,
    errors.PermissionDenied: _NOT_PERMITTED,
    errors.MessageTooLarge: replies.TOO_LARGE,
    errors.QuotaExceeded: _OVER_QUOTA,
    errors.UidsExhausted: _MAILBOX_FULL,
    errors.MailboxMoving: _CHANGING,
    errors.AclChanged: _CHANGING,
    errors.NamesChanged: _CHANGING,
    errors.MarksChanged: _CHANGING,
    errors.StoreBusy: _BUSY,
    errors.ScannerUnavailable: _BROKEN,
    errors.StoreReadOnly: _BROKEN,
    errors.DiskFull: _DISK_FULL,
    errors.DiskFailed: _BROKEN,
    errors.StoreDamaged: _BROKEN,
    # An administrator puts these right, and the mail waits for it.
    errors.PartitionNotFound: _BROKEN,
    errors.SchemaTooNew: _BROKEN,
    errors.TemporaryError: _BROKEN,
}
"""What a delivery may meet, and what stands for all temporary refusals; MessageInvalid has a table of its own."""

NOT_MET: Final[frozenset[type[AngariumError]]] = frozenset(
    {
        errors.AngariumError,
        errors.PermanentError,
        errors.MailboxExists,
        errors.MailboxHasChildren,
        errors.AccountExists,
        errors.OperationNotSupported,
        errors.SubscriptionNotFound,
        errors.AclInvalid,
        errors.RightUnknown,
        errors.MessageNotFound,
        errors.MessageFileMissing,
        errors.SectionNotFound,
        errors.UidValidityChanged,
        errors.FlagInvalid,
        errors.KeywordLimitExceeded,
        errors.ActionLimitExceeded,
        errors.SpecialUseInvalid,
        errors.SpecialUseTaken,
        errors.AnnotationInvalid,
        errors.AnnotationTooLarge,
        errors.AnnotationLimitExceeded,
        errors.PrivateAnnotationsUnsupported,
        errors.NotificationOverflow,
        errors.QuotaRootNotFound,
        errors.QuotaResourceUnknown,
        errors.SearchInvalid,
        errors.CharsetUnknown,
        errors.ScriptError,
        errors.ScriptNotFound,
        errors.ScriptExists,
        errors.ScriptActive,
        errors.ScriptRefused,
        errors.ScriptLimitExceeded,
        errors.ScriptNameInvalid,
        errors.AuthenticationFailed,
        errors.AuthenticationUnavailable,
        errors.AuthorizationFailed,
        errors.AccessDenied,
        errors.MechanismUnavailable,
        errors.EncryptionNeeded,
        errors.ExchangeFailed,
        errors.ClientExchangeFailed,
        errors.SessionLimitExceeded,
        errors.UserExists,
        errors.PreparationFailed,
        errors.StoreInUse,
        errors.ConfigError,
    }
)
"""What no delivery has a reason to meet; if one does, the fault is ours, and the mail must not bounce for it."""


_REPLY_CHARACTERS: Final = 480
"""RFC 5321 §4.5.3.1.5: 512 octets with the code and the end of the line."""
_REASON_CHARACTERS: Final = 16 * 1024
_REASON_LINES: Final = 64
"""Clients keep no more; Postfix passes some kilobytes of a reply on."""
_NOT_IN_REPLIES: Final = re.compile(r"[\x00-\x08\x0b-\x1f\x7f]+")


def rejected(reason: str) -> Reply:
    """A refusal for good in the recipient's own words: a line of them is one of the reply's, or several where it is
    long (RFC 5429 §2.5); what no reply may hold is left out (RFC 5321 §4.2)."""
    lines = [_NOT_IN_REPLIES.sub(" ", line).rstrip() for line in reason[:_REASON_CHARACTERS].splitlines()]
    folded = [piece for line in lines for piece in textwrap.wrap(line, _REPLY_CHARACTERS) or [""]]
    return Reply(550, "5.7.1", tuple(folded[:_REASON_LINES]) or ("rejected",))


def reply_to(error: Exception, *, over_quota_is_permanent: bool) -> Reply:
    """The reply for a recipient whose delivery, or whose RCPT, was refused."""
    if isinstance(error, errors.MessageInvalid):
        return DEFECTS[error.defect]
    if isinstance(error, errors.DeliveryRefused):
        return rejected(error.reason)
    if isinstance(error, errors.QuotaExceeded) and over_quota_is_permanent:
        return _OVER_QUOTA_FOR_GOOD
    for ancestor in type(error).__mro__:
        if ancestor in REFUSALS:
            return REFUSALS[ancestor]
    return UNEXPECTED
