"""LIST in its basic and extended forms (RFC 9051 §6.3.9, RFC 5258, RFC 5819) and LSUB (RFC 3501 §6.3.9)."""

from angarium.imap import commands as c
from angarium.imap.cursor import Cursor, Malformed

from .entry import Entry
from .mailboxes import parse_status_items

_SELECTION = {option.value: option for option in c.ListSelection}
_RETURNS = {option.value: option for option in c.ListReturn}


def parse_list(cursor: Cursor) -> c.List:
    """`LIST [(selection)] reference pattern-or-patterns [RETURN (options)]`."""
    is_extended = False
    selection: frozenset[c.ListSelection] = frozenset()
    cursor.space()
    if cursor.next_octet() == b"(":
        is_extended = True
        selection = _parse_selection(cursor)
        cursor.space()
    reference = cursor.astring()
    cursor.space()
    if cursor.next_octet() == b"(":
        is_extended = True
        patterns = tuple([cursor.astring() for _ in cursor.elements()])
    else:
        patterns = (cursor.astring(),)
    returns: frozenset[c.ListReturn] = frozenset()
    status_items: tuple[c.StatusItem, ...] = ()
    if cursor.take(b" "):
        is_extended = True
        if cursor.atom().upper() != b"RETURN":
            raise Malformed(b"Unexpected extra arguments to " + cursor.name)
        cursor.space()
        returns, status_items = _parse_returns(cursor)
    cursor.end()
    return c.List(reference, patterns, selection, returns, status_items, is_extended)


def _parse_selection(cursor: Cursor) -> frozenset[c.ListSelection]:
    selection: set[c.ListSelection] = set()
    for _ in cursor.elements(may_be_empty=True):
        name = cursor.atom()
        option = _SELECTION.get(name.upper())
        if option is None:
            raise Malformed(b'Invalid List selection option "%b"' % name[:64].lower())
        selection.add(option)
    # RFC 9051 §6.3.9.1: RECURSIVEMATCH modifies another option, and REMOTE is none that it could modify
    if c.ListSelection.RECURSIVEMATCH in selection and c.ListSelection.SUBSCRIBED not in selection:
        raise Malformed(b"Invalid combination of selection options")
    return frozenset(selection)


def _parse_returns(cursor: Cursor) -> tuple[frozenset[c.ListReturn], tuple[c.StatusItem, ...]]:
    returns: set[c.ListReturn] = set()
    status_items: tuple[c.StatusItem, ...] = ()
    for _ in cursor.elements(may_be_empty=True):
        name = cursor.atom()
        option = _RETURNS.get(name.upper())
        if option is None:
            raise Malformed(b'Invalid List return option "%b"' % name[:64].lower())
        returns.add(option)
        if option is c.ListReturn.STATUS:
            cursor.space()
            status_items = parse_status_items(cursor)
    return frozenset(returns), status_items


def parse_lsub(cursor: Cursor) -> c.Lsub:
    """RFC 3501 §6.3.9."""
    cursor.space()
    reference = cursor.astring()
    cursor.space()
    pattern = cursor.astring()
    cursor.end()
    return c.Lsub(reference, pattern)


ENTRIES = {
    b"LIST": Entry(b"List", c.List, parse_list),
    b"LSUB": Entry(b"Lsub", c.Lsub, parse_lsub),
}
