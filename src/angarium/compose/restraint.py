"""Who is not answered, not told of, and not sent on: lists, bulk mail, robots, loops.

Each function gives a short reason for the log, or None where nothing speaks against it.
"""

import re
from collections.abc import Collection
from typing import Final

from angarium.compose.mailboxes import is_reverse_path, split_address
from angarium.compose.original import Original

_LIST_FIELDS: Final = (
    b"list-id", b"list-help", b"list-subscribe", b"list-unsubscribe", b"list-post", b"list-owner", b"list-archive",
)  # fmt: skip
"""RFC 5230 §4.6."""
_OTHER_LIST_FIELDS: Final = (b"mailing-list", b"x-beenthere", b"x-mailman-version", b"x-loop", b"feedback-id")
_BULK: Final = frozenset({"list", "junk", "bulk"})
_SUPPRESSED: Final = frozenset({"all", "oof", "autoreply"})
_ROBOTS: Final = re.compile(
    r"mailer-?daemon|listserv|majordomo|lists(?:erver)?|sympa|mdaemon|daemon|nobody|uucp|"
    r"(?:do[-_.]?)?no(?:t)?[-_.]?reply(?:[-_.+].*)?|bounces?(?:[-+=].*)?|"
    r"owner-.*|.*-owner|.*-request|.*-bounces?(?:[-+=].*)?|.*-(?:relay|outgoing)"
)
"""Local parts, in lower case, behind which nobody reads (RFC 5230 §4.6, RFC 3834 §2)."""

RECEIVED_MAX: Final = 100
"""RFC 5321 §6.3."""
REDIRECTIONS_MAX: Final = 10


def is_robot(address: str) -> bool:
    """Whether an address is one of those that programs send from."""
    return _ROBOTS.fullmatch(split_address(address)[0].strip('"').lower()) is not None


def why_not_answered(original: Original, *, sender: str, addresses: Collection[str]) -> str | None:
    """Why no vacation answer goes to `sender` (RFC 5230 §4.5-4.6, RFC 3834 §2).

    `addresses` are all of the user's: those that the server knows, the envelope's recipient, those of `:addresses`.
    """
    own = {each.lower() for each in addresses}
    if not sender:
        return "null_sender"
    if not is_reverse_path(sender):
        return "sender_invalid"
    if is_robot(sender):
        return "sender_is_robot"
    if sender.lower() in own:
        return "sender_is_recipient"
    return _why_impersonal(original) or (None if own.intersection(original.recipients()) else "not_addressed")


def _why_impersonal(original: Original) -> str | None:
    if original.is_automatic:
        return "auto_submitted"
    if any(map(original.has, _LIST_FIELDS)) or any(map(original.has, _OTHER_LIST_FIELDS)):
        return "mailing_list"
    if not _BULK.isdisjoint(original.keywords(b"precedence")):
        return "bulk"
    words = {word.strip() for text in original.texts(b"x-auto-response-suppress") for word in text.lower().split(",")}
    if not _SUPPRESSED.isdisjoint(words):
        return "answers_suppressed"
    if "yes" in original.keywords(b"x-spam-flag"):
        return "spam"
    if any(keyword == "multipart/report" for keyword in original.keywords(b"content-type")):
        return "report"
    return None


def why_not_notified(original: Original) -> str | None:
    """Why no notification is sent of a message (RFC 5436 §2.7); one without a sender may cause one."""
    return "auto_submitted" if original.is_automatic else None


def why_not_reported(sender: str) -> str | None:
    """Why the sender is not told that a mail was refused, or could not be sent on (RFC 3464 §2, RFC 8098 §3)."""
    if not sender:
        return "null_sender"
    return None if is_reverse_path(sender) else "sender_invalid"


def why_not_redirected(original: Original, *, owner: str) -> str | None:
    """Why a message is not sent on for `owner`: it has been here, or all too far (RFC 5228 §4.2, RFC 5321 §6.3)."""
    stamps = [text.strip().lower() for text in original.texts(b"x-sieve-redirected-from")]
    if owner.lower() in stamps:
        return "loop"
    if len(stamps) >= REDIRECTIONS_MAX:
        return "too_many_redirections"
    return "too_many_hops" if original.count(b"received") > RECEIVED_MAX else None
