"""Sender rewriting (SRS): a mail that is sent on comes from an address of ours, which leads back to its sender.

The forms are those of Mail::SRS and libsrs2, so that an MTA with the same secret turns them back:

    SRS0=hash=day=domain=local@ours             the sender local@domain
    SRS1=hash=theirs==hash=day=domain=local@ours    one that another site, theirs, rewrote first
"""

import base64
import hashlib
import hmac
import re
from dataclasses import dataclass
from typing import Final

from angarium.compose.mailboxes import split_address

DEFAULT_HASH_LENGTH: Final = 4
DAYS_MAX: Final = 21
"""How long an address leads back."""

_DAY_S: Final = 86_400
_DAY_DIGITS: Final = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567"
_DAYS_OF_ROUND: Final = 1024
_SRS0: Final = re.compile(r"SRS0([-+=].*)", re.IGNORECASE | re.DOTALL)
_SRS1: Final = re.compile(r"SRS1[-+=]([^=]*)=([^=]*)=(.*)", re.IGNORECASE | re.DOTALL)
_OURS: Final = re.compile(r"SRS0[-+=]([^=]*)=([^=]*)=([^=]*)=(.*)", re.IGNORECASE | re.DOTALL)


@dataclass(frozen=True, slots=True, kw_only=True)
class Rewriter:
    """Rewrites by the options `srs_*`."""

    domain: str
    secrets: tuple[str, ...]
    """The first one signs; all are good for turning back."""
    hash_length: int = DEFAULT_HASH_LENGTH
    separator: str = "="
    rewrites_own: bool = False
    """Also senders of `domain`, who need it not."""

    def forward(self, sender: str, *, now_s: int) -> str:
        """The sender as an address of ours; as it is where it has no domain, or is not ASCII."""
        local, domain = split_address(sender)
        is_own = domain.lower() == self.domain.lower()
        if not domain or not sender.isascii() or (is_own and not self.rewrites_own):
            return sender
        again = _SRS1.fullmatch(local)
        first = _SRS0.fullmatch(local)
        if again is not None:
            host, rest = again[2], again[3]
        elif first is not None:
            host, rest = domain, first[1]
        else:
            day = _day(now_s)
            signature = self._signature(self.secrets[0], day, domain, local)
            return f"SRS0{self.separator}{signature}={day}={domain}={local}@{self.domain}"
        return f"SRS1{self.separator}{self._signature(self.secrets[0], host, rest)}={host}={rest}@{self.domain}"

    def reverse(self, address: str, *, now_s: int) -> str | None:
        """Whom a rewritten address leads to; None where it is none of ours, is forged, or is too old."""
        local, domain = split_address(address)
        if domain.lower() != self.domain.lower():
            return None
        again = _SRS1.fullmatch(local)
        if again is not None:
            signature, host, rest = again.groups()
            return f"SRS0{rest}@{host}" if self._is_signed(signature, host, rest) else None
        ours = _OURS.fullmatch(local)
        if ours is None:
            return None
        signature, day, host, sender = ours.groups()
        if not self._is_signed(signature, day, host, sender) or _age_days(day, now_s) > DAYS_MAX:
            return None
        return f"{sender}@{host}"

    def _is_signed(self, signature: str, *parts: str) -> bool:
        # Some servers on the way change the case of local parts.
        given = signature.lower().encode()
        signatures = [self._signature(secret, *parts).lower().encode() for secret in self.secrets]
        return any(hmac.compare_digest(given, each) for each in signatures)

    def _signature(self, secret: str, *parts: str) -> str:
        digest = hmac.new(secret.encode(), "".join(part.lower() for part in parts).encode(), hashlib.sha1).digest()
        return base64.b64encode(digest).decode()[: self.hash_length]


def _day(now_s: int) -> str:
    day = now_s // _DAY_S
    return _DAY_DIGITS[day >> 5 & 31] + _DAY_DIGITS[day & 31]


def _age_days(day: str, now_s: int) -> int:
    """Days since then, by a count that begins anew after some years; more than any where it is no day."""
    values = [_DAY_DIGITS.find(digit) for digit in day.upper()]
    if len(values) != 2 or min(values) < 0:
        return _DAYS_OF_ROUND
    return (now_s // _DAY_S - (values[0] << 5 | values[1])) % _DAYS_OF_ROUND
