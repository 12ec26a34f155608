"""What a socket map says of a key: whether mail for an address would be accepted, decided as at RCPT of LMTP.

The words are those of Cyrus. `TEMP` makes the MTA answer its own client with 4yz, and `PERM` too: to it that is a fault
of the map. So a mailbox that nobody may post to is not found, whatever Cyrus says, and only bad requests are `PERM`.
"""

import logging
from typing import Final

from angarium.config import Settings
from angarium.errors import (
    AngariumError,
    PermanentError,
    PermissionDenied,
    QuotaExceeded,
    UserNotFound,
)
from angarium.operations.delivery import GroupsOf, new_user
from angarium.operations.messages import Recipient, resolve_recipient
from angarium.store import Actor, Store

log = logging.getLogger(__name__)

NOT_FOUND: Final = b"NOTFOUND Mailbox does not exist"
NOT_PERMITTED: Final = b"NOTFOUND Permission denied"
OVER_QUOTA: Final = b"TEMP Over quota"
OVER_QUOTA_FOR_GOOD: Final = b"PERM Over quota"
BROKEN: Final = b"TEMP System error, try again later"
MISSING_KEY: Final = b"PERM Bad protocol (missing key)"

_ANONYMOUS: Final = Actor(None, protocol="smmap")


def malformed(why: str) -> bytes:
    """The answer to what is no netstring."""
    return f"PERM Bad protocol ({why})".encode("ascii")


async def answer(
    store: Store, settings: Settings, request: bytes, *, groups_of: GroupsOf, ignores_subaddress: bool
) -> bytes:
    """The answer to `MAP KEY`; the map's name may be any, and each knows the same.

    Mail for a mailbox that is not there is refused as Cyrus does, though LMTP would put it into the INBOX; with
    `ignores_subaddress` it is not. Whoever would get an INBOX by the mail (`autocreate_post`) is there already.
    """
    _, _, key = request.partition(b" ")
    if not key:
        return MISSING_KEY
    try:
        address = key.decode()
    except UnicodeDecodeError:
        return NOT_FOUND
    recipient = Recipient.parse(address)
    try:
        detail_missing = await _resolve(store, settings, recipient, groups_of)
    except AngariumError as refusal:
        return _answer_to(refusal, over_quota_is_permanent=settings.lmtp.lmtp_over_quota_perm_failure)
    if detail_missing and not ignores_subaddress:
        return NOT_FOUND
    return b"OK " + key


async def _resolve(store: Store, settings: Settings, recipient: Recipient, groups_of: GroupsOf) -> bool:
    """Whether the recipient is there but for a mailbox of hers. UserNotFound and other refusals of RCPT."""
    try:
        # Postfix asks in lower case, whatever case the recipient has.
        target = await resolve_recipient(store, settings.lmtp, _ANONYMOUS, recipient, ignore_case=True)
    except UserNotFound:
        if await new_user(store, settings, _ANONYMOUS, recipient, groups_of=groups_of) is None:
            raise
        return bool(recipient.detail)
    return target.detail_missing


def _answer_to(refusal: AngariumError, *, over_quota_is_permanent: bool) -> bytes:
    match refusal:
        case UserNotFound():
            return NOT_FOUND
        case PermissionDenied():
            return NOT_PERMITTED
        case QuotaExceeded():
            return OVER_QUOTA_FOR_GOOD if over_quota_is_permanent else OVER_QUOTA
    if not isinstance(refusal, PermanentError):
        log.warning("lookup_failed", extra={"reason": str(refusal)})
    return BROKEN
