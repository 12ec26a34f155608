"""Modified UTF-7, the spelling of mailbox names in IMAP4rev1 (RFC 3501 §5.1.3; RFC 9051 appendix A.1).

Printable ASCII stands for itself, `&` is `&-`, and all else is UTF-16 in a base64 of its own between `&` and `-`.
Each text has one spelling only, and `decode` refuses every other, so that two spellings never name one mailbox.
"""

import binascii
import re

from angarium.errors import MailboxNameInvalid

_TO_ENCODE = re.compile(r"&|[^ -~]+")
_SHIFTED = re.compile(rb"&([^-&]*+)-")


def encode(text: str) -> bytes:
    """The spelling of `text` on the wire; a lone surrogate has none and raises MailboxNameInvalid."""
    if text.isascii() and text.isprintable() and "&" not in text:
        return text.encode("ascii")
    try:
        return _TO_ENCODE.sub(_shift, text).encode("ascii")
    except UnicodeEncodeError as error:
        raise MailboxNameInvalid("half of a surrogate pair has no spelling in modified UTF-7") from error


def decode(data: bytes) -> str:
    """The text that `data` spells; raises MailboxNameInvalid unless `data` is exactly what `encode` makes of it."""
    try:
        shifted = _SHIFTED.sub(_unshift, data)
        text = shifted.decode("utf-8")
    except ValueError as error:  # binascii.Error and UnicodeDecodeError are kinds of it
        raise MailboxNameInvalid("not modified UTF-7") from error
    # One comparison finds encoded printables, shifts that could be one, bits left over, and raw octets above 0x7e.
    if encode(text) != data:
        raise MailboxNameInvalid("not the canonical spelling in modified UTF-7")
    return text


def _shift(match: re.Match[str]) -> str:
    run = match.group()
    if run == "&":
        return "&-"
    base64 = binascii.b2a_base64(run.encode("utf-16-be"), newline=False).rstrip(b"=")
    return f"&{base64.decode('ascii').replace('/', ',')}-"


def _unshift(match: re.Match[bytes]) -> bytes:
    base64 = match.group(1)
    if not base64:
        return b"&"
    if b"/" in base64 or b"=" in base64:
        raise ValueError("not of the alphabet of modified base64")
    padded = base64.replace(b",", b"/") + b"=" * (-len(base64) % 4)
    return binascii.a2b_base64(padded, strict_mode=True).decode("utf-16-be").encode("utf-8")
