"""APPEND (RFC 9051 §6.3.12) with MULTIAPPEND (RFC 3502), CATENATE (RFC 4469), UTF8 (RFC 6855 §4) and annotations
(RFC 5257 §4.7), and REPLACE (RFC 8508).

Messages may be of any size and number, so these commands are read line by line: a generator reads from its cursor and
gives a step at each point where something is due, an event for the session or a literal that is an argument. Before it
is resumed the cursor has got the next line (`Cursor.continue_with`) if the present one has ended in a literal. What has
been read is not kept, so the work is linear in what the client sends.
"""

from collections.abc import Generator
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from angarium.imap.commands import AnnotationValue
from angarium.imap.cursor import Cursor, Malformed, Refused
from angarium.imap.dates import parse_date_time
from angarium.imap.dialect import Extension
from angarium.imap.events import AppendBegun, MessageBegun, ReplaceBegun, TextBegun, UrlGiven
from angarium.imap.flagnames import parse_keyword, parse_system_flag
from angarium.imap.limits import LITERAL_UNASKED, MESSAGE_TOO_LARGE
from angarium.imap.literals import LiteralAnnouncement, find_literal, is_unasked
from angarium.sequenceset import SequenceSet

from .annotations import read_astring, read_values
from .entry import AppendEntry, AppendSteps, ArgumentWanted

_WORDS: Final = {
    b"ANNOTATION": Extension.ANNOTATE,
    b"CATENATE": Extension.CATENATE,
    b"UTF8": Extension.UTF8_ACCEPT,
}


@dataclass(slots=True)
class _Head:
    """What stands before a message, as far as it has been read."""

    flags: tuple[str, ...] = ()
    internal_date: datetime | None = None
    annotations: tuple[AnnotationValue, ...] = ()
    size_octets: int = 0
    is_binary: bool = False
    is_utf8: bool = False
    is_catenated: bool = False


def read_append(cursor: Cursor, tag: bytes) -> AppendSteps:
    """`APPEND mailbox 1*append-message`."""
    cursor.space()
    mailbox = yield from read_astring(cursor)
    head = yield from _read_head(cursor)
    yield _append_begun(tag, mailbox, head)
    yield from _read_rest(cursor, head)
    while not cursor.at_end():
        if not cursor.serves(Extension.MULTIAPPEND):
            cursor.end()
        cursor.count_argument()
        head = yield from _read_head(cursor)
        yield _message_begun(head)
        yield from _read_rest(cursor, head)


def read_replace(cursor: Cursor, tag: bytes) -> AppendSteps:
    """RFC 8508 §3.2."""
    return _read_replace(cursor, tag, by_uid=False)


def read_uid_replace(cursor: Cursor, tag: bytes) -> AppendSteps:
    """RFC 8508 §3.3."""
    return _read_replace(cursor, tag, by_uid=True)


def _read_replace(cursor: Cursor, tag: bytes, *, by_uid: bool) -> AppendSteps:
    cursor.space()
    replaced = _parse_one_message(cursor)
    cursor.space()
    mailbox = yield from read_astring(cursor)
    head = yield from _read_head(cursor)
    yield ReplaceBegun(_append_begun(tag, mailbox, head), replaced, by_uid)
    yield from _read_rest(cursor, head)
    cursor.end()


def _parse_one_message(cursor: Cursor) -> SequenceSet:
    replaced = cursor.sequence_set()
    if len(replaced.ranges) != 1 or replaced.ranges[0][0] != replaced.ranges[0][1]:
        raise Malformed(b"Invalid sequence in " + cursor.name)
    return replaced


# Messages


def _append_begun(tag: bytes, mailbox: bytes, head: _Head) -> AppendBegun:
    return AppendBegun(
        tag,
        mailbox,
        head.flags,
        head.internal_date,
        head.size_octets,
        head.is_binary,
        head.is_utf8,
        head.is_catenated,
        head.annotations,
    )


def _message_begun(head: _Head) -> MessageBegun:
    return MessageBegun(
        head.flags,
        head.internal_date,
        head.size_octets,
        head.is_binary,
        head.is_utf8,
        head.is_catenated,
        head.annotations,
    )


