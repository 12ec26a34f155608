"""The `user_deny.db` of Cyrus in its form `flat`: a line for each user who is kept out of services.

USER<tab>2<tab>SERVICES<tab>MESSAGE        newer writers put 0xFF and the octet with its highest bit set in place
                                           of tabs, line ends and NUL behind the first tab
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from angarium.errors import PreparationFailed

_OTHER_KIND: Final = re.compile(rb"\xa1\x02\x8b\r(twoskip|skiplist) file\0")
_ESCAPED: Final = re.compile(rb"\xff([\x80-\xff])", re.DOTALL)
_VERSIONS: Final = frozenset({"1", "2"})
"""The first has no messages."""


@dataclass(frozen=True, slots=True)
class DenyLine:
    """A user, or why the line is none."""

    number: int
    user: str = ""
    services: str = ""
    message: str = ""
    fault: str = ""


def parse_deny_file(octets: bytes) -> Iterator[DenyLine]:
    """All lines. PreparationFailed for what is a database of another kind."""
    other = _OTHER_KIND.match(octets)
    if other is not None:
        kind = other[1].decode()
        raise PreparationFailed(
            f"it is of the kind {kind}; `cvt_cyrusdb FILE {kind} NEWFILE flat` of Cyrus converts it"
        )
    for number, line in enumerate(octets.split(b"\n"), start=1):
        if line:
            yield _parse_line(number, line)


def _parse_line(number: int, line: bytes) -> DenyLine:
    key, _, value = line.partition(b"\t")
    try:
        user = key.decode()
        version, _, rest = _ESCAPED.sub(_unescaped, value).decode().partition("\t")
    except UnicodeDecodeError:
        return DenyLine(number, fault="it is no UTF-8")
    services, _, message = rest.partition("\t")
    if not user or version not in _VERSIONS or not services.strip(" ,"):
        return DenyLine(number, fault="it is no line of a user who is kept out")
    return DenyLine(number, user, services, message)


def _unescaped(match: re.Match[bytes]) -> bytes:
    return match[1] if match[1] == b"\xff" else bytes([match[1][0] & 0x7F])
