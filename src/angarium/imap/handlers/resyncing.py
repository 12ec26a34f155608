"""Quick resynchronisation (RFC 7162 §3.2): what vanished and what changed since a client was here last."""

from angarium.engine.rows import ModSeq
from angarium.imap import commands as c
from angarium.imap.dialect import Extension
from angarium.imap.responses import Condition, code_number
from angarium.imap.serializer import serialize_vanished
from angarium.imap.session import ImapSession
from angarium.sequenceset import UidSet
from angarium.store import SelectedMailbox, known_up_to, vanished_since


def tells_vanished(session: ImapSession) -> bool:
    """Whether VANISHED comes instead of EXPUNGE (RFC 7162 §3.2.10, RFC 9586 §3.4)."""
    return not session.enabled.isdisjoint((Extension.QRESYNC, Extension.UIDONLY))


async def send_vanished_earlier(session: ImapSession, known: UidSet, modseq: ModSeq) -> None:
    """VANISHED (EARLIER), before any FETCH: those of `known` that went after `modseq` (RFC 7162 §3.2.6)."""
    await send_vanished(session, await vanished_since(session.mailbox, modseq, known), earlier=True)


async def send_vanished(session: ImapSession, uids: UidSet, *, earlier: bool = False) -> None:
    """VANISHED, at the client's pace."""
    for response in serialize_vanished(uids, earlier=earlier):
        session.output.write(response)
        await session.output.drain()


def known_uids(selected: SelectedMailbox, resync: c.QuickResync) -> UidSet:
    """The messages that a client says it knows: all that ever were, where it does not say (RFC 7162 §3.2.5.1)."""
    if resync.known_uids is not None:
        return resync.known_uids.resolve(0)
    uidnext = selected.view.row.uidnext
    return UidSet(((1, uidnext - 1),)) if uidnext > 1 else UidSet()


def not_confirmed(selected: SelectedMailbox, resync: c.QuickResync, known: UidSet) -> UidSet:
    """Those of `known` that lie above what the pairs of numbers and UIDs confirm (RFC 7162 §3.2.5.2)."""
    if resync.known_pairs is None:
        return known
    numbers, uids = resync.known_pairs
    confirmed = known_up_to(selected, numbers.resolve(0), uids.resolve(0))
    return known.difference(UidSet(((1, confirmed),))) if confirmed else known


def send_modseq_where_delayed(session: ImapSession, *, told: bool) -> None:
    """Where expunges wait, or nothing could be `told` now, say how far the client has come.

    It would take the highest MODSEQ that it saw for that, and miss them after a reconnect (RFC 7162 §3.2, §6).
    """
    selected = session.selected
    if selected is None or Extension.QRESYNC not in session.enabled or (told and not selected.withholds):
        return
    code = code_number(b"HIGHESTMODSEQ", selected.told_modseq)
    session.tell(Condition.OK, b"Some changes are told later", code)
