"""LIST in its basic and extended forms (RFC 9051 §6.3.9, RFC 5258, RFC 5819), LSUB (RFC 3501 §6.3.9) and their like."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Final

from angarium.imap import commands as c
from angarium.imap.cursor import Cursor, Malformed
from angarium.imap.dialect import Extension

from .entry import Entry
from .mailboxes import parse_status_items
from .metadata import parse_metadata_entries

_SELECTION: Final = {option.value: option for option in c.ListSelection}
_RETURNS: Final = {option.value: option for option in c.ListReturn}
_SELECTION_EXTENSIONS: Final = {c.ListSelection.SPECIAL_USE: Extension.SPECIAL_USE}
_RETURN_EXTENSIONS: Final = {
    c.ListReturn.SPECIAL_USE: Extension.SPECIAL_USE,
    c.ListReturn.MYRIGHTS: Extension.LIST_MYRIGHTS,
    c.ListReturn.METADATA: Extension.LIST_METADATA,
    c.ListReturn.STATUS: Extension.LIST_STATUS,
}


def parse_list(cursor: Cursor) -> c.List:
    """`LIST [(selection)] reference pattern-or-patterns [RETURN (options)]`."""
    is_extended = False
    may_be_extended = cursor.serves(Extension.LIST_EXTENDED)
    selection: frozenset[c.ListSelection] = frozenset()
    cursor.space()
    if cursor.next_octet() == b"(" and may_be_extended:
        is_extended = True
        selection = _parse_selection(cursor)
        cursor.space()
    reference = cursor.astring()
    cursor.space()
    if cursor.next_octet() == b"(" and may_be_extended:
        is_extended = True
        patterns = tuple([cursor.astring() for _ in cursor.elements()])
    else:
        patterns = (cursor.astring(),)
    returns = _Returns()
    if may_be_extended and cursor.take(b" "):
        is_extended = True
        if cursor.atom().upper() != b"RETURN":
            raise Malformed(b"Unexpected extra arguments to " + cursor.name)
        cursor.space()
        returns = _parse_returns(cursor)
    cursor.end()
    return c.List(
        reference,
        patterns,
        selection,
        frozenset(returns.options),
        returns.status_items,
        is_extended,
        returns.metadata_entries,
    )


def _parse_selection(cursor: Cursor) -> frozenset[c.ListSelection]:
    selection: set[c.ListSelection] = set()
    for _ in cursor.elements(may_be_empty=True):
        name = cursor.atom()
        option = _SELECTION.get(name.upper())
        if option is None or (option in _SELECTION_EXTENSIONS and not cursor.serves(_SELECTION_EXTENSIONS[option])):
            raise Malformed(b'Invalid List selection option "%b"' % name[:64].lower())
        selection.add(option)
    # RFC 9051 §6.3.9.1: RECURSIVEMATCH modifies another option, and REMOTE is none that it could modify
    if c.ListSelection.RECURSIVEMATCH in selection and c.ListSelection.SUBSCRIBED not in selection:
        raise Malformed(b"Invalid combination of selection options")
    return frozenset(selection)


@dataclass(slots=True)
class _Returns:
    """Return options, as far as they have been read."""

    options: set[c.ListReturn] = field(default_factory=set)
    status_items: tuple[c.StatusItem, ...] = ()
    metadata_entries: tuple[str, ...] = ()


def _parse_returns(cursor: Cursor) -> _Returns:
    returns = _Returns()
    for _ in cursor.elements(may_be_empty=True):
        name = cursor.atom()
        option = _RETURNS.get(name.upper())
        if option is None or (option in _RETURN_EXTENSIONS and not cursor.serves(_RETURN_EXTENSIONS[option])):
            raise Malformed(b'Invalid List return option "%b"' % name[:64].lower())
        returns.options.add(option)
        if option is c.ListReturn.STATUS:
            cursor.space()
            returns.status_items = parse_status_items(cursor)
        elif option is c.ListReturn.METADATA:
            cursor.space()
            returns.metadata_entries = parse_metadata_entries(cursor)
    return returns


def _reference_and_pattern(make: Callable[[bytes, bytes], c.Command]) -> Callable[[Cursor], c.Command]:
    """The parse function of LSUB, and of those that are like LIST without its options."""

    def parse(cursor: Cursor) -> c.Command:
        cursor.space()
        reference = cursor.astring()
        cursor.space()
        pattern = cursor.astring()
        cursor.end()
        return make(reference, pattern)

    return parse


_REFERRALS: Final = frozenset({Extension.MAILBOX_REFERRALS})

ENTRIES = {
    b"LIST": Entry(b"List", c.List, parse_list),
    b"LSUB": Entry(b"Lsub", c.Lsub, _reference_and_pattern(c.Lsub)),
    b"RLIST": Entry(b"Rlist", c.RList, _reference_and_pattern(c.RList), _REFERRALS),
    b"RLSUB": Entry(b"Rlsub", c.RLsub, _reference_and_pattern(c.RLsub), _REFERRALS),
    b"XLIST": Entry(b"Xlist", c.XList, _reference_and_pattern(c.XList), frozenset({Extension.XLIST})),
}
