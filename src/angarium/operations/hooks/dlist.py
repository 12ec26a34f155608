"""Parenthesised lists of atoms, strings and lists, in which servers of Cyrus and annotators speak to each other.

They are those of IMAP (RFC 9051 §4): an atom is not told from a number, and literals need no continuation.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

_DEPTH: Final = 400
_SPACE: Final = re.compile(rb"[ \r\n]*")
_ATOM: Final = re.compile(rb"[^\x00-\x20()\"{}\x7f]+")
_QUOTED: Final = re.compile(rb'"((?:[^"\\\r\n\0]|\\[^\r\n\0])*+)"')
_LITERAL: Final = re.compile(rb"~?\{([0-9]{1,10})\+?\}\r?\n")
_BEGUN: Final = re.compile(rb'"(?:[^"\\\r\n\0]|\\[^\r\n\0])*+\\?\Z|~?\{?[0-9]*+\+?\}?\r?\Z')
_ESCAPE: Final = re.compile(rb"\\(.)", re.DOTALL)
_QUOTABLE: Final = re.compile(rb"[\x20-\x7e]*+")


@dataclass(frozen=True, slots=True)
class Atom:
    """A word without quotation marks."""

    text: bytes

    @property
    def is_nil(self) -> bool:
        return self.text.upper() == b"NIL"


Item = Atom | bytes | list["Item"]
"""A string is bytes."""


class DlistInvalid(ValueError):
    """No such list."""


class DlistIncomplete(Exception):
    """The beginning of one."""


def parse_dlist(data: bytes) -> list[Item]:
    """The list that the octets begin with; what stands behind it is left. DlistIncomplete, DlistInvalid."""
    position = _skip(data, 0)
    if data[position : position + 1] != b"(":
        raise DlistInvalid("not a list") if position < len(data) else DlistIncomplete
    outermost: list[Item] = []
    open_lists = [outermost]
    position += 1
    while open_lists:
        position = _skip(data, position)
        following = data[position : position + 1]
        if following == b"(":
            if len(open_lists) >= _DEPTH:
                raise DlistInvalid("lists within lists, too many")
            inner: list[Item] = []
            open_lists[-1].append(inner)
            open_lists.append(inner)
            position += 1
        elif following == b")":
            open_lists.pop()
            position += 1
        else:
            item, position = _leaf(data, position)
            open_lists[-1].append(item)
    return outermost


def serialize_dlist(items: Sequence[Item]) -> bytes:
    """The octets of a list. Lists that stand first in a list touch each other, as those of a body structure do."""
    pieces = [b"("]
    leads_with_lists = True
    for index, item in enumerate(items):
        leads_with_lists = leads_with_lists and isinstance(item, list)
        if index and not leads_with_lists:
            pieces.append(b" ")
        match item:
            case Atom(text):
                pieces.append(text)
            case bytes():
                pieces.append(_string(item))
            case _:
                pieces.append(serialize_dlist(item))
    pieces.append(b")")
    return b"".join(pieces)


def _skip(data: bytes, position: int) -> int:
    match = _SPACE.match(data, position)
    assert match is not None, "it may be empty"
    return match.end()


def _leaf(data: bytes, position: int) -> tuple[Item, int]:
    if match := _QUOTED.match(data, position):
        return _ESCAPE.sub(rb"\1", match[1]), match.end()
    if match := _LITERAL.match(data, position):
        start, end = match.end(), match.end() + int(match[1])
        if end > len(data):
            raise DlistIncomplete
        return data[start:end], end
    if match := _ATOM.match(data, position):
        if match.end() == len(data):
            raise DlistIncomplete
        return Atom(match[0]), match.end()
    if position == len(data) or _BEGUN.match(data, position):
        raise DlistIncomplete
    raise DlistInvalid("neither an atom nor a string nor a list")


def _string(value: bytes) -> bytes:
    if _QUOTABLE.fullmatch(value):
        return b'"%b"' % value.replace(b"\\", b"\\\\").replace(b'"', b'\\"')
    return b"{%d}\r\n%b" % (len(value), value)
