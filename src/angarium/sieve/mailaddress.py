"""Addresses of header fields and envelopes, as tests see them (RFC 5228 §2.7.4)."""

import re
from collections.abc import Sequence
from dataclasses import dataclass

from angarium import mime
from angarium.mime.address import UNSPECIFIED_DOMAIN, Address

ADDRESS_FIELDS = frozenset(
    {
        "from", "sender", "reply-to", "to", "cc", "bcc", "resent-from", "resent-sender", "resent-reply-to", "resent-to",
        "resent-cc", "resent-bcc", "return-path", "delivered-to", "x-original-to", "envelope-to", "apparently-to",
        "mail-followup-to", "mail-reply-to", "errors-to", "disposition-notification-to", "return-receipt-to",
        "approved", "message-id", "in-reply-to", "references", "content-from", "original-from",
    }
)  # fmt: skip
"""Fields that hold addresses, or what looks like some, by name in lower case (RFC 5228 §5.1; RFC 5703 §4.2, §5)."""

_MAX_ADDRESSES = 5_000
"""Of one field."""

_ATOM = re.compile(r"[^\x00-\x20\x7f()<>\[\]:;@\\,\"]+")
"""A local part that stands without quotes."""


@dataclass(frozen=True, slots=True)
class MailAddress:
    """One address, without a name, and decoded."""

    local_part: str
    """Without quotes."""
    domain: str
    text: str
    """The whole; of what is no address what there is of it."""
    is_valid: bool
    """Whether it has both parts: what has not is matched as a whole only."""


def field_addresses(value: bytes) -> tuple[MailAddress, ...]:
    """Those of one field, those in groups included."""
    parsed = mime.parse_addresses(mime.unfold(value), _MAX_ADDRESSES)
    return tuple([_mail_address(address) for address in parsed if address.host is not None])


def parse_address(text: str) -> MailAddress:
    """That of an envelope, without angle brackets and perhaps with a source route, which is dropped (RFC 5228 §5.4)."""
    if text.startswith("@") and ":" in text:
        text = text.partition(":")[2]
    local_part, at, domain = text.rpartition("@")
    if not at:
        return MailAddress(text, "", text, False)
    return MailAddress(_unquoted(local_part), domain, text, bool(local_part and domain))


def texts_of(addresses: Sequence[MailAddress]) -> tuple[str, ...]:
    """Each as a whole."""
    return tuple([address.text for address in addresses])


def _mail_address(address: Address) -> MailAddress:
    local_part = _text(address.mailbox or b"")
    host = address.host or b""
    domain = "" if host == UNSPECIFIED_DOMAIN else _text(host)
    if not local_part or not domain:
        return MailAddress(local_part, domain, f"{local_part}@{domain}" if domain else local_part, False)
    return MailAddress(local_part, domain, f"{_quoted(local_part)}@{domain}", True)


def _text(octets: bytes) -> str:
    return octets.decode("ascii") if octets.isascii() else mime.decode(octets, "")


def _quoted(local_part: str) -> str:
    if _ATOM.fullmatch(local_part):
        return local_part
    escaped = local_part.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'


def _unquoted(local_part: str) -> str:
    if len(local_part) < 2 or not (local_part[0] == local_part[-1] == '"'):
        return local_part
    return re.sub(r"\\(.)", r"\1", local_part[1:-1])
