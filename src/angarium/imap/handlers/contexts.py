"""UPDATE and CANCELUPDATE (RFC 5267 §4.3): telling a client how the results of its searches change.

What was expunged is taken out before the EXPUNGE or VANISHED response, what is new is put in behind EXISTS, so that
message numbers are right whenever they are told (RFC 5267 §4.3.3, §4.3.4).
"""

import asyncio
from collections.abc import Iterable
from typing import Final

import numpy as np

from angarium.fetchitem import Annotation, FetchAttribute
from angarium.imap import commands as c
from angarium.imap.contexts import UpdatedSearch, has_room
from angarium.imap.dialect import Extension
from angarium.imap.errors import Answer
from angarium.imap.responses import Condition, code_noupdate
from angarium.imap.serializer import serialize_context_update
from angarium.imap.session import COMPLETED, CommandFailed, Completion, ImapSession
from angarium.imap.terminals import ranges_of
from angarium.operations.messages import AnnotationCriterion, ContextChanges, Placed, SearchContext
from angarium.searchkey import SearchKey
from angarium.sortcriteria import SortCriterion
from angarium.store import Uids, Updates
from angarium.store.uidranges import UidRanges

from .annotationcolumn import check_annotations
from .fetching import enable_condstore, send_fetch
from .pieces import send_pieces

_TAG_REUSE: Final = Answer(b"Tag reuse", condition=Condition.BAD)


class SearchUpdates:
    """The UPDATE of one searching command: made before the search, and started with what that found.

    CommandFailed where a search with this tag goes on already (RFC 5267 §4.3), or what is to be fetched cannot be.
    """

    def __init__(self, session: ImapSession, command: c.Search | c.Sort | c.ESearch) -> None:
        self._session = session
        self._command = command
        self._context: SearchContext | None = None
        self._is_asked = command.returns is not None and c.SearchReturn.UPDATE in command.returns
        if self._is_asked and session.tag in (session.contexts or ()):
            raise CommandFailed(_TAG_REUSE)
        check_annotations([item for item in command.update_items if isinstance(item, Annotation)])
        if FetchAttribute.MODSEQ in command.update_items:
            enable_condstore(session, b"MODSEQ fetch")

    def prepare(self, key: SearchKey, criteria: list[SortCriterion | AnnotationCriterion] | None = None) -> None:
        """The search in the selected mailbox is about to be done."""
        if self._is_asked:
            session = self._session
            self._context = SearchContext(session.mailbox, key, session.comparator, criteria)

    def start(self, uids: Uids) -> None:
        """It has found this, and the client is told of it: from here on it is told of changes, where there is room."""
        session, command, context = self._session, self._command, self._context
        if context is None:
            return
        contexts = session.contexts if session.contexts is not None else {}
        context.start(uids)
        if not has_room(contexts, context):
            self._refuse(b"Too many contexts")
            return
        is_esearch = isinstance(command, c.ESearch)
        by_uid = isinstance(command, c.ESearch) or command.by_uid  # RFC 7377 §2.1
        contexts[session.tag] = UpdatedSearch(context, by_uid, is_esearch, command.update_items)
        session.contexts = contexts

    def refuse_where_not_prepared(self) -> None:
        """The selected mailbox was not searched, and no other is kept told of (RFC 7377 §2.2)."""
        if self._is_asked and self._context is None:
            self._refuse(b"Only the selected mailbox is kept told of")

    def _refuse(self, text: bytes) -> None:
        """The search goes on without (RFC 5267 §4.3.1)."""
        self._session.tell(Condition.NO, text, code_noupdate(self._session.tag))


async def cancelupdate(session: ImapSession, command: c.CancelUpdate) -> Completion:
    """CANCELUPDATE; a search that nobody is told of any more, or never was, needs no cancelling."""
    if session.contexts is not None:
        for tag in command.tags:
            session.contexts.pop(tag, None)
        session.contexts = session.contexts or None
    return COMPLETED


async def tell_vanished(session: ImapSession, updates: Updates) -> None:
    """Take out of the results what is about to be told as expunged."""
    before: UidRanges | None = None
    for tag, each in tuple((session.contexts or {}).items()):
        changes = each.context.remove(updates.vanished)
        if changes:
            before = before or _told_before(session, updates)
            await _send(session, tag, each, changes, before)
        await asyncio.sleep(0)


def _told_before(session: ImapSession, updates: Updates) -> UidRanges:
    """What message numbers counted until these updates."""
    vanished = updates.vanished.to_array().astype(np.uint32)
    return UidRanges(np.sort(np.concatenate((session.mailbox.told_uids(), vanished)), kind="stable"))


async def tell_contexts(session: ImapSession) -> None:
    """Tell how results have changed, by all that the session has been told of until now."""
    selected = session.mailbox
    for tag, each in tuple((session.contexts or {}).items()):
        changes = await each.context.advance(session.services.cache, selected)
        try:
            if each.items and changes.new:
                await send_fetch(session, changes.new, (*each.items, *_in_all_unasked(session)))
        finally:  # the result is another one, whatever becomes of that
            if changes:
                await _send(session, tag, each, changes, selected.told_ranges)
                await session.output.drain()
        await asyncio.sleep(0)


def _in_all_unasked(session: ImapSession) -> tuple[FetchAttribute, ...]:
    """What is in each FETCH response that no command asked for (RFC 7162 §3.1, RFC 9051 §7.5.2)."""
    uid = (FetchAttribute.UID,) if session.condstore or session.is_rev2 else ()
    return (*uid, FetchAttribute.MODSEQ) if session.condstore else uid


async def _send(
    session: ImapSession, tag: bytes, search: UpdatedSearch, changes: ContextChanges, told: UidRanges
) -> None:
    """`told` is what message numbers count."""
    by_uid = search.by_uid or Extension.UIDONLY in session.enabled
    mailbox = None
    if search.names_mailbox:
        row = session.mailbox.mailbox.row
        mailbox = (session.encode_name(session.mailbox.mailbox.name), row.uidvalidity)

    def pairs(places: Iterable[Placed]) -> list[tuple[int, list[tuple[int, int]]]]:
        return [(each.position, ranges_of(each.uids if by_uid else told.numbers_of(each.uids))) for each in places]

    pieces = serialize_context_update(tag, pairs(changes.removed), pairs(changes.added), by_uid=by_uid, mailbox=mailbox)
    await send_pieces(session, pieces)
