"""STATUS, of one mailbox or with the lines of LIST (RFC 9051 §6.3.11, RFC 5819, RFC 7889 §3.1, RFC 8474 §4.3)."""

from collections.abc import Callable, Sequence
from typing import Final

from angarium.errors import MailboxNotFound, PermissionDenied
from angarium.imap import commands as c
from angarium.imap.dialect import Extension
from angarium.imap.limits import append_limit
from angarium.imap.serializer import serialize_status_response
from angarium.imap.session import COMPLETED, Completion, ImapSession
from angarium.names import MailboxName
from angarium.operations import mailboxes
from angarium.operations.mailboxes import Listed
from angarium.rights import Right

from .fetching import enable_condstore

_StatusValue = tuple[c.StatusItem, bytes]


async def status(session: ImapSession, command: c.Status) -> Completion:
    """STATUS: from the mailbox's counters, and about the selected mailbox too."""
    note_condstore(session, command.items)
    name = session.mailbox_name(command.mailbox)
    found = await _described(session, name, command.items)
    session.output.write(serialize_status_response(command.mailbox, status_values(session, found, command.items)))
    return COMPLETED


async def status_line(session: ImapSession, listed: Listed, name: bytes, items: Sequence[c.StatusItem]) -> bytes:
    """The STATUS response of a listed mailbox, whose name is `name` on the wire.

    None (b"") for one that cannot be selected: it is told as `\\Noselect`, and not described (RFC 5819 §2).
    """
    if listed.mailbox is None or Right.READ not in listed.mailbox.rights:
        return b""
    try:
        found = await _described(session, listed.mailbox.name, items)
    except (MailboxNotFound, PermissionDenied):
        return b""  # gone or taken away since it was listed
    return serialize_status_response(name, status_values(session, found, items))


def note_condstore(session: ImapSession, items: Sequence[c.StatusItem]) -> None:
    """To ask for HIGHESTMODSEQ shows that a client knows mod-sequences (RFC 7162 §3.1)."""
    if c.StatusItem.HIGHESTMODSEQ not in items:
        return
    if session.selected is None:
        session.enable(Extension.CONDSTORE)
    else:
        enable_condstore(session, b"STATUS (HIGHESTMODSEQ)")


async def _described(session: ImapSession, name: MailboxName, items: Sequence[c.StatusItem]) -> mailboxes.Status:
    return await mailboxes.status(
        session.services.store,
        session.user,
        name,
        recent=c.StatusItem.RECENT in items,
        unseen=c.StatusItem.UNSEEN in items,
        deleted_octets=c.StatusItem.DELETED_STORAGE in items,
    )


_Tell = Callable[[mailboxes.Status, int], bytes]
"""Of a mailbox, under this APPENDLIMIT."""

_TOLD: Final[dict[c.StatusItem, _Tell]] = {
    c.StatusItem.MESSAGES: lambda found, _: b"%d" % found.messages,
    c.StatusItem.RECENT: lambda found, _: b"%d" % found.recent,
    c.StatusItem.UIDNEXT: lambda found, _: b"%d" % found.uidnext,
    c.StatusItem.UIDVALIDITY: lambda found, _: b"%d" % found.uidvalidity,
    c.StatusItem.MAILBOXID: lambda found, _: b"(%b)" % found.mailbox.encode("ascii"),
    c.StatusItem.UNSEEN: lambda found, _: b"%d" % found.unseen,
    c.StatusItem.DELETED: lambda found, _: b"%d" % found.deleted,
    c.StatusItem.SIZE: lambda found, _: b"%d" % found.size_octets,
    c.StatusItem.HIGHESTMODSEQ: lambda found, _: b"%d" % found.highestmodseq,
    c.StatusItem.APPENDLIMIT: lambda _, limit: b"%d" % limit,
    c.StatusItem.DELETED_STORAGE: lambda found, _: b"%d" % found.deleted_octets,
}
"""In the order of the answer, whatever the client's was: that of Cyrus."""


def status_values(session: ImapSession, found: mailboxes.Status, items: Sequence[c.StatusItem]) -> list[_StatusValue]:
    """What STATUS tells of a mailbox."""
    limit = append_limit(session.services.settings)
    return [(item, tell(found, limit)) for item, tell in _TOLD.items() if item in items]
