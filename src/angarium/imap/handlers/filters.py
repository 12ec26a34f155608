"""Named searches (RFC 5466): putting them where a command refers to them, and checking them before they are stored."""

from angarium.errors import AnnotationInvalid
from angarium.imap.cursor import Malformed, UidRequired
from angarium.imap.dialect import Dialect
from angarium.imap.errors import Answer
from angarium.imap.grammar import parse_filter
from angarium.imap.limits import ParserLimits
from angarium.imap.responses import Condition, ResponseCode, code_undefined_filter
from angarium.imap.session import CommandFailed, ImapSession
from angarium.operations.metadata import filter_values, is_filter_value
from angarium.searchkey import (
    Filter,
    FilterUndefined,
    SearchKey,
    SearchTooLarge,
    expand_filters,
    leaves,
)


async def without_filters(session: ImapSession, key: SearchKey) -> SearchKey:
    """The search with those in it that it refers to by name (RFC 5466 §3.1). CommandFailed.

    What is stored and cannot be understood, as it was before, or by this client, is as if it were not there.
    """
    if not any(isinstance(leaf, Filter) for leaf in leaves(key)):
        return key
    values = await filter_values(session.services.store, session.user)
    limits, dialect = session.parser.limits, session.parser.dialect
    parsed: dict[str, SearchKey | None] = {}

    def find(name: str) -> SearchKey | None:
        folded = name.lower()
        if folded not in parsed:
            parsed[folded] = _parsed(values.get(folded), limits, dialect)
        return parsed[folded]

    try:
        return expand_filters(key, find, keys_max=limits.arguments, nesting_max=limits.nesting)
    except FilterUndefined as error:
        code = code_undefined_filter(error.name.encode("ascii"))
        raise CommandFailed(Answer(b"There is no such filter", code)) from error
    except SearchTooLarge as error:
        raise CommandFailed(Answer(b"Search is too large with its filters", ResponseCode.LIMIT)) from error
    except UidRequired as error:
        raise CommandFailed(Answer(error.text, error.code, Condition.BAD)) from error


def _parsed(value: bytes | None, limits: ParserLimits, dialect: Dialect) -> SearchKey | None:
    try:
        return None if value is None else parse_filter(value, limits=limits, dialect=dialect)
    except UidRequired:
        raise
    except Malformed:
        return None


def check_filter(session: ImapSession, entry: str, value: bytes | None) -> None:
    """AnnotationInvalid for what is to be the value of a filter and is no search (RFC 5466 §3.2)."""
    if value is None or not is_filter_value(entry):
        return
    try:
        parse_filter(value, limits=session.parser.limits, dialect=Dialect(session.parser.dialect.served))
    except Malformed as error:
        raise AnnotationInvalid(error.text.decode("ascii", "replace")) from error
