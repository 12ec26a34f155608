"""ESEARCH, the command (RFC 7377): one search in several mailboxes, of which none need be selected."""

import asyncio
import time
from collections.abc import AsyncIterator
from typing import Final

import numpy as np

from angarium.errors import MailboxNotFound, PermissionDenied
from angarium.imap import commands as c
from angarium.imap.errors import Answer
from angarium.imap.responses import Condition, ResponseCode
from angarium.imap.session import CommandFailed, Completion, ImapSession
from angarium.operations import mailboxes, messages
from angarium.operations.mailboxes import MailboxSet, MailboxSpecifier, SpecifiedMailbox
from angarium.searchkey import SearchKey
from angarium.store import SelectedMailbox, Uids

from .contexts import SearchUpdates
from .filters import without_filters
from .pieces import send_pieces
from .progress import Progress
from .results import SearchResult, serialize_result
from .searching import completed, note_keys, searching, told_modseq

MAILBOXES_MAX: Final = 10_000
"""In one command (RFC 7377 §2.4)."""

_SETS: Final = {
    c.FilterKind.PERSONAL: MailboxSet.PERSONAL,
    c.FilterKind.INBOXES: MailboxSet.PERSONAL,
    c.FilterKind.SUBSCRIBED: MailboxSet.SUBSCRIBED,
    c.FilterKind.SUBTREE: MailboxSet.SUBTREE,
    c.FilterKind.SUBTREE_ONE: MailboxSet.SUBTREE_ONE,
    c.FilterKind.MAILBOXES: MailboxSet.NAMED,
}
"""Of the filters that mean others than the selected mailbox."""

_NO_MAILBOX: Final = Answer(b"Please select a mailbox first", condition=Condition.BAD)
_TOO_MANY: Final = Answer(b"Too many mailboxes to search at once", ResponseCode.LIMIT)


async def esearch(session: ImapSession, command: c.ESearch) -> Completion:
    """ESEARCH: a response for each mailbox in which something was found."""
    started_s = time.perf_counter()
    in_selected = any(source.kind is c.FilterKind.SELECTED for source in command.sources)
    if in_selected and session.selected is None:
        raise CommandFailed(_NO_MAILBOX)
    if c.SearchReturn.UPDATE in command.returns and session.selected is None:
        raise CommandFailed(_NO_MAILBOX)  # RFC 7377 §2.2
    count = 0
    updates = SearchUpdates(session, command)
    with searching(session, command.returns):
        key = await without_filters(session, command.key)
        note_keys(session, key)
        progress = Progress(session)
        async for selected in _mailboxes(session, command.sources):
            is_own = selected is session.selected
            if is_own:
                updates.prepare(key)
            try:
                uids = await _search(session, selected, command, key, progress)
            except (MailboxNotFound, PermissionDenied):
                if is_own and in_selected:
                    raise
                continue
            count += uids.size
            if is_own:
                updates.start(uids)
            await asyncio.sleep(0)
    updates.refuse_where_not_prepared()
    return completed(count, started_s)


async def _mailboxes(session: ImapSession, sources: tuple[c.MailboxFilter, ...]) -> AsyncIterator[SelectedMailbox]:
    """What is searched, one after another, as if it was selected; what is, is as the client was told of it."""
    own = session.selected
    if own is not None and any(source.kind is c.FilterKind.SELECTED for source in sources):
        yield own
        searched = {own.mailbox.id}
    else:
        searched = set()
    specifiers = [
        MailboxSpecifier(_SETS[source.kind], tuple([session.decode_name(octets) for octets in source.mailboxes]))
        for source in sources
        if source.kind in _SETS
    ]
    specified = await mailboxes.specified_mailboxes(session.services.store, session.user, specifiers)
    if len(specified) > MAILBOXES_MAX:
        raise CommandFailed(_TOO_MANY)
    for each in specified:
        selected = await _opened(session, each)
        if selected is not None and selected.mailbox.id not in searched:
            searched.add(selected.mailbox.id)
            yield selected


async def _opened(session: ImapSession, specified: SpecifiedMailbox) -> SelectedMailbox | None:
    """None for what is not there, or is not hers to search; nobody can tell the one from the other."""
    store, own = session.services.store, session.selected
    try:
        mailbox = await store.find(session.user, specified.name, *specified.needed)
        if own is not None and own.mailbox.id == mailbox.id:
            return own
        return await SelectedMailbox.open(store, session.user, mailbox, examine=True, knows_recent=False)
    except (MailboxNotFound, PermissionDenied):
        return None


async def _search(
    session: ImapSession, selected: SelectedMailbox, command: c.ESearch, key: SearchKey, progress: Progress
) -> Uids:
    """Search one mailbox and tell what was found."""
    found = await messages.search(
        session.services.cache, selected, key, collation=session.comparator.collation, progress=progress
    )
    uids = found.uids.to_array().astype(np.uint32)
    result = SearchResult(command.returns, command.partial, uids, tells_modseq=found.modseq is not None)
    if c.SearchReturn.SAVE in command.returns:  # of the selected mailbox alone (RFC 7377 §2.2)
        selected.saved_result = result.covered()
    if found.uids and command.returns != {c.SearchReturn.SAVE}:
        name = session.encode_name(selected.mailbox.name)
        pieces = serialize_result(
            session.tag,
            result,
            uids,
            by_uid=True,
            modseq=told_modseq(selected, result),
            mailbox=(name, selected.view.row.uidvalidity),
        )
        await send_pieces(session, pieces)
        await session.output.drain()
    return uids
