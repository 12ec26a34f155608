"""From refusal to answer: the one table of IMAP (RFC 9051 §7.1, RFC 5530 §3), in Cyrus's words where they are recorded.

No text holds a name, a path or anything that a stranger could not know; the detail goes to the log.
"""

from dataclasses import dataclass

from angarium import errors

from .responses import Condition, ResponseCode


@dataclass(frozen=True, slots=True)
class Answer:
    """A tagged NO or BAD."""

    text: bytes
    code: bytes = b""
    condition: Condition = Condition.NO


_BUSY = Answer(b"System I/O error", ResponseCode.UNAVAILABLE)

ANSWERS: dict[type[errors.AngariumError], Answer] = {
    errors.MailboxNotFound: Answer(b"Mailbox does not exist", ResponseCode.NONEXISTENT),
    errors.MailboxCreatable: Answer(b"Mailbox does not exist", ResponseCode.TRYCREATE),
    errors.MailboxExists: Answer(b"Mailbox already exists", ResponseCode.ALREADYEXISTS),
    errors.MailboxHasChildren: Answer(b"Mailbox has inferior hierarchical names", ResponseCode.HASCHILDREN),
    errors.MailboxNameInvalid: Answer(b"Invalid mailbox name", ResponseCode.CANNOT),
    errors.MailboxMoving: Answer(b"Mailbox is being moved", ResponseCode.UNAVAILABLE),
    errors.OperationNotSupported: Answer(b"Operation is not supported on mailbox", ResponseCode.CANNOT),
    errors.AccountNotFound: Answer(b"Mailbox does not exist", ResponseCode.NONEXISTENT),
    errors.AccountExists: Answer(b"Mailbox already exists", ResponseCode.ALREADYEXISTS),
    errors.PartitionNotFound: Answer(b"Unknown/invalid partition", ResponseCode.CANNOT),
    errors.SpecialUseTaken: Answer(b"SPECIAL-USE flag conflict", ResponseCode.USEATTR),
    errors.SpecialUseInvalid: Answer(b"Invalid annotation entry", ResponseCode.USEATTR),
    errors.SubscriptionNotFound: Answer(b"Mailbox is not subscribed", ResponseCode.NONEXISTENT),
    errors.PermissionDenied: Answer(b"Permission denied", ResponseCode.NOPERM),
    errors.AclInvalid: Answer(b"Invalid identifier", ResponseCode.CANNOT),
    errors.AclChanged: Answer(b"Mailbox is locked", ResponseCode.INUSE),
    errors.MessageNotFound: Answer(b"Message no longer exists", ResponseCode.EXPUNGEISSUED),
    errors.MessageFileMissing: Answer(b"Message file is missing", ResponseCode.CORRUPTION),
    errors.MessageTooLarge: Answer(b"Message size exceeds fixed limit", ResponseCode.TOOBIG),
    errors.SectionNotFound: Answer(b"No such body part", ResponseCode.NONEXISTENT),
    errors.UidValidityChanged: Answer(b"Uidvalidity of mailbox has changed", ResponseCode.NONEXISTENT),
    errors.MessageInvalid: Answer(b"Message contains invalid data", ResponseCode.CANNOT),
    errors.FlagInvalid: Answer(b"Invalid flag", ResponseCode.CANNOT),
    errors.KeywordLimitExceeded: Answer(b"Too many user flags in mailbox", ResponseCode.LIMIT),
    errors.ActionLimitExceeded: Answer(b"Too much at once", ResponseCode.LIMIT),
    errors.AnnotationInvalid: Answer(b"Invalid annotation value", ResponseCode.CANNOT),
    errors.AnnotationTooLarge: Answer(b"Annotation is too large", ResponseCode.TOOBIG),
    errors.AnnotationLimitExceeded: Answer(b"Too many annotations", ResponseCode.LIMIT),
    errors.PrivateAnnotationsUnsupported: Answer(b"Private annotations cannot be kept here", ResponseCode.CANNOT),
    errors.NotificationOverflow: Answer(b"Too many mailboxes to be notified of", b"NOTIFICATIONOVERFLOW"),
    errors.QuotaExceeded: Answer(b"Over quota", ResponseCode.OVERQUOTA),
    errors.QuotaRootNotFound: Answer(b"Quota root does not exist", ResponseCode.NONEXISTENT),
    errors.QuotaResourceUnknown: Answer(b"Unsupported quota resource", ResponseCode.CANNOT),
    errors.UidsExhausted: Answer(b"Mailbox has no UIDs left", ResponseCode.LIMIT),
    errors.SearchInvalid: Answer(b"Search cannot be done", ResponseCode.CANNOT),
    errors.CharsetUnknown: Answer(b"Unrecognized character set", condition=Condition.NO),
    errors.MarksChanged: Answer(b"Mailbox is locked", ResponseCode.INUSE),
    errors.DeliveryRefused: Answer(b"Permission denied", ResponseCode.NOPERM),
    errors.ScriptError: Answer(b"Script cannot be used", ResponseCode.CANNOT),
    errors.AuthenticationFailed: Answer(b"authentication failure", ResponseCode.AUTHENTICATIONFAILED),
    errors.AuthenticationUnavailable: Answer(b"authentication is not available now", ResponseCode.UNAVAILABLE),
    errors.AuthorizationFailed: Answer(b"authentication failure", ResponseCode.AUTHORIZATIONFAILED),
    errors.AccessDenied: Answer(b"authorization failure", ResponseCode.AUTHORIZATIONFAILED),
    errors.MechanismUnavailable: Answer(b"no mechanism available", ResponseCode.CANNOT),
    errors.EncryptionNeeded: Answer(b"encryption needed to use mechanism", ResponseCode.PRIVACYREQUIRED),
    errors.ExchangeFailed: Answer(b"bad protocol / cancel", ResponseCode.AUTHENTICATIONFAILED),
    errors.PreparationFailed: Answer(b"authentication failure", ResponseCode.AUTHENTICATIONFAILED),
    errors.SessionLimitExceeded: Answer(b"Too many open sessions", ResponseCode.LIMIT),
    errors.UserExists: Answer(b"User already exists", ResponseCode.ALREADYEXISTS),
    errors.UserNotFound: Answer(b"User does not exist", ResponseCode.NONEXISTENT),
    errors.UserNameInvalid: Answer(b"Invalid user", ResponseCode.CANNOT),
    errors.ScannerUnavailable: Answer(b"Server is busy, try again", ResponseCode.UNAVAILABLE),
    errors.StoreBusy: Answer(b"Server is busy, try again", ResponseCode.UNAVAILABLE),
    errors.StoreReadOnly: Answer(b"Server is read only", ResponseCode.UNAVAILABLE),
    errors.DiskFull: _BUSY,
    errors.DiskFailed: _BUSY,
    errors.StoreDamaged: Answer(b"Mailbox has an invalid format", ResponseCode.CORRUPTION),
    errors.SchemaTooNew: Answer(b"Mailbox format is not supported", ResponseCode.UNAVAILABLE),
    errors.StoreInUse: _BUSY,
    errors.ClientExchangeFailed: _BUSY,
    errors.ConfigError: Answer(b"Server configuration error", ResponseCode.CONTACTADMIN),
}
"""One for each class of refusal; a class without a line of its own is answered as its nearest base."""

SERVER_BUG = Answer(b"Internal error, connection closes", ResponseCode.SERVERBUG)


def answer_for(error: errors.AngariumError) -> Answer:
    """The answer of the error's class, or of its nearest base in the table."""
    for kind in type(error).__mro__:
        answer = ANSWERS.get(kind)
        if answer is not None:
            return answer
    temporary = isinstance(error, errors.TemporaryError)
    return _BUSY if temporary else Answer(b"Permission denied", ResponseCode.CANNOT)
