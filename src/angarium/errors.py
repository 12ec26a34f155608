"""The one tree of refusals.

Every refusal that an operation, the store or an engine makes is a class of its own below `AngariumError`. It is raised
without knowing who asked; each front end owns one table from class to answer, and a test checks that no table misses a
class. `str(error)` is for the log; it may hold names and paths, and never goes to a client.
"""

import enum


class AngariumError(Exception):
    """Root of all refusals."""


class TemporaryError(AngariumError):
    """The same request may succeed later; nothing was changed."""


class PermanentError(AngariumError):
    """The same request fails again until somebody changes something."""


# Accounts and mailboxes


class MailboxNotFound(PermanentError):
    """There is no such mailbox, or the actor may not know that there is (no `l` right)."""


class MailboxCreatable(MailboxNotFound):
    """A target that does not exist, and that the actor may create (RFC 9051 §7.1: TRYCREATE)."""


class MailboxExists(PermanentError):
    """A mailbox of that name is there already."""


class MailboxHasChildren(PermanentError):
    """The mailbox cannot go while others stand below it."""


class MailboxNameInvalid(PermanentError):
    """The name breaks a rule of names; `str()` says which."""


class MailboxMoving(TemporaryError):
    """The mailbox is being moved to another account; writes are refused until it has arrived."""


class AccountNotFound(PermanentError):
    """There is no such account."""


class AccountExists(PermanentError):
    """An account of that name is there already."""


class PartitionNotFound(PermanentError):
    """No partition of that name is configured."""


class OperationNotSupported(PermanentError):
    """This cannot be done with a mailbox of this kind: INBOX cannot be deleted, a move between accounts is not made."""


class SpecialUseTaken(PermanentError):
    """The special use is another mailbox's, or this mailbox cannot have one, or may not go because it has one."""


class SpecialUseInvalid(PermanentError):
    """Not a special use that mailboxes can have here (RFC 6154 §3: USEATTR)."""


class SubscriptionNotFound(PermanentError):
    """The name is not subscribed."""


# Rights


class PermissionDenied(PermanentError):
    """The actor sees the mailbox and lacks the right for this operation."""


class AclInvalid(PermanentError):
    """An identifier or a rights string cannot be used."""


class RightUnknown(AclInvalid):
    """A rights string holds a letter that is no right."""

    def __init__(self, letter: str) -> None:
        super().__init__(f"the {letter!r} right is not supported")
        self.letter = letter


class AclChanged(TemporaryError):
    """The ACL on which the right was decided has changed since; decide again."""


class NamesChanged(AclChanged):
    """A name means another mailbox than when the change was decided on; decide again."""


# Messages


class MessageNotFound(PermanentError):
    """No message has this UID."""


class MessageFileMissing(PermanentError):
    """The index knows the message, the spool has lost its file; reported by name, never hidden."""


class MessageTooLarge(PermanentError):
    """Larger than `maxmessagesize`."""


class MessageDefect(enum.Enum):
    """What makes a message one that cannot be stored."""

    EMPTY = "the message has no octets"
    NUL = "the message contains NUL"
    BARE_NEWLINE = "the message contains a bare newline"
    HEADER = "the message contains an invalid header"
    HEADER_8BIT = "the header contains octets above 127"


class MessageInvalid(PermanentError):
    """The message holds what cannot be stored; front ends word `defect`."""

    def __init__(self, defect: MessageDefect) -> None:
        super().__init__(defect.value)
        self.defect = defect


class SectionNotFound(PermanentError):
    """The message has no such part."""


class UidValidityChanged(PermanentError):
    """The UIDs that somebody speaks of are those of an earlier mailbox (RFC 9051 §2.3.1.1)."""


class FlagInvalid(PermanentError):
    """Not a flag that a client may set, or not the syntax of one."""


class ActionLimitExceeded(PermanentError):
    """Scripts of the account have caused as much as the site lets them; `str()` is for its user to read."""


class KeywordLimitExceeded(PermanentError):
    """The mailbox has no room for another keyword."""


class AnnotationInvalid(PermanentError):
    """A value that the annotation's entry cannot have."""


class AnnotationTooLarge(PermanentError):
    """The value of an annotation is larger than this store takes."""

    def __init__(self, maximum_octets: int) -> None:
        super().__init__(f"an annotation has {maximum_octets} octets at most")
        self.maximum_octets = maximum_octets


class AnnotationLimitExceeded(PermanentError):
    """There is no room for one more annotation of the same thing."""


class NotificationOverflow(PermanentError):
    """More mailboxes are to be watched, or more has happened in them, than can be told of (RFC 5465 §5.8)."""


class PrivateAnnotationsUnsupported(PermanentError):
    """Who asks has no account that could keep annotations of her own."""


