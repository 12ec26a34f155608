"""SEARCH (RFC 9051 §6.4.4, RFC 3501 §6.4.4, RFC 4731, RFC 7162 §3.1.5)."""

from collections.abc import Callable
from datetime import date
from typing import Final

from angarium import searchkey as k
from angarium.flags import SystemFlags
from angarium.imap import commands as c
from angarium.imap.cursor import Cursor, Malformed, Refused
from angarium.imap.dates import parse_date
from angarium.imap.flagnames import parse_keyword
from angarium.mime import codec_name

from .entry import Entry

_RETURNS: Final = {option.value: option for option in c.SearchReturn}

_INVALID: Final = b"Invalid Search criteria"


def parse_search(cursor: Cursor) -> c.Search:
    """RFC 9051 §6.4.4."""
    return _parse_search(cursor, by_uid=False)


def parse_uid_search(cursor: Cursor) -> c.Search:
    """RFC 9051 §6.4.9."""
    return _parse_search(cursor, by_uid=True)


def _parse_search(cursor: Cursor, *, by_uid: bool) -> c.Search:
    cursor.space()
    returns = _parse_returns(cursor) if _take_word(cursor, b"RETURN") else None
    # UTF-8 where none is named (RFC 9051 §6.4.4; RFC 3501 has US-ASCII, its subset)
    charset = _parse_charset(cursor) if _take_word(cursor, b"CHARSET") else "utf-8"
    key = _KeyParser(cursor, charset).parse_program()
    cursor.end()
    return c.Search(key, by_uid, returns)


def _take_word(cursor: Cursor, word: bytes) -> bool:
    """Reads `word` and the space after it if they are next; no search key begins with either word."""
    end = cursor.position + len(word)
    if cursor.data[cursor.position : end].upper() != word or cursor.data[end : end + 1] not in (b" ", b""):
        return False
    cursor.position = end
    cursor.space()
    return True


def _parse_returns(cursor: Cursor) -> frozenset[c.SearchReturn]:
    returns: set[c.SearchReturn] = set()
    for _ in cursor.elements(may_be_empty=True):
        name = cursor.atom()
        option = _RETURNS.get(name.upper())
        if option is None:
            raise Malformed(b"Invalid Search return option " + name[:64].lower())
        returns.add(option)
    cursor.space()
    return frozenset(returns or {c.SearchReturn.ALL})


def _parse_charset(cursor: Cursor) -> str:
    name = cursor.astring()
    cursor.space()
    codec = codec_name(name.decode("latin-1"))
    if codec is None:
        # RFC 9051 §6.4.4 asks for the code; Cyrus answers BAD without one
        raise Refused(b"BADCHARSET (US-ASCII UTF-8)", b"Unrecognized character set")
    return codec


class _KeyParser:
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
            return k.SequenceNumbers(cursor.sequence_set())
        if cursor.at_end():
            raise cursor.invalid()
        try:
            parse = _KEYS.get(cursor.atom().upper())
        except Malformed as error:
            raise Malformed(_INVALID) from error
        if parse is None:
            raise Malformed(_INVALID)
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
        octets = self.cursor.astring()
        try:
            return octets.decode(self._charset)
        except ValueError as error:
            raise Malformed(_INVALID) from error

    def parse_keyword(self) -> str:
        """` flag-keyword`."""
        self.cursor.space()
        keyword = parse_keyword(self.cursor.word())
        if keyword is None:
            raise Malformed(_INVALID)
        return keyword

    def parse_day(self) -> date:
        """` date`, bare or quoted."""
        self.cursor.space()
        try:
            return parse_date(self.cursor.astring())
        except ValueError as error:
            raise Malformed(_INVALID) from error

    def parse_number(self) -> int:
        """` number64`."""
        self.cursor.space()
        return self.cursor.number64()


def _flag(flag: SystemFlags) -> Callable[[_KeyParser], k.SearchKey]:
    key = k.Flag(flag)
    return lambda _: key


def _no_flag(flag: SystemFlags) -> Callable[[_KeyParser], k.SearchKey]:
    key = k.Not(k.Flag(flag))
    return lambda _: key


def _text(field: k.SearchedField) -> Callable[[_KeyParser], k.SearchKey]:
    return lambda parser: k.FieldText(field, parser.parse_text())


def _header(parser: _KeyParser) -> k.Header:
    parser.cursor.space()
    try:
        name = parser.cursor.astring().decode("ascii")
    except ValueError as error:
        raise Malformed(_INVALID) from error
    return k.Header(name, parser.parse_text())


def _uid(parser: _KeyParser) -> k.Uids:
    parser.cursor.space()
    return k.Uids(parser.cursor.sequence_set())


def _or(parser: _KeyParser) -> k.Or:
    left = parser.parse_nested_key()
    return k.Or(left, parser.parse_nested_key())


def _modseq(parser: _KeyParser) -> k.ModSeq:
    """`MODSEQ [entry-name SP entry-type-req] SP mod-sequence-valzer` (RFC 7162 §3.1.5)."""
    cursor = parser.cursor
    if cursor.data.startswith(b' "', cursor.position):
        cursor.space()
        entry = cursor.quoted()
        cursor.space()
        if not entry.lower().startswith(b"/flags/") or cursor.atom().lower() not in (b"priv", b"shared", b"all"):
            raise Malformed(_INVALID)
    return k.ModSeq(parser.parse_number())


_KEYS: Final[dict[bytes, Callable[[_KeyParser], k.SearchKey]]] = {
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
    b"NOT": lambda parser: k.Not(parser.parse_nested_key()),
    b"OR": _or,
    b"MODSEQ": _modseq,
}


ENTRIES = {b"SEARCH": Entry(b"Search", c.Search, parse_search)}
UID_ENTRIES = {b"SEARCH": Entry(b"Uid", c.Search, parse_uid_search)}
