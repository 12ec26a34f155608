"""SEARCH and UID SEARCH (RFC 9051 §6.4.4, RFC 4731, RFC 5182, RFC 9394, RFC 7162 §3.1.5)."""

import asyncio
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
from angarium.searchkey import SearchKey
from angarium.sequenceset import UidSet

from .fetching import enable_condstore, numbers_of
from .progress import Progress
from .results import SearchResult, serialize_result

_ALL = frozenset({c.SearchReturn.ALL})


async def search(session: ImapSession, command: c.Search) -> Completion:
    """SEARCH; with RETURN it is answered by ESEARCH, and so is all that a client of IMAP4rev2 searches for."""
    started_s = time.perf_counter()
    note_keys(session, command.key)
    returns = command.returns
    if returns is None and Extension.IMAP4REV2 in session.enabled:
        returns = _ALL  # RFC 9051 §6.4.4
    with searching(session, returns):
        found = await messages.search(
            session.services.cache,
            session.mailbox,
            command.key,
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
    return completed(len(found.uids), started_s)


def note_keys(session: ImapSession, key: SearchKey) -> None:
    """What a client shows by the keys it uses: that it knows mod-sequences (RFC 7162 §3.1)."""
    if any(isinstance(leaf, searchkey.ModSeq) for leaf in _leaves(key)):
        enable_condstore(session, b"MODSEQ search")


def names_numbers(key: SearchKey) -> bool:
    """Whether message numbers are among what is searched for."""
    return any(isinstance(leaf, searchkey.SequenceNumbers) for leaf in _leaves(key))


@contextmanager
def searching(session: ImapSession, returns: frozenset[c.SearchReturn] | None) -> Iterator[None]:
    """Around what may refuse to search: a NO empties the saved result that was asked for (RFC 5182 §2.1)."""
    try:
        yield
    except AngariumError:
        if returns is not None and c.SearchReturn.SAVE in returns and session.selected is not None:
            session.selected.saved_result = UidSet()
        raise
    except SubstringNotSupported as error:
        # RFC 5255 §4.4
        answer = Answer(b"The active comparator cannot search", condition=Condition.BAD)
        raise CommandFailed(answer) from error


async def send_result(session: ImapSession, result: SearchResult, *, by_uid: bool) -> None:
    """Send ESEARCH and save what is to be saved, of a search in the selected mailbox."""
    selected = session.mailbox
    covered = result.covered()
    if c.SearchReturn.SAVE in result.returns:
        selected.saved_result = covered
    modseq = None
    if result.tells_modseq:
        modseq = messages.highest_modseq(selected, selected.view.indexes_of(covered))
    if result.returns == {c.SearchReturn.SAVE}:
        return  # nothing is asked for (RFC 9051 §6.4.4)
    numbers = result.uids if by_uid else selected.numbers_of(result.uids)
    await send_pieces(session, serialize_result(session.tag, result, numbers, by_uid=by_uid, modseq=modseq))


async def send_pieces(session: ImapSession, pieces: Iterator[bytes]) -> None:
    """Write a response at the client's pace; others have their turn between its pieces."""
    session.output.write(next(pieces))
    for piece in pieces:
        session.output.write(piece)
        await session.output.drain()
        await asyncio.sleep(0)


def completed(count: int, started_s: float) -> Completion:
    """In Cyrus's words."""
    return Completion(b"Completed (%d msgs in %.3f secs)" % (count, time.perf_counter() - started_s))


def _leaves(key: SearchKey) -> Iterator[SearchKey]:
    """The keys that are not made of others; the parser bounds how deep they are nested."""
    match key:
        case searchkey.And(keys):
            for inner in keys:
                yield from _leaves(inner)
        case searchkey.Or(left, right):
            yield from _leaves(left)
            yield from _leaves(right)
        case searchkey.Not(inner):
            yield from _leaves(inner)
        case _:
            yield key
