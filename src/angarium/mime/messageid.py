"""Message ids in one form each, so that quoting makes no difference (RFC 5256 §3, RFC 5322 §3.6.4)."""

import re

from .charset import decode_unlabelled
from .octets import QUOTE

_ID = re.compile(rb'<[ \t]*+(?:("(?:[^"\\]|\\.)*+")(?:@([^<>\s]*+))?|([^<>"\s]++))[ \t]*+>', re.DOTALL)
_PLAIN_ID = re.compile(r'<[ \t]*+([^<>"\s]++)[ \t]*+>')
_ESCAPED = re.compile(rb"\\(.)", re.DOTALL)


def parse_message_ids(value: bytes) -> list[str]:
    """The ids of an unfolded Message-ID, In-Reply-To or References field, in order, without their angle brackets.

    An id without `@` counts as one: its sender used it, and replies name it.
    """
    if QUOTE not in value and value.isascii():
        return _PLAIN_ID.findall(value.decode("ascii"))
    return [_normalize(*found) for found in _ID.findall(value)]


def _normalize(quoted: bytes, domain: bytes, plain: bytes) -> str:
    if plain:
        return decode_unlabelled(plain)
    local = _ESCAPED.sub(rb"\1", quoted[1:-1])
    return decode_unlabelled(local + b"@" + domain if domain else local)
