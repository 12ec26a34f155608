"""Search keys (RFC 9051 §6.4.4, RFC 3501 §6.4.4, RFC 7162 §3.1.5, and those of extensions) and their charset."""

import re
from collections.abc import Callable
from datetime import date
from typing import Final

from angarium import searchkey as k
from angarium.flags import SystemFlags
from angarium.imap.cursor import Cursor, Malformed, Refused, UidRequired
from angarium.imap.dates import parse_date
from angarium.imap.dialect import Extension
from angarium.imap.flagnames import parse_keyword
from angarium.imap.responses import code_badcharset
from angarium.mime import CHARSETS, codec_name
from angarium.sequenceset import MAXIMUM_UID, SequenceSet

from .annotations import entry_name
from .returns import take_word

INVALID: Final = b"Invalid Search criteria"

_UTF8: Final = "utf_8"
_OF_FILTERS: Final = (_UTF8, "ascii")
_CHARSETS: Final = [charset.encode("ascii") for charset in CHARSETS]
_NOTHING: Final = k.Uids(SequenceSet(()))
_OBJECT_ID = re.compile(rb"[A-Za-z0-9_-]{1,255}")
_SEARCHED_ATTRIBUTES: Final = (b"value", b"value.priv", b"value.shared")


def parse_search_program(cursor: Cursor) -> k.SearchKey:
    """`[CHARSET SP charset SP] search-key *(SP search-key)` up to the end of the command."""
    # UTF-8 where none is named (RFC 9051 §6.4.4; RFC 3501 has US-ASCII, its subset)
    charset = _UTF8
    if take_word(cursor, b"CHARSET"):
        if not cursor.dialect.has_charset:
            raise Malformed(b"CHARSET is not allowed once UTF8=ACCEPT is enabled")
        charset = parse_charset(cursor)
        cursor.space()
    key = KeyParser(cursor, charset).parse_program()
    cursor.end()
    return key


def parse_search_criteria(cursor: Cursor) -> k.SearchKey:
    """`charset SP search-key *(SP search-key)` of SORT and THREAD (RFC 5256 §5), up to the end of the command."""
    charset = parse_charset(cursor)
    cursor.space()
    key = KeyParser(cursor, charset).parse_program()
    cursor.end()
    return key


def parse_charset(cursor: Cursor) -> str:
    """The name of a charset, as Python calls it."""
    name = cursor.astring()
    codec = codec_name(name.decode("latin-1"))
    if codec != _UTF8 and not cursor.dialect.has_charset:
        raise Malformed(b"Only the charset UTF-8 is allowed once UTF8=ACCEPT is enabled")
    if codec is None:
        # RFC 9051 §6.4.4 asks for the code; Cyrus answers BAD without one
        raise Refused(code_badcharset(_CHARSETS), b"Unrecognized character set")
    return codec


