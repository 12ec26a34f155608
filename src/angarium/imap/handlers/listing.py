"""LIST, LSUB and STATUS (RFC 9051 §6.3.9, §6.3.11; RFC 3501 §6.3.9; RFC 5258, RFC 5819), in Cyrus's order.

An account may have thousands of mailboxes: the lines of an answer are made in one pass, and what they have in common is
made once.
"""

import asyncio
import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Final

from angarium.errors import MailboxNameInvalid, MailboxNotFound, PermissionDenied
from angarium.imap import commands as c
from angarium.imap.limits import append_limit
from angarium.imap.serializer import serialize_list, serialize_status_response
from angarium.imap.session import COMPLETED, Completion, ImapSession
from angarium.imap.terminals import serialize_astring, serialize_astrings
from angarium.names import ListPattern, MailboxName
from angarium.operations import mailboxes
from angarium.operations.mailboxes import ListAttribute, Listed
from angarium.rights import Right

from .fetching import enable_condstore

_SLICE_LINES = 200
"""Lines that are made before other sessions have their turn."""
_SLICE_DESCRIBED = 20
"""The same where each line has a STATUS response."""

_NO_SELECT = b"\\Noselect"
_NON_EXISTENT = b"\\NonExistent"
_ATTRIBUTES = {
    ListAttribute.SUBSCRIBED: b"\\Subscribed",
    ListAttribute.HAS_CHILDREN: b"\\HasChildren",
    ListAttribute.HAS_NO_CHILDREN: b"\\HasNoChildren",
}
"""In the order in which they are told, behind whether the mailbox is there and can be selected."""

_StatusValue = tuple[c.StatusItem, bytes]

_CHILDINFO = b' (CHILDINFO ("SUBSCRIBED"))'


@dataclass(frozen=True, slots=True)
class _Selection:
    """What LIST tells, and which of it by RECURSIVEMATCH; names are those that the client sees."""

    listed: Sequence[Listed]
    with_childinfo: frozenset[str] = frozenset()
    only_above: frozenset[str] = frozenset()
    """Not selected themselves: told for the mailboxes below."""


async def list_mailboxes(session: ImapSession, command: c.List) -> Completion:
    """LIST, basic and extended."""
    started_s = time.perf_counter()
    if not command.is_extended and command.patterns == (b"",):
        # The hierarchy delimiter is what is asked for; no reference has another root than the empty one.
        session.output.write(serialize_list((_NO_SELECT,), _separator(session), b""))
        return _completed(started_s, 0)
    selection = await _select(session, command)
    if c.StatusItem.HIGHESTMODSEQ in command.status_items:
        _note_condstore(session)
    tells_subscribed = c.ListSelection.SUBSCRIBED in command.selection or c.ListReturn.SUBSCRIBED in command.returns
    heads = _Heads(_separator(session), tells_subscribed=tells_subscribed, is_extended=command.is_extended)
    if command.status_items or selection.with_childinfo:
        await _send_extended(session, command, selection, heads)
    else:
        await _send_plain(session, selection.listed, heads)
    return _completed(started_s, len(selection.listed))


async def lsub(session: ImapSession, command: c.Lsub) -> Completion:
    """LSUB: a level above subscribed mailboxes that is none itself is `\\Noselect` (RFC 3501 §6.3.9)."""
    started_s = time.perf_counter()
    patterns = _patterns(session, command.reference, (command.pattern,))
    listed = await mailboxes.list_subscriptions(session.services.store, session.user, patterns)
    await _send_plain(session, listed, _Heads(_separator(session), name=b"LSUB"))
    return _completed(started_s, len(listed))


async def status(session: ImapSession, command: c.Status) -> Completion:
    """STATUS: from the mailbox's counters, and about the selected mailbox too."""
    if c.StatusItem.HIGHESTMODSEQ in command.items:
        _note_condstore(session)
    name = session.mailbox_name(command.mailbox)
    found = await _described(session, name, command.items)
    session.output.write(serialize_status_response(command.mailbox, _values(session, found, command.items)))
    return COMPLETED


# What is selected


