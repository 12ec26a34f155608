"""Directives of DIGEST-MD5, and the digests in them (RFC 2831 §2.1, §7)."""

import hashlib
import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Final

from angarium.errors import FailureReason
from angarium.sasl.exchange import Failed

MAX_CHALLENGE_OCTETS: Final = 2047
MAX_RESPONSE_OCTETS: Final = 4095
"""RFC 2831 §2.1.1 and §2.1.2: less than 2048 and 4096."""
FIRST_COUNT: Final = "00000001"

_SPACE: Final = rb"[ \t\r\n]*"
_DIRECTIVE: Final = re.compile(
    _SPACE
    + rb"([!#$%&'*+.^_`|~0-9A-Za-z-]+)"
    + _SPACE
    + rb"="
    + _SPACE
    + rb'(?:"((?:[^"\\\x00]|\\[^\x00])*)"|([!#$%&\'*+./:^_`|~0-9A-Za-z-]+))'
    + _SPACE
    + rb"(?:,|\Z)",
    re.DOTALL,
)
_NOTHING: Final = re.compile(_SPACE + rb"(?:,|\Z)")
_ESCAPED: Final = re.compile(rb"\\(.)", re.DOTALL)

Directives = dict[str, list[bytes]]
"""Values by name, in lower case; quotes are off."""


def parse_directives(message: bytes) -> Directives | Failed:
    """All directives; empty elements of the list count for nothing."""
    found: Directives = {}
    position = 0
    while position < len(message):
        nothing = _NOTHING.match(message, position)
        if nothing is not None:
            position = nothing.end()
            continue
        match = _DIRECTIVE.match(message, position)
        if match is None:
            return Failed(FailureReason.MALFORMED)
        name, quoted, token = match.groups()
        value = token if token is not None else _ESCAPED.sub(rb"\1", quoted)
        found.setdefault(name.decode().lower(), []).append(value)
        position = match.end()
    return found


def once(directives: Directives, name: str, default: bytes | None = None) -> bytes | Failed:
    """The value of a directive that may be there but once; without a default it must be there."""
    values = directives.get(name, [default] if default is not None else [])
    return values[0] if len(values) == 1 else Failed(FailureReason.MALFORMED)


def serialize_directives(directives: Sequence[tuple[str, bytes, bool]]) -> bytes:
    """Of names, values, and whether a value stands in quotes."""
    return b",".join(
        [name.encode() + b"=" + (_quoted(value) if quotes else value) for name, value, quotes in directives]
    )


def _quoted(value: bytes) -> bytes:
    return b'"' + value.replace(b"\\", b"\\\\").replace(b'"', b'\\"') + b'"'


@dataclass(frozen=True, slots=True, kw_only=True)
class DigestedResponse:
    """What the digests of both sides are of."""

    username: str
    realm: str
    nonce: bytes
    cnonce: bytes
    digest_uri: bytes
    authzid: str | None
    utf8: bool
    """The client has said `charset=utf-8`."""
    secret: str = field(repr=False)

    def client_digest(self) -> str:
        """That proves the user."""
        return self._digest(b"AUTHENTICATE:" + self.digest_uri)

    def server_digest(self) -> str:
        """That proves the server."""
        return self._digest(b":" + self.digest_uri)

    def _digest(self, a2: bytes) -> str:
        identity = b":".join((self._encoded(self.username), self._encoded(self.realm), self._encoded(self.secret)))
        a1 = [_md5(identity).digest(), self.nonce, self.cnonce]
        if self.authzid is not None:
            a1.append(self.authzid.encode())
        key = _md5(b":".join(a1)).hexdigest().encode()
        parts = (key, self.nonce, FIRST_COUNT.encode(), self.cnonce, b"auth", _md5(a2).hexdigest().encode())
        return _md5(b":".join(parts)).hexdigest()

    def _encoded(self, text: str) -> bytes:
        """RFC 2831 §2.1.2.1: with UTF-8 too, what ISO 8859-1 has is digested in it."""
        try:
            return text.encode("iso-8859-1")
        except UnicodeEncodeError:
            return text.encode() if self.utf8 else text.encode("iso-8859-1", "replace")


def _md5(data: bytes) -> "hashlib._Hash":
    return hashlib.md5(data, usedforsecurity=False)
