"""LIST and LSUB (RFC 9051 §6.3.9, RFC 3501 §6.3.9, RFC 5258), RLIST and RLSUB (RFC 2193), XLIST: what is selected."""

import time
from collections.abc import Iterable, Sequence
from dataclasses import replace
from typing import Final

from angarium.errors import MailboxNameInvalid
from angarium.imap import commands as c
from angarium.imap.serializer import serialize_list
from angarium.imap.session import Completion, ImapSession
from angarium.names import ListPattern
from angarium.operations import mailboxes
from angarium.operations.mailboxes import ListAttribute, Listed
from angarium.store.turns import let_go

from .listlines import Described, LineStyle, Selection, send_described, send_lines, separator
from .status import note_condstore

_LIST: Final = LineStyle()
_LSUB: Final = LineStyle(name=b"LSUB")
_XLIST: Final = LineStyle(name=b"XLIST", tells_inbox=True)


async def list_mailboxes(session: ImapSession, command: c.List) -> Completion:
    """LIST, basic and extended."""
    if not command.is_extended:
        return await _list_basic(session, command.reference, command.patterns[0], _LIST)
    started_s = time.perf_counter()
    selection = await _select(session, command)
    note_condstore(session, command.status_items)
    style = LineStyle(
        tells_subscribed=c.ListSelection.SUBSCRIBED in command.selection or c.ListReturn.SUBSCRIBED in command.returns,
        # A selection option implies the return option of its name (RFC 6154 §2).
        tells_use=_tells_use(session)
        or c.ListSelection.SPECIAL_USE in command.selection
        or c.ListReturn.SPECIAL_USE in command.returns,
        is_extended=True,
    )
    rights = c.ListReturn.MYRIGHTS in command.returns
    described = Described(command.status_items, rights, command.metadata_entries)
    if described or selection.with_childinfo:
        await send_described(session, selection, style, described)
    else:
        await send_lines(session, selection.listed, style)
    return _completed(started_s, len(selection.listed))


async def rlist(session: ImapSession, command: c.RList) -> Completion:
    """RLIST: there are no mailboxes on other servers that it could tell beside those of LIST (RFC 2193 §5.1)."""
    return await _list_basic(session, command.reference, command.pattern, _LIST)


async def xlist(session: ImapSession, command: c.XList) -> Completion:
    """XLIST: LIST with special use, told in any case, and with an attribute for INBOX."""
    return await _list_basic(session, command.reference, command.pattern, _XLIST)


async def lsub(session: ImapSession, command: c.Lsub | c.RLsub) -> Completion:
    """LSUB, and RLSUB: a level above subscribed mailboxes that is none itself is `\\Noselect` (RFC 3501 §6.3.9)."""
    started_s = time.perf_counter()
    patterns = _patterns(session, command.reference, (command.pattern,))
    listed = await mailboxes.list_subscriptions(session.services.store, session.user, patterns)
    await send_lines(session, listed, replace(_LSUB, tells_use=_tells_use(session)))
    return await _completed_with(started_s, listed)


async def _list_basic(session: ImapSession, reference: bytes, pattern: bytes, style: LineStyle) -> Completion:
    started_s = time.perf_counter()
    if not pattern:
        # The hierarchy delimiter is what is asked for; no reference has another root than the empty one.
        session.output.write(serialize_list((b"\\Noselect",), separator(session), b"", name=style.name))
        return _completed(started_s, 0)
    patterns = _patterns(session, reference, (pattern,))
    listed = await mailboxes.list_mailboxes(session.services.store, session.user, patterns)
    await send_lines(session, listed, replace(style, tells_use=style.tells_inbox or _tells_use(session)))
    return await _completed_with(started_s, listed)


async def _select(session: ImapSession, command: c.List) -> Selection:
    """What meets all selection options that narrow; REMOTE would widen, and there is nothing for it."""
    store = session.services.store
    patterns = _patterns(session, command.reference, command.patterns)
    of_subscribed = c.ListSelection.SUBSCRIBED in command.selection
    of_use = c.ListSelection.SPECIAL_USE in command.selection
    if c.ListSelection.RECURSIVEMATCH in command.selection:
        everything = _patterns(session, b"", (b"*",))
        listed = await mailboxes.list_mailboxes(store, session.user, everything, with_gone=True, with_levels=True)
        subscriptions = _narrowed(listed, of_subscribed=True, of_use=of_use)
        return _with_subscriptions_below(listed, subscriptions, patterns, session.names.separator)
    listed = await mailboxes.list_mailboxes(store, session.user, patterns, with_gone=of_subscribed)
    return Selection(_narrowed(listed, of_subscribed=of_subscribed, of_use=of_use))


def _narrowed(listed: Sequence[Listed], *, of_subscribed: bool, of_use: bool) -> Sequence[Listed]:
    if of_subscribed:
        listed = [each for each in listed if ListAttribute.SUBSCRIBED in each.attributes]
    if of_use:
        listed = [each for each in listed if each.mailbox is not None and each.mailbox.special_use]
    return listed


def _with_subscriptions_below(
    listed: Sequence[Listed], subscriptions: Sequence[Listed], patterns: Sequence[ListPattern], separator: str
) -> Selection:
    """Selected mailboxes that match, and names that match, be there a mailbox or not, with one below that is selected
    and not listed itself; `listed` are all names and levels above them.

    Where all that are selected below a mailbox are listed, it would tell nothing (RFC 9051 §6.3.9.6).
    """
    names = {each.external for each in subscriptions}
    above = _levels_above(names, separator)
    matching = {name for name in names | above if any(pattern.matches(name) for pattern in patterns)}
    subscribed = names & matching
    only_above = frozenset((_levels_above(names - matching, separator) & matching) - subscribed)
    selected = [each for each in listed if each.external in subscribed or each.external in only_above]
    return Selection(selected, only_above | (subscribed & above), only_above)


def _levels_above(externals: Iterable[str], separator: str) -> set[str]:
    above: set[str] = set()
    for external in externals:
        level = external.rpartition(separator)[0]
        while level and level not in above:
            above.add(level)
            level = level.rpartition(separator)[0]
    return above


def _patterns(session: ImapSession, reference: bytes, patterns: Iterable[bytes]) -> list[ListPattern]:
    """The patterns that can match: none is a name's that cannot be spelled."""
    found = []
    for pattern in patterns:
        try:
            texts = session.decode_name(reference), session.decode_name(pattern)
        except MailboxNameInvalid:
            continue
        found.append(ListPattern(*texts, session.names.separator))
    return found


def _tells_use(session: ImapSession) -> bool:
    return session.services.settings.mailboxes.specialusealways


async def _completed_with(started_s: float, listed: list[Listed]) -> Completion:
    """The same for what has been told in whole, and is needed no more."""
    completion = _completed(started_s, len(listed))
    await let_go(listed)
    return completion


def _completed(started_s: float, lines: int) -> Completion:
    """The text in which Cyrus tells the time it took, and how many lines it sent."""
    seconds = time.perf_counter() - started_s
    if lines:
        return Completion(b"Completed (%.3f secs %d calls)" % (seconds, lines))
    return Completion(b"Completed (%.3f secs)" % seconds)