class KeyParser:
    """Reads search keys; texts are in one charset all over the command."""

    __slots__ = ("_charset", "cursor")

    def __init__(self, cursor: Cursor, charset: str) -> None:
        self.cursor = cursor
        self._charset = charset

    def parse_program(self) -> k.SearchKey:
        """`search-key *(SP search-key)` up to the end of the command."""
        keys = [self.parse_key()]
        while self.cursor.take(b" "):
            keys.append(self.parse_key())
        return keys[0] if len(keys) == 1 else k.And(tuple(keys))

    def parse_key(self) -> k.SearchKey:
        """`search-key`."""
        cursor = self.cursor
        cursor.count_argument()
        if cursor.take(b"("):
            return self._parse_list()
        first = cursor.next_octet()
        if first.isdigit() or first in (b"*", b"$"):
            numbers = cursor.sequence_set()
            if cursor.dialect.uid_only:
                raise UidRequired
            return k.SequenceNumbers(numbers)
        if cursor.at_end():
            raise cursor.invalid()
        try:
            name = cursor.atom().upper()
        except Malformed as error:
            raise Malformed(INVALID) from error
        parse = _KEYS.get(name)
        if parse is None or (name in _EXTENSIONS and not cursor.serves(_EXTENSIONS[name])):
            raise Malformed(INVALID)
        return parse(self)

    def _parse_list(self) -> k.SearchKey:
        cursor = self.cursor
        cursor.descend()
        keys = [self.parse_key()]
        while not cursor.take(b")"):
            cursor.space()
            keys.append(self.parse_key())
        cursor.ascend()
        return keys[0] if len(keys) == 1 else k.And(tuple(keys))

    def parse_nested_key(self) -> k.SearchKey:
        """` search-key` as argument of NOT or OR."""
        self.cursor.descend()
        self.cursor.space()
        key = self.parse_key()
        self.cursor.ascend()
        return key

    def parse_text(self) -> str:
        """` astring`, decoded."""
        self.cursor.space()
        return self._decode(self.cursor.astring())

    def _decode(self, octets: bytes) -> str:
        try:
            return octets.decode(self._charset)
        except ValueError as error:
            raise Malformed(INVALID) from error

    def parse_keyword(self) -> str:
        """` flag-keyword`."""
        self.cursor.space()
        keyword = parse_keyword(self.cursor.word())
        if keyword is None:
            raise Malformed(INVALID)
        return keyword

    def parse_day(self) -> date:
        """` date`, bare or quoted."""
        self.cursor.space()
        try:
            return parse_date(self.cursor.astring())
        except ValueError as error:
            raise Malformed(INVALID) from error

    def parse_seconds(self) -> int:
        """` nz-number` (RFC 5032)."""
        self.cursor.space()
        return self.cursor.nz_number()

    def parse_uid(self) -> int:
        """` uniqueid`."""
        self.cursor.space()
        return self.cursor.nz_number()

    def parse_object_id(self) -> str:
        """` objectid` (RFC 8474 §7)."""
        self.cursor.space()
        octets = self.cursor.astring()
        if not _OBJECT_ID.fullmatch(octets):
            raise Malformed(INVALID)
        return octets.decode("ascii")

    def parse_filter_name(self) -> str:
        """` filter-name` (RFC 5466 §4); §3.1: the charset is UTF-8."""
        if self._charset not in _OF_FILTERS:
            raise Malformed(b"Filters are in UTF-8", code=code_badcharset([b"UTF-8", b"US-ASCII"]))
        self.cursor.space()
        name = self.cursor.atom()
        if b"/" in name:
            raise Malformed(INVALID)
        return name.decode("ascii")

    def parse_value(self) -> str | None:
        """` value` of an annotation, decoded; None for NIL."""
        self.cursor.space()
        octets = self.cursor.nvalue()
        return None if octets is None else self._decode(octets)

    def parse_number(self) -> int:
        """` number64`."""
        self.cursor.space()
        return self.cursor.number64()


def _flag(flag: SystemFlags) -> Callable[[KeyParser], k.SearchKey]:
    key = k.Flag(flag)
    return lambda _: key


def _no_flag(flag: SystemFlags) -> Callable[[KeyParser], k.SearchKey]:
    key = k.Not(k.Flag(flag))
    return lambda _: key


def _text(field: k.SearchedField) -> Callable[[KeyParser], k.SearchKey]:
    return lambda parser: k.FieldText(field, parser.parse_text())


def _header(parser: KeyParser) -> k.Header:
    parser.cursor.space()
    try:
        name = parser.cursor.astring().decode("ascii")
    except ValueError as error:
        raise Malformed(INVALID) from error
    return k.Header(name, parser.parse_text())


def _uid(parser: KeyParser) -> k.Uids:
    parser.cursor.space()
    return k.Uids(parser.cursor.sequence_set())


def _uid_after(parser: KeyParser) -> k.SearchKey:
    """`"UIDAFTER" SP uniqueid` (RFC 9738 §3.2)."""
    uid = parser.parse_uid()
    return k.Uids(SequenceSet(((uid + 1, MAXIMUM_UID),))) if uid < MAXIMUM_UID else _NOTHING


def _uid_before(parser: KeyParser) -> k.SearchKey:
    """`"UIDBEFORE" SP uniqueid` (RFC 9738 §3.2)."""
    uid = parser.parse_uid()
    return k.Uids(SequenceSet(((1, uid - 1),))) if uid > 1 else _NOTHING


def _or(parser: KeyParser) -> k.Or:
    left = parser.parse_nested_key()
    return k.Or(left, parser.parse_nested_key())


def _modseq(parser: KeyParser) -> k.ModSeq:
    """`MODSEQ [entry-name SP entry-type-req] SP mod-sequence-valzer` (RFC 7162 §3.1.5)."""
    cursor = parser.cursor
    if cursor.data.startswith(b' "', cursor.position):
        cursor.space()
        entry = cursor.quoted()
        cursor.space()
        if not entry.lower().startswith(b"/flags/") or cursor.atom().lower() not in (b"priv", b"shared", b"all"):
            raise Malformed(INVALID)
    return k.ModSeq(parser.parse_number())