class QuotaExceeded(PermanentError):
    """The quota root has no room; a delivery front end may word it as temporary."""


class QuotaRootNotFound(PermanentError):
    """No quota root of that name."""


class QuotaResourceUnknown(PermanentError):
    """A quota resource that this store does not count."""


class UidsExhausted(PermanentError):
    """The mailbox has given its last UID (RFC 9051 §2.3.1.1: 32 bits)."""


class SearchInvalid(PermanentError):
    """A search key, charset or sort criterion that cannot be served."""


class CharsetUnknown(SearchInvalid):
    """The charset of a search is not known (RFC 9051 §6.4.4: BADCHARSET)."""


# Delivery and scripts


class MarksChanged(TemporaryError):
    """What had not been done when a delivery was decided on has been done since; decide again."""


class DeliveryRefused(PermanentError):
    """The recipient's script, or a scanner, does not want the mail; `reason` is for the sender to read."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


class ScannerUnavailable(TemporaryError):
    """The virus scanner gave no answer, and mail waits for it."""


class ScriptError(PermanentError):
    """Root of what is refused of scripts that filter mail."""


class ScriptNotFound(ScriptError):
    """No script has this name."""


class ScriptExists(ScriptError):
    """A script of that name is there already."""


class ScriptActive(ScriptError):
    """The active script cannot go."""


class ScriptRefused(ScriptError):
    """The script has mistakes; `str()` tells where, and what was expected."""


class ScriptLimitExceeded(ScriptError):
    """There are as many scripts as there may be, or this one is too large."""


class ScriptNameInvalid(ScriptError):
    """Not a name that a script can have (RFC 5804 §1.6)."""


# Who asks


class AuthenticationFailed(PermanentError):
    """The credentials are wrong; says nothing of which part."""


class AuthenticationUnavailable(TemporaryError):
    """The credentials could not be checked: a verifier is not answering."""


class AuthorizationFailed(PermanentError):
    """The credentials are right, and may not act for that user."""


class AccessDenied(AuthorizationFailed):
    """The credentials are right, and the user is kept out: she is disabled, or denied the service (`cyr_deny`)."""


class MechanismUnavailable(PermanentError):
    """There is no such SASL mechanism for this client."""


class EncryptionNeeded(PermanentError):
    """A password may not cross this connection; TLS would change that."""


class FailureReason(enum.Enum):
    """Why an exchange of SASL ended without success; the value is for the log."""

    ABORTED = "the client cancelled"
    NOT_BASE64 = "the response is not base64"
    TOO_LONG = "the response, or a part of it, is too long"
    NOT_UTF8 = "the response is not UTF-8"
    NUL = "the response holds NUL where none may be"
    MALFORMED = "the response has not the parts that the mechanism has"
    EMPTY_AUTHCID = "the user name is empty"
    EMPTY_PASSWORD = "the password is empty"
    PROHIBITED = "the trace holds a character that it may not hold"
    UNSUPPORTED = "the client demands what the mechanism does not offer here"
    BINDING = "the channel binding is not that of this connection"
    WRONG_PROOF = "the proof is not that of the user"
    """The one reason that counts as a wrong password."""


class ExchangeFailed(PermanentError):
    """The client did not keep to its SASL mechanism, or gave up; `reason` says which of it."""

    def __init__(self, reason: FailureReason) -> None:
        super().__init__(reason.value)
        self.reason = reason


class ClientExchangeFailed(PermanentError):
    """A server did not keep to the SASL mechanism that a client of ours speaks, or has not proven what it must; or the
    client has not what the mechanism needs."""


class SessionLimitExceeded(TemporaryError):
    """The user, the address or the service has as many sessions as it may have."""


class UserExists(PermanentError):
    """The user has a credential already."""


class UserNotFound(PermanentError):
    """No credential of that name."""


class UserNameInvalid(PermanentError):
    """Not a name that a user can have."""


class PreparationFailed(PermanentError):
    """A user name or password holds what SASLprep prohibits, or nothing that it keeps (RFC 4013 §2)."""


# The machine


class StoreBusy(TemporaryError):
    """A queue is full; the request was not begun."""


class StoreReadOnly(TemporaryError):
    """The store takes no writes now (`readonly`, or a disk that failed)."""


class DiskFull(TemporaryError):
    """No space or quota is left on a file system."""


class DiskFailed(TemporaryError):
    """The file system answered with an error, or an fsync failed."""


class StoreDamaged(TemporaryError):
    """A file of the store cannot be read as what it should be; an administrator must act."""


class SchemaTooNew(PermanentError):
    """A file was written by a later version that this one may not read."""


class StoreInUse(PermanentError):
    """Another server serves this store."""


class ConfigError(PermanentError):
    """A setting cannot be used; `str()` names file, line, option and what is allowed."""
