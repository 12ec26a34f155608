"""Values of named searches (RFC 5466 §4): `search-criteria`, which stand in an annotation and not in a command."""

from angarium.imap.cursor import Cursor
from angarium.imap.dialect import Dialect
from angarium.imap.limits import ParserLimits
from angarium.searchkey import SearchKey

from .searchkeys import KeyParser


def parse_filter(value: bytes, *, limits: ParserLimits, dialect: Dialect) -> SearchKey:
    """`search-key *(SP search-key)`, of which texts are UTF-8. Malformed, which is UidRequired for message numbers that
    the dialect has not."""
    cursor = Cursor(value, 0, name=b"Filter", limits=limits, dialect=dialect)
    key = KeyParser(cursor, "utf_8").parse_program()
    cursor.end()
    return key
