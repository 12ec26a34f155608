"""Ids that are derived, so that what is composed twice of the same is recognised as the same."""

import base64
import hashlib
from typing import Final

_ID_OCTETS: Final = 15


def derived_id(*parts: str) -> str:
    """24 characters of letters and digits that stand for these parts, in this order."""
    return base64.b32encode(_digest(*parts)[:_ID_OCTETS]).decode().lower()


def message_id(purpose: str, original: str, recipient: str, *, domain: str) -> str:
    """Of what is sent to `recipient` on account of the message `original`, without angle brackets.

    A delivery that is tried again composes the same once more, and whoever gets both sees that they are one.
    """
    return f"{derived_id(purpose, original, recipient)}.{purpose}@{domain}"


def boundary(*contents: bytes) -> str:
    """A boundary of a multipart with these contents. It is made of them, so that nobody can write one that holds it."""
    digest = hashlib.sha256()
    for each in contents:
        digest.update(hashlib.sha256(each).digest())
    return "=_" + base64.b32encode(digest.digest()[:_ID_OCTETS]).decode().lower()


def _digest(*parts: str) -> bytes:
    digest = hashlib.sha256()
    for part in parts:
        octets = part.encode("utf-8", "replace")
        digest.update(b"%d:" % len(octets) + octets)
    return digest.digest()
