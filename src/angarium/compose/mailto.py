"""`mailto` URIs (RFC 6068) as far as a notification may use them (RFC 5436 §2.7)."""

import re
from dataclasses import dataclass
from typing import Final
from urllib.parse import unquote_to_bytes

from angarium.compose.mailboxes import is_address

URI_CHARACTERS_MAX: Final = 16 * 1024
RECIPIENTS_MAX: Final = 16
FIELDS_MAX: Final = 32

_NAME: Final = re.compile(r"[A-Za-z0-9-]{1,64}")
_PERCENT: Final = re.compile(r"%(?![0-9A-Fa-f]{2})")
_ALLOWED: Final = re.compile(r"[!#-;=?-Z\[\]_a-z~\u00a0-\U0010ffff-]*")
_IGNORED: Final = re.compile(
    r"from|sender|reply-to|date|message-id|auto-submitted|received|return-path|bcc|mime-version|content-.*|resent-.*|"
    r"delivered-to|apparently-to|dkim-.*|arc-.*|authentication-results|x-sieve.*|list-.*|in-reply-to|references|"
    r"disposition-notification-.*|return-receipt-to|errors-to"
)
"""Fields that make a message what it is not, or have an effect on its way; RFC 5436 §2.7 names the first of them."""


class MailtoInvalid(ValueError):
    """Not a `mailto` URI with at least one recipient; `str()` says why."""


@dataclass(frozen=True, slots=True)
class Mailto:
    """Whom to notify, and what the URI says of the message."""

    to: tuple[str, ...]
    cc: tuple[str, ...] = ()
    subject: str | None = None
    body: str | None = None
    fields: tuple[tuple[str, str], ...] = ()
    """Other header fields, as they were named."""

    @property
    def recipients(self) -> tuple[str, ...]:
        return tuple(dict.fromkeys(self.to + self.cc))


def parse_mailto(uri: str) -> Mailto:
    """Raises MailtoInvalid; fields that a notification must not take from a URI are passed over."""
    if len(uri) > URI_CHARACTERS_MAX:
        raise MailtoInvalid("the URI is too long")
    scheme, _, rest = uri.partition(":")
    if scheme.lower() != "mailto":
        raise MailtoInvalid("the method is no mailto URI")
    path, _, query = rest.partition("?")
    to = _addresses(path)
    cc: list[str] = []
    texts: dict[str, str] = {}
    fields: list[tuple[str, str]] = []
    for name, value in _header_fields(query):
        match name.lower():
            case "to":
                to += _addresses(value)
            case "cc":
                cc += _addresses(value)
            case "subject" | "body" as lowered:
                texts.setdefault(lowered, _decoded(value))
            case lowered if not _IGNORED.fullmatch(lowered):
                fields.append((name, _decoded(value)))
    if not to and not cc:
        raise MailtoInvalid("the URI names no recipient")
    if len(to) + len(cc) > RECIPIENTS_MAX:
        raise MailtoInvalid(f"the URI names more than {RECIPIENTS_MAX} recipients")
    return Mailto(tuple(to), tuple(cc), texts.get("subject"), texts.get("body"), tuple(fields))


def _header_fields(query: str) -> list[tuple[str, str]]:
    parts = query.split("&") if query else []
    if len(parts) > FIELDS_MAX:
        raise MailtoInvalid(f"the URI has more than {FIELDS_MAX} header fields")
    found = []
    for part in parts:
        name, equals, value = part.partition("=")
        name = _decoded(name)
        if not equals or not _NAME.fullmatch(name):
            raise MailtoInvalid(f"{part[:40]!r} is no header field")
        found.append((name, value))
    return found


def _addresses(text: str) -> list[str]:
    # The commas between addresses stand as they are; those within one are percent-encoded (RFC 6068 §2).
    found = []
    for each in text.split(","):
        address = _decoded(each).strip()
        if not address:
            continue
        if not is_address(address):
            raise MailtoInvalid(f"{address[:80]!r} is no address")
        found.append(address)
    return found


def _decoded(text: str) -> str:
    if _PERCENT.search(text) or not _ALLOWED.fullmatch(text):
        raise MailtoInvalid("the URI has a character that must be percent-encoded")
    try:
        return unquote_to_bytes(text).decode()
    except UnicodeDecodeError:
        raise MailtoInvalid("the URI is not UTF-8") from None
