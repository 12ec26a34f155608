"""A serialized ENVELOPE, BODY or BODYSTRUCTURE (RFC 9051 §9) taken apart and written anew, list by list.

Who asks gives a writer for each kind of list, which gets its elements as they are sent, inner lists written anew.
"""

import re
from collections.abc import Callable, Generator, Mapping, Sequence
from enum import Enum, auto
from typing import Final

_TOKEN = re.compile(rb'([()])|\{([0-9]++)\}\r\n|"(?:[^"\\]|\\.)*+"|[^ ()"{]++', re.DOTALL)
_ESCAPED = re.compile(rb"\\(.)", re.DOTALL)

_SLICE_OCTETS: Final = 8192
"""Of what is written anew; some 0.2 µs each."""

Elements = list[bytes]
"""Of a parenthesised list, each as it is sent."""


class Kind(Enum):
    """What a parenthesised list is."""

    ENVELOPE = auto()
    ADDRESSES = auto()
    ADDRESS = auto()
    BODY = auto()
    PARAMETERS = auto()
    DISPOSITION = auto()
    LANGUAGES = auto()


Writers = Mapping[Kind, Callable[[Elements], bytes]]


def rewrite_each(
    values: Sequence[bytes], kind: Kind, writers: Writers, is_plain: Callable[[bytes], bool]
) -> Generator[None, None, list[bytes]]:
    """All of these anew, but for plain ones, which stay the same objects. Yields after every few kilobytes."""
    rewritten: list[bytes] = []
    octets = 0
    for value in values:
        if is_plain(value):
            rewritten.append(value)
            continue
        rewritten.append((yield from _rewrite(value, kind, writers)))
        octets += len(value)
        if octets >= _SLICE_OCTETS:
            octets = 0
            yield
    return rewritten


def _rewrite(serialized: bytes, kind: Kind, writers: Writers) -> Generator[None, None, bytes]:
    """Each list is written anew where it ends, so the inner ones first. Without recursion: parts may nest deeply."""
    kinds: list[Kind] = []
    lists: list[Elements] = [[]]
    position = 0
    rest_at = _SLICE_OCTETS
    while (token := _TOKEN.search(serialized, position)) is not None:
        position = token.end()
        parenthesis, literal_octets = token.groups()
        if parenthesis == b"(":
            kinds.append(_kind_inside(kinds[-1], lists[-1]) if kinds else kind)
            lists.append([])
        elif parenthesis == b")":
            elements = lists.pop()
            lists[-1].append(writers[kinds.pop()](elements))
        else:
            if literal_octets is not None:
                position += int(literal_octets)
            lists[-1].append(serialized[token.start() : position])
        if position >= rest_at:
            rest_at = position + _SLICE_OCTETS
            yield
    return lists[0][0]


# Which list is which


def _kind_inside(outer: Kind, before: Elements) -> Kind:
    """What a list is that stands in another one, behind these elements."""
    match outer:
        case Kind.ENVELOPE:
            return Kind.ADDRESSES
        case Kind.ADDRESSES:
            return Kind.ADDRESS
        case Kind.BODY:
            return _kind_inside_body(before)
        case _:
            return Kind.PARAMETERS  # of a disposition


def _kind_inside_body(before: Elements) -> Kind:
    place = len(before)
    if all(map(is_list, before)):
        return Kind.BODY  # a part of a multipart
    if not is_list(before[0]):
        if place == 7:
            return Kind.ENVELOPE  # of a message; no other part has a list there
        if place == 8 and is_list(before[7]):
            return Kind.BODY
    disposition_at = _disposition_at(before)
    if place == disposition_at:
        return Kind.DISPOSITION
    return Kind.LANGUAGES if place > disposition_at else Kind.PARAMETERS


def _disposition_at(body: Elements) -> int:
    """The place of the disposition among the elements of a BODYSTRUCTURE (RFC 9051 §9, body-ext-1part and -mpart)."""
    if is_list(body[0]):
        return subtype_at(body) + 2
    if len(body) > 7 and is_list(body[7]):
        return 11  # behind envelope, structure, lines and MD5
    return 9 if body[0] == b'"TEXT"' else 8


def subtype_at(multipart: Elements) -> int:
    """The place of the subtype, which the parts precede."""
    return next(place for place, element in enumerate(multipart) if not is_list(element))


def is_list(element: bytes) -> bool:
    """Whether an element is a list, and neither a string nor NIL."""
    return element.startswith(b"(")


def write_list(elements: Elements) -> bytes:
    """The list, with its elements as they are."""
    return b"(" + b" ".join(elements) + b")"


def write_joined(elements: Elements) -> bytes:
    """The same of a list whose elements stand without spaces between them, as addresses do."""
    return b"(" + b"".join(elements) + b")"


def octets_of(element: bytes) -> bytes:
    """The octets that a string of IMAP stands for."""
    if element.startswith(b'"'):
        return _ESCAPED.sub(rb"\1", element[1:-1])
    return element[element.index(b"\n") + 1 :]
