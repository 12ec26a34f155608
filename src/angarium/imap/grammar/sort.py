"""SORT (RFC 5256 §3, RFC 5957) and its extended form (ESORT, RFC 5267 §3)."""

from typing import Final

from angarium.imap import commands as c
from angarium.imap.cursor import Cursor, Malformed
from angarium.imap.dialect import Extension
from angarium.sortcriteria import SortCriterion, SortKey

from .annotations import entry_name
from .entry import Entry
from .returns import noting_saves, take_returns
from .searchkeys import parse_search_criteria

_KEYS: Final = {key.value.encode("ascii"): key for key in SortKey}
_EXTENSIONS: Final = {
    SortKey.DISPLAYFROM: Extension.SORT_DISPLAY,
    SortKey.DISPLAYTO: Extension.SORT_DISPLAY,
    SortKey.MODSEQ: Extension.SORT_MODSEQ,
    SortKey.UID: Extension.SORT_UID,
}
_ATTRIBUTES: Final = (b"value.priv", b"value.shared")


def parse_sort(cursor: Cursor) -> c.Sort:
    """RFC 5256 §3."""
    return _parse_sort(cursor, by_uid=False)


def parse_uid_sort(cursor: Cursor) -> c.Sort:
    """RFC 5256 §3."""
    return _parse_sort(cursor, by_uid=True)


def _parse_sort(cursor: Cursor, *, by_uid: bool) -> c.Sort:
    cursor.space()
    returns = take_returns(cursor, context=Extension.CONTEXT_SORT) if cursor.serves(Extension.ESORT) else None
    criteria = _parse_criteria(cursor)
    cursor.space()
    with noting_saves(returns):
        key = parse_search_criteria(cursor)
    if returns is None:
        return c.Sort(criteria, key, by_uid)
    return c.Sort(criteria, key, by_uid, returns.options, returns.partial, returns.update_items)


def _parse_criteria(cursor: Cursor) -> tuple[SortCriterion | c.SortAnnotation, ...]:
    if cursor.data.startswith(b"()", cursor.position):
        raise Malformed(b"Missing Sort criteria")
    criteria: list[SortCriterion | c.SortAnnotation] = []
    for _ in cursor.elements():
        name = cursor.atom()
        is_reverse = name.upper() == b"REVERSE"
        if is_reverse:
            cursor.space()
            name = cursor.atom()
        criteria.append(_parse_criterion(cursor, name, is_reverse=is_reverse))
    return tuple(criteria)


def _parse_criterion(cursor: Cursor, name: bytes, *, is_reverse: bool) -> SortCriterion | c.SortAnnotation:
    """`[REVERSE SP] sort-key` behind the first or second word, which is `name`."""
    if name.upper() == b"ANNOTATION" and cursor.serves(Extension.ANNOTATE):
        return _parse_annotation(cursor, is_reverse=is_reverse)
    key = _KEYS.get(name.upper())
    if key is None or (key in _EXTENSIONS and not cursor.serves(_EXTENSIONS[key])):
        raise Malformed(b"Invalid Sort criterion " + name[:64].lower())
    return SortCriterion(key, is_reverse)


def _parse_annotation(cursor: Cursor, *, is_reverse: bool) -> c.SortAnnotation:
    """`"ANNOTATION" SP entry SP att-sort` (RFC 5257 §5)."""
    cursor.space()
    entry = entry_name(cursor.astring())
    cursor.space()
    attribute = cursor.astring().lower()
    if attribute not in _ATTRIBUTES:
        raise Malformed(b"Invalid Sort criterion annotation")
    return c.SortAnnotation(entry, attribute.decode("ascii"), is_reverse)


_SORT: Final = frozenset({Extension.SORT})

ENTRIES = {b"SORT": Entry(b"Sort", c.Sort, parse_sort, _SORT, by_number=True, takes_literal8=True)}
UID_ENTRIES = {b"SORT": Entry(b"Uid", c.Sort, parse_uid_sort, _SORT, takes_literal8=True)}
