"""MESSAGELIMIT and SAVELIMIT (RFC 9738): of how many messages one command takes care, where an option says so.

What is above the limit is left to the client's next command, from the highest UIDs down; COPY and APPEND are all or
nothing and are refused. A limit holds for clients to which it is announced: those from which it is hidden know nothing
of it and would take what they get for all there is (§4).
"""

from dataclasses import dataclass
from typing import Final

from angarium import searchkey
from angarium.imap.dialect import Extension
from angarium.imap.errors import Answer
from angarium.imap.responses import Condition, code_messagelimit
from angarium.imap.session import CommandFailed, Completion, ImapSession
from angarium.searchkey import SearchKey
from angarium.sequenceset import MAXIMUM_UID, SequenceSet, UidSet
from angarium.store import SelectedMailbox

_TEXT: Final = b"Completed for the last %d messages"


@dataclass(frozen=True, slots=True)
class Limited:
    """Messages that a command takes care of: those with the highest UIDs, where they were too many."""

    uids: UidSet
    code: bytes = b""
    """MESSAGELIMIT, where some were left out."""
    text: bytes = b""
    """Beside it."""


def message_limit(session: ImapSession) -> int | None:
    """The limit of FETCH, SEARCH, STORE, MOVE, UID EXPUNGE, and what `save_limit` is for; None without one."""
    if Extension.MESSAGELIMIT not in session.parser.dialect.served:
        return None
    return session.services.settings.imap.messagelimit or None


def save_limit(session: ImapSession) -> int | None:
    """The limit of COPY and APPEND; None without one."""
    if session.services.settings.imap.messagelimit:
        return message_limit(session)
    if Extension.SAVELIMIT not in session.parser.dialect.served:
        return None
    return session.services.settings.imap.savelimit or None


def within_limit(session: ImapSession, uids: UidSet) -> Limited:
    """As many of `uids` as one command may be about."""
    limit = message_limit(session)
    count = len(uids)
    if limit is None or count <= limit:
        return Limited(uids)
    taken = uids.window(count - limit + 1, count)
    return Limited(taken, code_messagelimit(limit, taken.minimum), _TEXT % limit)


def require_within(limit: int | None, uids: UidSet) -> None:
    """Refuse to begin with what is all or nothing (§3.1); the code says how far down the limit would go."""
    count = len(uids)
    if limit is not None and count > limit:
        lowest = uids.window(count - limit + 1, count).minimum
        raise _too_many(limit, lowest)


def require_count(limit: int | None, count: int) -> None:
    """Refuse where no UID can be told."""
    if limit is not None and count > limit:
        raise _too_many(limit, None)


def _too_many(limit: int, lowest: int | None) -> CommandFailed:
    return CommandFailed(Answer(b"Too many messages, try fewer", code_messagelimit(limit, lowest)))


def concluded(session: ImapSession, completion: Completion, limited: Limited) -> Completion:
    """The answer of a command that is done: untagged where that needs its code for something else (§3.1)."""
    if not limited.code:
        return completion
    if completion.code:
        tell_apart(session, limited)
        return completion
    return Completion(limited.text, limited.code)


def tell_apart(session: ImapSession, limited: Limited) -> None:
    """An untagged NO, where something was left out."""
    if limited.code:
        session.tell(Condition.NO, limited.text, limited.code)


# What is searched


def searched(selected: SelectedMailbox, key: SearchKey) -> UidSet:
    """The messages that a search has to look at: all, or those that its key names by number."""
    uids = selected.told()
    for each in _required(key):
        match each:
            case searchkey.Uids(named):
                uids = uids.intersect(selected.uids_from(named))
            case searchkey.SequenceNumbers(named):
                uids = uids.intersect(selected.known_uids_of(named))
            case _:
                pass
    return uids


def narrowed(key: SearchKey, limited: Limited) -> SearchKey:
    """A search of the messages that are within the limit."""
    if not limited.code:
        return key
    return searchkey.And((searchkey.Uids(SequenceSet(((limited.uids.minimum, MAXIMUM_UID),))), key))


def _required(key: SearchKey) -> list[SearchKey]:
    """Keys of which each must match."""
    if isinstance(key, searchkey.And):
        return [each for inner in key.keys for each in _required(inner)]
    return [key]
