"""NOTIFY (RFC 5465 §8)."""

from typing import Final

from angarium.fetchitem import FetchItem
from angarium.imap import commands as c
from angarium.imap.cursor import Cursor, Malformed, Refused
from angarium.imap.dialect import Extension

from .entry import Entry
from .fetchitems import parse_item_list
from .mailboxfilters import parse_filter
from .returns import take_word

_EVENTS: Final = {event.value.upper(): event for event in c.NotifyEvent}

_SELECTED: Final = frozenset({c.FilterKind.SELECTED, c.FilterKind.SELECTED_DELAYED})
_NEW_AND_EXPUNGE: Final = frozenset({c.NotifyEvent.MESSAGE_NEW, c.NotifyEvent.MESSAGE_EXPUNGE})
_CHANGES: Final = frozenset({c.NotifyEvent.FLAG_CHANGE, c.NotifyEvent.ANNOTATION_CHANGE})
_MESSAGE_EVENTS: Final = _NEW_AND_EXPUNGE | _CHANGES

BAD_EVENT: Final = b"BADEVENT (%b)" % b" ".join([event.value for event in c.NotifyEvent])
"""The code that names the events there are (RFC 5465 §3.1)."""


def parse_notify(cursor: Cursor) -> c.NotifySet | c.NotifyNone:
    """`"NOTIFY" SP ("SET" ["SP STATUS"] SP event-groups / "NONE")`."""
    cursor.space()
    verb = cursor.atom().upper()
    if verb == b"NONE":
        cursor.end()
        return c.NotifyNone()
    if verb != b"SET":
        raise Malformed(b"Invalid argument to Notify")
    cursor.space()
    with_status = take_word(cursor, b"STATUS")
    groups = [_parse_group(cursor)]
    while cursor.take(b" "):
        groups.append(_parse_group(cursor))
    cursor.end()
    if len([group for group in groups if group.mailboxes.kind in _SELECTED]) > 1:
        raise Malformed(b"Invalid combination of mailbox filters in Notify")
    return c.NotifySet(tuple(groups), with_status)


def _parse_group(cursor: Cursor) -> c.EventGroup:
    """`"(" filter-mailboxes SP events ")"`."""
    cursor.count_argument()
    cursor.expect(b"(")
    mailboxes = parse_filter(cursor, c.FilterKind.SUBTREE_ONE)
    cursor.space()
    if cursor.next_octet() == b"(":
        events, new_items = _parse_events(cursor, is_selected=mailboxes.kind in _SELECTED)
    elif cursor.atom().upper() == b"NONE":
        events, new_items = frozenset(), ()
    else:
        raise Malformed(b"Invalid argument to Notify")
    cursor.expect(b")")
    return c.EventGroup(mailboxes, events, new_items)


def _parse_events(cursor: Cursor, *, is_selected: bool) -> tuple[frozenset[c.NotifyEvent], tuple[FetchItem, ...]]:
    events: set[c.NotifyEvent] = set()
    new_items: tuple[FetchItem, ...] = ()
    for _ in cursor.elements():
        event = _EVENTS.get(cursor.atom().upper())
        if event is None:
            raise Refused(BAD_EVENT, b"Unsupported event in Notify")
        if is_selected and event not in _MESSAGE_EVENTS:
            raise Malformed(b"Only message events are allowed for the selected mailbox")
        events.add(event)
        if event is c.NotifyEvent.MESSAGE_NEW and is_selected and cursor.data.startswith(b" (", cursor.position):
            cursor.space()
            new_items = parse_item_list(cursor)
    _check_combination(events)
    return frozenset(events), new_items


def _check_combination(events: set[c.NotifyEvent]) -> None:
    """RFC 5465 §5: MessageNew and MessageExpunge only come together, and the other message events with them."""
    asked = events & _NEW_AND_EXPUNGE
    if asked != _NEW_AND_EXPUNGE and (asked or events & _CHANGES):
        raise Malformed(b"Invalid combination of events in Notify")


ENTRIES = {b"NOTIFY": Entry(b"Notify", c.NotifySet, parse_notify, frozenset({Extension.NOTIFY}))}
