"""The lines of LIST, LSUB and XLIST, and the responses that a client wants with each (RFC 5819, RFC 8440, RFC 9590).

An account may have thousands of mailboxes: the lines of an answer are made in one pass, and what they have in common is
made once.
"""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Final

from angarium.errors import MailboxNotFound, PermissionDenied
from angarium.imap import commands as c
from angarium.imap.annotationresponses import serialize_metadata
from angarium.imap.serializer import serialize_list, serialize_myrights
from angarium.imap.session import ImapSession
from angarium.imap.terminals import serialize_astring, serialize_astrings
from angarium.operations.mailboxes import ListAttribute, Listed
from angarium.operations.metadata import MetadataQuery, get_mailbox_metadata
from angarium.rights import serialize_rights

from .status import status_line

_SLICE_LINES: Final = 200
"""Lines that are made before other sessions have their turn."""
_SLICE_DESCRIBED: Final = 20
"""The same where each line has responses of its own."""

_NO_SELECT: Final = b"\\Noselect"
_NON_EXISTENT: Final = b"\\NonExistent"
_INBOX: Final = b"\\Inbox"
_ATTRIBUTES: Final = {
    ListAttribute.SUBSCRIBED: b"\\Subscribed",
    ListAttribute.HAS_CHILDREN: b"\\HasChildren",
    ListAttribute.HAS_NO_CHILDREN: b"\\HasNoChildren",
}
"""In the order in which they are told, behind whether the mailbox is there and can be selected."""
_CHILDINFO: Final = b' (CHILDINFO ("SUBSCRIBED"))'


@dataclass(frozen=True, slots=True, kw_only=True)
class LineStyle:
    """What the lines of an answer tell."""

    name: bytes = b"LIST"
    tells_subscribed: bool = False
    tells_use: bool = True
    tells_inbox: bool = False
    """With the attribute that XLIST has for it."""
    is_extended: bool = False
    """A level that is no mailbox is `\\NonExistent`, and not `\\Noselect` only."""


@dataclass(frozen=True, slots=True)
class Selection:
    """What LIST tells, and which of it by RECURSIVEMATCH; names are those that the client sees."""

    listed: Sequence[Listed]
    with_childinfo: frozenset[str] = frozenset()
    only_above: frozenset[str] = frozenset()
    """Not selected themselves: told for the mailboxes below."""


@dataclass(frozen=True, slots=True)
class Described:
    """What a client wants to hear of each mailbox beside its line."""

    status_items: Sequence[c.StatusItem] = field(default=())
    rights: bool = False
    metadata_entries: tuple[str, ...] = ()

    def __bool__(self) -> bool:
        return bool(self.status_items or self.rights or self.metadata_entries)


def separator(session: ImapSession) -> bytes:
    """As it stands in the lines."""
    return session.names.separator.encode("ascii")


async def send_lines(session: ImapSession, listed: Sequence[Listed], style: LineStyle) -> None:
    """Lines without anything behind the name."""
    heads = _Heads(separator(session), style)
    for first in range(0, len(listed), _SLICE_LINES):
        some = listed[first : first + _SLICE_LINES]
        names = serialize_astrings(_encode_names(session, some))
        lines = [heads.of(each) + name for each, name in zip(some, names, strict=True)]
        session.output.write(b"\r\n".join(lines) + b"\r\n")
        await session.output.drain()
        await asyncio.sleep(0)


async def send_described(session: ImapSession, selection: Selection, style: LineStyle, wanted: Described) -> None:
    """Lines with CHILDINFO, each followed by the responses that belong to it.

    What is told only for the mailboxes below it is not described.
    """
    heads = _Heads(separator(session), style)
    for index, each in enumerate(selection.listed, start=1):
        head, responses = heads.of(each), b""
        name = session.encode_text(each.external)
        if each.mailbox is not None and each.external not in selection.only_above:
            if wanted.status_items:
                responses = await status_line(session, each, name, wanted.status_items)
                if not responses:
                    head = heads.made(each, can_select=False)
            if wanted.rights:
                responses += _rights_line(session, each, name)
            if wanted.metadata_entries:
                responses += await _metadata_line(session, each, name, wanted.metadata_entries)
        tail = _CHILDINFO if each.external in selection.with_childinfo else b""
        session.output.write(head + serialize_astring(name) + tail + b"\r\n" + responses)
        if index % _SLICE_DESCRIBED == 0:
            await session.output.drain()
            await asyncio.sleep(0)


def _rights_line(session: ImapSession, listed: Listed, name: bytes) -> bytes:
    """MYRIGHTS (RFC 8440 §3): whoever is told of a mailbox has `l`, and may know her rights there (RFC 4314 §4)."""
    if listed.mailbox is None:
        return b""
    deleteright = session.services.store.policy.deleteright
    rights = serialize_rights(listed.mailbox.rights, deleteright=deleteright)
    return serialize_myrights(name, rights.encode("ascii"))


async def _metadata_line(session: ImapSession, listed: Listed, name: bytes, entries: tuple[str, ...]) -> bytes:
    """METADATA (RFC 9590 §3); none of a mailbox whose annotations she may not read."""
    if listed.mailbox is None:
        return b""
    query = MetadataQuery(entries)
    try:
        found = await get_mailbox_metadata(session.services.store, session.user, listed.mailbox.name, query)
    except (MailboxNotFound, PermissionDenied):
        return b""
    if not found.values:
        return b""
    return serialize_metadata(name, [(each.entry.encode(), each.value) for each in found.values])


class _Heads:
    """What stands before the names; most lines have the same as the line before."""

    def __init__(self, separator: bytes, style: LineStyle) -> None:
        self._separator = separator
        self._style = style
        self._missing = _NON_EXISTENT if style.is_extended else _NO_SELECT
        self._attributes: tuple[ListAttribute, ...] | None = None
        self._special_use = ""
        self._head = b""

    def of(self, listed: Listed) -> bytes:
        """All of the line but the name."""
        if self._style.tells_inbox and listed.external == "INBOX":
            return self.made(listed)
        special_use = "" if listed.mailbox is None else listed.mailbox.special_use
        if listed.attributes != self._attributes or special_use != self._special_use:
            self._attributes = listed.attributes
            self._special_use = special_use
            self._head = self.made(listed)
        return self._head

    def made(self, listed: Listed, *, can_select: bool = True) -> bytes:
        """The same, made anew; `can_select` is asked of mailboxes that are there."""
        style = self._style
        told = [
            octets
            for attribute, octets in _ATTRIBUTES.items()
            if attribute in listed.attributes and (attribute is not ListAttribute.SUBSCRIBED or style.tells_subscribed)
        ]
        if ListAttribute.NO_SELECT in listed.attributes:
            told.insert(0, self._missing)
        elif not can_select:
            told.insert(0, _NO_SELECT)
        if style.tells_inbox and listed.external == "INBOX":
            told.append(_INBOX)
        if style.tells_use and listed.mailbox is not None and listed.mailbox.special_use:
            told.append(listed.mailbox.special_use.encode("ascii"))
        return serialize_list(told, self._separator, b"", name=style.name).removesuffix(b'""\r\n')


def _encode_names(session: ImapSession, listed: Sequence[Listed]) -> list[bytes]:
    """The names on the wire, all at once where they are as they are inside; no name holds a newline."""
    names = [each.external for each in listed]
    text = "\n".join(names)
    if text.isascii() and "&" not in text:
        return text.encode("ascii").split(b"\n")
    return [session.encode_text(name) for name in names]
