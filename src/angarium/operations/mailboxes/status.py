"""STATUS: a mailbox's counters (RFC 9051 §6.3.11), without looking at a message where the row knows the number."""

from dataclasses import dataclass

from angarium.engine.rows import MailboxId, ModSeq, Uid, UidValidity
from angarium.flags import SystemFlags
from angarium.names import MailboxName
from angarium.rights import Right
from angarium.sequenceset import UidSet
from angarium.store import Actor, Mailbox, SeenOverlay, SeenState, Store
from angarium.store.seen import load_seen


@dataclass(frozen=True, slots=True)
class Status:
    """What STATUS can tell."""

    mailbox: MailboxId
    messages: int
    recent: int
    """How many would be recent to a session that selects it now; 0 where nobody asked."""
    unseen: int
    """By the actor's own seen state; 0 where nobody asked."""
    deleted: int
    deleted_octets: int
    """What expunging these would give back; 0 where nobody asked."""
    size_octets: int
    uidnext: Uid
    uidvalidity: UidValidity
    highestmodseq: ModSeq


async def status(
    store: Store,
    actor: Actor,
    name: MailboxName,
    *,
    recent: bool = True,
    unseen: bool = True,
    deleted_octets: bool = False,
) -> Status:
    """The counters of a mailbox; needs `r`. For those that are named here the messages may have to be read: who does
    not want to know says so."""
    mailbox = await store.find(actor, name, Right.READ)
    return await status_of(store, mailbox, recent=recent, unseen=unseen, deleted_octets=deleted_octets)


async def status_of(
    store: Store, mailbox: Mailbox, *, recent: bool = True, unseen: bool = True, deleted_octets: bool = False
) -> Status:
    """The counters of a mailbox that has just been found with the right `r`."""
    seen = await load_seen(store.engine, mailbox)
    row = mailbox.row
    return Status(
        mailbox=mailbox.id,
        messages=row.messages,
        recent=await _recent(store, mailbox, seen) if recent else 0,
        unseen=await _unseen(store, mailbox, seen) if unseen else 0,
        deleted=row.deleted,
        deleted_octets=await _deleted_octets(store, mailbox) if deleted_octets else 0,
        size_octets=row.octets,
        uidnext=row.uidnext,
        uidvalidity=row.uidvalidity,
        highestmodseq=max(row.highestmodseq, seen.own_modseq),
    )


async def _recent(store: Store, mailbox: Mailbox, seen: SeenOverlay) -> int:
    if mailbox.seen is SeenState.NONE:
        return 0
    told = max(seen.recent_uid, store.recent_claims.claimed(mailbox))
    last = mailbox.row.uidnext - 1
    if told >= last:
        return 0
    if told == 0:
        return mailbox.row.messages
    view = await store.views.get(mailbox.account, mailbox.id)
    return int(view.indexes_of(UidSet(((told + 1, last),))).size)


async def _deleted_octets(store: Store, mailbox: Mailbox) -> int:
    if not mailbox.row.deleted:
        return 0
    view = await store.views.get(mailbox.account, mailbox.id)
    live = view.live()
    return int(view.size_octets[live][view.system_mask(SystemFlags.DELETED)[live]].sum())


async def _unseen(store: Store, mailbox: Mailbox, seen: SeenOverlay) -> int:
    if seen.own is None:
        return mailbox.row.unseen
    if not seen.own:
        return mailbox.row.messages
    if seen.own.ranges == ((1, mailbox.row.uidnext - 1),):
        return 0
    return seen.unseen(await store.views.get(mailbox.account, mailbox.id))
