"""SEARCH (RFC 9051 §6.4.4, RFC 4731) and ESEARCH (RFC 7377)."""

from typing import Final

from angarium.imap import commands as c
from angarium.imap.cursor import Cursor, Malformed
from angarium.imap.dialect import Extension

from .entry import Entry
from .mailboxfilters import parse_filter
from .returns import Returns, noting_saves, take_returns, take_word
from .searchkeys import parse_search_program

_SELECTED: Final = c.MailboxFilter(c.FilterKind.SELECTED)


def parse_search(cursor: Cursor) -> c.Search:
    """RFC 9051 §6.4.4."""
    return _parse_search(cursor, by_uid=False)


def parse_uid_search(cursor: Cursor) -> c.Search:
    """RFC 9051 §6.4.9."""
    return _parse_search(cursor, by_uid=True)


def _parse_search(cursor: Cursor, *, by_uid: bool) -> c.Search:
    cursor.space()
    returns = take_returns(cursor) if cursor.serves(Extension.ESEARCH) else None
    with noting_saves(returns):
        key = parse_search_program(cursor)
    if returns is None:
        return c.Search(key, by_uid)
    return c.Search(key, by_uid, returns.options, returns.partial, returns.update_items)


def parse_esearch(cursor: Cursor) -> c.ESearch:
    """RFC 7377 §2."""
    cursor.space()
    sources = _parse_sources(cursor) if take_word(cursor, b"IN") else (_SELECTED,)
    returns = take_returns(cursor) or Returns(frozenset({c.SearchReturn.ALL}))
    if c.SearchReturn.SAVE in returns.options and sources != (_SELECTED,):
        # RFC 7377 §2.2
        raise Malformed(b"SAVE is only allowed for the selected mailbox")
    with noting_saves(returns):
        key = parse_search_program(cursor)
    return c.ESearch(sources, key, returns.options, returns.partial, returns.update_items)


def _parse_sources(cursor: Cursor) -> tuple[c.MailboxFilter, ...]:
    """`"(" source-mbox [SP "(" scope-options ")"] ")" SP`; no scope option has been defined yet (RFC 7377 §4)."""
    sources: dict[c.MailboxFilter, None] = {}
    for _ in cursor.elements():
        if cursor.next_octet() == b"(":
            raise Malformed(b"Invalid scope option in " + cursor.name)
        sources[parse_filter(cursor, c.FilterKind.SELECTED_DELAYED)] = None
    cursor.space()
    return tuple(sources)


ENTRIES = {
    b"SEARCH": Entry(b"Search", c.Search, parse_search, by_number=True, takes_literal8=True),
    b"ESEARCH": Entry(b"Esearch", c.ESearch, parse_esearch, frozenset({Extension.MULTISEARCH}), takes_literal8=True),
}
UID_ENTRIES = {b"SEARCH": Entry(b"Uid", c.Search, parse_uid_search, takes_literal8=True)}
