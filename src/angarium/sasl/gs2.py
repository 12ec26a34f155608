"""The header that begins what clients send in SCRAM and OAUTHBEARER (RFC 5801 §4, RFC 5802 §7)."""

import enum
import re
from dataclasses import dataclass
from typing import Final

from angarium.errors import FailureReason
from angarium.sasl.exchange import Failed, decode_text


class BindingFlag(enum.Enum):
    """What a client says of channel binding; the value is its letter."""

    NONE = "n"
    """It knows none."""
    NOT_ANNOUNCED = "y"
    """It would, but believes that the server does not."""
    USED = "p"


@dataclass(frozen=True, slots=True)
class Gs2Header:
    """The header; `binding` is the name of the channel binding, where one is used."""

    flag: BindingFlag
    binding: str = ""
    authzid: str | None = None


_HEADER: Final = re.compile(rb"(?:p=([A-Za-z0-9.-]+)|([ny])),(?:a=([^,]+))?,")
_WRONG_ESCAPE: Final = re.compile("=(?!2C|3D)")


def split_header(message: bytes) -> tuple[Gs2Header, int] | Failed:
    """The header of a message, and how many octets it takes."""
    match = _HEADER.match(message)
    if match is None:
        return Failed(FailureReason.MALFORMED)
    binding, letter, authzid = match.groups()
    name = unescape_name(authzid) if authzid is not None else None
    if isinstance(name, Failed):
        return name
    if binding is not None:
        return Gs2Header(BindingFlag.USED, binding.decode(), name), match.end()
    return Gs2Header(BindingFlag(letter.decode()), authzid=name), match.end()


def serialize_header(header: Gs2Header) -> bytes:
    """The inverse of `split_header`."""
    flag = f"p={header.binding}" if header.flag is BindingFlag.USED else header.flag.value
    authzid = f"a={escape_name(header.authzid)}" if header.authzid else ""
    return f"{flag},{authzid},".encode()


def unescape_name(octets: bytes) -> str | Failed:
    """The name in a `saslname`."""
    text = decode_text(octets)
    if isinstance(text, Failed):
        return text
    if not text or "," in text or _WRONG_ESCAPE.search(text):
        return Failed(FailureReason.MALFORMED)
    return text.replace("=2C", ",").replace("=3D", "=")


def escape_name(name: str) -> str:
    """The inverse of `unescape_name`."""
    return name.replace("=", "=3D").replace(",", "=2C")