def _read_head(cursor: Cursor) -> Generator[ArgumentWanted, bytes, _Head]:
    """`[SP flag-list] [SP date-time] [SP append-ext] SP append-data` (RFC 4466 §2.7), up to the octets of the data."""
    head = _Head()
    cursor.space()
    if cursor.next_octet() == b"(":
        head.flags = _parse_flags(cursor)
        cursor.space()
    if cursor.next_octet() == b'"':
        head.internal_date = _parse_internal_date(cursor)
        cursor.space()
    word = _take_word(cursor)
    if word == b"ANNOTATION":
        head.annotations = yield from read_values(cursor)
        cursor.space()
        word = _take_word(cursor)
        if word == b"ANNOTATION":
            raise cursor.invalid()
    head.is_catenated = word == b"CATENATE"
    if not head.is_catenated:
        head.is_utf8 = word == b"UTF8"
        literal = _message_literal(cursor, is_utf8=head.is_utf8)
        head.size_octets, head.is_binary = literal.size_octets, literal.is_binary
    return head


def _take_word(cursor: Cursor) -> bytes:
    """The name of an extension's data and the space after it; empty if there is none."""
    if not cursor.next_octet().isalpha():
        return b""
    start = cursor.position
    word = cursor.atom().upper()
    extension = _WORDS.get(word)
    if extension is None or not cursor.serves(extension):
        cursor.position = start
        raise cursor.invalid()
    cursor.space()
    return word


def _message_literal(cursor: Cursor, *, is_utf8: bool = False, before_octets: int = 0) -> LiteralAnnouncement:
    """The announcement that is next and ends the line; the message has `before_octets` without it."""
    if is_utf8:
        cursor.expect(b"(")
    octet = cursor.next_octet()
    if octet not in (b"{", b"~"):
        raise cursor.invalid()
    announcement = find_literal(cursor.data)
    if announcement is None:
        raise Malformed(b"Missing required argument to " + cursor.name)
    if announcement.start != cursor.position or (is_utf8 and not announcement.is_binary):
        raise cursor.invalid()
    if announcement.is_binary and not is_utf8 and not cursor.serves(Extension.BINARY):
        raise cursor.invalid()
    if is_unasked(announcement, cursor.limits.unasked_octets):
        raise Malformed(LITERAL_UNASKED, code=b"TOOBIG")
    if 0 < cursor.limits.message_octets < before_octets + announcement.size_octets:
        # RFC 7889 §4, with the code of RFC 4469 §4.2
        raise Refused(b"TOOBIG", MESSAGE_TOO_LARGE)
    return announcement


def _read_rest(cursor: Cursor, head: _Head) -> AppendSteps:
    """What belongs to a message behind its head."""
    if head.is_catenated:
        yield from _read_parts(cursor)
    elif head.is_utf8:
        cursor.expect(b")")


def _read_parts(cursor: Cursor) -> AppendSteps:
    """`"(" cat-part *(SP cat-part) ")"` (RFC 4469 §5)."""
    text_octets = 0
    for _ in cursor.elements():
        kind = cursor.atom().upper()
        is_utf8 = kind == b"UTF8" and cursor.serves(Extension.UTF8_ACCEPT)
        if kind == b"URL":
            cursor.space()
            yield UrlGiven((yield from read_astring(cursor)))
        elif kind == b"TEXT" or is_utf8:
            cursor.space()
            literal = _message_literal(cursor, is_utf8=is_utf8, before_octets=text_octets)
            text_octets += literal.size_octets
            yield TextBegun(literal.size_octets, literal.is_binary, is_utf8)
            if is_utf8:
                cursor.expect(b")")
        else:
            raise Malformed(b"Invalid message part in " + cursor.name)


def _parse_flags(cursor: Cursor) -> tuple[str, ...]:
    flags: dict[str, None] = {}
    for _ in cursor.elements(may_be_empty=True):
        text = cursor.word()
        flag = parse_system_flag(text) if text.startswith(b"\\") else parse_keyword(text)
        if flag is None:
            raise Malformed(b"Invalid flag in " + cursor.name + b" command")
        flags[flag] = None
    return tuple(flags)


def _parse_internal_date(cursor: Cursor) -> datetime:
    try:
        return parse_date_time(cursor.quoted())
    except ValueError as error:
        raise Malformed(b"Invalid date-time in " + cursor.name + b" command") from error


_REPLACE: Final = frozenset({Extension.REPLACE})

ENTRIES = {
    b"APPEND": AppendEntry(b"Append", AppendBegun, read_append),
    b"REPLACE": AppendEntry(b"Replace", ReplaceBegun, read_replace, _REPLACE, by_number=True),
}
UID_ENTRIES = {b"REPLACE": AppendEntry(b"Uid", ReplaceBegun, read_uid_replace, _REPLACE)}
