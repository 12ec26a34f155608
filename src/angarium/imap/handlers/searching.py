"""SEARCH and UID SEARCH (RFC 9051 §6.4.4, RFC 4731, RFC 5182, RFC 9394, RFC 7162 §3.1.5)."""

import time
from collections.abc import Iterator
from contextlib import contextmanager

import numpy as np

from angarium import searchkey
from angarium.collation import SubstringNotSupported
from angarium.errors import AngariumError
from angarium.imap import commands as c
from angarium.imap.dialect import Extension
from angarium.imap.errors import Answer
from angarium.imap.responses import Condition
from angarium.imap.serializer import serialize_search
from angarium.imap.session import CommandFailed, Completion, ImapSession
from angarium.operations import messages
from angarium.searchkey import SearchKey, leaves
from angarium.sequenceset import UidSet
from angarium.store import SelectedMailbox

from .contexts import SearchUpdates
from .fetching import enable_condstore, numbers_of
from .filters import without_filters
from .messagelimit import Limited, concluded, message_limit, narrowed, require_count, searched, within_limit
from .pieces import send_pieces
from .progress import Progress
from .results import SearchResult, serialize_result

_ALL = frozenset({c.SearchReturn.ALL})


async def search(session: ImapSession, command: c.Search) -> Completion:
    """SEARCH; with RETURN it is answered by ESEARCH, and so is all that a client of IMAP4rev2 searches for."""
    started_s = time.perf_counter()
    returns = command.returns
    if returns is None and Extension.IMAP4REV2 in session.enabled:
        returns = _ALL  # RFC 9051 §6.4.4
    updates = SearchUpdates(session, command)
    with searching(session, returns):
        key = await without_filters(session, command.key)
        note_keys(session, key)
        limited = _within_limit(session, command, key)
        key = narrowed(key, limited)
        updates.prepare(key)
        found = await messages.search(
            session.services.cache,
            session.mailbox,
            key,
            collation=session.comparator.collation,
            progress=Progress(session),
        )
    if returns is None:
        numbers = found.uids if command.by_uid else numbers_of(session.mailbox, found.uids)
        await send_pieces(session, serialize_search(numbers, modseq=found.modseq))
    else:
        uids = found.uids.to_array().astype(np.uint32)
        result = SearchResult(returns, command.partial, uids, tells_modseq=found.modseq is not None)
        await send_result(session, result, by_uid=command.by_uid)
        updates.start(uids)
    return concluded(session, completed(len(found.uids), started_s), limited)


def _within_limit(session: ImapSession, command: c.Search, key: SearchKey) -> Limited:
    """The messages that are searched; a window that is too wide is refused (RFC 9738 §3.1)."""
    limit = message_limit(session)
    if limit is None:
        return Limited(UidSet())
    limited = within_limit(session, searched(session.mailbox, key))
    if limited.code and command.partial is not None:
        require_count(limit, command.partial.last - command.partial.first + 1)
    return limited


def note_keys(session: ImapSession, key: SearchKey) -> None:
    """What a client shows by the keys it uses: that it knows mod-sequences (RFC 7162 §3.1)."""
    if any(isinstance(leaf, searchkey.ModSeq) for leaf in leaves(key)):
        enable_condstore(session, b"MODSEQ search")


def names_numbers(key: SearchKey) -> bool:
    """Whether message numbers are, or may be, among what is searched for."""
    return any(isinstance(leaf, searchkey.SequenceNumbers | searchkey.Filter) for leaf in leaves(key))


@contextmanager
def searching(session: ImapSession, returns: frozenset[c.SearchReturn] | None) -> Iterator[None]:
    """Around what may refuse to search: a NO empties the saved result that was asked for (RFC 5182 §2.1)."""
    try:
        yield
    except (AngariumError, CommandFailed) as error:
        is_bad = isinstance(error, CommandFailed) and error.answer.condition is Condition.BAD
        saves = returns is not None and c.SearchReturn.SAVE in returns
        if saves and session.selected is not None and not is_bad:
            session.selected.saved_result = UidSet()
        raise
    except SubstringNotSupported as error:
        # RFC 5255 §4.4
        answer = Answer(b"The active comparator cannot search", condition=Condition.BAD)
        raise CommandFailed(answer) from error


async def send_result(session: ImapSession, result: SearchResult, *, by_uid: bool) -> None:
    """Send ESEARCH and save what is to be saved, of a search in the selected mailbox."""
    selected = session.mailbox
    if c.SearchReturn.SAVE in result.returns:
        selected.saved_result = result.covered()
    if result.returns == {c.SearchReturn.SAVE}:
        return  # nothing is asked for (RFC 9051 §6.4.4)
    numbers = result.uids if by_uid else selected.numbers_of(result.uids)
    modseq = told_modseq(selected, result)
    await send_pieces(session, serialize_result(session.tag, result, numbers, by_uid=by_uid, modseq=modseq))


def told_modseq(selected: SelectedMailbox, result: SearchResult) -> int | None:
    """The MODSEQ of ESEARCH: that of the messages of which the client is told something (RFC 4731 §3.2)."""
    if not result.tells_modseq:
        return None
    return messages.highest_modseq(selected, selected.view.indexes_of(result.covered()))


def completed(count: int, started_s: float) -> Completion:
    """In Cyrus's words."""
    return Completion(b"Completed (%d msgs in %.3f secs)" % (count, time.perf_counter() - started_s))
