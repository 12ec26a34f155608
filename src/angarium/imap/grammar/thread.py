"""THREAD (RFC 5256 §3)."""

from typing import Final

from angarium.imap import commands as c
from angarium.imap.cursor import Cursor, Malformed
from angarium.imap.dialect import Extension

from .entry import Entry
from .searchkeys import parse_search_criteria

_ALGORITHMS: Final = {
    algorithm.value.encode("ascii"): (algorithm, extension)
    for algorithm, extension in (
        (c.ThreadAlgorithm.ORDEREDSUBJECT, Extension.THREAD_ORDEREDSUBJECT),
        (c.ThreadAlgorithm.REFERENCES, Extension.THREAD_REFERENCES),
        (c.ThreadAlgorithm.REFS, Extension.THREAD_REFS),
    )
}


def parse_thread(cursor: Cursor) -> c.Thread:
    """RFC 5256 §3."""
    return _parse_thread(cursor, by_uid=False)


def parse_uid_thread(cursor: Cursor) -> c.Thread:
    """RFC 5256 §3."""
    return _parse_thread(cursor, by_uid=True)


def _parse_thread(cursor: Cursor, *, by_uid: bool) -> c.Thread:
    cursor.space()
    name = cursor.atom()
    algorithm, extension = _ALGORITHMS.get(name.upper(), (None, None))
    if algorithm is None or extension not in cursor.dialect.served:
        raise Malformed(b"Invalid Thread algorithm " + name[:64])
    cursor.space()
    return c.Thread(algorithm, parse_search_criteria(cursor), by_uid)


_THREAD: Final = frozenset({extension for _, extension in _ALGORITHMS.values()})

ENTRIES = {b"THREAD": Entry(b"Thread", c.Thread, parse_thread, _THREAD, by_number=True, takes_literal8=True)}
UID_ENTRIES = {b"THREAD": Entry(b"Uid", c.Thread, parse_uid_thread, _THREAD, takes_literal8=True)}
