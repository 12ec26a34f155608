"""Refusals as the user whose script met them is told: never with what `str()` says to the log."""

from typing import Final

from angarium import errors
from angarium.errors import AngariumError

_WORDS: Final[dict[type[AngariumError], str]] = {
    errors.MailboxNotFound: "there is no such mailbox",
    errors.AccountNotFound: "there is no such mailbox",
    errors.PermissionDenied: "there is no right to file into it",
    errors.QuotaExceeded: "its quota has no room",
    errors.UidsExhausted: "the mailbox is full",
    errors.SpecialUseTaken: "another mailbox is for this already",
    errors.SpecialUseInvalid: "no mailbox can be for this",
    errors.OperationNotSupported: "it cannot be made",
}


def in_words(refusal: AngariumError) -> str:
    """One clause. A rule of names is told as it is: the name is the script's own; and a limit of its actions."""
    if isinstance(refusal, errors.MailboxNameInvalid | errors.ActionLimitExceeded):
        return str(refusal)
    for ancestor in type(refusal).__mro__:
        if ancestor in _WORDS:
            return _WORDS[ancestor]
    return "the server could not do it"
