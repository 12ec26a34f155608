"""Return options of SEARCH, SORT and ESEARCH (RFC 9051 §6.4.4, RFC 5267 §4, RFC 9394 §3)."""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Final

from angarium.fetchitem import FetchItem
from angarium.imap import commands as c
from angarium.imap.cursor import Cursor, Malformed, Refused
from angarium.imap.dialect import Extension
from angarium.sequenceset import MAXIMUM_UID

from .fetchitems import parse_item_list

_RETURNS: Final = {option.value: option for option in c.SearchReturn}
_PARTIAL_RANGE = re.compile(rb"(-?)([1-9][0-9]{0,9}):(-?)([1-9][0-9]{0,9})(?![0-9])")

_OF_CONTEXT: Final = frozenset({c.SearchReturn.PARTIAL, c.SearchReturn.UPDATE, c.SearchReturn.CONTEXT})
_EXTENSIONS: Final = {c.SearchReturn.PARTIAL: Extension.PARTIAL, c.SearchReturn.SAVE: Extension.SEARCHRES}


@dataclass(frozen=True, slots=True)
class Returns:
    """What a search returns; `options` are ALL for `()`."""

    options: frozenset[c.SearchReturn]
    partial: c.PartialRange | None = None
    update_items: tuple[FetchItem, ...] = ()


def take_returns(cursor: Cursor, *, context: Extension = Extension.CONTEXT_SEARCH) -> Returns | None:
    """`RETURN SP "(" [option *(SP option)] ")" SP`, None if something else is next; `context` brings UPDATE and its
    like."""
    if not take_word(cursor, b"RETURN"):
        return None
    options: set[c.SearchReturn] = set()
    partial: c.PartialRange | None = None
    update_items: tuple[FetchItem, ...] = ()
    for _ in cursor.elements(may_be_empty=True):
        option = _parse_option(cursor, context)
        if option is c.SearchReturn.PARTIAL:
            if partial is not None:
                raise Malformed(b"Invalid combination of return options")
            cursor.space()
            partial = parse_partial_range(cursor)
        elif option is c.SearchReturn.UPDATE:
            update_items = _take_update_items(cursor)
        options.add(option)
    if partial is not None and c.SearchReturn.ALL in options:
        # RFC 9394 §3.1
        raise Malformed(b"Invalid combination of return options")
    cursor.space()
    return Returns(frozenset(options or {c.SearchReturn.ALL}), partial, update_items)


@contextmanager
def noting_saves(returns: Returns | None) -> Iterator[None]:
    """A refusal of the keys tells whether their result was to be saved."""
    try:
        yield
    except Refused as refused:
        saves = returns is not None and c.SearchReturn.SAVE in returns.options
        raise Refused(refused.code, refused.text, saves=saves) from refused


def take_word(cursor: Cursor, word: bytes) -> bool:
    """Reads `word` and the space after it if they are next."""
    end = cursor.position + len(word)
    if cursor.data[cursor.position : end].upper() != word or cursor.data[end : end + 1] not in (b" ", b""):
        return False
    cursor.position = end
    cursor.space()
    return True


def _parse_option(cursor: Cursor, context: Extension) -> c.SearchReturn:
    name = cursor.atom()
    option = _RETURNS.get(name.upper())
    if option is None or not _is_served(cursor, option, context):
        raise Malformed(b"Invalid Search return option " + name[:64].lower())
    return option


def _is_served(cursor: Cursor, option: c.SearchReturn, context: Extension) -> bool:
    if option in _OF_CONTEXT and cursor.serves(context):
        return True
    own = _EXTENSIONS.get(option)
    return cursor.serves(own) if own is not None else option not in _OF_CONTEXT


def _take_update_items(cursor: Cursor) -> tuple[FetchItem, ...]:
    """`[SP "(" fetch-att *(SP fetch-att) ")"]`; the space is in the example of RFC 5465 §7, not in its grammar (§8)."""
    if not cursor.serves(Extension.NOTIFY):
        return ()
    if cursor.data.startswith(b" (", cursor.position):
        cursor.space()
    return parse_item_list(cursor) if cursor.next_octet() == b"(" else ()


def parse_partial_range(cursor: Cursor) -> c.PartialRange:
    """`partial-range` (RFC 9394 §4)."""
    match = _PARTIAL_RANGE.match(cursor.data, cursor.position)
    if match is None or match[1] != match[3]:
        raise cursor.invalid() if cursor.at_end() else Malformed(b"Invalid partial range in " + cursor.name)
    first, last = sorted((int(match[2]), int(match[4])))
    if last > MAXIMUM_UID:
        raise Malformed(b"Number out of range in " + cursor.name)
    cursor.position = match.end()
    return c.PartialRange(first, last, from_end=bool(match[1]))