async def _select(session: ImapSession, command: c.List) -> _Selection:
    store = session.services.store
    patterns = _patterns(session, command.reference, command.patterns)
    of_subscribed = c.ListSelection.SUBSCRIBED in command.selection
    listed = await mailboxes.list_mailboxes(store, session.user, patterns, with_gone=of_subscribed)
    if c.ListSelection.RECURSIVEMATCH in command.selection:
        everything = _patterns(session, b"", (b"*",))
        all_listed = await mailboxes.list_mailboxes(store, session.user, everything, with_gone=True)
        return _with_subscriptions_below(listed, _subscribed(all_listed), session.names.separator)
    return _Selection(_subscribed(listed) if of_subscribed else listed)


def _subscribed(listed: Sequence[Listed]) -> list[Listed]:
    return [each for each in listed if ListAttribute.SUBSCRIBED in each.attributes]


def _with_subscriptions_below(listed: Sequence[Listed], subscriptions: Sequence[Listed], separator: str) -> _Selection:
    """Subscribed mailboxes, and those with one below that is and is not listed itself.

    Where all that are subscribed below a mailbox are listed, it would tell nothing (RFC 9051 §6.3.9.6).
    """
    matching = {each.external for each in listed}
    subscribed = frozenset([each.external for each in _subscribed(listed)])
    above = _levels_above([each.external for each in subscriptions], separator)
    unlisted = [each.external for each in subscriptions if each.external not in matching]
    only_above = frozenset(_levels_above(unlisted, separator) & matching) - subscribed
    selected = [each for each in listed if each.external in subscribed or each.external in only_above]
    return _Selection(selected, only_above | (subscribed & above), only_above)


def _levels_above(externals: Iterable[str], separator: str) -> set[str]:
    above: set[str] = set()
    for external in externals:
        level = external.rpartition(separator)[0]
        while level and level not in above:
            above.add(level)
            level = level.rpartition(separator)[0]
    return above


# Lines


class _Heads:
    """What stands before the names; most lines have the same as the line before."""

    def __init__(
        self, separator: bytes, *, name: bytes = b"LIST", tells_subscribed: bool = False, is_extended: bool = False
    ) -> None:
        self._separator = separator
        self._name = name
        self._tells_subscribed = tells_subscribed
        self._missing = _NON_EXISTENT if is_extended else _NO_SELECT
        self._attributes: tuple[ListAttribute, ...] | None = None
        self._special_use = ""
        self._head = b""

    def of(self, listed: Listed) -> bytes:
        """All of the line but the name."""
        special_use = "" if listed.mailbox is None else listed.mailbox.special_use
        if listed.attributes != self._attributes or special_use != self._special_use:
            self._attributes = listed.attributes
            self._special_use = special_use
            self._head = self.made(listed)
        return self._head

    def made(self, listed: Listed, *, can_select: bool = True) -> bytes:
        """The same, made anew; `can_select` is asked of mailboxes that are there."""
        told = [
            octets
            for attribute, octets in _ATTRIBUTES.items()
            if attribute in listed.attributes and (attribute is not ListAttribute.SUBSCRIBED or self._tells_subscribed)
        ]
        if ListAttribute.NO_SELECT in listed.attributes:
            told.insert(0, self._missing)
        elif not can_select:
            told.insert(0, _NO_SELECT)
        if listed.mailbox is not None and listed.mailbox.special_use:
            told.append(listed.mailbox.special_use.encode("ascii"))
        return serialize_list(told, self._separator, b"", name=self._name).removesuffix(b'""\r\n')


async def _send_plain(session: ImapSession, listed: Sequence[Listed], heads: _Heads) -> None:
    """Lines without anything behind the name."""
    for first in range(0, len(listed), _SLICE_LINES):
        some = listed[first : first + _SLICE_LINES]
        names = serialize_astrings(_encode_names(session, some))
        lines = [heads.of(each) + name for each, name in zip(some, names, strict=True)]
        session.output.write(b"\r\n".join(lines) + b"\r\n")
        await session.output.drain()
        await asyncio.sleep(0)


