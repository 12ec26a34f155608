"""SORT, UID SORT, THREAD and UID THREAD (RFC 5256 §3, RFC 5267 §3, RFC 5957, RFC 7162 §3.1.6)."""

import time

from angarium.imap import commands as c
from angarium.imap.serializer import serialize_sort, serialize_thread
from angarium.imap.session import Completion, ImapSession
from angarium.operations import messages
from angarium.operations.messages import AnnotationCriterion
from angarium.sortcriteria import SortCriterion
from angarium.threads import serialize_threads

from .progress import Progress
from .results import SearchResult
from .searching import completed, note_keys, searching, send_pieces, send_result


async def sort(session: ImapSession, command: c.Sort) -> Completion:
    """SORT; with RETURN it is answered by ESEARCH, where MIN and MAX are the first and the last in order."""
    started_s = time.perf_counter()
    criteria = [
        criterion
        if isinstance(criterion, SortCriterion)
        else AnnotationCriterion(criterion.entry, criterion.attribute == "value.shared", criterion.is_reverse)
        for criterion in command.criteria
    ]
    note_keys(session, command.key)
    with searching(session, command.returns):
        found = await messages.sort(
            session.services.cache,
            session.mailbox,
            criteria,
            command.key,
            comparator=session.comparator,
            progress=Progress(session),
        )
    if command.returns is None:
        numbers = found.uids if command.by_uid else session.mailbox.numbers_of(found.uids)
        await send_pieces(session, serialize_sort(numbers, modseq=found.modseq))
    else:
        result = SearchResult(command.returns, command.partial, found.uids, tells_modseq=found.modseq is not None)
        await send_result(session, result, by_uid=command.by_uid)
    return completed(len(found.uids), started_s)


async def thread(session: ImapSession, command: c.Thread) -> Completion:
    """THREAD."""
    started_s = time.perf_counter()
    note_keys(session, command.key)
    with searching(session, None):
        found = await messages.thread(
            session.services.cache,
            session.mailbox,
            command.algorithm,
            command.key,
            comparator=session.comparator,
            progress=Progress(session),
        )
    numbers = found.uids if command.by_uid else session.mailbox.numbers_of(found.uids)
    await send_pieces(session, serialize_thread(serialize_threads(found.threads, numbers.tolist())))
    return completed(len(found.uids), started_s)
