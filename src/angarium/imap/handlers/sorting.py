"""SORT, UID SORT, THREAD and UID THREAD (RFC 5256 §3, RFC 5267 §3, RFC 5957, RFC 7162 §3.1.6)."""

import time

from angarium.imap import commands as c
from angarium.imap.serializer import serialize_sort, serialize_thread
from angarium.imap.session import Completion, ImapSession
from angarium.operations import messages
from angarium.operations.messages import AnnotationCriterion
from angarium.searchkey import SearchKey
from angarium.sortcriteria import SortCriterion
from angarium.threads import serialize_threads

from .contexts import SearchUpdates
from .filters import without_filters
from .messagelimit import message_limit, require_count, searched
from .pieces import send_pieces
from .progress import Progress
from .results import SearchResult
from .searching import completed, note_keys, searching, send_result


async def sort(session: ImapSession, command: c.Sort) -> Completion:
    """SORT; with RETURN it is answered by ESEARCH, where MIN and MAX are the first and the last in order."""
    started_s = time.perf_counter()
    criteria = [
        criterion
        if isinstance(criterion, SortCriterion)
        else AnnotationCriterion(criterion.entry, criterion.attribute == "value.shared", criterion.is_reverse)
        for criterion in command.criteria
    ]
    updates = SearchUpdates(session, command)
    with searching(session, command.returns):
        key = await without_filters(session, command.key)
        note_keys(session, key)
        updates.prepare(key, criteria)
        _require_sortable(session, key)
        found = await messages.sort(
            session.services.cache,
            session.mailbox,
            criteria,
            key,
            comparator=session.comparator,
            progress=Progress(session),
        )
    if command.returns is None:
        numbers = found.uids if command.by_uid else session.mailbox.numbers_of(found.uids)
        await send_pieces(session, serialize_sort(numbers, modseq=found.modseq))
    else:
        result = SearchResult(command.returns, command.partial, found.uids, tells_modseq=found.modseq is not None)
        await send_result(session, result, by_uid=command.by_uid)
        updates.start(found.uids)
    return completed(len(found.uids), started_s)


async def thread(session: ImapSession, command: c.Thread) -> Completion:
    """THREAD."""
    started_s = time.perf_counter()
    with searching(session, None):
        key = await without_filters(session, command.key)
        note_keys(session, key)
        _require_sortable(session, key)
        found = await messages.thread(
            session.services.cache,
            session.mailbox,
            command.algorithm,
            key,
            comparator=session.comparator,
            progress=Progress(session),
        )
    numbers = found.uids if command.by_uid else session.mailbox.numbers_of(found.uids)
    await send_pieces(session, serialize_thread(serialize_threads(found.threads, numbers.tolist())))
    return completed(len(found.uids), started_s)


def _require_sortable(session: ImapSession, key: SearchKey) -> None:
    """The order of some is not that of all: what a limit does not let be sorted at once is refused (RFC 9738 §3.3)."""
    limit = message_limit(session)
    if limit is not None:
        require_count(limit, len(searched(session.mailbox, key)))