async def _send_extended(session: ImapSession, command: c.List, selection: _Selection, heads: _Heads) -> None:
    """Lines with CHILDINFO, and with the STATUS responses that belong to them."""
    for index, each in enumerate(selection.listed, start=1):
        described = None
        head = heads.of(each)
        if command.status_items and each.mailbox is not None and each.external not in selection.only_above:
            described = await _status_of(session, each, command.status_items)
            if described is None:
                head = heads.made(each, can_select=False)
        name = session.encode_text(each.external)
        tail = _CHILDINFO if each.external in selection.with_childinfo else b""
        session.output.write(head + serialize_astring(name) + tail + b"\r\n")
        if described is not None:
            session.output.write(serialize_status_response(name, _values(session, described, command.status_items)))
        if index % _SLICE_DESCRIBED == 0:
            await session.output.drain()
            await asyncio.sleep(0)


async def _status_of(session: ImapSession, listed: Listed, items: Sequence[c.StatusItem]) -> mailboxes.Status | None:
    """None for a mailbox that cannot be selected: it is told as `\\Noselect`, and not described (RFC 5819 §2)."""
    if listed.mailbox is None or Right.READ not in listed.mailbox.rights:
        return None
    try:
        return await _described(session, listed.mailbox.name, items)
    except (MailboxNotFound, PermissionDenied):
        return None  # gone or taken away since it was listed


async def _described(session: ImapSession, name: MailboxName, items: Sequence[c.StatusItem]) -> mailboxes.Status:
    return await mailboxes.status(
        session.services.store,
        session.user,
        name,
        recent=c.StatusItem.RECENT in items,
        unseen=c.StatusItem.UNSEEN in items,
        deleted_octets=c.StatusItem.DELETED_STORAGE in items,
    )


def _encode_names(session: ImapSession, listed: Sequence[Listed]) -> list[bytes]:
    """The names on the wire, all at once where they are as they are inside; no name holds a newline."""
    names = [each.external for each in listed]
    text = "\n".join(names)
    if text.isascii() and "&" not in text:
        return text.encode("ascii").split(b"\n")
    return [session.encode_text(name) for name in names]


# What LIST and LSUB share


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


def _separator(session: ImapSession) -> bytes:
    return session.names.separator.encode("ascii")


def _completed(started_s: float, lines: int) -> Completion:
    """The text in which Cyrus tells the time it took, and how many lines it sent."""
    seconds = time.perf_counter() - started_s
    if lines:
        return Completion(b"Completed (%.3f secs %d calls)" % (seconds, lines))
    return Completion(b"Completed (%.3f secs)" % seconds)


# STATUS


def _note_condstore(session: ImapSession) -> None:
    """To ask for HIGHESTMODSEQ shows that a client knows mod-sequences (RFC 7162 §3.1)."""
    if session.selected is None:
        session.condstore = True
    else:
        enable_condstore(session, b"STATUS (HIGHESTMODSEQ)")


_Tell = Callable[[mailboxes.Status, int], bytes]
"""Of a mailbox, under this APPENDLIMIT."""

_TOLD: Final[dict[c.StatusItem, _Tell]] = {
    c.StatusItem.MESSAGES: lambda found, _: b"%d" % found.messages,
    c.StatusItem.RECENT: lambda found, _: b"%d" % found.recent,
    c.StatusItem.UIDNEXT: lambda found, _: b"%d" % found.uidnext,
    c.StatusItem.UIDVALIDITY: lambda found, _: b"%d" % found.uidvalidity,
    c.StatusItem.UNSEEN: lambda found, _: b"%d" % found.unseen,
    c.StatusItem.DELETED: lambda found, _: b"%d" % found.deleted,
    c.StatusItem.SIZE: lambda found, _: b"%d" % found.size_octets,
    c.StatusItem.HIGHESTMODSEQ: lambda found, _: b"%d" % found.highestmodseq,
    c.StatusItem.MAILBOXID: lambda found, _: b"(%b)" % found.mailbox.encode("ascii"),
    c.StatusItem.APPENDLIMIT: lambda _, limit: b"%d" % limit,
    c.StatusItem.DELETED_STORAGE: lambda found, _: b"%d" % found.deleted_octets,
}
"""In the order of the answer, whatever the client's was."""


def _values(session: ImapSession, found: mailboxes.Status, items: Sequence[c.StatusItem]) -> list[_StatusValue]:
    limit = append_limit(session.services.settings)
    return [(item, tell(found, limit)) for item, tell in _TOLD.items() if item in items]