def _annotation(parser: KeyParser) -> k.AnnotationText:
    """`"ANNOTATION" SP entry-match SP att-search SP value` (RFC 5257 §5)."""
    cursor = parser.cursor
    cursor.space()
    entry = entry_name(cursor.astring(), with_wildcards=True)
    cursor.space()
    attribute = cursor.astring().lower()
    if attribute not in _SEARCHED_ATTRIBUTES:
        raise Malformed(INVALID)
    return k.AnnotationText(entry, attribute.decode("ascii"), parser.parse_value())


_KEYS: Final[dict[bytes, Callable[[KeyParser], k.SearchKey]]] = {
    b"ALL": lambda _: k.All(),
    b"ANSWERED": _flag(SystemFlags.ANSWERED),
    b"DELETED": _flag(SystemFlags.DELETED),
    b"DRAFT": _flag(SystemFlags.DRAFT),
    b"FLAGGED": _flag(SystemFlags.FLAGGED),
    b"SEEN": _flag(SystemFlags.SEEN),
    b"UNANSWERED": _no_flag(SystemFlags.ANSWERED),
    b"UNDELETED": _no_flag(SystemFlags.DELETED),
    b"UNDRAFT": _no_flag(SystemFlags.DRAFT),
    b"UNFLAGGED": _no_flag(SystemFlags.FLAGGED),
    b"UNSEEN": _no_flag(SystemFlags.SEEN),
    b"RECENT": lambda _: k.Recent(),
    b"OLD": lambda _: k.Not(k.Recent()),
    b"NEW": lambda _: k.And((k.Recent(), k.Not(k.Flag(SystemFlags.SEEN)))),
    b"KEYWORD": lambda parser: k.Keyword(parser.parse_keyword()),
    b"UNKEYWORD": lambda parser: k.Not(k.Keyword(parser.parse_keyword())),
    b"BCC": _text(k.SearchedField.BCC),
    b"BODY": _text(k.SearchedField.BODY),
    b"CC": _text(k.SearchedField.CC),
    b"FROM": _text(k.SearchedField.FROM),
    b"SUBJECT": _text(k.SearchedField.SUBJECT),
    b"TEXT": _text(k.SearchedField.TEXT),
    b"TO": _text(k.SearchedField.TO),
    b"HEADER": _header,
    b"BEFORE": lambda parser: k.Before(parser.parse_day()),
    b"ON": lambda parser: k.On(parser.parse_day()),
    b"SINCE": lambda parser: k.Since(parser.parse_day()),
    b"SENTBEFORE": lambda parser: k.SentBefore(parser.parse_day()),
    b"SENTON": lambda parser: k.SentOn(parser.parse_day()),
    b"SENTSINCE": lambda parser: k.SentSince(parser.parse_day()),
    b"LARGER": lambda parser: k.Larger(parser.parse_number()),
    b"SMALLER": lambda parser: k.Smaller(parser.parse_number()),
    b"UID": _uid,
    b"UIDAFTER": _uid_after,
    b"UIDBEFORE": _uid_before,
    b"NOT": lambda parser: k.Not(parser.parse_nested_key()),
    b"OR": _or,
    b"MODSEQ": _modseq,
    b"YOUNGER": lambda parser: k.Younger(parser.parse_seconds()),
    b"OLDER": lambda parser: k.Older(parser.parse_seconds()),
    b"SAVEDBEFORE": lambda parser: k.SavedBefore(parser.parse_day()),
    b"SAVEDON": lambda parser: k.SavedOn(parser.parse_day()),
    b"SAVEDSINCE": lambda parser: k.SavedSince(parser.parse_day()),
    b"SAVEDATESUPPORTED": lambda _: k.SaveDateSupported(),
    b"EMAILID": lambda parser: k.EmailId(parser.parse_object_id()),
    b"THREADID": lambda parser: k.ThreadId(parser.parse_object_id()),
    b"FILTER": lambda parser: k.Filter(parser.parse_filter_name()),
    b"ANNOTATION": _annotation,
}

_EXTENSIONS: Final[dict[bytes, Extension]] = {
    b"YOUNGER": Extension.WITHIN,
    b"OLDER": Extension.WITHIN,
    b"SAVEDBEFORE": Extension.SAVEDATE,
    b"SAVEDON": Extension.SAVEDATE,
    b"SAVEDSINCE": Extension.SAVEDATE,
    b"SAVEDATESUPPORTED": Extension.SAVEDATE,
    b"UIDAFTER": Extension.MESSAGELIMIT,
    b"UIDBEFORE": Extension.MESSAGELIMIT,
    b"EMAILID": Extension.OBJECTID,
    b"MODSEQ": Extension.CONDSTORE,
    b"THREADID": Extension.OBJECTID,
    b"FILTER": Extension.FILTERS,
    b"ANNOTATION": Extension.ANNOTATE,
}
"""Without which a key is none."""
