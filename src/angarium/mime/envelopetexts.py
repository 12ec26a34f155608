"""Out of a stored ENVELOPE what SORT compares: the subject, and the first address of some lists."""

import re
from collections.abc import Iterator
from typing import NamedTuple

from .address import Address

_TOKEN = re.compile(rb'[ ]*+(?:([()])|"((?:[^"\\]|\\.)*+)"|\{([0-9]+)\}\r\n|NIL)', re.DOTALL)
_ESCAPED = re.compile(rb"\\(.)", re.DOTALL)
_SUBJECT, _FROM, _TO, _CC = 1, 2, 5, 6
"""Places in the list (RFC 9051 §7.5.2)."""

_List = list["bytes | _List | None"]


class EnvelopeTexts(NamedTuple):
    """As the message has them: encoded words undecoded. None where the message has no such field."""

    subject: bytes | None
    from_: Address | None
    to: Address | None
    cc: Address | None


NO_TEXTS = EnvelopeTexts(None, None, None, None)


def parse_envelope_texts(envelope: bytes) -> EnvelopeTexts:
    """Of an ENVELOPE as the scanner made it; what is something else has none of them."""
    fields = _read(envelope)
    if len(fields) <= _CC:
        return NO_TEXTS
    subject = fields[_SUBJECT]
    return EnvelopeTexts(
        subject if isinstance(subject, bytes) else None, *[_first(fields[place]) for place in (_FROM, _TO, _CC)]
    )


def _first(addresses: "bytes | _List | None") -> Address | None:
    first = addresses[0] if isinstance(addresses, list) and addresses else None
    if not isinstance(first, list) or len(first) != len(Address._fields):
        return None
    return Address(*[part if isinstance(part, bytes) else None for part in first])


def _read(envelope: bytes) -> _List:
    """The outermost list; as far as it could be read."""
    top: _List = []
    open_lists = [top]
    for token in _tokens(envelope):
        if token == b"(":
            inner: _List = []
            open_lists[-1].append(inner)
            open_lists.append(inner)
        elif token == b")":
            if len(open_lists) == 1:
                break
            open_lists.pop()
        else:
            open_lists[-1].append(None if token is None else token[1:])
    fields = top[0] if top else []
    return fields if isinstance(fields, list) else []


def _tokens(envelope: bytes) -> Iterator[bytes | None]:
    """Parentheses; strings with a quote before them, so that no string looks like one; None for NIL."""
    position = 0
    while found := _TOKEN.match(envelope, position):
        position = found.end()
        parenthesis, quoted, size = found.groups()
        if parenthesis is not None:
            yield parenthesis
        elif quoted is not None:
            yield b'"' + (_ESCAPED.sub(rb"\1", quoted) if b"\\" in quoted else quoted)
        elif size is not None:
            end = position + int(size)
            yield b'"' + envelope[position:end]
            position = end
        else:
            yield None
